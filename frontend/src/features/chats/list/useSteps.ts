import { useLocation } from "wouter";
import { useCommand } from "../../../ui/keyboard";

const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** Alt and an arrow go to the next chat of the list, or the one before; from nowhere to the first or the last. */
export function useSteps(chats: readonly { id: string }[], openId: string | undefined) {
  const [, go] = useLocation();
  useCommand(
    (event) => event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.key in steps,
    (event) => {
      const step = steps[event.key] ?? 0;
      const at = chats.findIndex(({ id }) => id === openId);
      const next = at >= 0 ? chats[at + step] : chats.at(step > 0 ? 0 : -1);
      if (next) go(`/c/${next.id}`);
    },
  );
}
