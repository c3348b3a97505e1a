import { defineMessages } from "react-intl";

export const texts = defineMessages({
  signIn: { id: "session.signIn", defaultMessage: "Sign in" },
  welcome: { id: "session.welcome", defaultMessage: "Good to see you." },
  signUp: { id: "session.signUp", defaultMessage: "Create account" },
  signUpTitle: { id: "session.signUpTitle", defaultMessage: "Create your account" },
  signUpText: { id: "session.signUpText", defaultMessage: "It takes a minute." },
  join: { id: "session.join", defaultMessage: "Join" },
  joinTitle: { id: "session.joinTitle", defaultMessage: "Join the chat" },
  joinText: {
    id: "session.joinText",
    defaultMessage: "This installation has no passwords. With a name that is known you go on where you were.",
  },
  name: { id: "session.name", defaultMessage: "User name" },
  nameOrEmail: { id: "session.nameOrEmail", defaultMessage: "User name or e-mail" },
  email: { id: "session.email", defaultMessage: "E-mail" },
  emailNew: { id: "session.emailNew", defaultMessage: "Needed the first time." },
  displayName: { id: "session.displayName", defaultMessage: "Display name" },
  displayNameHint: { id: "session.displayNameHint", defaultMessage: "What others see. May be left empty." },
  password: { id: "session.password", defaultMessage: "Password" },
  passwordHint: { id: "session.passwordHint", defaultMessage: "At least 8 characters." },
  toSignUp: { id: "session.toSignUp", defaultMessage: "New here? Create an account" },
  toSignIn: { id: "session.toSignIn", defaultMessage: "You have an account? Sign in" },
  closed: { id: "session.closed", defaultMessage: "An administrator makes accounts here." },
  endedTitle: { id: "session.endedTitle", defaultMessage: "Your session has ended" },
  endedText: {
    id: "session.endedText",
    defaultMessage: "It was ended on another device, or it has expired. Sign in to go on where you were.",
  },
  reaching: { id: "session.reaching", defaultMessage: "Reaching the server…" },
  unreachableTitle: { id: "session.unreachableTitle", defaultMessage: "The server does not answer" },
  unreachableText: {
    id: "session.unreachableText",
    defaultMessage: "This page goes on by itself as soon as it does. What you have written is kept.",
  },
  offlineTitle: { id: "session.offlineTitle", defaultMessage: "You are offline" },
  offlineText: {
    id: "session.offlineText",
    defaultMessage: "This page goes on by itself as soon as you are back. What you have written is kept.",
  },
});
