import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { IntlProvider } from "react-intl";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Memory } from "../../lib/storage";
import { Composer } from "./Composer";
import { Drafts } from "./drafts";

let kept: Map<string, string>;
let drafts: Drafts;
const onSend = vi.fn();
const onEditLast = vi.fn();

beforeEach(() => {
  kept = new Map();
  const memory: Memory = {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => (value === null ? kept.delete(key) : kept.set(key, value)),
  };
  drafts = new Drafts(memory, "ann");
});

afterEach(() => {
  cleanup();
  vi.resetAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function show(chatId = "c") {
  render(
    <IntlProvider locale="en">
      <Composer chatId={chatId} drafts={drafts} onSend={onSend} onEditLast={onEditLast} />
    </IntlProvider>,
  );
  return screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
}

test("Enter sends what was written, trimmed, and makes room for the next", async () => {
  const user = userEvent.setup();
  const field = show();
  await user.type(field, "  hello  {Enter}");
  expect(onSend).toHaveBeenCalledExactlyOnceWith("hello");
  expect(field.value).toBe("");
});

test("Shift and Enter break the line; nothing but spaces is not sent", async () => {
  const user = userEvent.setup();
  const field = show();
  await user.type(field, "   {Enter}");
  expect(onSend).not.toHaveBeenCalled();
  await user.clear(field);
  await user.type(field, "one{Shift>}{Enter}{/Shift}two{Enter}");
  expect(onSend).toHaveBeenCalledExactlyOnceWith("one\ntwo");
});

test("what an input method ends a word with is not sent", () => {
  const field = show();
  fireEvent.change(field, { target: { value: "にほ" } });
  fireEvent.keyDown(field, { key: "Enter", isComposing: true });
  fireEvent.keyDown(field, { key: "Enter", keyCode: 229 });
  expect(onSend).not.toHaveBeenCalled();
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSend).toHaveBeenCalledExactlyOnceWith("にほ");
});

test("on a touch screen Enter breaks the line, and the button sends", async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  const user = userEvent.setup();
  const field = show();
  await user.type(field, "one{Enter}two");
  expect(onSend).not.toHaveBeenCalled();
  await user.click(screen.getByRole("button", { name: "Send" }));
  expect(onSend).toHaveBeenCalledExactlyOnceWith("one\ntwo");
});

test("the arrow up goes to the last own message, if nothing is written", async () => {
  const user = userEvent.setup();
  const field = show();
  await user.type(field, "{ArrowUp}");
  expect(onEditLast).toHaveBeenCalledOnce();
  await user.type(field, "text{ArrowUp}");
  expect(onEditLast).toHaveBeenCalledOnce();
});

test("says what is left near the limit, and sends nothing beyond it", () => {
  const field = show();
  fireEvent.change(field, { target: { value: "x".repeat(19_999) } });
  expect(screen.getByText("1 character left")).toBeTruthy();
  fireEvent.change(field, { target: { value: "x".repeat(20_002) } });
  expect(screen.getByText("2 characters too many")).toBeTruthy();
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSend).not.toHaveBeenCalled();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Send" }).disabled).toBe(true);
});

test("a draft is kept when the writer pauses or goes, per chat, and gone when it is sent", () => {
  vi.useFakeTimers();
  const field = show();
  fireEvent.change(field, { target: { value: "half" } });
  expect(drafts.get("c")).toBe("");
  act(() => vi.advanceTimersByTime(400));
  expect(drafts.get("c")).toBe("half");
  fireEvent.change(field, { target: { value: "half a thought" } });
  cleanup();
  expect(drafts.get("c")).toBe("half a thought");
  expect(show("other").value).toBe("");
  cleanup();
  const again = show();
  expect(again.value).toBe("half a thought");
  fireEvent.keyDown(again, { key: "Enter" });
  expect(drafts.get("c")).toBe("");
});

/** The same chat in two tabs, which share what is kept. What one writes there the other is told of by the browser. */
function showInTwoTabs() {
  const one = show();
  const two = render(
    <IntlProvider locale="en">
      <Composer chatId="c" drafts={drafts} onSend={onSend} onEditLast={onEditLast} />
    </IntlProvider>,
  );
  return { one, two: within(two.container).getByRole<HTMLTextAreaElement>("textbox"), closeTwo: two.unmount };
}

const told = () => fireEvent(window, new StorageEvent("storage"));

test("a tab that goes leaves the draft as another tab has written it", () => {
  vi.useFakeTimers();
  const { one, closeTwo } = showInTwoTabs();
  fireEvent.change(one, { target: { value: "a long thought" } });
  act(() => vi.advanceTimersByTime(400));
  fireEvent(window, new Event("pagehide"));
  closeTwo();
  expect(drafts.get("c")).toBe("a long thought");
});

test("what was sent in one tab is no draft again when another goes", () => {
  drafts.set("c", "a long thought");
  const { one, closeTwo } = showInTwoTabs();
  fireEvent.keyDown(one, { key: "Enter" });
  closeTwo();
  expect(drafts.get("c")).toBe("");
});

test("a field in which nothing was changed shows what is written in another tab", () => {
  vi.useFakeTimers();
  const { one, two } = showInTwoTabs();
  fireEvent.change(one, { target: { value: "a long" } });
  act(() => vi.advanceTimersByTime(400));
  told();
  expect(two.value).toBe("a long");
  fireEvent.change(two, { target: { value: "a long thought" } });
  told();
  expect(two.value).toBe("a long thought");
  act(() => vi.advanceTimersByTime(400));
  told();
  expect(one.value).toBe("a long thought");
  fireEvent.keyDown(two, { key: "Enter" });
  told();
  expect(one.value).toBe("");
});

test("what the browser has no room for stays in the field", () => {
  vi.useFakeTimers();
  const field = show();
  vi.spyOn(kept, "set").mockImplementation(() => kept);
  fireEvent.change(field, { target: { value: "a long thought" } });
  act(() => vi.advanceTimersByTime(400));
  told();
  expect(field.value).toBe("a long thought");
});
