import { act, cleanup } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Announcer } from "./Announcer";
import { FakeServer } from "./fakeServer";
import { showPart } from "./testView";

beforeEach(() => void vi.useFakeTimers());

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const words = () => document.querySelector("[aria-live]")?.textContent;

test("new messages of others are read out, a burst of them as a number, seldom enough to be heard", async () => {
  const server = new FakeServer();
  server.say("bob", "before");
  const part = () => <Announcer messages={[...server.messages]} userId="ann" />;
  const { again } = showPart(part(), server);
  expect(words()).toBe("");
  server.say("ann", "own");
  again(part());
  expect(words()).toBe("");
  server.say("bob", "**hello**");
  again(part());
  await vi.waitFor(() => expect(words()).toBe("Bob: hello"));
  for (let i = 0; i < 3; i++) {
    server.say("eve", `${i}`);
    again(part());
  }
  expect(words()).toBe("Bob: hello");
  act(() => vi.advanceTimersByTime(2000));
  expect(words()).toBe("3 new messages");
  server.edit("m3", "edited");
  again(part());
  act(() => vi.advanceTimersByTime(5000));
  expect(words()).toBe("3 new messages");
});
