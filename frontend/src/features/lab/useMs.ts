import { useCallback } from "react";
import { useIntl } from "react-intl";

/** Writes a duration in ms, with a digit after the point where that says something. */
export function useMs(): (ms: number) => string {
  const { formatNumber } = useIntl();
  return useCallback(
    (ms) => formatNumber(ms, { style: "unit", unit: "millisecond", maximumFractionDigits: ms < 10 ? 1 : 0 }),
    [formatNumber],
  );
}
