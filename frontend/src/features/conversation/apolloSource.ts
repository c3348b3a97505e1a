import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { parse } from "graphql";
import type { Api } from "../../api/Api";
import { failureOf } from "../../api/failure";
import {
  ConversationEventsDocument,
  ConversationShapeDocument,
  EditMessageDocument,
  MarkConversationReadDocument,
  OlderMessagesDocument,
  OpenConversationDocument,
  ReadUpdatedDocument,
  RemoveMessageDocument,
  SendMessageDocument,
} from "../../api/gql/graphql";
import type { Message } from "../../lib/log";
import type { Person, Reading, ReadStatus, Source } from "./source";

/** A call that has no answer after so long (ms) counts as lost. The server's own limit is shorter. */
const patience = 15_000;

type Variables = Record<string, unknown>;

/** The conversation's questions, by the client of the pages. Messages pass its cache by. */
export function createSource({ client, live }: Pick<Api, "client" | "live">): Source {
  const statusesDocuments = new Map<number, StatusesDocument>();
  const context = () => ({ fetchOptions: { signal: AbortSignal.timeout(patience) } });

  async function query<D, V extends Variables>(document: TypedDocumentNode<D, V>, variables: V): Promise<D> {
    try {
      const asked = { query: document, variables, fetchPolicy: "no-cache", context: context() } as const;
      return (await client.query<D, Variables>(asked as never)).data as D;
    } catch (error) {
      throw failureOf(error);
    }
  }

  async function mutate<D, V extends Variables>(document: TypedDocumentNode<D, V>, variables: V): Promise<D> {
    try {
      const asked = { mutation: document, variables, fetchPolicy: "no-cache", context: context() } as const;
      return (await client.mutate<D, Variables>(asked as never)).data as D;
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    async open(chatId, first) {
      const { chat, recent } = await query(OpenConversationDocument, { chatId, first, among: first });
      const tombstones = recent
        .filter((one) => one.isDeleted)
        .map((one) => ({ ...one, content: "", editedAt: null, clientMessageId: null }));
      const { lastSeq, readSeq, unreadCount } = chat;
      const tombstonesFrom = recent.length < first ? 0 : Math.min(...recent.map(({ seq }) => seq));
      return {
        ...reading(chat.messages ?? []),
        shape: chat,
        lastSeq,
        readSeq,
        unreadCount,
        tombstones,
        tombstonesFrom,
      };
    },
    async shape(chatId) {
      return (await query(ConversationShapeDocument, { chatId })).chat;
    },
    async older(chatId, before, limit) {
      return reading((await query(OlderMessagesDocument, { chatId, before, limit })).messages);
    },
    follow(chatId, afterSeq, { event, failed, ended }) {
      return live.subscribe(ConversationEventsDocument, () => ({ chatId, afterSeq: afterSeq() }), {
        next: ({ chatEvents }) => event(chatEvents),
        failed,
        ended,
      });
    },
    async send({ chatId, content, key }) {
      return (await mutate(SendMessageDocument, { chatId, content, key })).createMessage;
    },
    async edit(id, content) {
      return (await mutate(EditMessageDocument, { id, content })).updateMessage;
    },
    async remove(id) {
      return (await mutate(RemoveMessageDocument, { id })).removeMessage;
    },
    async markRead(chatId, upToSeq) {
      await mutate(MarkConversationReadDocument, { chatId, upToSeq });
    },
    async statuses(messageIds) {
      const variables = Object.fromEntries(messageIds.map((id, i) => [`m${i}`, id]));
      const document = statusesDocuments.get(messageIds.length) ?? statusesDocument(messageIds.length);
      statusesDocuments.set(messageIds.length, document);
      return Object.values(await query(document, variables)).map(
        ({ messageId, totalParticipants, readByUsers }): ReadStatus => ({
          messageId,
          total: totalParticipants,
          readers: readByUsers,
        }),
      );
    },
    followReads(messageId, read) {
      return live.subscribe(ReadUpdatedDocument, { id: messageId }, { next: (data) => read(data.messageReadUpdated) });
    },
    onConnected(listener) {
      return live.connection.subscribe(({ count }, before) => {
        if (count !== before.count) listener();
      });
    },
  };
}

/** Takes the senders out of their messages. */
function reading(messages: readonly (Message & { sender: Person | null })[]): Reading {
  const people = new Map<string, Person>();
  for (const { sender } of messages) if (sender) people.set(sender.id, sender);
  return { messages: messages.map(({ sender: _, ...message }) => message), people: [...people.values()] };
}

interface Status {
  messageId: string;
  totalParticipants: number;
  readByUsers: { userId: string; readAt: string }[];
}

type StatusesDocument = TypedDocumentNode<Record<string, Status>, Record<string, string>>;

/** Asks for the status of that many messages at once. */
function statusesDocument(count: number): StatusesDocument {
  const names = Array.from({ length: count }, (_, i) => `m${i}`);
  return parse(`query ReadStatuses(${names.map((name) => `$${name}: ID!`).join(", ")}) {
    ${names.map((name) => `${name}: messageReadStatus(messageId: $${name}) { ...ReadStatus }`).join("\n")}
  }
  fragment ReadStatus on MessageReadStatus { messageId totalParticipants readByUsers { userId readAt } }`);
}
