import { useState } from "react";
import { isCommand, useCommand } from "../../../ui/keyboard";
import { SwitcherDialog } from "./SwitcherDialog";

/** Ctrl K, or the same with the command key, goes to a chat or a person from everywhere. */
export function Switcher({ openId }: { openId: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  useCommand(
    (event) => isCommand(event, "k"),
    () => setOpen(true),
  );
  return isOpen && <SwitcherDialog openId={openId} onClose={() => setOpen(false)} />;
}
