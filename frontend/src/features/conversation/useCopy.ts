import { useCallback } from "react";
import { useText } from "../../lib/text";
import { useToasts } from "../../ui/toasts";
import { texts } from "./texts";

/** Copies a text, and says whether that has worked. */
export function useCopy(): (text: string) => void {
  const say = useText();
  const toast = useToasts((toasts) => toasts.say);
  return useCallback(
    (text) => {
      const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
      copied.then(
        () => toast({ text: say(texts.copied) }),
        () => toast({ text: say(texts.notCopied), bad: true }),
      );
    },
    [say, toast],
  );
}
