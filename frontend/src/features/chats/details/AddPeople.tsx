import { useState } from "react";
import type { Chat } from "../../../api/chats/cache";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { useToasts } from "../../../ui/toasts";
import { PeoplePicker } from "../people/PeoplePicker";
import { useChosen } from "../people/useChosen";
import { texts } from "../texts";

interface Props {
  chat: Chat;
  onAdd: (people: string[]) => Promise<boolean>;
  onClose: () => void;
}

/** Chooses who comes into a group. */
export function AddPeople({ chat, onAdd, onClose }: Props) {
  const say = useText();
  const { chosen, choose } = useChosen();
  const { say: toast } = useToasts();
  const [busy, setBusy] = useState(false);
  async function add() {
    setBusy(true);
    const done = await onAdd([...chosen.keys()]);
    setBusy(false);
    if (!done) return;
    toast({ text: say(texts.added, { count: chosen.size }) });
    onClose();
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={say(texts.addPeople)}
      closeLabel={say(texts.close)}
      footer={
        <>
          <Button onClick={onClose}>{say(texts.cancel)}</Button>
          <Button look="primary" disabled={chosen.size === 0} busy={busy} onClick={add}>
            {say(texts.add)}
          </Button>
        </>
      }
    >
      <PeoplePicker chosen={chosen} onChoose={choose} without={chat.participantIds} />
    </Dialog>
  );
}
