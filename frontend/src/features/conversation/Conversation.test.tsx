import "fake-indexeddb/auto";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { IntlProvider } from "react-intl";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Failure } from "../../api/failure";
import { memory } from "../../lib/storage";
import { Conversation } from "./Conversation";
import { GivenConversations } from "./ConversationsProvider";
import { Conversations } from "./conversations";
import { FakeServer } from "./fakeServer";
import { IndexedOutbox } from "./outboxStore";

let server: FakeServer;
let conversations: Conversations;
let users = 0;

beforeEach(() => {
  server = new FakeServer();
  conversations = new Conversations({
    userId: "ann",
    source: server.source,
    store: new IndexedOutbox(`conversation${++users}`),
    tabs: { post: () => {}, listen: () => () => {} },
    lock: (_, task) => task(),
    memory: memory(() => sessionStorage),
  });
  conversations.start();
});

afterEach(() => {
  cleanup();
  conversations.stop();
});

function show() {
  render(
    <IntlProvider locale="en">
      <GivenConversations value={conversations}>
        <Conversation chatId="c" />
      </GivenConversations>
    </IntlProvider>,
  );
}

test("a chat that is not there, or not for me, says so calmly", async () => {
  server.leave("ann");
  show();
  expect(screen.getByRole("status").textContent).toBe("Loading messages…");
  expect(await screen.findByRole("heading", { name: "This chat is not here" })).toBeTruthy();
});

test("a chat that cannot be opened says why, and is tried again by who wants it", async () => {
  server.fail = () => new Failure("FORBIDDEN", "Only the creator may");
  show();
  expect(await screen.findByText("You may not do that.")).toBeTruthy();
  server.fail = () => null;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Nothing here yet")).toBeTruthy();
});

test("a chat that was removed is read, and nothing is written into it", async () => {
  show();
  expect(await screen.findByRole("textbox", { name: "Message" })).toBeTruthy();
  server.close();
  expect(await screen.findByText(/This chat was removed/)).toBeTruthy();
  expect(screen.queryByRole("textbox")).toBeNull();
});

test("what is sent is stored once", async () => {
  show();
  await userEvent.type(await screen.findByRole("textbox", { name: "Message" }), "hello{Enter}");
  await waitFor(() => expect(server.messages.map((one) => one.content)).toEqual(["hello"]));
  await waitFor(() => expect(conversations.outbox.size).toBe(0));
});

test("who leaves the chat follows it no more", async () => {
  show();
  await screen.findByRole("textbox", { name: "Message" });
  expect(server.followed).toBe(1);
  cleanup();
  expect(server.followed).toBe(0);
});
