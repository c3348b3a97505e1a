/* eslint-disable */
import * as types from './graphql';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "mutation Login($username: String!, $password: String!) {\n  login(username: $username, password: $password) {\n    accessToken\n    expiresAt\n    user {\n      id\n    }\n  }\n}\n\nmutation CreateUser($username: String!, $email: String!, $displayName: String, $password: String) {\n  createUser(\n    username: $username\n    email: $email\n    displayName: $displayName\n    password: $password\n  ) {\n    id\n  }\n}\n\nquery UserByUsername($username: String!) {\n  userByUsername(username: $username) {\n    id\n    isActive\n  }\n}": typeof types.LoginDocument,
    "fragment Person on User {\n  id\n  username\n  displayName\n  isActive\n}\n\nfragment Preview on Message {\n  id\n  chatId\n  seq\n  version\n  content\n  senderId\n  sender {\n    ...Person\n  }\n  isDeleted\n  createdAt\n}\n\nfragment ChatSummary on Chat {\n  id\n  name\n  description\n  chatType\n  createdBy\n  isActive\n  createdAt\n  updatedAt\n  lastSeq\n  unreadCount\n  participantIds\n  participants {\n    ...Person\n  }\n  lastMessage {\n    ...Preview\n  }\n}\n\nquery ChatList($userId: String, $limit: Int, $beforeUpdatedAt: DateTime, $beforeId: ID) {\n  chatsByParticipant(\n    userId: $userId\n    limit: $limit\n    beforeUpdatedAt: $beforeUpdatedAt\n    beforeId: $beforeId\n  ) {\n    ...ChatSummary\n  }\n}\n\nsubscription UnreadCountUpdated($userId: String) {\n  unreadCountUpdated(userId: $userId, current: true) {\n    chatId\n    unreadCount\n  }\n}": typeof types.PersonFragmentDoc,
};
const documents: Documents = {
    "mutation Login($username: String!, $password: String!) {\n  login(username: $username, password: $password) {\n    accessToken\n    expiresAt\n    user {\n      id\n    }\n  }\n}\n\nmutation CreateUser($username: String!, $email: String!, $displayName: String, $password: String) {\n  createUser(\n    username: $username\n    email: $email\n    displayName: $displayName\n    password: $password\n  ) {\n    id\n  }\n}\n\nquery UserByUsername($username: String!) {\n  userByUsername(username: $username) {\n    id\n    isActive\n  }\n}": types.LoginDocument,
    "fragment Person on User {\n  id\n  username\n  displayName\n  isActive\n}\n\nfragment Preview on Message {\n  id\n  chatId\n  seq\n  version\n  content\n  senderId\n  sender {\n    ...Person\n  }\n  isDeleted\n  createdAt\n}\n\nfragment ChatSummary on Chat {\n  id\n  name\n  description\n  chatType\n  createdBy\n  isActive\n  createdAt\n  updatedAt\n  lastSeq\n  unreadCount\n  participantIds\n  participants {\n    ...Person\n  }\n  lastMessage {\n    ...Preview\n  }\n}\n\nquery ChatList($userId: String, $limit: Int, $beforeUpdatedAt: DateTime, $beforeId: ID) {\n  chatsByParticipant(\n    userId: $userId\n    limit: $limit\n    beforeUpdatedAt: $beforeUpdatedAt\n    beforeId: $beforeId\n  ) {\n    ...ChatSummary\n  }\n}\n\nsubscription UnreadCountUpdated($userId: String) {\n  unreadCountUpdated(userId: $userId, current: true) {\n    chatId\n    unreadCount\n  }\n}": types.PersonFragmentDoc,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation Login($username: String!, $password: String!) {\n  login(username: $username, password: $password) {\n    accessToken\n    expiresAt\n    user {\n      id\n    }\n  }\n}\n\nmutation CreateUser($username: String!, $email: String!, $displayName: String, $password: String) {\n  createUser(\n    username: $username\n    email: $email\n    displayName: $displayName\n    password: $password\n  ) {\n    id\n  }\n}\n\nquery UserByUsername($username: String!) {\n  userByUsername(username: $username) {\n    id\n    isActive\n  }\n}"): (typeof documents)["mutation Login($username: String!, $password: String!) {\n  login(username: $username, password: $password) {\n    accessToken\n    expiresAt\n    user {\n      id\n    }\n  }\n}\n\nmutation CreateUser($username: String!, $email: String!, $displayName: String, $password: String) {\n  createUser(\n    username: $username\n    email: $email\n    displayName: $displayName\n    password: $password\n  ) {\n    id\n  }\n}\n\nquery UserByUsername($username: String!) {\n  userByUsername(username: $username) {\n    id\n    isActive\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment Person on User {\n  id\n  username\n  displayName\n  isActive\n}\n\nfragment Preview on Message {\n  id\n  chatId\n  seq\n  version\n  content\n  senderId\n  sender {\n    ...Person\n  }\n  isDeleted\n  createdAt\n}\n\nfragment ChatSummary on Chat {\n  id\n  name\n  description\n  chatType\n  createdBy\n  isActive\n  createdAt\n  updatedAt\n  lastSeq\n  unreadCount\n  participantIds\n  participants {\n    ...Person\n  }\n  lastMessage {\n    ...Preview\n  }\n}\n\nquery ChatList($userId: String, $limit: Int, $beforeUpdatedAt: DateTime, $beforeId: ID) {\n  chatsByParticipant(\n    userId: $userId\n    limit: $limit\n    beforeUpdatedAt: $beforeUpdatedAt\n    beforeId: $beforeId\n  ) {\n    ...ChatSummary\n  }\n}\n\nsubscription UnreadCountUpdated($userId: String) {\n  unreadCountUpdated(userId: $userId, current: true) {\n    chatId\n    unreadCount\n  }\n}"): (typeof documents)["fragment Person on User {\n  id\n  username\n  displayName\n  isActive\n}\n\nfragment Preview on Message {\n  id\n  chatId\n  seq\n  version\n  content\n  senderId\n  sender {\n    ...Person\n  }\n  isDeleted\n  createdAt\n}\n\nfragment ChatSummary on Chat {\n  id\n  name\n  description\n  chatType\n  createdBy\n  isActive\n  createdAt\n  updatedAt\n  lastSeq\n  unreadCount\n  participantIds\n  participants {\n    ...Person\n  }\n  lastMessage {\n    ...Preview\n  }\n}\n\nquery ChatList($userId: String, $limit: Int, $beforeUpdatedAt: DateTime, $beforeId: ID) {\n  chatsByParticipant(\n    userId: $userId\n    limit: $limit\n    beforeUpdatedAt: $beforeUpdatedAt\n    beforeId: $beforeId\n  ) {\n    ...ChatSummary\n  }\n}\n\nsubscription UnreadCountUpdated($userId: String) {\n  unreadCountUpdated(userId: $userId, current: true) {\n    chatId\n    unreadCount\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;