import { Patience, Tries } from "./retry";

/** How long what was seen is gathered before the server is told, in ms: who scrolls sees much. */
const gather = 300;

/**
 * Tells the server how far the person has read, once per batch and never backwards. It is told again and again until the
 * server knows, or does not want to.
 */
export class ReadMarker {
  private target: number;
  private marking = false;
  private readonly patience = new Patience();
  private readonly tries = new Tries();

  constructor(
    /** What is read already. */
    private position: number,
    private readonly mark: (upToSeq: number) => Promise<void>,
    /** Hears of each position that the server knows. */
    private readonly marked: (upToSeq: number) => void,
  ) {
    this.target = position;
  }

  /** A message by somebody else is in front of somebody who looks. */
  seen(seq: number): void {
    if (seq <= this.target) return;
    this.target = seq;
    if (!this.marking) void this.run();
  }

  /** The server can be reached again, as far as one can tell. */
  wake(): void {
    this.patience.wake();
  }

  /** Tells what was seen last, and no more. */
  stop(): void {
    this.patience.stop();
  }

  private async run(): Promise<void> {
    this.marking = true;
    let goesOn = await this.patience.wait(gather);
    while (this.target > this.position) {
      const wait = await this.tell();
      if (!goesOn) break;
      if (wait > 0) goesOn = await this.patience.wait(wait);
    }
    this.marking = false;
  }

  /** Gives the milliseconds to wait before the next. */
  private async tell(): Promise<number> {
    const upTo = this.target;
    try {
      await this.mark(upTo);
    } catch (error) {
      const wait = this.tries.after(error);
      if (wait !== null) return wait;
      this.position = upTo; // refused: the chat has gone
      return 0;
    }
    this.tries.succeeded();
    this.position = upTo;
    this.marked(upTo);
    return gather;
  }
}
