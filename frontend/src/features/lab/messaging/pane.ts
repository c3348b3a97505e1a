import { createStore, type StoreApi } from "zustand/vanilla";
import { type Failure, failureOf } from "../../../api/failure";
import { uuidMaker } from "../../../lib/uuid";
import { LabChatDocument, LabEventsDocument, type LabEventsSubscription, LabSendDocument } from "../gql/graphql";
import type { Timings } from "../latency/timings";
import { isReplay, type Ledger, openLedger, reached, resume, take, type Why } from "../ledger";
import type { Seat } from "../seat";

/** A message as a pane shows it. */
export interface Line {
  id: string;
  seq: number;
  senderId: string;
  content: string;
  /** It came after a gap. */
  isLate: boolean;
}

export interface PaneState {
  lines: readonly Line[];
  ledger: Ledger;
  isSkipping: boolean;
  /** How many rows have been thrown away since skipping began. */
  ignored: number;
  /** The server has ended the subscription. */
  failure: Failure | null;
}

/** So long a dropped connection stays away, in ms: time to write something that it misses. */
export const awayTime = 4_000;
/** What a pane shows of a long conversation. */
const shown = 100;
/** The end of the log is asked for again after so long (ms) when it could not be learnt. */
const again = 1_000;

const newKey = uuidMaker();

/** Somebody in a chat, who follows its log by the last seq that came, and counts what comes. */
export class Pane {
  readonly state: StoreApi<PaneState>;
  private leave: () => void = () => undefined;
  private readonly unwatch: () => void;
  private closed = false;

  constructor(
    /** Its name for the timings. */
    readonly name: string,
    readonly seat: Seat,
    private readonly chatId: string,
    private readonly timings: Timings,
  ) {
    this.state = createStore<PaneState>(() => ({
      lines: [],
      ledger: openLedger(0),
      isSkipping: false,
      ignored: 0,
      failure: null,
    }));
    this.follow();
    this.unwatch = seat.live.connection.subscribe(({ count }, was) => {
      if (count > was.count && was.count > 0 && !this.state.getState().isSkipping) this.resumes("connection");
    });
  }

  /** Sends a message, and measures it. Errors: Failure. */
  async send(content: string): Promise<void> {
    const told = this.timings.send(this.seat.instances.current("sender").name);
    const key = newKey();
    told((await this.seat.call(LabSendDocument, { chatId: this.chatId, content, key })).createMessage.id);
  }

  /** Closes the socket. It is made again, after a while, and the log goes on from the last seq. */
  drop() {
    this.seat.live.drop(awayTime);
  }

  /** Throws away what comes, as if it had been lost on its way; at the end the log is asked for from the last seq that was kept. */
  skip(isSkipping: boolean) {
    if (isSkipping === this.state.getState().isSkipping) return;
    this.state.setState({ isSkipping, ignored: 0 });
    if (isSkipping) return;
    this.leave();
    this.resumes("skipped");
    this.follow();
  }

  close() {
    this.closed = true;
    this.unwatch();
    this.leave();
    this.seat.close();
  }

  private follow() {
    this.leave = this.seat.live.subscribe(
      LabEventsDocument,
      () => ({ chatId: this.chatId, afterSeq: this.state.getState().ledger.cursor }),
      {
        next: ({ chatEvents }) => this.row(chatEvents),
        failed: (failure) => this.state.setState({ failure }),
      },
    );
  }

  private row({ seq, kind, message }: LabEventsSubscription["chatEvents"]) {
    if (this.state.getState().isSkipping) {
      this.state.setState(({ ignored }) => ({ ignored: ignored + 1 }));
      return;
    }
    const isLate = isReplay(this.state.getState().ledger, seq);
    const isNew = kind === "MESSAGE_ADDED" && message !== null;
    if (isNew) {
      this.timings.arrive(message.id, {
        at: this.name,
        receiver: this.seat.instances.current("receiver").name,
        isLate,
      });
    }
    this.state.setState(({ lines, ledger }) => ({
      ledger: take(ledger, seq),
      lines: isNew
        ? [...lines, { id: message.id, seq, senderId: message.senderId, content: message.content, isLate }].slice(
            -shown,
          )
        : lines,
    }));
  }

  /** It is subscribed to again. How far the log had come meanwhile is asked of the server. */
  private resumes(why: Why) {
    this.state.setState(({ ledger }) => ({ ledger: resume(ledger, why) }));
    void this.learn();
  }

  private async learn(): Promise<void> {
    try {
      const { chat } = await this.seat.call(LabChatDocument, { id: this.chatId });
      this.state.setState(({ ledger }) => ({ ledger: reached(ledger, chat.lastSeq) }));
    } catch (error) {
      if (this.closed || failureOf(error).code === "NOT_FOUND") return;
      setTimeout(() => void this.learn(), again);
    }
  }
}
