import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
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
