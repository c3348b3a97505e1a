import { createStore, type StoreApi } from "zustand/vanilla";

/** A message that was sent from here, and how long everything took, in ms. */
export interface Sent {
  /** Its number among them, from 1. */
  n: number;
  sender: string;
  /** Until its sending was answered; null until then. */
  answer: number | null;
  arrivals: Arrival[];
}

/** A message has come to somebody. */
export interface Arrival {
  /** The pane, or whoever listens. */
  at: string;
  receiver: string;
  ms: number;
  /** It came after a gap, so how long that took says nothing about the way. */
  isLate: boolean;
}

/** Measures messages from sending to answer and to delivery, by this page's own clock: nobody else's has to be right. */
export class Timings {
  readonly state: StoreApi<{ all: readonly Sent[]; byId: ReadonlyMap<string, Sent> }> = createStore(() => ({
    all: [] as readonly Sent[],
    byId: new Map<string, Sent>() as ReadonlyMap<string, Sent>,
  }));
  /** The moments of sending, by number. */
  private readonly began = new Map<number, number>();
  /** A message may be delivered before its sending is answered: only the answer tells which it was. */
  private readonly early = new Map<string, (Omit<Arrival, "ms"> & { moment: number })[]>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Something is being sent. Gives what its answer is told to. */
  send(sender: string): (id: string) => void {
    const n = this.state.getState().all.length + 1;
    const began = this.now();
    this.began.set(n, began);
    this.state.setState(({ all, byId }) => ({ all: [...all, { n, sender, answer: null, arrivals: [] }], byId }));
    return (id) => {
      const answer = this.now() - began;
      const arrivals = (this.early.get(id) ?? []).map(({ moment, ...one }) => ({ ...one, ms: moment - began }));
      this.early.delete(id);
      this.change(n, id, (sent) => ({ ...sent, answer, arrivals: [...sent.arrivals, ...arrivals] }));
    };
  }

  /** A message has come. One that was not sent from here is of no interest. */
  arrive(id: string, arrival: Omit<Arrival, "ms">) {
    const moment = this.now();
    const known = this.state.getState().byId.get(id);
    if (!known) {
      this.early.set(id, [...(this.early.get(id) ?? []), { ...arrival, moment }]);
      return;
    }
    const ms = moment - (this.began.get(known.n) ?? moment);
    this.change(known.n, id, (sent) => ({ ...sent, arrivals: [...sent.arrivals, { ...arrival, ms }] }));
  }

  private change(n: number, id: string, next: (sent: Sent) => Sent) {
    this.state.setState(({ all, byId }) => {
      const was = all[n - 1];
      if (!was) return { all, byId };
      const now = next(was);
      return { all: all.with(n - 1, now), byId: new Map(byId).set(id, now) };
    });
  }
}

/** The messages of one sender as they came through one receiver. */
export interface Way {
  sender: string;
  receiver: string;
  points: { n: number; ms: number }[];
}

/** The measurements by sender × receiver, without those that came after a gap. */
export function waysOf(all: readonly Sent[]): Way[] {
  const ways = new Map<string, Way>();
  for (const { n, sender, arrivals } of all) {
    for (const { receiver, ms, isLate } of arrivals) {
      if (isLate) continue;
      const key = `${sender}\n${receiver}`;
      const way = ways.get(key) ?? { sender, receiver, points: [] };
      way.points.push({ n, ms });
      ways.set(key, way);
    }
  }
  return [...ways].sort(([a], [b]) => a.localeCompare(b)).map(([, way]) => way);
}

/** What half of them, and 95 of 100, took at most; and the longest. */
export function summaryOf({ points }: Way): { count: number; median: number; p95: number; most: number } {
  const sorted = points.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, median: at(0.5), p95: at(0.95), most: at(1) };
}
