import {
  LabChatDocument,
  LabMarkChatDocument,
  LabMarkMessageDocument,
  LabReadStatusDocument,
  LabUnreadCountDocument,
  LabUnreadCountsDocument,
} from "../../gql/graphql";
import { texts } from "../../texts";
import { same } from "../expect";
import type { Check } from "../run";
import { follow, settled, type World } from "../world";

export const readingChecks: readonly Check<World>[] = [
  {
    name: texts.checkUnread,
    async run({ ada, ben, bens, group, send }) {
      const chatId = await group(ben);
      for (const content of ["one", "two", "three"]) await send(ada, chatId, content);
      await bens.unread.hears("unreadCountUpdated", { chatId, unreadCount: 3 });
      same("unreadCount", (await ben.call(LabUnreadCountDocument, { chatId })).unreadCount, 3);
      const { unreadCounts } = await ben.call(LabUnreadCountsDocument, {});
      same("unreadCounts", unreadCounts.find((one) => one.chatId === chatId)?.unreadCount, 3);
      same("chat.unreadCount", (await ada.call(LabChatDocument, { id: chatId })).chat.unreadCount, 0);
    },
  },
  {
    name: texts.checkReceipts,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      const [first, second] = [await send(ada, chatId, "one"), await send(ada, chatId, "two")];
      const ear = follow.reads(ada, first.id);
      await settled();
      await ben.call(LabMarkMessageDocument, { id: first.id });
      await ear.hears("messageReadUpdated", { messageId: first.id, userId: ben.person.id });
      const status = async (id: string) => (await ada.call(LabReadStatusDocument, { id })).messageReadStatus;
      const read = await status(first.id);
      same("messageReadStatus.isFullyRead", read.isFullyRead, true);
      same(
        "messageReadStatus.readByUsers",
        read.readByUsers.map(({ userId }) => userId),
        [ben.person.id],
      );
      same("messageReadStatus.readByCount", (await status(second.id)).readByCount, 0);
      ear.close();
    },
  },
  {
    name: texts.checkMarkChat,
    async run({ ada, ben, bens, group, send }) {
      const chatId = await group(ben);
      await send(ada, chatId, "one");
      const { seq } = await send(ada, chatId, "two");
      await bens.unread.hears("unreadCountUpdated", { chatId, unreadCount: 2 });
      const { markChatRead } = await ben.call(LabMarkChatDocument, { chatId, upToSeq: seq });
      same("markChatRead.unreadCount", markChatRead.unreadCount, 0);
      await bens.unread.hears("unreadCountUpdated", { chatId, unreadCount: 0 });
      const { chat } = await ben.call(LabChatDocument, { id: chatId });
      same("chat.readSeq", chat.readSeq, seq);
      same("chat.unreadCount", chat.unreadCount, 0);
    },
  },
  {
    name: texts.checkBack,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      const [first, second] = [await send(ada, chatId, "one"), await send(ada, chatId, "two")];
      await ben.call(LabMarkMessageDocument, { id: second.id });
      await ben.call(LabMarkMessageDocument, { id: first.id });
      same("chat.readSeq", (await ben.call(LabChatDocument, { id: chatId })).chat.readSeq, second.seq);
    },
  },
];
