import { IntlProvider } from "react-intl";
import { Starting } from "../features/session/Starting";

/** The page is there, and the server that sent it is gone. */
export function Unreachable() {
  return (
    <IntlProvider locale="en" defaultLocale="en">
      <Starting isLate />
    </IntlProvider>
  );
}
