import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useToday } from "./today";

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(new Date(2026, 10, 26, 23, 59));
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const shown = () => renderHook(() => useToday()).result;

test("at midnight, and at the next, it is another day", () => {
  const today = shown();
  expect(today.current).toEqual(new Date(2026, 10, 26));
  act(() => vi.advanceTimersByTime(59_000));
  expect(today.current).toEqual(new Date(2026, 10, 26));
  act(() => vi.advanceTimersByTime(1_000));
  expect(today.current).toEqual(new Date(2026, 10, 27));
  act(() => vi.advanceTimersByTime(24 * 60 * 60 * 1000));
  expect(today.current).toEqual(new Date(2026, 10, 28));
});

test.each([
  ["the page is in sight again", () => document.dispatchEvent(new Event("visibilitychange"))],
  ["the window is come back to", () => window.dispatchEvent(new Event("focus"))],
])("after a night in which no timer ran it is another day when %s", (_, comeBack) => {
  const today = shown();
  vi.setSystemTime(new Date(2026, 10, 27, 8, 0));
  expect(today.current).toEqual(new Date(2026, 10, 26));
  act(() => void comeBack());
  expect(today.current).toEqual(new Date(2026, 10, 27));
  act(() => vi.advanceTimersByTime(16 * 60 * 60 * 1000));
  expect(today.current).toEqual(new Date(2026, 10, 28));
});

test("nothing is waited for when nobody shows it any more", () => {
  shown();
  expect(vi.getTimerCount()).toBe(1);
  cleanup();
  expect(vi.getTimerCount()).toBe(0);
});
