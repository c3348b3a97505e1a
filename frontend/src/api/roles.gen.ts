// Made by npm run codegen from chat schema --role=….

export type Role = "user" | "sender" | "receiver";

/** The role that serves each root field. */
export const roles: Record<"query" | "mutation" | "subscription", Record<string, Role>> = {
  query: {
    users: "user",
    user: "user",
    userByUsername: "user",
    me: "user",
    sessions: "user",
    chats: "receiver",
    chat: "receiver",
    chatsByParticipant: "receiver",
    messages: "receiver",
    message: "receiver",
    messageReadStatus: "receiver",
    unreadCounts: "receiver",
    unreadCount: "receiver"
  },
  mutation: {
    createUser: "user",
    updateUser: "user",
    removeUser: "user",
    login: "user",
    refreshToken: "user",
    logout: "user",
    logoutEverywhere: "user",
    changePassword: "user",
    revokeSession: "user",
    createChat: "sender",
    openDirectChat: "sender",
    updateChat: "sender",
    addParticipant: "sender",
    addParticipants: "sender",
    removeParticipant: "sender",
    leaveChat: "sender",
    removeChat: "sender",
    createMessage: "sender",
    updateMessage: "sender",
    removeMessage: "sender",
    markMessageAsRead: "sender",
    markChatRead: "sender"
  },
  subscription: {
    chatEvents: "receiver",
    messageAdded: "receiver",
    messageUpdated: "receiver",
    messageDeleted: "receiver",
    chatAdded: "receiver",
    chatUpdated: "receiver",
    chatMessageNotification: "receiver",
    messageUpdateForChatList: "receiver",
    messageReadUpdated: "receiver",
    unreadCountUpdated: "receiver"
  }
};
