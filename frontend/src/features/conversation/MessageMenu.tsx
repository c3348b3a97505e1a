import { Copy, Ellipsis, Pencil, Trash2 } from "lucide-react";
import type { Message } from "../../lib/log";
import { useText } from "../../lib/text";
import { IconButton } from "../../ui/IconButton";
import { Menu, MenuItem } from "../../ui/Menu";
import { useActions } from "./actions";
import styles from "./MessageMenu.module.css";
import { texts } from "./texts";

/** What can be done with a message. */
export function MessageMenu({ message, mine }: { message: Message; mine: boolean }) {
  const say = useText();
  const { copy, edit, remove } = useActions();
  return (
    <Menu
      trigger={
        <IconButton label={say(texts.more)} className={styles.button}>
          <Ellipsis />
        </IconButton>
      }
    >
      <MenuItem icon={<Copy />} onSelect={() => copy(message.content)}>
        {say(texts.copy)}
      </MenuItem>
      {mine && (
        <MenuItem icon={<Pencil />} onSelect={() => edit(message)}>
          {say(texts.edit)}
        </MenuItem>
      )}
      {mine && (
        <MenuItem icon={<Trash2 />} danger onSelect={() => remove(message)}>
          {say(texts.remove)}
        </MenuItem>
      )}
    </Menu>
  );
}
