import { defineMessages } from "react-intl";

export const texts = defineMessages({
  title: { id: "shortcuts.title", defaultMessage: "Keyboard shortcuts" },
  close: { id: "shortcuts.close", defaultMessage: "Close" },
  everywhere: { id: "shortcuts.everywhere", defaultMessage: "Everywhere" },
  switch: { id: "shortcuts.switch", defaultMessage: "Go to a chat or a person" },
  next: { id: "shortcuts.next", defaultMessage: "Next chat in the list" },
  previous: { id: "shortcuts.previous", defaultMessage: "Previous chat in the list" },
  show: { id: "shortcuts.show", defaultMessage: "Show this list" },
  showSingle: { id: "shortcuts.showSingle", defaultMessage: "Show this list, while nothing is typed" },
  leave: { id: "shortcuts.leave", defaultMessage: "Close what is open" },
  writing: { id: "shortcuts.writing", defaultMessage: "While writing" },
  send: { id: "shortcuts.send", defaultMessage: "Send" },
  break: { id: "shortcuts.break", defaultMessage: "New line" },
  editLast: { id: "shortcuts.editLast", defaultMessage: "Edit your last message, while the field is empty" },
  reading: { id: "shortcuts.reading", defaultMessage: "Among messages" },
  walk: { id: "shortcuts.walk", defaultMessage: "From message to message" },
  ends: { id: "shortcuts.ends", defaultMessage: "The oldest loaded, the newest message" },
  actions: { id: "shortcuts.actions", defaultMessage: "To what can be done with a message" },
});
