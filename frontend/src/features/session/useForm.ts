import { type FormEvent, useState } from "react";
import { type Failure, failureOf } from "../../api/failure";
import { failureText } from "../../api/failureText";
import { useText } from "../../lib/text";

/** A form that does one thing: its busy time, and what went wrong, at the field it is about or as a whole. */
export function useForm(fields: readonly string[], submit: (data: FormData) => Promise<void>) {
  const say = useText();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const field = failure && fieldOf(failure, fields);

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
    /** What is wrong with that field, which people know by its label. */
    errorOf: (name: string, label: string) =>
      failure && field === name ? sentence(failure.message.replace(new RegExp(`^${name}\\b`, "i"), label)) : undefined,
    /** What is wrong with no field in particular. */
    error: failure && !field ? failureText(failure, say) : undefined,
    reset: () => setFailure(null),
  };
}

/** The field that a failure is about: the API names it, or its text begins with it. */
function fieldOf(failure: Failure, fields: readonly string[]): string | undefined {
  if (failure.field) return fields.find((name) => name === failure.field);
  if (failure.code !== "CONFLICT") return undefined;
  return fields.find((name) => failure.message.toLowerCase().startsWith(name.toLowerCase()));
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
