import { failureOf } from "../../api/failure";
import { backoff } from "../../lib/backoff";

/** How often a call that fails inside the server is tried before it is taken for hopeless. */
const patience = 5;

/** The tries of one call, until it succeeds. */
export class Tries {
  private failed = 0;
  private broken = 0;

  /** How many milliseconds to wait after this failure before trying again; null where trying again is of no use. */
  after(error: unknown): number | null {
    const failure = failureOf(error);
    switch (failure.code) {
      case "UNREACHABLE":
      case "UNAVAILABLE":
      case "UNAUTHENTICATED": // the session renews itself, or somebody signs in again
        return backoff(this.failed++);
      case "RATE_LIMITED":
        return Math.max((failure.retryAfter ?? 0) * 1000, backoff(0));
      case "INTERNAL_SERVER_ERROR":
        return ++this.broken < patience ? backoff(this.failed++) : null;
      default:
        return null;
    }
  }

  succeeded(): void {
    this.failed = 0;
    this.broken = 0;
  }
}

/** Waits that can be cut short: by wake, when there is reason to hope, or by stop, for good. */
export class Patience {
  private readonly waiting = new Set<() => void>();
  private stopped = false;

  /** False when it was stopped meanwhile. */
  wait(ms: number): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve(!this.stopped);
      };
      const timer = setTimeout(done, ms);
      this.waiting.add(done);
    });
  }

  wake(): void {
    for (const done of [...this.waiting]) done();
  }

  stop(): void {
    this.stopped = true;
    this.wake();
  }
}
