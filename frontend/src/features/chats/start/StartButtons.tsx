import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { texts } from "../texts";
import { useStartDialog } from "./useStartDialog";

/** Begins chats, where there is room for words. */
export function StartButtons() {
  const say = useText();
  const { open } = useStartDialog();
  return (
    <>
      <Button look="primary" onClick={() => open("message")}>
        {say(texts.newMessage)}
      </Button>
      <Button onClick={() => open("group")}>{say(texts.newGroup)}</Button>
    </>
  );
}
