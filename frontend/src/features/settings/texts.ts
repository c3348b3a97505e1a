import { defineMessages } from "react-intl";

export const texts = defineMessages({
  account: { id: "settings.account", defaultMessage: "Your account:" },
  settings: { id: "settings.settings", defaultMessage: "Settings" },
  shortcuts: { id: "settings.shortcuts", defaultMessage: "Keyboard shortcuts" },
  signOut: { id: "settings.signOut", defaultMessage: "Sign out" },
  back: { id: "settings.back", defaultMessage: "Back to the chats" },
  close: { id: "settings.close", defaultMessage: "Close" },
  cancel: { id: "settings.cancel", defaultMessage: "Cancel" },
  save: { id: "settings.save", defaultMessage: "Save" },

  profile: { id: "settings.profile", defaultMessage: "Profile" },
  displayName: { id: "settings.displayName", defaultMessage: "Display name" },
  displayNameHint: { id: "settings.displayNameHint", defaultMessage: "What others see. Empty: your user name." },
  saved: { id: "settings.saved", defaultMessage: "Saved." },

  appearance: { id: "settings.appearance", defaultMessage: "Appearance" },
  system: { id: "settings.system", defaultMessage: "System" },
  light: { id: "settings.light", defaultMessage: "Light" },
  dark: { id: "settings.dark", defaultMessage: "Dark" },

  language: { id: "settings.language", defaultMessage: "Language" },

  notifications: { id: "settings.notifications", defaultMessage: "Notifications in this browser" },
  notificationsAbout: {
    id: "settings.notificationsAbout",
    defaultMessage: "Of new messages, while no page of the chat is in sight. A chat can be muted in its details.",
  },
  notificationsDenied: {
    id: "settings.notificationsDenied",
    defaultMessage: "The browser does not let this page notify you. Allow it in the browser's own settings.",
  },
  notificationsUnable: { id: "settings.notificationsUnable", defaultMessage: "This browser cannot show them here." },
  singleKeys: { id: "settings.singleKeys", defaultMessage: "Shortcuts of a single key" },
  on: { id: "settings.on", defaultMessage: "On" },
  off: { id: "settings.off", defaultMessage: "Off" },

  password: { id: "settings.password", defaultMessage: "Password" },
  current: { id: "settings.current", defaultMessage: "Current password" },
  new: { id: "settings.new", defaultMessage: "New password" },
  newHint: { id: "settings.newHint", defaultMessage: "At least 8 characters. Your other sessions end." },
  change: { id: "settings.change", defaultMessage: "Change password" },
  changed: { id: "settings.changed", defaultMessage: "The password was changed." },

  sessions: { id: "settings.sessions", defaultMessage: "Where you are signed in" },
  here: { id: "settings.here", defaultMessage: "This session" },
  lastUsed: { id: "settings.lastUsed", defaultMessage: "Last used {when}" },
  unknownDevice: { id: "settings.unknownDevice", defaultMessage: "Unknown device" },
  end: { id: "settings.end", defaultMessage: "End" },
  endOf: { id: "settings.endOf", defaultMessage: "End the session on {device}" },

  removeAccount: { id: "settings.removeAccount", defaultMessage: "Remove account" },
  removeTitle: { id: "settings.removeTitle", defaultMessage: "Remove your account?" },
  removeText: {
    id: "settings.removeText",
    defaultMessage: "You are signed out everywhere and cannot come back. What you have written stays.",
  },
  about: { id: "settings.about", defaultMessage: "About" },
  version: { id: "settings.version", defaultMessage: "Version {version}" },
});
