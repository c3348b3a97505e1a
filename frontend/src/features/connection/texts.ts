import { defineMessages } from "react-intl";

export const texts = defineMessages({
  connected: { id: "connection.connected", defaultMessage: "Connected" },
  connectedTo: { id: "connection.connectedTo", defaultMessage: "Connected to: {sender} · {receiver}" },
  connecting: { id: "connection.connecting", defaultMessage: "Connecting…" },
  lost: { id: "connection.lost", defaultMessage: "No connection." },
  crowded: {
    id: "connection.crowded",
    defaultMessage: "You have chat open in too many tabs or on too many devices. Close one of them.",
  },
  crowdedShort: { id: "connection.crowdedShort", defaultMessage: "Too many connections" },
  nextTry: { id: "connection.nextTry", defaultMessage: "Next try in {seconds} s." },
  waitingShort: { id: "connection.waitingShort", defaultMessage: "Reconnecting in {seconds} s" },
  offline: { id: "connection.offline", defaultMessage: "You are offline. What you see may be old." },
  offlineShort: { id: "connection.offlineShort", defaultMessage: "Offline" },
  tryNow: { id: "connection.tryNow", defaultMessage: "Try now" },
  use: { id: "connection.use", defaultMessage: "Use {name}" },
  sender: { id: "connection.sender", defaultMessage: "Sender" },
  receiver: { id: "connection.receiver", defaultMessage: "Receiver" },
  automatic: { id: "connection.automatic", defaultMessage: "Automatic" },
  instances: { id: "connection.instances", defaultMessage: "Choose the instances" },
  more: { id: "connection.more", defaultMessage: "More on the connection" },
  lab: { id: "connection.lab", defaultMessage: "Test pages" },
  newVersion: { id: "connection.newVersion", defaultMessage: "The server has another version than this page." },
  reload: { id: "connection.reload", defaultMessage: "Reload" },
});
