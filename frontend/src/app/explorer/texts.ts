import { defineMessages } from "react-intl";

export const texts = defineMessages({
  signedIn: { id: "explorer.signedIn", defaultMessage: "Signed in: {id}" },
  nobody: { id: "explorer.nobody", defaultMessage: "Nobody is signed in" },
  headers: { id: "explorer.headers", defaultMessage: "Who you are goes under Headers" },
  begin: {
    id: "explorer.begin",
    defaultMessage: "Ctrl+Enter runs it. Docs and history are on the left;\nwho you are is at the top.",
  },
  send: {
    id: "explorer.send",
    defaultMessage: "Chats and NewChat answer with ids of chats.\nThe same clientMessageId twice sends once.",
  },
  news: { id: "explorer.news", defaultMessage: "Goes on until it is stopped: whatever is said in your chats." },
});
