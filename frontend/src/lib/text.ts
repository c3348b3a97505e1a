import { useCallback } from "react";
import { type MessageDescriptor, useIntl } from "react-intl";

type Values = Record<string, string | number | Date>;

/** Gives the words of a message, in the language of the page. */
export type Say = (message: MessageDescriptor, values?: Values) => string;

/** The locale of dates and numbers, for a component. */
export function useLocale(): string {
  return useIntl().locale;
}

/** The words of messages, for a component. The same function as long as the language is the same. */
export function useText(): Say {
  const { formatMessage } = useIntl();
  return useCallback((message, values) => formatMessage(message, values), [formatMessage]);
}
