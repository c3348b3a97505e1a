import { act, cleanup, fireEvent, screen, within } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { Failure } from "../../api/failure";
import type { Message } from "../../lib/log";
import { FakeServer, person } from "./fakeServer";
import type { Outgoing } from "./outbox";
import { type Item, Row, type RowProps } from "./Row";
import { showPart } from "./testView";

afterEach(cleanup);

const props: Omit<RowProps, "item"> = {
  index: 0,
  mine: false,
  sender: person("bob"),
  named: true,
  startsDay: false,
  startsGroup: true,
  firstUnread: false,
  beginning: false,
  editing: false,
};

function show(item: Item, more: Partial<RowProps> = {}, server = new FakeServer()) {
  return showPart(<Row {...props} {...more} item={item} />, server);
}

const outgoing: Outgoing = {
  key: "k",
  chatId: "c",
  content: "on its way",
  createdAt: "2026-01-01T12:00:00Z",
  afterSeq: 0,
  state: "queued",
};

test("says who, what and when; the moment in full for who asks", () => {
  show(new FakeServer().say("bob", "hello"));
  const article = screen.getByRole("article", { name: /^Bob, \d\d:\d\d$/ });
  expect(within(article).getByText("hello")).toBeTruthy();
  expect(article.querySelector("time")?.title).toMatch(/2026/);
});

test("what was edited says so, and what was deleted says nothing else", () => {
  const server = new FakeServer();
  server.say("bob", "first");
  const { again } = show(server.edit("m1", "second"));
  expect(screen.getByTitle(/^Edited /).textContent).toBe("edited");
  again(<Row {...props} item={server.remove("m1")} />);
  expect(screen.getByText(/This message was deleted/)).toBeTruthy();
  expect(screen.queryByText("second")).toBeNull();
});

async function openMenu(user: UserEvent) {
  act(() => screen.getByRole("article").focus());
  act(() => screen.getByRole("button", { name: "More about this message" }).focus());
  await user.keyboard("{Enter}");
  return screen.getAllByRole("menuitem").map((item) => item.textContent);
}

test("others' messages are copied; own ones are edited and deleted too", async () => {
  const user = userEvent.setup();
  const theirs = show(new FakeServer().say("bob", "their text"));
  expect(await openMenu(user)).toEqual(["Copy text"]);
  await user.keyboard("{Enter}");
  expect(theirs.actions.copy).toHaveBeenCalledWith("their text");
  cleanup();

  const message = new FakeServer().say("ann", "own text");
  const own = show(message, { mine: true });
  expect(await openMenu(user)).toEqual(["Copy text", "Edit", "Delete"]);
  await user.keyboard("{ArrowDown}{Enter}");
  expect(own.actions.edit).toHaveBeenCalledWith(message);
  await openMenu(user);
  await user.keyboard("{End}{Enter}");
  expect(own.actions.remove).toHaveBeenCalledWith(message);
});

test("waiting has a clock; refused says why, and what can be done", async () => {
  const user = userEvent.setup();
  const { actions, again } = show(outgoing, { mine: true });
  expect(screen.getByRole("img", { name: "Waiting to be sent" })).toBeTruthy();
  const refusal = { code: "BAD_USER_INPUT", reason: "TOO_LONG", limit: 20_000 };
  again(<Row {...props} mine item={{ ...outgoing, state: "failed", refusal }} />);
  expect(screen.getByRole("alert").textContent).toContain("Not sent: That is too long: at most 20,000 characters.");
  await user.click(screen.getByRole("button", { name: "Send again" }));
  await user.click(screen.getByRole("button", { name: "Discard" }));
  expect(actions.retry).toHaveBeenCalledWith("k");
  expect(actions.discard).toHaveBeenCalledWith("k");
});

test("the ticks of an own message go with its readers, whom a press names", async () => {
  const user = userEvent.setup();
  const server = new FakeServer();
  const message = server.say("ann", "seen?");
  const { actions } = show(message, { mine: true }, server);
  await act(async () => actions.receipts.watch([message.id]));
  expect(screen.getByRole("button", { name: "Sent" })).toBeTruthy();
  act(() => server.reads("bob", message.seq));
  expect(screen.getByRole("button", { name: "Read by 1 of 2" })).toBeTruthy();
  act(() => server.reads("eve", message.seq));
  await user.click(screen.getByRole("button", { name: "Read by everybody" }));
  const names = (await screen.findAllByRole("listitem")).map((one) => one.textContent);
  expect(names).toEqual([expect.stringContaining("Bob"), expect.stringContaining("Eve")]);
});

test("a new day, the line before the unread, the beginning", () => {
  show(new FakeServer().say("bob", "hello"), { startsDay: true, firstUnread: true, beginning: true });
  expect(screen.getByRole("heading", { name: /1 January/ })).toBeTruthy();
  expect(screen.getByText("New messages")).toBeTruthy();
  expect(screen.getByText("This is the beginning.")).toBeTruthy();
});

test("between two people nobody is named", () => {
  show(new FakeServer().say("bob", "hello"), { named: false });
  expect(screen.queryByText("Bob")).toBeNull();
});

function edit(message: Message) {
  const shown = show(message, { mine: true, editing: true });
  return { ...shown, field: screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Edit message" }) };
}

test("an edit is saved with Enter; until then the text is the writer's", async () => {
  const user = userEvent.setup();
  const message = new FakeServer().say("ann", "old");
  const { actions, field } = edit(message);
  expect(document.activeElement).toBe(field);
  await user.type(field, " and new{Enter}");
  expect(actions.save).toHaveBeenCalledExactlyOnceWith(message, "old and new");
  await expect.poll(() => actions.edit.mock.lastCall).toEqual([null]);
});

test("an edit that changes nothing, or is given up, asks nobody", async () => {
  const user = userEvent.setup();
  const { actions, field } = edit(new FakeServer().say("ann", "old"));
  await user.type(field, "{Enter}");
  await user.type(field, "x{Escape}");
  await user.clear(field);
  await user.type(field, "{Enter}");
  expect(actions.save).not.toHaveBeenCalled();
  expect(actions.edit.mock.calls).toEqual([[null], [null]]);
});

test("an edit that is refused stays open, and says why", async () => {
  const user = userEvent.setup();
  const message = new FakeServer().say("ann", "old");
  const { actions, field } = edit(message);
  actions.save.mockRejectedValueOnce(new Failure("UNREACHABLE", "no"));
  await user.type(field, "er{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be reached");
  expect(field.value).toBe("older");
  expect(actions.draft(message)).toBe("older");
  fireEvent.keyDown(field, { key: "Enter" });
  await expect.poll(() => actions.edit.mock.lastCall).toEqual([null]);
});
