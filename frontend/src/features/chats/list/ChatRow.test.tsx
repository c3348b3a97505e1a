import { act, cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { chat, message } from "../../../api/chats/testData";
import { stage } from "../../../app/stage";
import { ChatRow } from "./ChatRow";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("what was said today was said yesterday when midnight has passed", () => {
  const at = new Date(2026, 10, 26, 6, 44);
  vi.useFakeTimers({ now: at });
  const lastMessage = message("a", 1, { createdAt: at.toISOString() });
  stage(<ChatRow chat={chat("a", { lastMessage })} isOpen={false} />);
  expect(screen.getByRole("time").textContent).toMatch(/06:44/);
  act(() => vi.advanceTimersByTime(24 * 60 * 60 * 1000));
  expect(screen.getByRole("time").textContent).toBe("yesterday");
});
