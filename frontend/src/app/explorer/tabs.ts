/** What the explorer begins with: one request a tab, which need nothing but somebody who is signed in. */
export const tabs = [
  {
    query: `# Ctrl+Enter runs it. Docs and history are on the left;
# who you are is at the top.
query Health {
  health
}
`,
  },
  {
    query: `query Chats {
  me {
    username
  }
  chats {
    id
    name
    participants {
      username
    }
    unreadCount
    lastMessage {
      content
    }
  }
}
`,
  },
  {
    query: `mutation NewChat($name: String!) {
  createChat(createChatInput: { name: $name, participantIds: [] }) {
    id
    name
  }
}
`,
    variables: `{
  "name": "Explored"
}
`,
  },
  {
    query: `# Chats and NewChat answer with ids of chats.
# The same clientMessageId twice sends once.
mutation Send($chat: String!) {
  createMessage(createMessageInput: { chatId: $chat, content: "Hello", clientMessageId: "hello" }) {
    id
    seq
    content
  }
}
`,
    variables: `{
  "chat": ""
}
`,
  },
  {
    query: `# Goes on until it is stopped: whatever is said in your chats.
subscription News {
  messageUpdateForChatList(own: true) {
    content
    isDeleted
    sender {
      username
    }
    chat {
      name
    }
  }
}
`,
  },
];
