import { MessageSquarePlus, PenSquare, UsersRound } from "lucide-react";
import { useState } from "react";
import { useText } from "../../../lib/text";
import { IconButton } from "../../../ui/IconButton";
import { Menu, MenuItem } from "../../../ui/Menu";
import { texts } from "../texts";
import { NewGroup } from "./NewGroup";
import { NewMessage } from "./NewMessage";

/** Begins chats. */
export function StartMenu() {
  const say = useText();
  const [open, setOpen] = useState<"message" | "group" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Menu
        trigger={
          <IconButton label={say(texts.start)}>
            <PenSquare />
          </IconButton>
        }
      >
        <MenuItem icon={<MessageSquarePlus />} onSelect={() => setOpen("message")}>
          {say(texts.newMessage)}
        </MenuItem>
        <MenuItem icon={<UsersRound />} onSelect={() => setOpen("group")}>
          {say(texts.newGroup)}
        </MenuItem>
      </Menu>
      {open === "message" && <NewMessage onClose={close} />}
      {open === "group" && <NewGroup onClose={close} />}
    </>
  );
}
