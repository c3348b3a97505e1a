import { describe, expect, test } from "vitest";
import { seeded } from "../../lib/random";
import {
  broughtBy,
  doubledBy,
  isDone,
  isReplay,
  type Ledger,
  missing,
  openLedger,
  reached,
  resume,
  take,
} from "./ledger";

const taking = (ledger: Ledger, ...seqs: number[]) => seqs.reduce(take, ledger);

test("rows that come in order once leave nothing to say", () => {
  const ledger = taking(openLedger(4), 5, 6, 7);
  expect(ledger.cursor).toBe(7);
  expect(missing(ledger)).toEqual([]);
  expect(ledger.doubled).toEqual([]);
});

test("a hole is missing until it is filled, and the cursor waits for it", () => {
  const holed = taking(openLedger(0), 1, 2, 5);
  expect(missing(holed)).toEqual([3, 4]);
  expect(holed.cursor).toBe(2);
  const filled = taking(holed, 4, 3);
  expect(missing(filled)).toEqual([]);
  expect(filled.cursor).toBe(5);
});

test("a row that comes again is doubled, above the cursor too", () => {
  expect(taking(openLedger(0), 1, 1, 4, 4).doubled).toEqual([1, 4]);
});

test("in whatever order rows come, none is missing in the end and each repeat is counted", () => {
  const random = seeded(8);
  for (let round = 0; round < 100; round++) {
    const all = Array.from({ length: 12 }, (_, i) => i + 1);
    const repeats = all.filter(() => random() < 0.2);
    const order = [...all, ...repeats].map((seq) => ({ seq, at: random() })).sort((a, b) => a.at - b.at);
    const ledger = taking(openLedger(0), ...order.map(({ seq }) => seq));
    expect(ledger).toMatchObject({ cursor: 12, beyond: [] });
    expect(ledger.doubled.toSorted((a, b) => a - b)).toEqual(repeats);
  }
});

describe("a resume", () => {
  const before = taking(openLedger(0), 1, 2, 3);
  const last = (ledger: Ledger) => {
    const one = ledger.resumes.at(-1);
    if (!one) throw new Error("there is no resume");
    return one;
  };

  test("is done when everything up to the end of then has come", () => {
    let ledger = reached(resume(before, "connection"), 6);
    expect(last(ledger)).toMatchObject({ why: "connection", after: 3, upTo: 6 });
    ledger = taking(ledger, 4, 5);
    expect(isDone(last(ledger))).toBe(false);
    ledger = taking(ledger, 6, 7);
    expect(isDone(last(ledger))).toBe(true);
    expect(broughtBy(last(ledger))).toEqual([4, 5, 6]);
  });

  test("counts what came before its end was known, and leaves out what is live", () => {
    const ledger = reached(taking(resume(before, "skipped"), 4, 5, 6), 5);
    expect(isDone(last(ledger))).toBe(true);
    expect(broughtBy(last(ledger))).toEqual([4, 5]);
  });

  test("that had missed nothing is done at once", () => {
    expect(isDone(last(reached(resume(before, "connection"), 3)))).toBe(true);
  });

  test("tells what it brought twice", () => {
    expect(doubledBy(last(taking(resume(before, "connection"), 3, 4, 4)))).toBe(1);
  });

  test("makes rows late, and those after its end not", () => {
    const unknown = resume(before, "skipped");
    expect(isReplay(before, 4)).toBe(false);
    expect(isReplay(unknown, 9)).toBe(true);
    expect([5, 6].map((seq) => isReplay(reached(unknown, 5), seq))).toEqual([true, false]);
  });
});
