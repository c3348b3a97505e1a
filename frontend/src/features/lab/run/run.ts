import type { MessageDescriptor } from "react-intl";
import { createStore, type StoreApi } from "zustand/vanilla";
import type { Config } from "../../../api/config";
import { type Failure, failureOf } from "../../../api/failure";
import { inCodes, Unmet } from "./expect";

/** One thing that has to be so. */
export interface Check<W> {
  name: MessageDescriptor;
  /** Where it makes no sense, it is left out. */
  isFor?: (config: Config, world: W) => boolean;
  run: (world: W) => Promise<void>;
}

export interface Group<W> {
  name: MessageDescriptor;
  checks: readonly Check<W>[];
}

/** How a check has ended. */
export interface Result {
  status: "waiting" | "running" | "passed" | "failed" | "omitted";
  ms: number;
  fault: Fault | null;
}

/** What was not as it has to be; or the call itself failed, and `failure` says how. */
export interface Fault {
  what: string | null;
  expected: string;
  got: string;
  failure: Failure | null;
}

export interface RunState {
  isRunning: boolean;
  /** By group and check, as the groups have them. */
  results: readonly (readonly Result[])[];
  ms: number;
}

const waiting: Result = { status: "waiting", ms: 0, fault: null };

/** Runs checks one after the other: each makes what it needs, so that one that fails takes no other with it. */
export class Run<W> {
  readonly state: StoreApi<RunState>;
  private isStopped = false;

  constructor(
    private readonly groups: readonly Group<W>[],
    private readonly now: () => number = () => performance.now(),
  ) {
    this.state = createStore<RunState>(() => ({
      isRunning: false,
      results: groups.map(({ checks }) => checks.map(() => waiting)),
      ms: 0,
    }));
  }

  async start(config: Config, world: W): Promise<void> {
    const began = this.now();
    this.state.setState({ isRunning: true });
    for (const [g, { checks }] of this.groups.entries()) {
      for (const [c, check] of checks.entries()) {
        if (this.isStopped) break;
        this.put(g, c, { ...waiting, status: "running" });
        this.put(g, c, await this.result(check, config, world));
        this.state.setState({ ms: this.now() - began });
      }
    }
    this.state.setState({ isRunning: false, ms: this.now() - began });
  }

  /** What is under way ends; nothing else begins. */
  stop() {
    this.isStopped = true;
  }

  private async result(check: Check<W>, config: Config, world: W): Promise<Result> {
    if (check.isFor && !check.isFor(config, world)) return { ...waiting, status: "omitted" };
    const began = this.now();
    try {
      await check.run(world);
      return { status: "passed", ms: this.now() - began, fault: null };
    } catch (error) {
      return { status: "failed", ms: this.now() - began, fault: faultOf(error) };
    }
  }

  private put(g: number, c: number, result: Result) {
    this.state.setState(({ results }) => ({
      results: results.with(g, (results[g] as readonly Result[]).with(c, result)),
    }));
  }
}

function faultOf(error: unknown): Fault {
  if (error instanceof Unmet) return { what: error.what, expected: error.expected, got: error.got, failure: null };
  const failure = failureOf(error);
  return { what: null, expected: "", got: inCodes(failure), failure };
}

/** How many have ended how. */
export function tally(results: RunState["results"]): Record<Result["status"], number> {
  const counts = { waiting: 0, running: 0, passed: 0, failed: 0, omitted: 0 };
  for (const { status } of results.flat()) counts[status]++;
  return counts;
}
