import type { Memory } from "../../lib/storage";

/** A text that a message of one's own is to have instead of its own. */
export interface Change {
  messageId: string;
  text: string;
}

/** What was begun to be written and is not sent, per chat of one user, over reloads. */
export class Drafts {
  constructor(
    private readonly memory: Memory,
    private readonly userId: string,
  ) {}

  get(chatId: string): string {
    return this.memory.get(this.key(chatId)) ?? "";
  }

  set(chatId: string, text: string): void {
    this.memory.set(this.key(chatId), text === "" ? null : text);
  }

  /** The message that was open for changes, and what was written instead. */
  change(chatId: string): Change | null {
    const kept = this.memory.get(this.changeKey(chatId));
    return kept === null ? null : readChange(kept);
  }

  setChange(chatId: string, change: Change | null): void {
    this.memory.set(this.changeKey(chatId), change && JSON.stringify(change));
  }

  private key(chatId: string): string {
    return `draft.${this.userId}.${chatId}`;
  }

  private changeKey(chatId: string): string {
    return `change.${this.userId}.${chatId}`;
  }
}

/** What this browser keeps may have been written by another version. */
function readChange(kept: string): Change | null {
  try {
    const { messageId, text } = JSON.parse(kept);
    return typeof messageId === "string" && typeof text === "string" ? { messageId, text } : null;
  } catch {
    return null;
  }
}
