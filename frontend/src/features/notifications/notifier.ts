import type { Preview } from "../../api/chats/cache";

/** What is shown of a message. */
export interface Notice {
  chatId: string;
  messageId: string;
  title: string;
  body: string;
}

export interface NotifierDeps {
  userId: string;
  /** Whether somebody wants to hear of this chat, now. */
  wants(chatId: string): boolean;
  noticeOf(message: Preview): Promise<Notice>;
  /** Where notices stand: one for each chat, the newest. */
  board: Board;
  /** What the tabs of this person in this browser agree on. */
  tabs: Tabs;
}

export interface Board {
  show(notice: Notice): Promise<void>;
  /** Whether the notice of a chat is of that message. */
  shows(chatId: string, messageId: string): Promise<boolean>;
  /** Takes the notice of a chat back, or only that of one message. */
  withdraw(chatId: string, messageId?: string): Promise<void>;
  /** Takes all notices of this person back. */
  clear(): Promise<void>;
}

export interface Tabs {
  /** Whether this tab is the one that notifies: one of all is. */
  isFirst(): Promise<boolean>;
  /** Whether any of them is in sight. */
  isAnySeen(): Promise<boolean>;
}

/** How long (ms) the tab that notifies may take to do so. What it has left undone for longer is no news. */
const promptness = 10_000;

/** Decides of what somebody is told who looks elsewhere. */
export class Notifier {
  /** What nobody has been told of yet, for all that this tab knows: of each chat the newest. */
  readonly #untold = new Map<string, { message: Preview; at: number }>();
  #left = false;

  constructor(private readonly deps: NotifierDeps) {}

  /** A message was written, changed or deleted. */
  async message(message: Preview): Promise<void> {
    const { userId, wants, board, tabs } = this.deps;
    const { id, chatId, senderId, isDeleted, seq, version } = message;
    if (isDeleted) {
      if (this.#untold.get(chatId)?.message.id === id) this.#untold.delete(chatId);
      return board.withdraw(chatId, id);
    }
    const isNew = seq === version;
    if (!isNew || senderId === userId || !wants(chatId)) return;
    const untold = { message, at: Date.now() };
    this.#untold.set(chatId, untold);
    const isFirst = await tabs.isFirst();
    const isSeen = await tabs.isAnySeen();
    if (!(isFirst || isSeen) || this.#untold.get(chatId) !== untold) return; // others tell it, or something newer
    this.#untold.delete(chatId);
    if (!isSeen) await this.#tell(message);
  }

  /** This tab is the one that notifies from now on. The one before may have been closed while it had something to tell. */
  async takeOver(): Promise<void> {
    const { wants, board } = this.deps;
    const all = [...this.#untold];
    this.#untold.clear();
    for (const [chatId, { message, at }] of all) {
      const isNews = Date.now() - at <= promptness && wants(chatId);
      if (isNews && !(await board.shows(chatId, message.id))) await this.#tell(message);
    }
  }

  async #tell(message: Preview): Promise<void> {
    const { noticeOf, board, tabs } = this.deps;
    const notice = await noticeOf(message); // before it is asked who looks, which is true of that moment
    if (!(await tabs.isAnySeen()) && !this.#left) await board.show(notice);
  }

  /** Somebody has signed out: what they were told is for nobody else, and nothing is told any more. */
  leave(): Promise<void> {
    this.#left = true;
    this.#untold.clear();
    return this.deps.board.clear();
  }

  /** Nothing of a chat is unread any more: it was read here, or on another device. */
  read(chatId: string): Promise<void> {
    this.#untold.delete(chatId);
    return this.deps.board.withdraw(chatId);
  }
}
