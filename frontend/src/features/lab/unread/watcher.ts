import { createStore, type StoreApi } from "zustand/vanilla";
import { LabChatDocument, LabMarkChatDocument, LabSendDocument, LabUnreadDocument } from "../gql/graphql";
import type { Seat } from "../seat";

/** How many messages of a chat are unread to somebody, as their receiver says. */
export interface Count {
  unread: number;
  /** How long after the last press of a button it came, in ms; null where nobody has pressed one. */
  ms: number | null;
}

/** When something was last done to a chat, by this page's clock. */
export class Presses {
  private readonly moments = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  press(chatId: string) {
    this.moments.set(chatId, this.now());
  }

  since(chatId: string): number | null {
    const moment = this.moments.get(chatId);
    return moment === undefined ? null : this.now() - moment;
  }
}

/** Somebody whose unread counts are watched: by the stream alone, nothing is counted here. */
export class Watcher {
  readonly state: StoreApi<ReadonlyMap<string, Count>> = createStore(() => new Map() as ReadonlyMap<string, Count>);
  private readonly leave: () => void;

  constructor(
    readonly seat: Seat,
    chats: readonly string[],
    private readonly presses: Presses,
  ) {
    this.leave = seat.live.subscribe(
      LabUnreadDocument,
      { userId: seat.person.id },
      {
        next: ({ unreadCountUpdated: { chatId, unreadCount } }) => {
          if (chats.includes(chatId)) this.count(chatId, unreadCount);
        },
      },
    );
  }

  /** Writes something. Errors: Failure. */
  async write(chatId: string, content: string): Promise<void> {
    this.presses.press(chatId);
    await this.seat.call(LabSendDocument, { chatId, content });
  }

  /** Marks everything in a chat as read. Errors: Failure. */
  async read(chatId: string): Promise<void> {
    const { chat } = await this.seat.call(LabChatDocument, { id: chatId });
    this.presses.press(chatId);
    await this.seat.call(LabMarkChatDocument, { chatId, upToSeq: chat.lastSeq });
  }

  close() {
    this.leave();
    this.seat.close();
  }

  /** A count that comes again, as at each connection, says nothing new. */
  private count(chatId: string, unread: number) {
    this.state.setState((was) => {
      const known = was.get(chatId);
      if (known?.unread === unread) return was;
      return new Map(was).set(chatId, { unread, ms: known ? this.presses.since(chatId) : null });
    }, true);
  }
}
