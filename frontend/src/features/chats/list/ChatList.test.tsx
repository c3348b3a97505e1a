import { act, cleanup, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chat, message, person } from "../../../api/chats/testData";
import { stage } from "../../../app/stage";
import { ChatList } from "./ChatList";

/** There is no layout here, without which nothing would be seen of a virtual list. */
class Measured implements ResizeObserver {
  constructor(private readonly tell: ResizeObserverCallback) {}

  observe(target: Element) {
    const contentRect = new DOMRect(0, 0, 300, target.tagName === "LI" ? 68 : 600);
    queueMicrotask(() => this.tell([{ target, contentRect } as unknown as ResizeObserverEntry], this));
  }

  unobserve() {}

  disconnect() {}
}

beforeEach(() => {
  vi.stubGlobal("ResizeObserver", Measured);
  Object.defineProperty(HTMLElement.prototype, "offsetParent", { get: () => document.body, configurable: true });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  Reflect.deleteProperty(HTMLElement.prototype, "offsetParent");
});

const names = () => screen.queryAllByRole("link").map((row) => row.textContent);

test("the newest activity is on top, under the name that its member knows, with what was said", async () => {
  const { chats } = stage(<ChatList openId="b" />);
  act(() =>
    chats.putAll([
      chat("a", { name: "Team", updatedAt: "2026-01-02T00:00:00.000000Z" }),
      chat("b", {
        name: "",
        chatType: "direct",
        updatedAt: "2026-01-03T00:00:00.000000Z",
        lastMessage: message("b", 3, { senderId: "Ann", sender: person("Ann") as never, content: "**see**\n you" }),
      }),
      chat("c", { name: "Old", lastMessage: message("c", 1, { isDeleted: true, content: "" }), unreadCount: 2 }),
    ]),
  );
  await waitFor(() => expect(names().length).toBe(3));
  await waitFor(() => expect(names()[0]).toMatch(/Bob.*You: see you/)); // the parser comes by itself
  expect(names()[1]).toMatch(/Team.*No messages yet/);
  expect(names()[2]).toMatch(/Old.*Message deleted.*2 unread messages/);
  expect(screen.getByRole("link", { current: "page" }).textContent).toMatch(/Bob/);
  act(() => void chats.putMessage(message("a", 9, { createdAt: "2026-01-04T00:00:00.000000Z" })));
  await waitFor(() => expect(names()[0]).toMatch(/Team.*Bob: message 9/));
});

test("the search finds chats by the words of their names, and people; Enter opens the first", async () => {
  const user = userEvent.setup();
  const found = [person("Zoe"), person("Bob"), { ...person("Zed"), isActive: false }];
  const { chats, history } = stage(<ChatList openId={undefined} />, { answer: () => ({ users: found }) });
  act(() =>
    chats.putAll([chat("a", { name: "The Zoo" }), chat("b", { name: "Office" }), chat("c", { chatType: "direct" })]),
  );
  await waitFor(() => expect(names().length).toBe(3));
  await user.type(screen.getByRole("textbox"), "zo");
  await waitFor(() => expect(names().length).toBe(1));
  expect(names()[0]).toMatch(/The Zoo/);
  expect(await screen.findByRole("button", { name: /Zoe/ })).toBeTruthy();
  expect(screen.queryByRole("button", { name: /Zed/ })).toBeNull();
  await user.keyboard("{Enter}");
  expect(history.at(-1)).toBe("/c/a");
  expect(screen.getByRole<HTMLInputElement>("textbox").value).toBe("");
});

test("Enter opens whom was typed, also before the answer has come; what is not found yet waits", async () => {
  const user = userEvent.setup();
  const opened: unknown[] = [];
  stage(<ChatList openId={undefined} />, {
    answer: (operation, variables) => {
      if (operation === "SearchPeople") return { users: [person("Barbara"), person("Bob")] };
      opened.push(variables.userId);
      return {
        openDirectChat: chat("z", { name: "", chatType: "direct", participants: [person("Ann"), person("Bob")] }),
      };
    },
  });
  const field = screen.getByRole<HTMLInputElement>("textbox");
  await user.type(field, "b");
  expect(await screen.findByRole("button", { name: /Barbara/ })).toBeTruthy();
  await user.keyboard("x{Enter}");
  expect(field.value).toBe("bx");
  expect(screen.queryByText(/Nothing/)).toBeNull();
  await user.keyboard("{Backspace}ob{Enter}");
  await waitFor(() => expect(opened).toEqual(["Bob"]));
});

test("arrows go from the search through the list and back", async () => {
  const user = userEvent.setup();
  const { chats } = stage(<ChatList openId={undefined} />);
  act(() => chats.putAll([chat("b", { name: "Second" }), chat("c", { name: "First" })]));
  await waitFor(() => expect(names().length).toBe(2));
  await user.click(screen.getByRole("textbox"));
  await user.keyboard("{ArrowDown}");
  expect(document.activeElement?.textContent).toMatch(/First/);
  await user.keyboard("{ArrowDown}{ArrowDown}");
  expect(document.activeElement?.textContent).toMatch(/Second/);
  await user.keyboard("{ArrowUp}{ArrowUp}");
  expect(document.activeElement).toBe(screen.getByRole("textbox"));
});

test("a list of nothing says what to do; one that cannot be loaded says that", async () => {
  const { list } = stage(<ChatList openId={undefined} />);
  expect(screen.getByText("No chats yet")).toBeTruthy();
  expect(screen.getByRole("button", { name: "New message" })).toBeTruthy();
  act(() => list.setState({ status: "failed" }));
  expect(screen.getByRole("button", { name: "Try now" })).toBeTruthy();
});
