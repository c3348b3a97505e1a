import { defineMessages } from "react-intl";

/** What a code of the API says where there is no reason, or none that these pages know. */
export const codes = defineMessages({
  UNREACHABLE: { id: "failure.unreachable", defaultMessage: "The server cannot be reached. Try again in a moment." },
  UNAVAILABLE: { id: "failure.unavailable", defaultMessage: "The server is not ready. Try again in a moment." },
  RATE_LIMITED: {
    id: "failure.limited",
    defaultMessage:
      "Too often. Try again in {minutes, plural, =0 {{seconds, plural, one {# second} other {# seconds}}} other {# minutes}}.",
  },
  INTERNAL_SERVER_ERROR: {
    id: "failure.internal",
    defaultMessage: "Something went wrong on the server. Try again.",
  },
  UNAUTHENTICATED: { id: "failure.unauthenticated", defaultMessage: "You are not signed in." },
  FORBIDDEN: { id: "failure.forbidden", defaultMessage: "You may not do that." },
  NOT_FOUND: { id: "failure.notFound", defaultMessage: "It is not there, or not for you." },
  BAD_USER_INPUT: { id: "failure.input", defaultMessage: "The server does not take that." },
  CONFLICT: { id: "failure.conflict", defaultMessage: "That cannot be done as things are now." },
  PAYLOAD_TOO_LARGE: { id: "failure.tooLarge", defaultMessage: "That is too much at once." },
  ACCOUNT_REMOVED: { id: "failure.accountRemoved", defaultMessage: "This account was removed." },
});

/** Which rule was broken: all reasons of docs/ERRORS.md. A text stands alone, or below the field that it is about. */
export const reasons = defineMessages({
  EMPTY: { id: "failure.empty", defaultMessage: "It cannot be empty." },
  TOO_SHORT: {
    id: "failure.tooShort",
    defaultMessage: "That is too short: it takes at least {limit, number} characters.",
  },
  TOO_LONG: {
    id: "failure.tooLong",
    defaultMessage: "That is too long{limit, plural, =0 {} other {: at most # characters}}.",
  },
  BAD_CHARACTER: { id: "failure.badCharacter", defaultMessage: "It has a character that cannot be in it." },
  NO_ADDRESS: { id: "failure.noAddress", defaultMessage: "That is no e-mail address." },
  FOREIGN_ADDRESS: {
    id: "failure.foreignAddress",
    defaultMessage: "A user name can be an e-mail address only if that is your own.",
  },
  TAKEN: { id: "failure.taken", defaultMessage: "Another account has that already." },
  COMMON_PASSWORD: {
    id: "failure.commonPassword",
    defaultMessage: "Many people have that password, so it is tried first. Choose another.",
  },
  NAME_IN_PASSWORD: { id: "failure.nameInPassword", defaultMessage: "The password cannot have the user name in it." },
  WRONG_PASSWORD: { id: "failure.wrongPassword", defaultMessage: "That is not your current password." },
  WRONG_LOGIN: { id: "failure.wrongLogin", defaultMessage: "The name or the password is wrong." },
  SIGNUP_CLOSED: {
    id: "failure.signUpClosed",
    defaultMessage: "Signing up is closed: an administrator makes accounts here.",
  },
  CHAT_REMOVED: { id: "failure.chatRemoved", defaultMessage: "The chat was removed." },
});

export const texts = defineMessages({
  refused: { id: "failure.refused", defaultMessage: "The server has refused that ({code})." },
});
