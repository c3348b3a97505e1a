import { type FormEvent, useState } from "react";
import { type Failure, failureOf } from "../../api/failure";
import { failureText } from "../../api/failureText";
import { useText } from "../../lib/text";

/** A form that does one thing: its busy time, and what went wrong, at the field it is about or as a whole. */
export function useForm(fields: readonly string[], submit: (data: FormData) => Promise<void>) {
  const say = useText();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const field = fields.find((name) => name === failure?.field);

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await submit(new FormData(event.currentTarget));
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  }

  return {
    onSubmit,
    busy,
    /** What is wrong with that field. */
    errorOf: (name: string) => (failure && field === name ? failureText(failure, say) : undefined),
    /** What is wrong with no field in particular. */
    error: failure && !field ? failureText(failure, say) : undefined,
    reset: () => setFailure(null),
  };
}
