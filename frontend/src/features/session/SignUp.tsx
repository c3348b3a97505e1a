import type { AccountSession } from "../../api/session/accounts";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { TextField } from "../../ui/TextField";
import { Card } from "./Card";
import styles from "./Card.module.css";
import { texts } from "./texts";
import { useForm } from "./useForm";

const fields = ["username", "email", "displayName", "password"] as const;

/** Making an account, after which one is signed in. */
export function SignUp({ session, onBack }: { session: AccountSession; onBack: () => void }) {
  const say = useText();
  const form = useForm(fields, (data) =>
    session.signUp({
      username: String(data.get("username")).trim(),
      email: String(data.get("email")).trim(),
      displayName: String(data.get("displayName")).trim(),
      password: String(data.get("password")),
    }),
  );
  return (
    <Card title={say(texts.signUpTitle)} text={say(texts.signUpText)}>
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
          required
          error={form.errorOf("email", say(texts.email))}
        />
        <TextField
          name="displayName"
          label={say(texts.displayName)}
          autoComplete="name"
          hint={say(texts.displayNameHint)}
          error={form.errorOf("displayName", say(texts.displayName))}
        />
        <TextField
          name="password"
          type="password"
          label={say(texts.password)}
          autoComplete="new-password"
          required
          hint={say(texts.passwordHint)}
          error={form.errorOf("password", say(texts.password))}
        />
        {form.error && <Notice look="bad">{form.error}</Notice>}
        <Button type="submit" look="primary" wide busy={form.busy}>
          {say(texts.signUp)}
        </Button>
      </form>
      <p className={styles.other}>
        <Button look="quiet" onClick={onBack}>
          {say(texts.toSignIn)}
        </Button>
      </p>
    </Card>
  );
}
