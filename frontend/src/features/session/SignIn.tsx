import { useState } from "react";
import type { AccountSession } from "../../api/session/accounts";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { TextField } from "../../ui/TextField";
import { Card } from "./Card";
import styles from "./Card.module.css";
import { SignUp } from "./SignUp";
import { texts } from "./texts";
import { useForm } from "./useForm";

/** Signing in, and from there signing up. `ended`: somebody was signed in, and the session is over. */
export function SignIn({ session, isOpen, ended }: { session: AccountSession; isOpen: boolean; ended?: boolean }) {
  const say = useText();
  const [isNew, setNew] = useState(false);
  const form = useForm(["username"], (data) =>
    session.signIn(String(data.get("username")).trim(), String(data.get("password"))),
  );
  if (isNew) return <SignUp session={session} onBack={() => setNew(false)} />;
  return (
    <Card title={say(ended ? texts.endedTitle : texts.signIn)} text={say(ended ? texts.endedText : texts.welcome)}>
      <form className={styles.form} onSubmit={form.onSubmit}>
        <TextField
          name="username"
          label={say(texts.nameOrEmail)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          error={form.errorOf("username")}
        />
        <TextField
          name="password"
          type="password"
          label={say(texts.password)}
          autoComplete="current-password"
          required
        />
        {form.error && <Notice look="bad">{form.error}</Notice>}
        <Button type="submit" look="primary" wide busy={form.busy}>
          {say(texts.signIn)}
        </Button>
      </form>
      <p className={styles.other}>
        {isOpen ? (
          <Button look="quiet" onClick={() => setNew(true)}>
            {say(texts.toSignUp)}
          </Button>
        ) : (
          say(texts.closed)
        )}
      </p>
    </Card>
  );
}
