import { useMutation } from "@apollo/client/react";
import { useApi } from "../../../api/Api";
import type { Chat } from "../../../api/chats/cache";
import { failureText } from "../../../api/failureText";
import {
  AddParticipantsDocument,
  LeaveChatDocument,
  RemoveChatDocument,
  RemoveParticipantDocument,
  UpdateChatDocument,
} from "../../../api/gql/graphql";
import { useText } from "../../../lib/text";
import { useToasts } from "../../../ui/toasts";

const once = { fetchPolicy: "no-cache" } as const; // answers go through ChatCache, which knows what is newer

/** What can be done to a chat, and by whom. What fails is said; a promise is false then. */
export function useDetails(chat: Chat) {
  const say = useText();
  const { chats, userId } = useApi();
  const { say: toast } = useToasts();
  const [update] = useMutation(UpdateChatDocument, once);
  const [add] = useMutation(AddParticipantsDocument, once);
  const [remove] = useMutation(RemoveParticipantDocument, once);
  const [leave] = useMutation(LeaveChatDocument, once);
  const [destroy] = useMutation(RemoveChatDocument, once);

  async function doing(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      toast({ text: failureText(error, say), bad: true });
      return false;
    }
  }

  const isGroup = chat.chatType === "group";
  const isCreator = chat.createdBy === userId;
  return {
    /** Only the creator removes others; either of a direct chat, and the creator of a group, deletes it. */
    mayRemove: isGroup && isCreator,
    mayDelete: isCreator || !isGroup,
    rename: (name: string, description: string) =>
      doing(async () => {
        const { data } = await update({ variables: { id: chat.id, name, description } });
        if (data) chats.putAll([data.updateChat]);
      }),
    add: (userIds: string[]) =>
      doing(async () => {
        const { data } = await add({ variables: { chatId: chat.id, userIds } });
        if (data) chats.putAll([data.addParticipants]);
      }),
    remove: (person: string) =>
      doing(async () => {
        const { data } = await remove({ variables: { chatId: chat.id, userId: person } });
        if (data) chats.putAll([data.removeParticipant]);
      }),
    leave: () =>
      doing(async () => {
        await leave({ variables: { chatId: chat.id } });
        chats.drop(chat.id);
      }),
    destroy: () =>
      doing(async () => {
        const { data } = await destroy({ variables: { id: chat.id } });
        if (data) chats.putAll([data.removeChat]);
      }),
  };
}
