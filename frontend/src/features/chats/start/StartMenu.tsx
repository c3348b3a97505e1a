import { MessageSquarePlus, PenSquare, UsersRound } from "lucide-react";
import { useText } from "../../../lib/text";
import { IconButton } from "../../../ui/IconButton";
import { Menu, MenuItem } from "../../../ui/Menu";
import { texts } from "../texts";
import { NewGroup } from "./NewGroup";
import { NewMessage } from "./NewMessage";
import { useStartDialog } from "./useStartDialog";

/** Begins chats. */
export function StartMenu() {
  const say = useText();
  const { dialog, open } = useStartDialog();
  const close = () => open(null);
  return (
    <>
      <Menu
        trigger={
          <IconButton label={say(texts.start)}>
            <PenSquare />
          </IconButton>
        }
      >
        <MenuItem icon={<MessageSquarePlus />} onSelect={() => open("message")}>
          {say(texts.newMessage)}
        </MenuItem>
        <MenuItem icon={<UsersRound />} onSelect={() => open("group")}>
          {say(texts.newGroup)}
        </MenuItem>
      </Menu>
      {dialog === "message" && <NewMessage onClose={close} />}
      {dialog === "group" && <NewGroup onClose={close} />}
    </>
  );
}
