import { useFragment } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { useApi, useConnection } from "../../api/Api";
import { type Chat, isMember } from "../../api/chats/cache";
import { ChatSummaryFragmentDoc } from "../../api/gql/graphql";

/** A chat that one looks at. gone: one is no member any more; deleted: nobody is; unknown: one never was. */
export type Looked =
  | { status: "loading" | "failed" | "unknown"; retry: () => void }
  | { status: "member" | "gone" | "deleted"; chat: Chat };

/** The chat of a place in the pages: from the cache, where it is kept as it is, and asked for if it is not there. */
export function useChat(id: string): Looked {
  const { follower, userId } = useApi();
  const { count } = useConnection();
  const [asked, setAsked] = useState<"loading" | "failed" | "unknown">("loading");
  const [attempt, setAttempt] = useState(0);
  const { data, complete } = useFragment({
    fragment: ChatSummaryFragmentDoc,
    fragmentName: "ChatSummary",
    from: { __typename: "Chat", id },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is asked again when somebody wants that, or a connection was made
  useEffect(() => {
    if (complete) return;
    let isShown = true;
    const show = (status: typeof asked) => isShown && setAsked(status);
    show("loading");
    follower.ask(id).then(
      (isThere) => show(isThere ? "loading" : "unknown"),
      () => show("failed"),
    );
    return () => {
      isShown = false;
    };
  }, [complete, follower, id, count, attempt]);
  if (!complete) return { status: asked, retry: () => setAttempt((was) => was + 1) };
  const chat = data as Chat;
  if (!chat.isActive) return { status: "deleted", chat };
  return { status: isMember(chat, userId) ? "member" : "gone", chat };
}
