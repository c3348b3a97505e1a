import { type FormEvent, useId, useState } from "react";
import { failureText } from "../../../api/failureText";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { Notice } from "../../../ui/Notice";
import { TextField } from "../../../ui/TextField";
import { PeoplePicker } from "../people/PeoplePicker";
import { useChosen } from "../people/useChosen";
import { texts } from "../texts";
import styles from "./NewGroup.module.css";
import { useStart } from "./useStart";

/** Makes a group: its name, what it is for, and who is in it. */
export function NewGroup({ onClose }: { onClose: () => void }) {
  const say = useText();
  const { group } = useStart();
  const { chosen, choose } = useChosen();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const form = useId();

  async function create(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await group(String(data.get("name")).trim(), String(data.get("description")).trim(), [...chosen.keys()]);
      onClose();
    } catch (failure) {
      setError(failureText(failure, say));
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={say(texts.groupTitle)}
      closeLabel={say(texts.close)}
      footer={
        <>
          <Button onClick={onClose}>{say(texts.cancel)}</Button>
          <Button type="submit" form={form} look="primary" busy={busy}>
            {say(texts.create)}
          </Button>
        </>
      }
    >
      <form id={form} className={styles.form} onSubmit={create}>
        <TextField name="name" label={say(texts.groupName)} required maxLength={200} autoComplete="off" />
        <TextField
          name="description"
          label={say(texts.groupDescription)}
          hint={say(texts.optional)}
          maxLength={2000}
          autoComplete="off"
        />
      </form>
      <h3 className={styles.heading}>{say(texts.members)}</h3>
      <PeoplePicker chosen={chosen} onChoose={choose} />
      {error && <Notice look="bad">{error}</Notice>}
    </Dialog>
  );
}
