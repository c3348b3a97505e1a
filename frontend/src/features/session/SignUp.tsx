import type { AccountSession } from "../../api/session/accounts";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { TextField } from "../../ui/TextField";
import { Card } from "./Card";
import styles from "./Card.module.css";
import { PersonFields, personFields, personOf } from "./PersonFields";
import { texts } from "./texts";
import { useForm } from "./useForm";

const fields = [...personFields, "password"] as const;

/** Making an account, after which one is signed in. */
export function SignUp({ session, onBack }: { session: AccountSession; onBack: () => void }) {
  const say = useText();
  const form = useForm(fields, (data) => session.signUp({ ...personOf(data), password: String(data.get("password")) }));
  return (
    <Card title={say(texts.signUpTitle)} text={say(texts.signUpText)}>
      <form className={styles.form} onSubmit={form.onSubmit}>
        <PersonFields form={form} />
        <TextField
          name="password"
          type="password"
          label={say(texts.password)}
          autoComplete="new-password"
          required
          hint={say(texts.passwordHint)}
          error={form.errorOf("password")}
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
