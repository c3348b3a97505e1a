/**
 * What a client knows of one chat's messages. Pages of history, answers to mutations, replayed and live events may arrive in
 * any order and any number of times; what is shown in the end is the same. Every function is pure and costs no more than
 * copying one array of references.
 */

/** A message as the API gives it. A tombstone has no content. */
export interface Message {
  id: string;
  /** Its number in the chat's log, for ever: the key and the order. */
  seq: number;
  /** The seq of its last change. */
  version: number;
  senderId: string;
  content: string;
  createdAt: string;
  editedAt: string | null;
  isDeleted: boolean;
  /** The key it was sent with; null in messages of others. */
  clientMessageId: string | null;
}

/** A row of the chat's log. */
export interface LogEvent {
  seq: number;
  message: Message | null;
}

export interface Log {
  /** All messages from `floor` on, by seq. */
  readonly messages: readonly Message[];
  /** Messages below the floor that have changed since they could have been read: their page may hold an older version. */
  readonly early: readonly Message[];
  /** The seq from which on all messages are here; 0 once the beginning is. */
  readonly floor: number;
  /** Every change up to this seq is in here: where a subscription goes on. */
  readonly cursor: number;
}

/** A part of the history: all messages from `floor` on and below `before`. */
export interface Page {
  messages: readonly Message[];
  floor: number;
  before: number;
}

/** Where a message with that seq is or would be. */
export function indexOfSeq(messages: readonly Message[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((messages[middle] as Message).seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The message with that seq, if it is here. */
export function messageAt(messages: readonly Message[], seq: number): Message | undefined {
  const found = messages[indexOfSeq(messages, seq)];
  return found?.seq === seq ? found : undefined;
}

/** The newer of two versions. Only the sender is told the key; it stays known whoever's view came last. */
function newer(known: Message, other: Message): Message {
  if (other.version <= known.version) return known;
  return other.clientMessageId === null && known.clientMessageId !== null
    ? { ...other, clientMessageId: known.clientMessageId }
    : other;
}

function put(messages: readonly Message[], message: Message): readonly Message[] {
  const at = indexOfSeq(messages, message.seq);
  const known = messages[at];
  if (known?.seq !== message.seq)
    return at === messages.length ? [...messages, message] : messages.toSpliced(at, 0, message);
  const kept = newer(known, message);
  return kept === known ? messages : messages.with(at, kept);
}

/** Two lists by seq become one; of a message that is in both stays the newer version. */
function merge(a: readonly Message[], b: readonly Message[]): readonly Message[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const all: Message[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left === undefined || (right !== undefined && right.seq < left.seq)) {
      all.push(right as Message);
      j++;
    } else if (right === undefined || left.seq < right.seq) {
      all.push(left);
      i++;
    } else {
      all.push(newer(left, right));
      i++;
      j++;
    }
  }
  return all;
}

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/** A log that begins with the newest page, read when the chat's log had reached `lastSeq` or later. */
export function openLog(page: Page, lastSeq: number): Log {
  return { messages: page.messages.toSorted(bySeq), early: [], floor: page.floor, cursor: lastSeq };
}

/**
 * The same chat read anew. Whatever is newer than the reading is kept, such as a message whose sending was answered
 * meanwhile: taking it away until the log brings it again would show. A log that had gone further than the server's has is
 * another one's: the server was set back.
 */
export function reopenLog(old: Log, fresh: Log): Log {
  if (old.cursor > fresh.cursor) return fresh;
  let log: Log = { ...fresh, early: old.early.slice(0, indexOfSeq(old.early, fresh.floor)) };
  for (const message of old.messages) {
    if (message.version > fresh.cursor) log = applyMessage(log, message);
  }
  return log;
}

/** A message as it was at some time, from whatever source. An older version than the known one changes nothing. */
export function applyMessage(log: Log, message: Message): Log {
  if (message.seq < log.floor) {
    const early = put(log.early, message);
    return early === log.early ? log : { ...log, early };
  }
  const messages = put(log.messages, message);
  return messages === log.messages ? log : { ...log, messages };
}

/** The next row of the log. One that was here before changes nothing. */
export function applyEvent(log: Log, event: LogEvent): Log {
  if (event.seq <= log.cursor) return log;
  const next = event.message === null ? log : applyMessage(log, event.message);
  return { ...next, cursor: event.seq };
}

/** A page of older messages. One that does not reach up to the floor, which has moved since, would leave a hole: it is not taken. */
export function addPage(log: Log, page: Page): Log {
  if (page.floor >= log.floor || page.before < log.floor) return log;
  const held = indexOfSeq(log.early, page.floor);
  const older = merge(page.messages.toSorted(bySeq), log.early.slice(held));
  return {
    ...log,
    messages: merge(older, log.messages),
    early: log.early.slice(0, held),
    floor: page.floor,
  };
}

/** Makes a page of an answer to "the newest `asked` before a seq": fewer than that means that it reaches the beginning. */
export function pageOf(messages: readonly Message[], asked: number, before = Number.POSITIVE_INFINITY): Page {
  const least = messages.reduce((seq, message) => Math.min(seq, message.seq), before);
  return { messages, floor: messages.length < asked ? 0 : least, before };
}

/** Whether a message that was sent with this key is here. Only messages after `afterSeq` are looked at. */
export function holdsKey(log: Log, key: string, afterSeq: number): boolean {
  for (let i = log.messages.length - 1; i >= 0; i--) {
    const message = log.messages[i] as Message;
    if (message.seq <= afterSeq) return false;
    if (message.clientMessageId === key) return true;
  }
  return false;
}
