import { ArrowLeft } from "lucide-react";
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { useInstallation } from "../../api/Api";
import { type Language, languages, useLanguage } from "../../lib/language";
import { useText } from "../../lib/text";
import { IconButton } from "../../ui/IconButton";
import { useSingleKeys } from "../../ui/keyboard";
import { type Theme, useTheme } from "../../ui/theme";
import { Choices } from "./Choices";
import { Notifications } from "./Notifications";
import { Password } from "./Password";
import { Profile } from "./Profile";
import { RemoveAccount } from "./RemoveAccount";
import { SessionList } from "./SessionList";
import styles from "./SettingsPage.module.css";
import { texts } from "./texts";
import { useAccount } from "./useAccount";

/** What one can set: the own name, the colours, the password, where one is signed in. */
export function SettingsPage() {
  const say = useText();
  const { config } = useInstallation();
  const { me } = useAccount();
  const { theme, choose } = useTheme();
  const { chosen, choose: chooseLanguage } = useLanguage();
  const { areOn, choose: chooseSingleKeys } = useSingleKeys();
  const [, go] = useLocation();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const themes: { value: Theme; text: string }[] = [
    { value: "system", text: say(texts.system) },
    { value: "light", text: say(texts.light) },
    { value: "dark", text: say(texts.dark) },
  ];
  const tongues: { value: Language | null; text: string }[] = [
    { value: null, text: say(texts.system) },
    { value: "en", text: languages.en },
    { value: "de", text: languages.de },
  ];
  return (
    <div className={styles.page}>
      <header className={styles.bar}>
        <IconButton label={say(texts.back)} onClick={() => go("/")}>
          <ArrowLeft />
        </IconButton>
        <h1 ref={title} className={styles.title} tabIndex={-1}>
          {say(texts.settings)}
        </h1>
      </header>
      <div className={styles.body}>
        {me && <Profile me={me} />}
        <Choices title={say(texts.appearance)} options={themes} value={theme} onChoose={choose} />
        <Choices title={say(texts.language)} options={tongues} value={chosen} onChoose={chooseLanguage} />
        <Notifications />
        <Choices
          title={say(texts.singleKeys)}
          options={[
            { value: "on", text: say(texts.on) },
            { value: "off", text: say(texts.off) },
          ]}
          value={areOn ? "on" : "off"}
          onChoose={(value) => chooseSingleKeys(value === "on")}
        />
        {config.auth === "accounts" && (
          <>
            <Password />
            <SessionList />
          </>
        )}
        <section className={styles.section}>
          <h2>{say(texts.about)}</h2>
          <p className={styles.quiet}>{say(texts.version, { version: config.version })}</p>
          {me && <RemoveAccount id={me.id} />}
        </section>
      </div>
    </div>
  );
}
