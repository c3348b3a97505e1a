import { DoorOpen, SearchX, Trash2, Unplug } from "lucide-react";
import { useLocation } from "wouter";
import { useUserId } from "../../api/Api";
import { chatName } from "../../api/chats/people";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { texts } from "./texts";
import type { Looked } from "./useChat";

/** Says calmly why there is no chat to be seen here. */
export function Gone({ looked }: { looked: Exclude<Looked, { status: "member" }> }) {
  const say = useText();
  const userId = useUserId();
  const [, go] = useLocation();
  const back = <Button onClick={() => go("/")}>{say(texts.back)}</Button>;
  switch (looked.status) {
    case "gone":
      return (
        <Empty
          level={1}
          icon={<DoorOpen />}
          title={say(texts.goneTitle, { name: chatName(looked.chat, userId) })}
          action={back}
        >
          {say(texts.goneText)}
        </Empty>
      );
    case "deleted":
      return (
        <Empty
          level={1}
          icon={<Trash2 />}
          title={say(texts.deletedTitle, { name: chatName(looked.chat, userId) })}
          action={back}
        >
          {say(texts.deletedText)}
        </Empty>
      );
    case "unknown":
      return (
        <Empty level={1} icon={<SearchX />} title={say(texts.unknownTitle)} action={back}>
          {say(texts.unknownText)}
        </Empty>
      );
    case "failed":
      return (
        <Empty
          level={1}
          icon={<Unplug />}
          title={say(texts.failedTitle)}
          action={<Button onClick={looked.retry}>{say(texts.tryAgain)}</Button>}
        >
          {say(texts.failedText)}
        </Empty>
      );
    default:
      return null;
  }
}
