import { useState } from "react";
import { failureText } from "../../api/failureText";
import { useText } from "../../lib/text";

/** Things that may fail: what is being done, and what went wrong the last time. */
export function useTries() {
  const say = useText();
  const [busy, setBusy] = useState(0);
  const [error, setError] = useState<string>();
  async function attempt(act: () => Promise<unknown>) {
    setBusy((n) => n + 1);
    setError(undefined);
    try {
      await act();
    } catch (failure) {
      setError(failureText(failure, say));
    } finally {
      setBusy((n) => n - 1);
    }
  }
  return { attempt, isBusy: busy > 0, error };
}
