import { defineMessages } from "react-intl";

export const texts = defineMessages({
  // the history
  messages: { id: "conversation.messages", defaultMessage: "Messages" },
  opening: { id: "conversation.opening", defaultMessage: "Loading messages…" },
  beginning: { id: "conversation.beginning", defaultMessage: "This is the beginning." },
  emptyTitle: { id: "conversation.emptyTitle", defaultMessage: "Nothing here yet" },
  emptyText: { id: "conversation.emptyText", defaultMessage: "Write the first message." },
  loadingOlder: { id: "conversation.loadingOlder", defaultMessage: "Loading older messages…" },
  olderFailed: { id: "conversation.olderFailed", defaultMessage: "Older messages could not be loaded." },
  tryAgain: { id: "conversation.tryAgain", defaultMessage: "Try again" },
  today: { id: "conversation.today", defaultMessage: "Today" },
  yesterday: { id: "conversation.yesterday", defaultMessage: "Yesterday" },
  unread: { id: "conversation.unread", defaultMessage: "New messages" },
  toNewest: { id: "conversation.toNewest", defaultMessage: "Jump to the newest" },
  toNew: {
    id: "conversation.toNew",
    defaultMessage: "{count, plural, one {# new message} other {# new messages}}",
  },
  announced: { id: "conversation.announced", defaultMessage: "{name}: {text}" },
  announcedMany: {
    id: "conversation.announcedMany",
    defaultMessage: "{count, plural, one {# new message} other {# new messages}}",
  },

  // a message
  unknown: { id: "conversation.unknown", defaultMessage: "Somebody" },
  you: { id: "conversation.you", defaultMessage: "You" },
  message: { id: "conversation.message", defaultMessage: "{name}, {time}" },
  edited: { id: "conversation.edited", defaultMessage: "edited" },
  editedAt: { id: "conversation.editedAt", defaultMessage: "Edited {time}" },
  deleted: { id: "conversation.deleted", defaultMessage: "This message was deleted" },
  more: { id: "conversation.more", defaultMessage: "More about this message" },
  copy: { id: "conversation.copy", defaultMessage: "Copy text" },
  copied: { id: "conversation.copied", defaultMessage: "Copied" },
  notCopied: { id: "conversation.notCopied", defaultMessage: "The browser did not let it be copied." },
  edit: { id: "conversation.edit", defaultMessage: "Edit" },
  remove: { id: "conversation.remove", defaultMessage: "Delete" },
  removeTitle: { id: "conversation.removeTitle", defaultMessage: "Delete this message?" },
  removeText: {
    id: "conversation.removeText",
    defaultMessage: "It disappears for everybody. Others see that a message was deleted.",
  },
  notRemoved: { id: "conversation.notRemoved", defaultMessage: "The message was not deleted: {why}" },
  cancel: { id: "conversation.cancel", defaultMessage: "Cancel" },
  save: { id: "conversation.save", defaultMessage: "Save" },
  editing: { id: "conversation.editing", defaultMessage: "Edit message" },
  editingKeys: { id: "conversation.editingKeys", defaultMessage: "Enter saves, Escape cancels" },
  stillSaving: { id: "conversation.stillSaving", defaultMessage: "A change is still being saved." },
  notSaved: { id: "conversation.notSaved", defaultMessage: "The change was not saved: {why}" },

  // on its way, and who has read it
  queued: { id: "conversation.queued", defaultMessage: "Waiting to be sent" },
  sending: { id: "conversation.sending", defaultMessage: "Sending" },
  failed: { id: "conversation.failed", defaultMessage: "Not sent: {why}" },
  again: { id: "conversation.again", defaultMessage: "Send again" },
  discard: { id: "conversation.discard", defaultMessage: "Discard" },
  unsentTitle: {
    id: "conversation.unsentTitle",
    defaultMessage: "{count, plural, one {# message was not sent} other {# messages were not sent}}",
  },
  stored: { id: "conversation.stored", defaultMessage: "Sent" },
  readBySome: { id: "conversation.readBySome", defaultMessage: "Read by {count} of {total}" },
  readByAll: { id: "conversation.readByAll", defaultMessage: "Read by everybody" },
  readers: { id: "conversation.readers", defaultMessage: "Read by" },
  notReadYet: { id: "conversation.notReadYet", defaultMessage: "Nobody has read it yet." },

  // writing
  write: { id: "conversation.write", defaultMessage: "Message" },
  send: { id: "conversation.send", defaultMessage: "Send" },
  left: {
    id: "conversation.left",
    defaultMessage: "{count, plural, one {# character left} other {# characters left}}",
  },
  tooLong: {
    id: "conversation.tooLong",
    defaultMessage: "{count, plural, one {# character too many} other {# characters too many}}",
  },
  closed: {
    id: "conversation.closed",
    defaultMessage: "This chat was removed. It can be read, and nothing can be written.",
  },

  // no conversation
  goneTitle: { id: "conversation.goneTitle", defaultMessage: "This chat is not here" },
  goneText: {
    id: "conversation.goneText",
    defaultMessage: "It does not exist, or you are not a member any more.",
  },
  failedTitle: { id: "conversation.failedTitle", defaultMessage: "The chat could not be opened" },
});
