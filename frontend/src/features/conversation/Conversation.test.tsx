import "fake-indexeddb/auto";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { IntlProvider } from "react-intl";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failure } from "../../api/failure";
import { memory } from "../../lib/storage";
import { useToasts } from "../../ui/toasts";
import { Conversation } from "./Conversation";
import { GivenConversations } from "./ConversationsProvider";
import { Conversations } from "./conversations";
import { FakeServer } from "./fakeServer";
import { IndexedOutbox } from "./outboxStore";
import type { Source } from "./source";

let server: FakeServer;
let source: Source;
let conversations: Conversations;
let users = 0;

beforeEach(() => {
  server = new FakeServer();
  source = { ...server.source };
  conversations = new Conversations({
    userId: "ann",
    source,
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
  sessionStorage.clear();
  useToasts.setState({ all: [] });
  vi.useRealTimers();
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

/** The editor that is open. There is no layout here, so that its row stays hidden, and what is hidden has no name. */
const editor = () => screen.findByLabelText<HTMLTextAreaElement>("Edit message");
const composer = () => screen.findByRole("textbox", { name: "Message" });
const told = () => useToasts.getState().all.at(-1)?.text;

/** Ann is saving "first, mended" in the place of "first"; "second" is her last message. The answer waits. */
async function whileSaving() {
  const [first, second] = ["first", "second"].map((content) => server.say("ann", content));
  let answer = (_failure?: Failure) => {};
  source.edit = (id, content) =>
    new Promise((resolve, reject) => {
      answer = (failure) => (failure ? reject(failure) : server.source.edit(id, content).then(resolve, reject));
    });
  conversations.drafts.setChange("c", { messageId: first?.id ?? "", text: "first, mended" });
  show();
  await userEvent.type(await editor(), "{Enter}");
  return { second, answer: (failure?: Failure) => act(async () => answer(failure)) };
}

test("while an edit is being saved no other is opened, and what is refused stays", async () => {
  const { answer } = await whileSaving();
  await userEvent.type(await composer(), "{ArrowUp}");
  expect(told()).toBe("A change is still being saved.");
  await answer(new Failure("UNREACHABLE", "no"));
  expect((await screen.findByRole("alert", { hidden: true })).textContent).toContain("cannot be reached");
  expect((await editor()).value).toBe("first, mended");
  expect(conversations.drafts.change("c")?.text).toBe("first, mended");
  await userEvent.type(await editor(), "{Enter}");
  await answer();
  expect(server.messages[0]?.content).toBe("first, mended");
  expect(conversations.drafts.change("c")).toBeNull();
  await userEvent.type(await composer(), "{ArrowUp}");
  expect((await editor()).value).toBe("second");
});

test("the answer to an edit that was left closes no other, and forgets nothing of it", async () => {
  const { second, answer } = await whileSaving();
  await userEvent.type(await editor(), "{Escape}");
  await userEvent.type(await composer(), "{ArrowUp}");
  await userEvent.type(await editor(), ", and more");
  await answer();
  expect(server.messages[0]?.content).toBe("first, mended");
  expect((await editor()).value).toBe("second, and more");
  expect(conversations.drafts.change("c")).toEqual({ messageId: second?.id, text: "second, and more" });
});

test("an edit that is refused after it was left is told of", async () => {
  const { answer } = await whileSaving();
  await userEvent.type(await editor(), "{Escape}");
  await answer(new Failure("UNREACHABLE", "no"));
  expect(told()).toContain("The change was not saved: The server cannot be reached");
});

test("an edit that is saved after its chat was left is not kept any more; one that is refused is", async () => {
  const { answer } = await whileSaving();
  cleanup();
  await answer(new Failure("UNREACHABLE", "no"));
  show();
  expect((await editor()).value).toBe("first, mended");
  await userEvent.type(await editor(), "{Enter}");
  cleanup();
  await answer();
  expect(conversations.drafts.change("c")).toBeNull();
});

test("what was said today was said yesterday when midnight has passed", async () => {
  const message = server.say("ann", "hello");
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(message.createdAt) });
  conversations.drafts.setChange("c", { messageId: message.id, text: "hello, all" }); // without layout only such a row is there
  show();
  expect(await screen.findByText("Today")).toBeTruthy();
  vi.advanceTimersByTime(24 * 60 * 60 * 1000);
  fireEvent(window, new Event("focus"));
  expect(await screen.findByText("Yesterday")).toBeTruthy();
});
