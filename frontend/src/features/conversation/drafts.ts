import type { Memory } from "../../lib/storage";

/** What was begun to be written and not sent, per chat of one user, over reloads. */
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

  private key(chatId: string): string {
    return `draft.${this.userId}.${chatId}`;
  }
}
