import { createContext, useContext } from "react";
import type { Message } from "../../lib/log";
import type { Format } from "./format";
import type { Receipts } from "./receipts";
import type { Person } from "./source";

/** What can be done with the messages of a conversation, for its rows. It stays the same for a day, while the conversation is shown. */
export interface Actions {
  receipts: Receipts;
  copy(text: string): void;
  /** Opens the editor in the message's place, or closes the one that is open. None is opened while one is being saved. */
  edit(message: Message | null): void;
  /** What a message is to say instead, as far as that is written. */
  draft(message: Message): string;
  /** Keeps what is written in the editor, until it is closed. */
  keep(message: Message, text: string): void;
  /** Saves what was edited, which is kept until then. Errors: Failure. */
  save(message: Message, content: string): Promise<void>;
  /** Deletes, after asking. */
  remove(message: Message): void;
  retry(key: string): void;
  discard(key: string): void;
  person(userId: string): Person | undefined;
  format: Format;
}

export const ActionsContext = createContext<Actions | null>(null);

export function useActions(): Actions {
  const found = useContext(ActionsContext);
  if (!found) throw new Error("there is no conversation above");
  return found;
}

/** How a person is called. */
export function nameOf(person: Person | undefined, otherwise: string): string {
  return person?.displayName || person?.username || otherwise;
}
