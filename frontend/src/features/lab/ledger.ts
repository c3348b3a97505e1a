/**
 * Which rows of a chat's log have come to somebody who follows it, and whether any is missing or came twice: what the pages
 * say of it is counted here, not believed.
 */
export interface Ledger {
  /** It is followed from the row after this. */
  readonly from: number;
  /** Every row up to this has come: where a subscription goes on. */
  readonly cursor: number;
  /** Rows above the cursor that have come: below them something is missing. */
  readonly beyond: readonly number[];
  /** Rows that came again. */
  readonly doubled: readonly number[];
  readonly resumes: readonly Resume[];
}

/** Why it was subscribed to again. */
export type Why = "connection" | "skipped";

/** A subscription that went on from somewhere. */
export interface Resume {
  readonly why: Why;
  /** The seq that it was asked to go on after. */
  readonly after: number;
  /** The end of the log when it was asked for; null until that is known. */
  readonly upTo: number | null;
  /** What has come since, until all of it is there. */
  readonly came: readonly number[];
}

export function openLedger(from: number): Ledger {
  return { from, cursor: from, beyond: [], doubled: [], resumes: [] };
}

/** The next row that came. */
export function take(ledger: Ledger, seq: number): Ledger {
  const resumes = ledger.resumes.map((one) => (isDone(one) ? one : { ...one, came: [...one.came, seq] }));
  if (seq <= ledger.cursor || ledger.beyond.includes(seq)) {
    return { ...ledger, doubled: [...ledger.doubled, seq], resumes };
  }
  const beyond = [...ledger.beyond, seq].sort((a, b) => a - b);
  let { cursor } = ledger;
  while (beyond[0] === cursor + 1) {
    beyond.shift();
    cursor++;
  }
  return { ...ledger, cursor, beyond, resumes };
}

/** It is subscribed to again, after the cursor. */
export function resume(ledger: Ledger, why: Why): Ledger {
  const one: Resume = { why, after: ledger.cursor, upTo: null, came: [] };
  return { ...ledger, resumes: [...ledger.resumes, one] };
}

/** The log reached so far when the last resume began. */
export function reached(ledger: Ledger, upTo: number): Ledger {
  return {
    ...ledger,
    resumes: ledger.resumes.map((one) => (one.upTo === null ? { ...one, upTo: Math.max(upTo, one.after) } : one)),
  };
}

/** Rows that have not come although later ones have. */
export function missing({ cursor, beyond }: Ledger): number[] {
  const last = beyond.at(-1) ?? cursor;
  const holes: number[] = [];
  for (let seq = cursor + 1; seq < last; seq++) if (!beyond.includes(seq)) holes.push(seq);
  return holes;
}

/** Whether everything is there that a resume was to bring. */
export function isDone(one: Resume): boolean {
  return one.upTo !== null && broughtBy(one).length === one.upTo - one.after;
}

/** How many rows came more than once until a resume was done. */
export function doubledBy({ came }: Resume): number {
  return came.length - new Set(came).size;
}

/** The different rows that a resume has brought: later ones are live. */
export function broughtBy({ after, upTo, came }: Resume): number[] {
  return [...new Set(came)].filter((seq) => seq > after && (upTo === null || seq <= upTo));
}

/** Whether a row is of what was missed, as far as is known. */
export function isReplay({ resumes }: Ledger, seq: number): boolean {
  const last = resumes.at(-1);
  return last !== undefined && seq > last.after && (last.upTo === null || seq <= last.upTo);
}
