import { useEffect, useRef, useSyncExternalStore } from "react";
import { useIntl } from "react-intl";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useText } from "../../../lib/text";
import { useTheme } from "../../../ui/theme";
import { texts } from "../texts";
import styles from "./Latency.module.css";
import { dashes } from "./series";
import type { Way } from "./timings";

/** The latencies of each message, on a logarithmic scale. It is for eyes alone: the table beside it says the same. */
export function Plot({ ways }: { ways: readonly Way[] }) {
  const say = useText();
  const { formatNumber } = useIntl();
  const place = useRef<HTMLDivElement>(null);
  const colours = useRef<HTMLSpanElement>(null);
  const plot = useRef<UPlot>(undefined);
  const scheme = useScheme();
  const names = ways.map(({ sender, receiver }) => `${sender} → ${receiver}`).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: another number of lines or other colours make another plot
  useEffect(() => {
    const element = place.current;
    if (!element || !colours.current) return;
    const [quiet = "", line = "", ...lines] = palette(colours.current);
    const axis = {
      stroke: quiet,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      font: fontOf(element),
    };
    const made = new UPlot(
      {
        width: element.clientWidth,
        height: element.clientHeight,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: (_, least, most) => [least - 0.5, most + 0.5] }, y: { distr: 3 } },
        axes: [
          {
            ...axis,
            label: say(texts.messageNumber),
            labelFont: axis.font,
            labelSize: 20,
            incrs: [1, 2, 5, 10, 20, 50, 100],
          },
          {
            ...axis,
            label: say(texts.milliseconds),
            labelFont: axis.font,
            labelSize: 20,
            size: 56,
            values: (_, values) => values.map((value) => (value === null ? "" : formatNumber(value))),
          },
        ],
        series: [
          {},
          ...ways.map((_, n) => ({
            stroke: lines[n % lines.length],
            width: 1.5,
            dash: [...(dashes[n % dashes.length] ?? [])],
            points: { show: true, size: 6, fill: lines[n % lines.length] },
            spanGaps: true,
          })),
        ],
      },
      tableOf(ways),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names, scheme, say]);

  useEffect(() => {
    plot.current?.setData(tableOf(ways));
  }, [ways]);

  return (
    <>
      <div ref={place} className={styles.canvas} aria-hidden="true" />
      <span ref={colours} className={styles.colours} aria-hidden="true">
        {[...dashes.keys(), "quiet", "line"].map((key) => (
          <span key={key} />
        ))}
      </span>
    </>
  );
}

/** The points as uPlot takes them: the numbers of the messages, and for each way the time or nothing. */
function tableOf(ways: readonly Way[]): UPlot.AlignedData {
  const numbers = [...new Set(ways.flatMap(({ points }) => points.map(({ n }) => n)))].sort((a, b) => a - b);
  const columns = ways.map(({ points }) => {
    const times = new Map(points.map(({ n, ms }) => [n, Math.max(ms, 0.1)])); // a logarithm needs more than nothing
    return numbers.map((n) => times.get(n) ?? null);
  });
  return [numbers, ...columns];
}

/** The colours of the theme, which a canvas does not take from it: of the axes, of the grid, of each line. */
function palette(element: HTMLElement): string[] {
  const all = [...element.children].map((one) => getComputedStyle(one).color);
  return [...all.slice(-2), ...all.slice(0, -2)];
}

function fontOf(element: HTMLElement): string {
  return `12px ${getComputedStyle(element).fontFamily}`;
}

const dark = "(prefers-color-scheme: dark)";

/** Changes whenever the colours do. */
function useScheme(): string {
  const { theme } = useTheme();
  const isDark = useSyncExternalStore(
    (changed) => {
      const query = matchMedia(dark);
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => matchMedia(dark).matches,
  );
  return `${theme} ${isDark}`;
}
