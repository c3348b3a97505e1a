import { act, cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { stage } from "../../app/stage";
import { ConnectionBar } from "./ConnectionBar";
import { ConnectionMenu } from "./ConnectionMenu";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("the instances are shown, chosen while the page runs, and kept", async () => {
  const user = userEvent.setup();
  const { kept } = stage(<ConnectionMenu />);
  await user.click(screen.getByRole("button", { name: "Connected to: Sender 1 · Receiver 1" }));
  expect(screen.getAllByRole("menuitemradio", { name: "Automatic", checked: true }).length).toBe(2);
  await user.click(screen.getByRole("menuitemradio", { name: "Receiver 2" }));
  await user.click(screen.getByRole("button", { name: "Connected to: Sender 1 · Receiver 2" }));
  await user.click(screen.getByRole("menuitemradio", { name: "Sender 2" }));
  expect(screen.getByRole("button", { name: "Connected to: Sender 2 · Receiver 2" })).toBeTruthy();
  expect(Object.fromEntries(kept)).toEqual({ "instance.sender": "Sender 2", "instance.receiver": "Receiver 2" });
});

test("the test pages are found there", async () => {
  const user = userEvent.setup();
  const { history } = stage(<ConnectionMenu />);
  await user.click(screen.getByRole("button", { name: /^Connected to/ }));
  await user.click(screen.getByRole("menuitem", { name: "Test pages" }));
  expect(history.at(-1)).toBe("/lab");
});

test("a loss is told when it lasts, with the time until the next try", () => {
  vi.useFakeTimers();
  const { connection } = stage(<ConnectionBar />);
  act(() => connection.setState({ status: "waiting", count: 1, until: Date.now() + 12_300 }));
  act(() => vi.advanceTimersByTime(1_000));
  expect(screen.queryByRole("button")).toBeNull();
  act(() => vi.advanceTimersByTime(1_000));
  expect(screen.getByText("Next try in 11 s.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try now" })).toBeTruthy();
  act(() => vi.advanceTimersByTime(9_700));
  expect(screen.getByText("Next try in 1 s.")).toBeTruthy();
  act(() => connection.setState({ status: "offline", count: 1, until: Date.now() + 9_000 }));
  expect(screen.getByText(/You are offline/)).toBeTruthy();
  act(() => connection.setState({ status: "connected", count: 2 }));
  expect(screen.queryByRole("button")).toBeNull();
});
