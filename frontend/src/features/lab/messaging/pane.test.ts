import { expect, test } from "vitest";
import { createStore } from "zustand/vanilla";
import type { Connection, Subscriber } from "../../../api/live";
import type { LabEventsSubscription } from "../gql/graphql";
import { Timings } from "../latency/timings";
import { broughtBy, isDone } from "../ledger";
import type { Seat } from "../seat";
import { Pane } from "./pane";

/** A pane whose receiver is the test: `log` is how far the chat's log has come. */
function seated() {
  const connection = createStore<Connection>(() => ({ status: "connected", count: 1 }));
  const receiver = { log: 0, subscriber: null as Subscriber<LabEventsSubscription> | null, asked: [] as number[] };
  const seat = {
    person: { id: "ben", name: "Ben" },
    instances: { current: (role: string) => ({ name: `${role} 1` }) },
    call: async () => ({ chat: { lastSeq: receiver.log } }),
    live: {
      connection,
      subscribe(_: unknown, variables: () => { afterSeq: number }, subscriber: Subscriber<LabEventsSubscription>) {
        receiver.asked.push(variables().afterSeq);
        receiver.subscriber = subscriber;
        return () => {
          receiver.subscriber = null;
        };
      },
      close: () => undefined,
    },
    close: () => undefined,
  } as unknown as Seat;
  const pane = new Pane("2", seat, "chat", new Timings());
  const deliver = (...seqs: number[]) => {
    for (const seq of seqs) {
      const message = { id: `m${seq}`, seq, version: seq, senderId: "ada", content: `${seq}` };
      const row = { seq, kind: "MESSAGE_ADDED", userId: null, message } as LabEventsSubscription["chatEvents"];
      receiver.subscriber?.next({ chatEvents: row }, seq);
      receiver.log = Math.max(receiver.log, seq);
    }
  };
  const state = () => pane.state.getState();
  return { pane, receiver, connection, deliver, state };
}

test("what is skipped is thrown away, and comes again after the last seq that was kept", async () => {
  const { pane, receiver, deliver, state } = seated();
  deliver(1, 2);
  pane.skip(true);
  deliver(3, 4);
  expect(state()).toMatchObject({ isSkipping: true, ignored: 2, ledger: { cursor: 2 } });
  expect(state().lines.map(({ seq }) => seq)).toEqual([1, 2]);
  pane.skip(false);
  expect(receiver.asked).toEqual([0, 2]);
  deliver(3, 4);
  await expect.poll(() => state().ledger.resumes.map(isDone)).toEqual([true]);
  deliver(5);
  const [resume] = state().ledger.resumes;
  expect(resume).toMatchObject({ why: "skipped", after: 2, upTo: 4 });
  expect(resume && broughtBy(resume)).toEqual([3, 4]);
  expect(state().lines.map(({ seq, isLate }) => [seq, isLate])).toEqual([
    [1, false],
    [2, false],
    [3, true],
    [4, true],
    [5, false],
  ]);
  expect(state().ledger).toMatchObject({ cursor: 5, doubled: [] });
});

test("a connection that is made anew is a resume, and the first one is none", async () => {
  const { connection, deliver, state } = seated();
  deliver(1);
  expect(state().ledger.resumes).toEqual([]);
  connection.setState({ status: "connecting", count: 1 });
  connection.setState({ status: "connected", count: 2 });
  await expect.poll(() => state().ledger.resumes).toMatchObject([{ why: "connection", after: 1, upTo: 1 }]);
});

test("a pane that is left hears nothing more", () => {
  const { pane, receiver, connection, state } = seated();
  pane.close();
  expect(receiver.subscriber).toBeNull();
  connection.setState({ status: "connected", count: 2 });
  expect(state().ledger.resumes).toEqual([]);
});
