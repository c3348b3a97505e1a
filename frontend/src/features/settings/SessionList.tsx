import { useMutation, useQuery } from "@apollo/client/react";
import { failureText } from "../../api/failureText";
import { RevokeSessionDocument, SessionsDocument } from "../../api/gql/graphql";
import { useLocale, useText } from "../../lib/text";
import { exactly } from "../../lib/when";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { useToasts } from "../../ui/toasts";
import { deviceName } from "./device";
import styles from "./SettingsPage.module.css";
import { texts } from "./texts";

/** The sessions that go on, to end those that one does not want. */
export function SessionList() {
  const say = useText();
  const locale = useLocale();
  const { say: toast } = useToasts();
  const { data, error, refetch } = useQuery(SessionsDocument, { fetchPolicy: "cache-and-network" });
  const [revoke] = useMutation(RevokeSessionDocument);
  async function end(id: string) {
    try {
      await revoke({ variables: { id } });
      await refetch();
    } catch (failure) {
      toast({ text: failureText(failure, say), bad: true });
    }
  }
  return (
    <section className={styles.section}>
      <h2>{say(texts.sessions)}</h2>
      {error && <Notice look="bad">{failureText(error, say)}</Notice>}
      <ul className={styles.sessions}>
        {data?.sessions.map(({ id, device, address, lastUsedAt, isCurrent }) => {
          const name = deviceName(device) ?? say(texts.unknownDevice);
          return (
            <li key={id} className={styles.session}>
              <span className={styles.text}>
                <span>
                  {name}
                  {address && ` · ${address}`}
                </span>
                <span className={styles.quiet}>
                  {isCurrent ? say(texts.here) : say(texts.lastUsed, { when: exactly(lastUsedAt, locale) })}
                </span>
              </span>
              {!isCurrent && (
                <Button aria-label={say(texts.endOf, { device: name })} onClick={() => end(id)}>
                  {say(texts.end)}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
