import { expect, test } from "vitest";
import type { Config } from "../../../api/config";
import { Failure } from "../../../api/failure";
import { Ear } from "./ear";
import { becomes, refused, same, Unmet } from "./expect";
import { type Check, Run, tally } from "./run";

const config = { auth: "none" } as Config;
const check = (id: string, run: Check<null>["run"], isFor?: Check<null>["isFor"]): Check<null> => ({
  name: { id },
  run,
  isFor,
});

test("a run goes on after a failure, and tells what was expected", async () => {
  let now = 0;
  const tooMany = new Failure("RATE_LIMITED", "Too many");
  const run = new Run<null>(
    [
      {
        name: { id: "first" },
        checks: [
          check("good", async () => {
            now += 5;
          }),
          check("wrong", async () => same("message.content", "b", "a")),
          check("refused", async () => {
            throw tooMany;
          }),
        ],
      },
      {
        name: { id: "second" },
        checks: [
          check("broken", async () => {
            throw new TypeError("boom");
          }),
          check(
            "elsewhere",
            async () => undefined,
            ({ auth }) => auth === "accounts",
          ),
          check("last", async () => undefined),
        ],
      },
    ],
    () => now,
  );
  await run.start(config, null);
  const { results, isRunning, ms } = run.state.getState();
  expect({ isRunning, ms }).toEqual({ isRunning: false, ms: 5 });
  expect(results).toEqual([
    [
      { status: "passed", ms: 5, fault: null },
      { status: "failed", ms: 0, fault: { what: "message.content", expected: '"a"', got: '"b"', failure: null } },
      { status: "failed", ms: 0, fault: { what: null, expected: "", got: "RATE_LIMITED", failure: tooMany } },
    ],
    [
      {
        status: "failed",
        ms: 0,
        fault: { what: null, expected: "", got: "UNREACHABLE", failure: expect.objectContaining({ message: "boom" }) },
      },
      { status: "omitted", ms: 0, fault: null },
      { status: "passed", ms: 0, fault: null },
    ],
  ]);
  expect(tally(results)).toEqual({ waiting: 0, running: 0, passed: 2, failed: 3, omitted: 1 });
});

test("a run that is stopped ends after the check that is under way", async () => {
  const run: Run<null> = new Run<null>([
    { name: { id: "all" }, checks: [check("one", async () => run.stop()), check("two", async () => undefined)] },
  ]);
  await run.start(config, null);
  expect(
    run.state
      .getState()
      .results.flat()
      .map(({ status }) => status),
  ).toEqual(["passed", "waiting"]);
});

test("what should be refused is told from what is answered, and from what is refused for another reason", async () => {
  const fails = (code: string, details = {}) => Promise.reject(new Failure(code, "no", details));
  expect((await refused("chat", fails("NOT_FOUND"), "NOT_FOUND")).message).toBe("no");
  await expect(refused("chat", fails("FORBIDDEN"), "NOT_FOUND")).rejects.toEqual(
    new Unmet("chat", "NOT_FOUND", "FORBIDDEN"),
  );
  const details = { reason: "TOO_LONG", field: "content", limit: 8 };
  await expect(refused("send", fails("BAD_USER_INPUT", details), "FORBIDDEN")).rejects.toEqual(
    new Unmet("send", "FORBIDDEN", "BAD_USER_INPUT TOO_LONG content"),
  );
  await expect(refused("chat", Promise.resolve({ id: 1 }), "NOT_FOUND")).rejects.toEqual(
    new Unmet("chat", "NOT_FOUND", '{"id":1}'),
  );
});

test("what becomes so is waited for, and what does not is a fault", async () => {
  let n = 0;
  await becomes("count", async () => ++n, 3);
  expect(n).toBe(3);
  await expect(becomes("count", async () => 1, 2, 0)).rejects.toEqual(new Unmet("count", "2", "1"));
});

test("an ear hears what came before it was asked and what comes after, and the end", async () => {
  let hear: (one: { seq: number; kind: string }) => void = () => undefined;
  let end: (failure: Failure | null) => void = () => undefined;
  const ear = new Ear<{ seq: number; kind: string }>((heard, ended) => {
    hear = heard;
    end = ended;
    return () => undefined;
  });
  hear({ seq: 1, kind: "A" });
  expect(await ear.hears("rows", { seq: 1 })).toEqual({ seq: 1, kind: "A" });
  const second = ear.hears("rows", { kind: "B" });
  hear({ seq: 2, kind: "C" });
  hear({ seq: 3, kind: "B" });
  expect((await second).seq).toBe(3);
  const failure = new Failure("RESYNC_REQUIRED", "anew");
  const ends = ear.ends("rows");
  end(failure);
  expect(await ends).toBe(failure);
});
