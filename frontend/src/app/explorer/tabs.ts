import type { Say } from "../../lib/text";
import { texts } from "./texts";

/** What the explorer begins with: one request a tab, which need nothing but somebody who is signed in. */
export function examples(say: Say) {
  return [
    {
      query: `${comment(say(texts.begin))}query Health {
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
      query: `${comment(say(texts.send))}mutation Send($chat: String!) {
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
      query: `${comment(say(texts.news))}subscription News {
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
}

function comment(text: string): string {
  return `${text.replace(/^.*$/gm, "# $&")}\n`;
}
