import {
  LabChatDocument,
  LabChatsDocument,
  LabChatsOfDocument,
  LabOpenDirectChatDocument,
  LabRemoveChatDocument,
  LabSendDocument,
  LabUpdateChatDocument,
} from "../../gql/graphql";
import { texts } from "../../texts";
import { refused, same } from "../expect";
import type { Check } from "../run";
import type { World } from "../world";

export const chatChecks: readonly Check<World>[] = [
  {
    name: texts.checkDirect,
    async run({ ada, ben }) {
      const open = async (by: typeof ada, of: typeof ada) =>
        (await by.call(LabOpenDirectChatDocument, { userId: of.person.id })).openDirectChat.id;
      const [first, second] = await Promise.all([open(ada, ben), open(ben, ada)]);
      same("openDirectChat.id", second, first);
      same("openDirectChat.id", await open(ada, ben), first);
    },
  },
  {
    name: texts.checkGroup,
    async run({ ada, ben, bens, group }) {
      const id = await group(ben);
      await bens.added.hears("chatAdded", { id });
      for (const seat of [ada, ben]) {
        const { chat } = await seat.call(LabChatDocument, { id });
        same("chat.participantIds", chat.participantIds.toSorted(), [ada.person.id, ben.person.id].toSorted());
        const { chats } = await seat.call(LabChatsDocument, {});
        same(
          "chats",
          chats.some((one) => one.id === id),
          true,
        );
        const { chatsByParticipant } = await seat.call(LabChatsOfDocument, { userId: seat.person.id });
        same(
          "chatsByParticipant",
          chatsByParticipant.some((one) => one.id === id),
          true,
        );
      }
    },
  },
  {
    name: texts.checkRename,
    async run({ ada, ben, bens, group }) {
      const id = await group(ben);
      await ada.call(LabUpdateChatDocument, { id, name: "renamed" });
      await bens.updated.hears("chatUpdated", { id, name: "renamed" });
      same("chat.name", (await ben.call(LabChatDocument, { id })).chat.name, "renamed");
    },
  },
  {
    name: texts.checkRemoveChat,
    async run({ ada, ben, group }) {
      const id = await group(ben);
      same("removeChat.isActive", (await ada.call(LabRemoveChatDocument, { id })).removeChat.isActive, false);
      await refused("createMessage", ben.call(LabSendDocument, { chatId: id, content: "late" }), "CONFLICT");
      const { chats } = await ben.call(LabChatsDocument, {});
      same(
        "chats",
        chats.some((one) => one.id === id),
        false,
      );
    },
  },
];
