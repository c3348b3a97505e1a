import type { OpenSession } from "../../api/session/open";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { Card } from "./Card";
import styles from "./Card.module.css";
import { PersonFields, personFields, personOf } from "./PersonFields";
import { texts } from "./texts";
import { useForm } from "./useForm";

/** Coming in where everybody is believed: a name that is known goes on, a new one is made. */
export function Join({ session }: { session: OpenSession }) {
  const say = useText();
  const form = useForm(personFields, (data) => session.join(personOf(data)));
  return (
    <Card title={say(texts.joinTitle)} text={say(texts.joinText)}>
      <form className={styles.form} onSubmit={form.onSubmit}>
        <PersonFields form={form} emailHint={say(texts.emailNew)} />
        {form.error && <Notice look="bad">{form.error}</Notice>}
        <Button type="submit" look="primary" wide busy={form.busy}>
          {say(texts.join)}
        </Button>
      </form>
    </Card>
  );
}
