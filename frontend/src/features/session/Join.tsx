import type { OpenSession } from "../../api/session/open";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { TextField } from "../../ui/TextField";
import { Card } from "./Card";
import styles from "./Card.module.css";
import { texts } from "./texts";
import { useForm } from "./useForm";

const fields = ["username", "email", "displayName"] as const;

/** Coming in where everybody is believed: a name that is known goes on, a new one is made. */
export function Join({ session }: { session: OpenSession }) {
  const say = useText();
  const form = useForm(fields, (data) =>
    session.join({
      username: String(data.get("username")).trim(),
      email: String(data.get("email")).trim(),
      displayName: String(data.get("displayName")).trim(),
    }),
  );
  return (
    <Card title={say(texts.joinTitle)} text={say(texts.joinText)}>
      <form className={styles.form} onSubmit={form.onSubmit}>
        <TextField
          name="username"
          label={say(texts.name)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          error={form.errorOf("username", say(texts.name))}
        />
        <TextField
          name="email"
          type="email"
          label={say(texts.email)}
          autoComplete="email"
          hint={say(texts.emailNew)}
          error={form.errorOf("email", say(texts.email))}
        />
        <TextField
          name="displayName"
          label={say(texts.displayName)}
          autoComplete="name"
          hint={say(texts.displayNameHint)}
          error={form.errorOf("displayName", say(texts.displayName))}
        />
        {form.error && <Notice look="bad">{form.error}</Notice>}
        <Button type="submit" look="primary" wide busy={form.busy}>
          {say(texts.join)}
        </Button>
      </form>
    </Card>
  );
}
