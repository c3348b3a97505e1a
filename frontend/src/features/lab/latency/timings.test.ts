import { expect, test } from "vitest";
import { summaryOf, Timings, waysOf } from "./timings";

/** Timings by a clock that the test moves. */
function timed() {
  const clock = { now: 100 };
  const timings = new Timings(() => clock.now);
  const after = (ms: number) => {
    clock.now += ms;
  };
  return { timings, after, all: () => timings.state.getState().all };
}

test("a delivery is measured from the sending, also one that is sooner than the answer", () => {
  const { timings, after, all } = timed();
  const told = timings.send("Sender 1");
  after(5);
  timings.arrive("m1", { at: "2", receiver: "Receiver 2", isLate: false });
  after(3);
  told("m1");
  after(4);
  timings.arrive("m1", { at: "1", receiver: "Receiver 1", isLate: false });
  expect(all()).toEqual([
    {
      n: 1,
      sender: "Sender 1",
      answer: 8,
      arrivals: [
        { at: "2", receiver: "Receiver 2", ms: 5, isLate: false },
        { at: "1", receiver: "Receiver 1", ms: 12, isLate: false },
      ],
    },
  ]);
  expect(timings.state.getState().byId.get("m1")).toBe(all()[0]);
});

test("messages that were sent elsewhere count for nothing, and those without an answer stay open", () => {
  const { timings, all } = timed();
  timings.send("Sender 1");
  timings.arrive("stranger", { at: "1", receiver: "Receiver 1", isLate: false });
  expect(all()).toEqual([{ n: 1, sender: "Sender 1", answer: null, arrivals: [] }]);
});

test("ways are sender × receiver, in the order of their names, without what came after a gap", () => {
  const { timings, after, all } = timed();
  for (const [sender, id, isLate] of [
    ["Sender 2", "a", false],
    ["Sender 1", "b", false],
    ["Sender 1", "c", true],
  ] as const) {
    const told = timings.send(sender);
    told(id);
    after(7);
    timings.arrive(id, { at: "1", receiver: "Receiver 1", isLate });
  }
  expect(waysOf(all())).toEqual([
    { sender: "Sender 1", receiver: "Receiver 1", points: [{ n: 2, ms: 7 }] },
    { sender: "Sender 2", receiver: "Receiver 1", points: [{ n: 1, ms: 7 }] },
  ]);
});

test("a way in numbers", () => {
  const points = Array.from({ length: 100 }, (_, i) => ({ n: i, ms: 100 - i }));
  expect(summaryOf({ sender: "", receiver: "", points })).toEqual({ count: 100, median: 50, p95: 95, most: 100 });
  expect(summaryOf({ sender: "", receiver: "", points: [{ n: 1, ms: 3 }] })).toEqual({
    count: 1,
    median: 3,
    p95: 3,
    most: 3,
  });
});
