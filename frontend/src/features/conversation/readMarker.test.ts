import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failure } from "../../api/failure";
import { ReadMarker } from "./readMarker";

let told: number[];
let known: number[];
let trouble: Failure | null;
let marker: ReadMarker;

function reader(position: number) {
  const mark = async (upTo: number) => {
    told.push(upTo);
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (trouble) throw trouble;
  };
  marker = new ReadMarker(position, mark, (upTo) => known.push(upTo));
}

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  known = [];
  trouble = null;
  reader(10);
});

afterEach(() => {
  marker.stop();
  vi.useRealTimers();
});

test("one call for all that is seen within a moment", async () => {
  for (let seq = 11; seq <= 40; seq++) marker.seen(seq);
  await vi.advanceTimersByTimeAsync(299);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toEqual([40]);
  expect(known).toEqual([40]);
});

test("never backwards, and never what is read already", async () => {
  marker.seen(10);
  marker.seen(30);
  marker.seen(20);
  await vi.advanceTimersByTimeAsync(1000);
  marker.seen(25);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toEqual([30]);
});

test("what is seen meanwhile goes with the next call", async () => {
  marker.seen(11);
  await vi.advanceTimersByTimeAsync(310);
  marker.seen(12);
  marker.seen(13);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toEqual([11, 13]);
});

test("is told again until the server knows, with what is newest then", async () => {
  trouble = new Failure("UNREACHABLE", "no");
  marker.seen(11);
  await vi.advanceTimersByTimeAsync(400);
  trouble = null;
  marker.seen(12);
  marker.wake();
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toEqual([11, 12]);
  expect(known).toEqual([12]);
});

test("a refusal is not argued with", async () => {
  trouble = new Failure("NOT_FOUND", "no");
  marker.seen(11);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([11]);
  expect(known).toEqual([]);
});

test("who leaves has read what was seen last", async () => {
  marker.seen(11);
  marker.stop();
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toEqual([11]);
});
