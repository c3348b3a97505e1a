import { defineMessages } from "react-intl";

export const texts = defineMessages({
  pages: { id: "lab.pages", defaultMessage: "Test pages" },
  pagesAbout: {
    id: "lab.pagesAbout",
    defaultMessage:
      "They show this installation at work, on the instances that you choose. They make people and chats of their own and remove them when you leave.",
  },
  back: { id: "lab.back", defaultMessage: "Back to the chats" },
  messaging: { id: "lab.messaging", defaultMessage: "Messages between two panes" },
  messagingShort: { id: "lab.messagingShort", defaultMessage: "Messages" },
  messagingAbout: {
    id: "lab.messagingAbout",
    defaultMessage:
      "Two people, or one twice, in one chat on different instances. Every message is timed, and whatever a pane misses has to come when it goes on.",
  },
  unread: { id: "lab.unread", defaultMessage: "Unread indicators" },
  unreadShort: { id: "lab.unreadShort", defaultMessage: "Unread" },
  unreadAbout: {
    id: "lab.unreadAbout",
    defaultMessage:
      "Unread counts on two panes. What somebody else writes counts up; what is read at one pane is read at the other one of the same person.",
  },
  run: { id: "lab.run", defaultMessage: "Automated run" },
  runShort: { id: "lab.runShort", defaultMessage: "Run" },
  runAbout: {
    id: "lab.runAbout",
    defaultMessage:
      "Goes through the whole API from this browser: people, chats, messages, read state, members, subscriptions and errors, and measures how long deliveries take.",
  },

  you: { id: "lab.you", defaultMessage: "You" },
  ada: { id: "lab.ada", defaultMessage: "Ada" },
  ben: { id: "lab.ben", defaultMessage: "Ben" },
  cleo: { id: "lab.cleo", defaultMessage: "Cleo" },
  person: { id: "lab.person", defaultMessage: "Person" },
  user: { id: "lab.user", defaultMessage: "User service" },
  sender: { id: "lab.sender", defaultMessage: "Sender" },
  receiver: { id: "lab.receiver", defaultMessage: "Receiver" },
  pane: { id: "lab.pane", defaultMessage: "Pane {n}" },
  paneOf: { id: "lab.paneOf", defaultMessage: "Pane {n}: {name}" },
  start: { id: "lab.start", defaultMessage: "Start" },
  startAbout: {
    id: "lab.startAbout",
    defaultMessage: "Ada, Ben and Cleo are made for the tests. They and the test chats are removed when you leave.",
  },
  end: { id: "lab.end", defaultMessage: "End" },
  connected: { id: "lab.connected", defaultMessage: "Connected" },
  away: { id: "lab.away", defaultMessage: "Not connected" },

  messagingChat: { id: "lab.messagingChat", defaultMessage: "Test: messages" },
  conversation: { id: "lab.conversation", defaultMessage: "Conversation" },
  noMessages: { id: "lab.noMessages", defaultMessage: "Nothing yet. Write something, here or in the other pane." },
  message: { id: "lab.message", defaultMessage: "Message" },
  send: { id: "lab.send", defaultMessage: "Send" },
  sendMany: { id: "lab.sendMany", defaultMessage: "Send {count}" },
  example: { id: "lab.example", defaultMessage: "Message {n}" },
  seq: { id: "lab.seq", defaultMessage: "seq {seq, number}" },
  answered: { id: "lab.answered", defaultMessage: "answered in {time}" },
  arrived: { id: "lab.arrived", defaultMessage: "here after {time}" },
  arrivedLate: { id: "lab.arrivedLate", defaultMessage: "here after {time}, with a resume" },
  drop: { id: "lab.drop", defaultMessage: "Drop the socket" },
  skip: { id: "lab.skip", defaultMessage: "Skip live news" },
  listen: { id: "lab.listen", defaultMessage: "Listen again" },
  troubleAbout: {
    id: "lab.troubleAbout",
    defaultMessage:
      "A dropped socket is closed and made again after {seconds, number} s. Skipping throws away here what the receiver sends.",
  },
  skipping: {
    id: "lab.skipping",
    defaultMessage:
      "{count, plural, =0 {No rows} one {# row} other {# rows}} thrown away so far. Listening again subscribes anew, after the last seq that was kept.",
  },
  check: { id: "lab.check", defaultMessage: "What has come" },
  checkNone: { id: "lab.checkNone", defaultMessage: "No rows yet." },
  checkAll: {
    id: "lab.checkAll",
    defaultMessage:
      "Up to seq {last, number}: {missing, plural, =0 {none missing} other {# missing}}, {doubled, plural, =0 {none doubled} other {# doubled}}.",
  },
  resumes: { id: "lab.resumes", defaultMessage: "Resumes" },
  resuming: {
    id: "lab.resuming",
    defaultMessage:
      "{why, select, skipped {Listening again} other {Connected again}}: resuming after seq {after, number}, {came, plural, one {# row} other {# rows}} so far.",
  },
  resumedNone: {
    id: "lab.resumedNone",
    defaultMessage:
      "{why, select, skipped {Listening again} other {Connected again}}: resumed after seq {after, number}. Nothing had been missed.",
  },
  resumed: {
    id: "lab.resumed",
    defaultMessage:
      "{why, select, skipped {Listening again} other {Connected again}}: resumed after seq {after, number}, {came, plural, one {# row} other {# rows}} came, up to {upTo, number}. {missing, plural, =0 {None missing} other {# missing}}, {doubled, plural, =0 {none doubled} other {# doubled}}.",
  },

  latency: { id: "lab.latency", defaultMessage: "From sending to delivery" },
  latencyNone: { id: "lab.latencyNone", defaultMessage: "Nothing was sent yet." },
  latencyAbout: {
    id: "lab.latencyAbout",
    defaultMessage: "By the clock of this page: from the press of the button until a receiver’s row is here.",
  },
  latencyTable: { id: "lab.latencyTable", defaultMessage: "In numbers" },
  way: { id: "lab.way", defaultMessage: "Route" },
  wayOf: { id: "lab.wayOf", defaultMessage: "{sender} → {receiver}" },
  messages: { id: "lab.messages", defaultMessage: "Messages" },
  median: { id: "lab.median", defaultMessage: "Median" },
  p95: { id: "lab.p95", defaultMessage: "95 of 100" },
  longest: { id: "lab.longest", defaultMessage: "Longest" },
  messageNumber: { id: "lab.messageNumber", defaultMessage: "Message" },
  milliseconds: { id: "lab.milliseconds", defaultMessage: "Milliseconds" },

  firstChat: { id: "lab.firstChat", defaultMessage: "Test: harbour" },
  secondChat: { id: "lab.secondChat", defaultMessage: "Test: lighthouse" },
  writer: { id: "lab.writer", defaultMessage: "{name} writes" },
  writerAbout: { id: "lab.writerAbout", defaultMessage: "Somebody who sits at neither pane, at other instances." },
  writeIn: { id: "lab.writeIn", defaultMessage: "Write in “{name}”" },
  write: { id: "lab.write", defaultMessage: "Write" },
  markRead: { id: "lab.markRead", defaultMessage: "Mark as read" },
  unreadCount: {
    id: "lab.unreadCount",
    defaultMessage: "{count, plural, =0 {Nothing unread} one {# unread message} other {# unread messages}}",
  },
  changedAfter: { id: "lab.changedAfter", defaultMessage: "{time} after the last press" },

  side: {
    id: "lab.side",
    defaultMessage: "{name, select, ada {Ada’s instances} other {Ben’s and Cleo’s instances}}",
  },
  runStart: { id: "lab.runStart", defaultMessage: "Run everything" },
  runStop: { id: "lab.runStop", defaultMessage: "Stop" },
  runPeople: {
    id: "lab.runPeople",
    defaultMessage: "Ada, Ben and Cleo are made for it, and removed when you leave the test pages.",
  },
  results: { id: "lab.results", defaultMessage: "Results" },
  notRun: { id: "lab.notRun", defaultMessage: "Not run yet." },
  tally: { id: "lab.tally", defaultMessage: "{passed, number} passed, {failed, number} failed" },
  progress: { id: "lab.progress", defaultMessage: "{ended, number} of {all, number} · {time}" },
  waiting: { id: "lab.waiting", defaultMessage: "(to be done)" },
  running: { id: "lab.running", defaultMessage: "(running)" },
  passed: { id: "lab.passed", defaultMessage: "(passed)" },
  failed: { id: "lab.failed", defaultMessage: "(failed)" },
  omitted: { id: "lab.omitted", defaultMessage: "(left out)" },
  omittedShort: { id: "lab.omittedShort", defaultMessage: "not here" },
  looked: { id: "lab.looked", defaultMessage: "Looked at" },
  expected: { id: "lab.expected", defaultMessage: "Expected" },
  got: { id: "lab.got", defaultMessage: "Got" },

  groupUsers: { id: "lab.groupUsers", defaultMessage: "People" },
  checkHealth: { id: "lab.checkHealth", defaultMessage: "Every chosen instance says that it is well" },
  checkFind: { id: "lab.checkFind", defaultMessage: "Somebody is found by id, by name and by search" },
  checkProfile: { id: "lab.checkProfile", defaultMessage: "A changed name is seen at the other user service" },
  checkTaken: { id: "lab.checkTaken", defaultMessage: "A taken user name is refused" },
  checkSession: { id: "lab.checkSession", defaultMessage: "Signing in, going on and signing out" },
  checkRemoveUser: { id: "lab.checkRemoveUser", defaultMessage: "An account is made and removed" },

  groupChats: { id: "lab.groupChats", defaultMessage: "Chats" },
  checkDirect: { id: "lab.checkDirect", defaultMessage: "Two people have one direct chat, whoever opens it" },
  checkGroup: { id: "lab.checkGroup", defaultMessage: "A new group comes to its members, at both receivers" },
  checkRename: { id: "lab.checkRename", defaultMessage: "A new name comes to everybody" },
  checkRemoveChat: { id: "lab.checkRemoveChat", defaultMessage: "A removed chat is unlisted and takes nothing" },

  groupMessages: { id: "lab.groupMessages", defaultMessage: "Messages" },
  checkSend: { id: "lab.checkSend", defaultMessage: "A message is answered, heard and read at both receivers" },
  checkRepeat: { id: "lab.checkRepeat", defaultMessage: "Repeated sends at both senders are one message" },
  checkEdit: { id: "lab.checkEdit", defaultMessage: "An edit is heard, and shown as one" },
  checkDelete: { id: "lab.checkDelete", defaultMessage: "A deleted message leaves its place and no content" },
  checkPages: { id: "lab.checkPages", defaultMessage: "A page of messages begins after a seq" },
  checkNotified: { id: "lab.checkNotified", defaultMessage: "Streams of a person’s chats name what is new" },
  checkOrder: { id: "lab.checkOrder", defaultMessage: "Two senders at once make one order without holes" },

  groupReading: { id: "lab.groupReading", defaultMessage: "Read state" },
  checkUnread: { id: "lab.checkUnread", defaultMessage: "Unread messages are counted, and the count is heard" },
  checkReceipts: { id: "lab.checkReceipts", defaultMessage: "Who has read a message is told to its sender" },
  checkMarkChat: { id: "lab.checkMarkChat", defaultMessage: "A chat that was read has nothing unread" },
  checkBack: { id: "lab.checkBack", defaultMessage: "A position never moves back" },

  groupMembers: { id: "lab.groupMembers", defaultMessage: "Members" },
  checkAdd: { id: "lab.checkAdd", defaultMessage: "Who is added hears of it and sees the history" },
  checkRemove: { id: "lab.checkRemove", defaultMessage: "Who is removed hears that, and nothing after" },
  checkLeave: { id: "lab.checkLeave", defaultMessage: "Who leaves sees the chat no more" },

  groupSubscriptions: { id: "lab.groupSubscriptions", defaultMessage: "Subscriptions" },
  checkResume: { id: "lab.checkResume", defaultMessage: "What one receiver began goes on at the other" },
  checkDrop: { id: "lab.checkDrop", defaultMessage: "A dropped socket misses and repeats nothing" },
  checkReplay: { id: "lab.checkReplay", defaultMessage: "The log can be heard from its beginning" },
  checkResync: { id: "lab.checkResync", defaultMessage: "A seq that is not reached yet is refused" },

  groupErrors: { id: "lab.groupErrors", defaultMessage: "Errors" },
  checkOutsider: { id: "lab.checkOutsider", defaultMessage: "To an outsider a chat does not exist" },
  checkOwn: { id: "lab.checkOwn", defaultMessage: "Only its sender changes a message" },
  checkInput: { id: "lab.checkInput", defaultMessage: "An empty message is refused, with the field’s name" },
  checkActor: { id: "lab.checkActor", defaultMessage: "Nobody writes as somebody else" },
  checkToken: { id: "lab.checkToken", defaultMessage: "A bad token is refused" },
  checkAnonymous: { id: "lab.checkAnonymous", defaultMessage: "Without credentials nobody is signed in" },
  checkRole: { id: "lab.checkRole", defaultMessage: "The wrong role names the right one" },
  checkDocument: { id: "lab.checkDocument", defaultMessage: "An unknown field is refused" },

  groupLatency: { id: "lab.groupLatency", defaultMessage: "Latency" },
  checkLatency: { id: "lab.checkLatency", defaultMessage: "Every sender reaches every receiver" },
});
