import { Keyboard, LogOut, Settings } from "lucide-react";
import { useLocation } from "wouter";
import { useUserId } from "../../api/Api";
import { useText } from "../../lib/text";
import { Avatar } from "../../ui/Avatar";
import { Handle } from "../../ui/Handle";
import { Hidden } from "../../ui/Hidden";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/Menu";
import { type Theme, useTheme } from "../../ui/theme";
import styles from "./AccountMenu.module.css";
import { texts } from "./texts";
import { useAccount } from "./useAccount";

/** What concerns oneself: settings, colours, signing out. */
export function AccountMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const say = useText();
  const userId = useUserId();
  const { me, name, signOut } = useAccount();
  const { theme, choose } = useTheme();
  const [, go] = useLocation();
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={styles.button} data-account>
          <Avatar id={userId} name={name} size="small" />
          <Hidden>{say(texts.account)}</Hidden>
          <span className={styles.text}>
            <span className={styles.name}>{name}</span>
            {me && name !== me.username && (
              <span className={styles.quiet}>
                <Handle name={me.username} />
              </span>
            )}
          </span>
        </button>
      }
    >
      <MenuItem icon={<Settings />} onSelect={() => go("/settings")}>
        {say(texts.settings)}
      </MenuItem>
      <MenuItem icon={<Keyboard />} onSelect={onShortcuts}>
        {say(texts.shortcuts)}
      </MenuItem>
      <MenuLine />
      <MenuChoice
        label={say(texts.appearance)}
        value={theme}
        onChange={(value) => choose(value as Theme)}
        options={[
          { value: "system", text: say(texts.system) },
          { value: "light", text: say(texts.light) },
          { value: "dark", text: say(texts.dark) },
        ]}
      />
      <MenuLine />
      <MenuItem icon={<LogOut />} onSelect={signOut}>
        {say(texts.signOut)}
      </MenuItem>
    </Menu>
  );
}
