import {
  LabAddParticipantDocument,
  LabAddParticipantsDocument,
  LabChatDocument,
  LabLeaveChatDocument,
  LabMessagesDocument,
  LabRemoveParticipantDocument,
} from "../../gql/graphql";
import { texts } from "../../texts";
import { refused, same } from "../expect";
import type { Check } from "../run";
import { follow, type World } from "../world";

export const memberChecks: readonly Check<World>[] = [
  {
    name: texts.checkAdd,
    async run({ ada, ben, cleo, bens, group, send }) {
      const chatId = await group();
      const ear = follow.events(ada, chatId);
      await send(ada, chatId, "before");
      await ada.call(LabAddParticipantDocument, { chatId, userId: ben.person.id });
      await ear.hears("chatEvents", { kind: "MEMBER_ADDED", userId: ben.person.id });
      await bens.added.hears("chatAdded", { id: chatId });
      same("messages", (await ben.call(LabMessagesDocument, { chatId })).messages.length, 1);
      const userIds = [ben.person.id, cleo.person.id];
      const { addParticipants } = await ben.call(LabAddParticipantsDocument, { chatId, userIds });
      same("addParticipants.participantIds", addParticipants.participantIds.length, 3);
      ear.close();
    },
  },
  {
    name: texts.checkRemove,
    async run({ ada, ben, cleo, bens, group, send }) {
      const chatId = await group(ben, cleo);
      const ear = follow.events(ben, chatId);
      const { seq } = await send(ada, chatId, "all together");
      await ear.hears("chatEvents", { seq });
      await refused(
        "removeParticipant",
        ben.call(LabRemoveParticipantDocument, { chatId, userId: cleo.person.id }),
        "FORBIDDEN",
      );
      await ada.call(LabRemoveParticipantDocument, { chatId, userId: ben.person.id });
      await ear.hears("chatEvents", { kind: "MEMBER_REMOVED", userId: ben.person.id });
      await ear.ends("chatEvents");
      await bens.updated.hears("chatUpdated", { id: chatId, participantIds: [] });
      await refused("chat", ben.call(LabChatDocument, { id: chatId }), "NOT_FOUND");
    },
  },
  {
    name: texts.checkLeave,
    async run({ ada, ben, group }) {
      const chatId = await group(ben);
      same("leaveChat", (await ben.call(LabLeaveChatDocument, { chatId })).leaveChat, true);
      await refused("messages", ben.call(LabMessagesDocument, { chatId }), "NOT_FOUND");
      same("chat.participantIds", (await ada.call(LabChatDocument, { id: chatId })).chat.participantIds, [
        ada.person.id,
      ]);
    },
  },
];
