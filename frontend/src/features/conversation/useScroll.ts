import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";
import { indexOfSeq, type Message } from "../../lib/log";
import { lastRead } from "../../lib/timeline";
import { type Item, isOutgoing } from "./Row";
import { isAttended } from "./useAttention";

/** So near to the end the newest message is followed (px). */
const near = 48;
/** So near to the beginning older messages are loaded (px). */
const ahead = 2400;
/** A message counts as seen when no more of it is hidden (px). */
const edge = 8;
/** What is in sight is told of when scrolling pauses (ms). */
const pause = 200;

interface Options {
  items: readonly Item[];
  messages: readonly Message[];
  userId: string;
  reading: number;
  attended: boolean;
  /** The message at which the list begins to be shown; null: at its end. */
  start: number | null;
  seen: number;
  onAway: (away: boolean) => void;
  onOlder: () => void;
  onSeen: (seq: number) => void;
  onSight: (messageIds: string[]) => void;
}

/** Where the reader is in the history: kept there, or at the end; and what follows from being there. */
export function useScroll(options: Options) {
  const list = useRef<VirtualizerHandle>(null);
  const place = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const offset = useRef(0);
  const sight = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [placed, setPlaced] = useState(false);
  const latest = useRef(options);
  const seen = useRef(options.seen);

  const { items, messages, reading, attended } = options;
  const first = messages[0]?.seq ?? 0;
  const before = useRef({ first, reading });
  /** Items came above: the place is kept from the end. */
  const shift = before.current.reading === reading && first < before.current.first;

  const [{ look, toEnd, reveal, resized, begin }] = useState(() => {
    function toEnd() {
      atEnd.current = true;
      list.current?.scrollToIndex(latest.current.items.length - 1, { align: "end" });
    }

    function reveal(index: number) {
      list.current?.scrollToIndex(index, { align: "nearest" });
    }

    /** Where the list begins to be shown. */
    function begin() {
      const { messages, start } = latest.current;
      if (start === null) return toEnd();
      atEnd.current = false;
      list.current?.scrollToIndex(indexOfSeq(messages, start), { align: "start" });
    }

    function look() {
      const view = list.current;
      if (!view || view.viewportSize === 0) return;
      follow(view);
      if (view.scrollOffset < ahead) latest.current.onOlder();
      const last = lastInSight(view);
      read(last);
      clearTimeout(sight.current);
      sight.current = setTimeout(() => tellSight(view), pause);
    }

    /** Only who goes up leaves the end: what grows below does not take them away from it. */
    function follow(view: VirtualizerHandle) {
      const below = view.scrollSize - view.scrollOffset - view.viewportSize;
      if (below < near) atEnd.current = true;
      else if (view.scrollOffset < offset.current - 1) atEnd.current = false;
      offset.current = view.scrollOffset;
      latest.current.onAway(!atEnd.current);
    }

    function read(last: number) {
      if (!isAttended()) return;
      const { messages, userId, onSeen } = latest.current;
      const seq = lastRead(messages, userId, seen.current, last);
      if (seq === null) return;
      seen.current = seq;
      onSeen(seq);
    }

    function tellSight(view: VirtualizerHandle) {
      const { items, userId, onSight } = latest.current;
      const shown = items.slice(view.findItemIndex(view.scrollOffset), lastInSight(view) + 1);
      onSight(
        shown.flatMap((item) => (isOutgoing(item) || item.senderId !== userId || item.isDeleted ? [] : [item.id])),
      );
    }

    function resized() {
      if (atEnd.current) toEnd();
    }

    return { look, toEnd, reveal, resized, begin };
  });

  useLayoutEffect(() => {
    latest.current = options;
    before.current = { first, reading };
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: once per list; the place then belongs to the reader
  useLayoutEffect(() => {
    if (items.length === 0) return;
    begin();
    // Two frames: one in which the rows are measured, one in which they are where they belong.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        setPlaced(true);
        look();
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [reading, items.length === 0, begin, look]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there are other items
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
  }, [items, toEnd]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in sight has changed, or somebody has come to look at it
  useEffect(() => {
    if (placed) look();
  }, [items, attended, placed, look]);

  useEffect(() => () => clearTimeout(sight.current), []);

  return { list, place, placed, shift, look, resized, toEnd, reveal };
}

/** The last item whose end is in sight, or which fills the view. */
function lastInSight(view: VirtualizerHandle): number {
  const bottom = view.scrollOffset + view.viewportSize;
  const last = view.findItemIndex(bottom - 1);
  const start = view.getItemOffset(last);
  const isWhole = start + view.getItemSize(last) <= bottom + edge;
  return isWhole || start <= view.scrollOffset ? last : last - 1;
}
