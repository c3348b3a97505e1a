import { ChevronsUpDown, FlaskConical } from "lucide-react";
import { useLocation } from "wouter";
import { useInstallation, useSelection } from "../../api/Api";
import { useText } from "../../lib/text";
import { classes } from "../../ui/classes";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/Menu";
import styles from "./ConnectionMenu.module.css";
import { texts } from "./texts";
import { useShownConnection } from "./useShownConnection";

const automatic = "";

/** How the connection is, and to which instances; where there are several it lets one choose. It leads to the test pages. */
export function ConnectionMenu() {
  const say = useText();
  const [, go] = useLocation();
  const { instances } = useInstallation();
  const { at, chosen } = useSelection();
  const { status, seconds, isCrowded } = useShownConnection();
  const hasChoice = instances.list("sender").length > 1 || instances.list("receiver").length > 1;
  const words = {
    connected: hasChoice
      ? say(texts.connectedTo, {
          sender: instances.current("sender").name,
          receiver: instances.current("receiver").name,
        })
      : say(texts.connected),
    connecting: say(texts.connecting),
    waiting: isCrowded ? say(texts.crowdedShort) : say(texts.waitingShort, { seconds }),
    offline: say(texts.offlineShort),
  }[status];
  const state = (
    <>
      <span className={classes(styles.dot, styles[status])} aria-hidden="true" />
      <span className={styles.words}>{words}</span>
    </>
  );
  const options = (role: "sender" | "receiver") => [
    { value: automatic, text: say(texts.automatic) },
    ...instances.list(role).map(({ name }) => ({ value: name, text: name })),
  ];
  const value = (role: "sender" | "receiver") =>
    chosen[role] ? (instances.list(role)[at[role]]?.name ?? "") : automatic;
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          className={classes(styles.state, styles.button)}
          title={say(hasChoice ? texts.instances : texts.more)}
        >
          {state}
          <ChevronsUpDown aria-hidden="true" />
        </button>
      }
    >
      {hasChoice && (
        <>
          <MenuChoice
            label={say(texts.sender)}
            value={value("sender")}
            onChange={(name) => instances.choose("sender", name || null)}
            options={options("sender")}
          />
          <MenuLine />
          <MenuChoice
            label={say(texts.receiver)}
            value={value("receiver")}
            onChange={(name) => instances.choose("receiver", name || null)}
            options={options("receiver")}
          />
          <MenuLine />
        </>
      )}
      <MenuItem icon={<FlaskConical aria-hidden="true" />} onSelect={() => go("/lab")}>
        {say(texts.lab)}
      </MenuItem>
    </Menu>
  );
}
