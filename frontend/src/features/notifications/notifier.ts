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

/** Decides of what somebody is told who looks elsewhere. */
export class Notifier {
  constructor(private readonly deps: NotifierDeps) {}

  /** A message was written, changed or deleted. */
  async message(message: Preview): Promise<void> {
    const { userId, wants, noticeOf, board, tabs } = this.deps;
    const { id, chatId, senderId, isDeleted, seq, version } = message;
    if (isDeleted) return board.withdraw(chatId, id);
    const isNew = seq === version;
    if (!isNew || senderId === userId || !wants(chatId)) return;
    if (!(await tabs.isFirst())) return;
    const notice = await noticeOf(message); // before it is asked who looks, which is true of that moment
    if (!(await tabs.isAnySeen())) await board.show(notice);
  }

  /** Somebody has signed out: what they were told is for nobody else. */
  leave(): Promise<void> {
    return this.deps.board.clear();
  }

  /** Nothing of a chat is unread any more: it was read here, or on another device. */
  read(chatId: string): Promise<void> {
    return this.deps.board.withdraw(chatId);
  }
}
