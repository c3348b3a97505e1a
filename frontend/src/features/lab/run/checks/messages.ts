import {
  LabDeleteDocument,
  LabEditDocument,
  LabMessagesDocument,
  LabOneMessageDocument,
  LabSendDocument,
} from "../../gql/graphql";
import { texts } from "../../texts";
import { refused, same } from "../expect";
import type { Check } from "../run";
import { follow, type World } from "../world";

/** How many messages each of two sends at once. */
const atOnce = 10;

export const messageChecks: readonly Check<World>[] = [
  {
    name: texts.checkSend,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      const ears = [ada, ben].map((seat) => follow.events(seat, chatId));
      const { id, seq } = await send(ada, chatId, "hello");
      same("createMessage.seq", seq, 1);
      for (const ear of ears) {
        const row = await ear.hears("chatEvents", { seq, kind: "MESSAGE_ADDED" });
        same("chatEvents.message.id", row.message?.id, id);
        ear.close();
      }
      for (const seat of [ada, ben]) {
        const { messages } = await seat.call(LabMessagesDocument, { chatId });
        same(
          "messages.content",
          messages.map(({ content }) => content),
          ["hello"],
        );
      }
    },
  },
  {
    name: texts.checkRepeat,
    async run({ ada, ben, group, key, seat }) {
      const chatId = await group(ben);
      const other = seat(ada, {});
      const variables = { chatId, content: "once", key: key() };
      const all = await Promise.all([ada, other, ada].map((one) => one.call(LabSendDocument, variables)));
      same("createMessage.id", new Set(all.map(({ createMessage }) => createMessage.id)).size, 1);
      same("messages", (await ben.call(LabMessagesDocument, { chatId })).messages.length, 1);
      const changed = other.call(LabSendDocument, { ...variables, content: "twice" });
      await refused("createMessage", changed, "IDEMPOTENCY_MISMATCH");
    },
  },
  {
    name: texts.checkEdit,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      const ear = follow.updated(ben, chatId);
      const { id } = await send(ada, chatId, "hallo");
      const { updateMessage } = await ada.call(LabEditDocument, { id, content: "hello" });
      same("updateMessage.isEdited", updateMessage.isEdited, true);
      await ear.hears("messageUpdated", { id, content: "hello", isEdited: true });
      same("message.content", (await ben.call(LabOneMessageDocument, { id })).message.content, "hello");
      ear.close();
    },
  },
  {
    name: texts.checkDelete,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      const ear = follow.deleted(ben, chatId);
      const { id } = await send(ada, chatId, "a slip");
      await ada.call(LabDeleteDocument, { id });
      await ear.hears("messageDeleted", { id, isDeleted: true, content: "" });
      same("message.isDeleted", (await ben.call(LabOneMessageDocument, { id })).message.isDeleted, true);
      same("messages", (await ben.call(LabMessagesDocument, { chatId })).messages.length, 0);
      const all = await ben.call(LabMessagesDocument, { chatId, includeDeleted: true });
      same("messages(includeDeleted)", all.messages.length, 1);
      ear.close();
    },
  },
  {
    name: texts.checkPages,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      for (const content of ["one", "two", "three"]) await send(ada, chatId, content);
      const { messages } = await ben.call(LabMessagesDocument, { chatId, afterSeq: 1, limit: 1 });
      same(
        "messages(afterSeq, limit)",
        messages.map(({ content }) => content),
        ["two"],
      );
    },
  },
  {
    name: texts.checkNotified,
    async run({ ada, ben, bens, group, send }) {
      const chatId = await group(ben);
      const ear = follow.added(ben, chatId);
      const { id } = await send(ada, chatId);
      await ear.hears("messageAdded", { id });
      await bens.notified.hears("chatMessageNotification", { id, chatId });
      await bens.listed.hears("messageUpdateForChatList", { id, chatId, isDeleted: false });
      await ada.call(LabDeleteDocument, { id });
      await bens.listed.hears("messageUpdateForChatList", { id, chatId, isDeleted: true });
      ear.close();
    },
  },
  {
    name: texts.checkOrder,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      const ears = [ada, ben].map((seat) => follow.events(seat, chatId));
      const sends = [ada, ben].flatMap((seat) => Array.from({ length: atOnce }, (_, i) => send(seat, chatId, `${i}`)));
      await Promise.all(sends);
      const dense = Array.from({ length: 2 * atOnce }, (_, i) => i + 1);
      const { messages } = await ben.call(LabMessagesDocument, { chatId });
      same(
        "messages.seq",
        messages.map(({ seq }) => seq),
        dense,
      );
      for (const ear of ears) {
        await ear.hearsSoMany("chatEvents", dense.length);
        same(
          "chatEvents.seq",
          ear.heard.map(({ seq }) => seq),
          dense,
        );
        same(
          "chatEvents.message.id",
          ear.heard.map(({ message }) => message?.id),
          messages.map(({ id }) => id),
        );
        ear.close();
      }
    },
  },
];
