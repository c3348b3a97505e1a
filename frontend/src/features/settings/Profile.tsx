import { useMutation } from "@apollo/client/react";
import { type FormEvent, useState } from "react";
import { failureText } from "../../api/failureText";
import { type AccountFragment, UpdateProfileDocument } from "../../api/gql/graphql";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Handle } from "../../ui/Handle";
import { TextField } from "../../ui/TextField";
import { useToasts } from "../../ui/toasts";
import styles from "./SettingsPage.module.css";
import { texts } from "./texts";

/** The own name, as others see it. */
export function Profile({ me }: { me: AccountFragment }) {
  const say = useText();
  const { say: toast } = useToasts();
  const [update, { loading }] = useMutation(UpdateProfileDocument);
  const [error, setError] = useState("");
  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const displayName = String(new FormData(event.currentTarget).get("displayName")).trim();
    try {
      await update({ variables: { id: me.id, displayName } });
      setError("");
      toast({ text: say(texts.saved) });
    } catch (failure) {
      setError(failureText(failure, say));
    }
  }
  return (
    <section className={styles.section}>
      <h2>{say(texts.profile)}</h2>
      <p className={styles.quiet}>
        <Handle name={me.username} />
        {me.email && ` · ${me.email}`}
      </p>
      <form className={styles.form} onSubmit={save}>
        <TextField
          name="displayName"
          label={say(texts.displayName)}
          defaultValue={me.displayName ?? ""}
          autoComplete="name"
          hint={say(texts.displayNameHint)}
          error={error || undefined}
        />
        <Button type="submit" busy={loading}>
          {say(texts.save)}
        </Button>
      </form>
    </section>
  );
}
