import { expect, test } from "vitest";
import { memory } from "../../lib/storage";
import { createMuted } from "./muted";

const kept = memory(() => localStorage);

test("what is muted is kept per person, and known to the other tabs", () => {
  const [here, there, other] = [createMuted(kept, "Ann"), createMuted(kept, "Ann"), createMuted(kept, "Bob")];
  here.set("a", true);
  here.set("b", true);
  here.set("a", false);
  window.dispatchEvent(new StorageEvent("storage", { key: "chat.muted.Ann" }));
  expect([...there.state.getState()]).toEqual(["b"]);
  expect([...other.state.getState()]).toEqual([]);
  there.set("c", true);
  expect([...createMuted(kept, "Ann").state.getState()]).toEqual(["b", "c"]);
  for (const one of [here, there, other]) one.stop();
});

test("what somebody else wrote there is no trouble", () => {
  for (const text of ["{", "7", '[1, null, "a"]']) {
    kept.set("muted.Ann", text);
    expect([...createMuted(kept, "Ann").state.getState()].filter((id) => id !== "a")).toEqual([]);
  }
  kept.set("muted.Ann", null);
});
