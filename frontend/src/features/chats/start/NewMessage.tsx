import { useState } from "react";
import { failureText } from "../../../api/failureText";
import { useText } from "../../../lib/text";
import { Dialog } from "../../../ui/Dialog";
import { Notice } from "../../../ui/Notice";
import { PeoplePicker } from "../people/PeoplePicker";
import { texts } from "../texts";
import { useStart } from "./useStart";

/** Chooses whom to write to. */
export function NewMessage({ onClose }: { onClose: () => void }) {
  const say = useText();
  const { direct } = useStart();
  const [error, setError] = useState("");
  const open = async (person: string) => {
    try {
      await direct(person);
      onClose();
    } catch (failure) {
      setError(failureText(failure, say));
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={say(texts.directTitle)} closeLabel={say(texts.close)}>
      <PeoplePicker onChoose={([person]) => person && open(person.id)} />
      {error && <Notice look="bad">{error}</Notice>}
    </Dialog>
  );
}
