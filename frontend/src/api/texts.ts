import { defineMessages } from "react-intl";

export const texts = defineMessages({
  unreachable: { id: "failure.unreachable", defaultMessage: "The server cannot be reached. Try again in a moment." },
  unavailable: { id: "failure.unavailable", defaultMessage: "The server is not ready. Try again in a moment." },
  limited: {
    id: "failure.limited",
    defaultMessage: "Too often. Try again in {seconds, plural, one {# second} other {# seconds}}.",
  },
  internal: { id: "failure.internal", defaultMessage: "Something went wrong on the server. Try again." },
});
