import { useMutation } from "@apollo/client/react";
import { type FormEvent, useState } from "react";
import { failureText } from "../../api/failureText";
import { ChangePasswordDocument } from "../../api/gql/graphql";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { TextField } from "../../ui/TextField";
import { useToasts } from "../../ui/toasts";
import styles from "./SettingsPage.module.css";
import { texts } from "./texts";

/** Changes the password. */
export function Password() {
  const say = useText();
  const { say: toast } = useToasts();
  const [change, { loading }] = useMutation(ChangePasswordDocument);
  const [error, setError] = useState("");
  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    try {
      await change({ variables: { current: String(data.get("current")), new: String(data.get("new")) } });
      setError("");
      form.reset();
      toast({ text: say(texts.changed) });
    } catch (failure) {
      setError(failureText(failure, say));
    }
  }
  return (
    <section className={styles.section}>
      <h2>{say(texts.password)}</h2>
      <form className={styles.form} onSubmit={save}>
        <TextField name="current" type="password" label={say(texts.current)} autoComplete="current-password" required />
        <TextField
          name="new"
          type="password"
          label={say(texts.new)}
          autoComplete="new-password"
          required
          hint={say(texts.newHint)}
        />
        {error && <Notice look="bad">{error}</Notice>}
        <Button type="submit" busy={loading}>
          {say(texts.change)}
        </Button>
      </form>
    </section>
  );
}
