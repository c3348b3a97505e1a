import { parse } from "graphql";
import { post } from "../../../../api/post";
import {
  LabChatDocument,
  LabDeleteDocument,
  LabEditDocument,
  LabMeDocument,
  LabMessagesDocument,
  LabSendDocument,
} from "../../gql/graphql";
import { texts } from "../../texts";
import { refused, same } from "../expect";
import type { Check } from "../run";
import { follow, type World } from "../world";

const nobody = "0199b0e2-0000-7000-8000-000000000000";

export const errorChecks: readonly Check<World>[] = [
  {
    name: texts.checkOutsider,
    async run({ ada, ben, cleo, group, send }) {
      const chatId = await group(ben);
      const { id } = await send(ada, chatId, "between us");
      const seen = await refused("chat", cleo.call(LabChatDocument, { id: chatId }), "NOT_FOUND");
      const unknown = await refused("chat", cleo.call(LabChatDocument, { id: nobody }), "NOT_FOUND");
      same("chat: message", seen.message.replace(chatId, ""), unknown.message.replace(nobody, ""));
      await refused("messages", cleo.call(LabMessagesDocument, { chatId }), "NOT_FOUND");
      await refused("createMessage", cleo.call(LabSendDocument, { chatId, content: "hi" }), "NOT_FOUND");
      await refused("updateMessage", cleo.call(LabEditDocument, { id, content: "hi" }), "NOT_FOUND");
      const ear = follow.events(cleo, chatId);
      same("chatEvents", (await ear.ends("chatEvents"))?.code, "NOT_FOUND");
    },
  },
  {
    name: texts.checkOwn,
    async run({ ada, ben, group, send }) {
      const { id } = await send(ada, await group(ben), "mine");
      await refused("updateMessage", ben.call(LabEditDocument, { id, content: "yours" }), "FORBIDDEN");
      await refused("removeMessage", ben.call(LabDeleteDocument, { id }), "FORBIDDEN");
    },
  },
  {
    name: texts.checkInput,
    async run({ ada, ben, group }) {
      const chatId = await group(ben);
      const empty = await refused(
        "createMessage",
        ada.call(LabSendDocument, { chatId, content: "" }),
        "BAD_USER_INPUT",
      );
      same("extensions.field", empty.field, "content");
      same("messages", (await ben.call(LabMessagesDocument, { chatId })).messages.length, 0);
    },
  },
  {
    name: texts.checkActor,
    isFor: ({ auth }) => auth === "accounts",
    async run({ ada, ben, group }) {
      const chatId = await group(ben);
      const asBen = ada.call(LabSendDocument, { chatId, content: "I am Ben", senderId: ben.person.id });
      await refused("createMessage", asBen, "FORBIDDEN");
    },
  },
  {
    name: texts.checkToken,
    isFor: ({ auth }) => auth === "accounts",
    async run({ ada }) {
      const { graphql } = ada.instances.current("user");
      const init = { headers: { authorization: "Bearer no.such.token" } };
      await refused("me", post(graphql, LabMeDocument, {}, init), "UNAUTHENTICATED");
    },
  },
  {
    name: texts.checkAnonymous,
    async run({ ada }) {
      await refused("me", post(ada.instances.current("user").graphql, LabMeDocument, {}), "UNAUTHENTICATED");
    },
  },
  {
    name: texts.checkRole,
    isFor: (_, { ada: { instances } }) => instances.current("sender").graphql !== instances.current("receiver").graphql,
    async run({ ada, ben, group }) {
      const chatId = await group(ben);
      const headers = await ada.person.credentials();
      const wrong = post(
        ada.instances.current("receiver").graphql,
        LabSendDocument,
        { chatId, content: "hi" },
        { headers },
      );
      const { message } = await refused("createMessage", wrong, "GRAPHQL_VALIDATION_FAILED");
      same("message names the sender", message.includes("sender"), true);
    },
  },
  {
    name: texts.checkDocument,
    async run({ ada }) {
      const headers = await ada.person.credentials();
      const unknown = post(ada.instances.current("receiver").graphql, parse("{ nothing }"), {}, { headers });
      await refused("nothing", unknown, "GRAPHQL_VALIDATION_FAILED");
    },
  },
];
