import { parse } from "graphql";
import { expect, test } from "vitest";
import { roles } from "./roles.gen";
import { roleOf } from "./route";

test.each([
  ["query { me { id } }", "user"],
  ["mutation { updateUser(updateUserInput: {}) { id } }", "user"],
  ["mutation Users { createMessage(createMessageInput: {}) { id } }", "sender"],
  ["mutation { a: markChatRead(chatId: 1, upToSeq: 1) { chatId } }", "sender"],
  ["query createMessage { messages(chatId: 1) { id } __typename }", "receiver"],
  ["subscription { chatAdded { id } }", "receiver"],
])("%s goes to the role %s, whatever its name says", (document, role) => {
  expect(roleOf(parse(document))).toBe(role);
});

test("a document for two roles, or for none, is a mistake of ours", () => {
  expect(() => roleOf(parse("{ me { id } chats { id } }"))).toThrow(/one role/);
  expect(() => roleOf(parse("{ nothing }"))).toThrow(/no role/);
});

test("every field of the schema has its role", () => {
  expect(Object.keys(roles.subscription).length).toBeGreaterThan(9);
});
