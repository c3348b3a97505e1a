import { useMutation } from "@apollo/client/react";
import { useLocation } from "wouter";
import { useApi } from "../../../api/Api";
import type { Chat } from "../../../api/chats/cache";
import { CreateGroupDocument, OpenDirectChatDocument } from "../../../api/gql/graphql";

/** Beginning chats, and going to them. */
export function useStart() {
  const { chats, userId } = useApi();
  const [, go] = useLocation();
  const [openDirect] = useMutation(OpenDirectChatDocument, { fetchPolicy: "no-cache" });
  const [createGroup] = useMutation(CreateGroupDocument, { fetchPolicy: "no-cache" });

  const enter = (chat: Chat | undefined) => {
    if (!chat) return;
    chats.putAll([chat]);
    go(`/c/${chat.id}`);
  };
  return {
    /** Goes to the one direct chat with somebody, which is made on first use. Errors: Apollo Client's. */
    direct: async (person: string) => enter((await openDirect({ variables: { userId: person } })).data?.openDirectChat),
    /** Makes a group of oneself and others, and goes there. Errors: Apollo Client's. */
    group: async (name: string, description: string, members: readonly string[]) => {
      const participantIds = [userId, ...members];
      enter(
        (await createGroup({ variables: { name, description: description || null, participantIds } })).data?.createChat,
      );
    },
  };
}
