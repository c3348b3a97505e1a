import { defineMessages } from "react-intl";

export const texts = defineMessages({
  title: { id: "notifications.title", defaultMessage: "Notifications" },
  hint: { id: "notifications.hint", defaultMessage: "Hear of new messages while you are elsewhere?" },
  turnOn: { id: "notifications.turnOn", defaultMessage: "Turn on" },
  notNow: { id: "notifications.notNow", defaultMessage: "No, thank you" },
  inGroup: { id: "notifications.inGroup", defaultMessage: "{name}: {text}" },
  somebody: { id: "notifications.somebody", defaultMessage: "Somebody" },
});
