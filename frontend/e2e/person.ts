import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";

/** What the password of everybody is. */
export const password = "correct horse battery";

/** Somebody who uses the API without pages. */
export class Person {
  private constructor(
    readonly id: string,
    readonly username: string,
    readonly displayName: string,
    private readonly headers: Record<string, string>,
    /** Where calls go: senders, receivers and users may be apart. */
    private readonly urls: { user: string; sender: string; receiver: string },
  ) {}

  /** Makes an account, whose user name nobody else has unless it is given. */
  static async signUp(
    url: string | { user: string; sender: string; receiver: string },
    displayName: string,
    username = unique(displayName),
  ) {
    const urls = typeof url === "string" ? { user: url, sender: url, receiver: url } : url;
    const variables = { username, email: `${username}@example.org`, displayName, password };
    const { createUser } = await call<{ createUser: { id: string } }>(
      urls.user,
      "mutation($username: String!, $email: String!, $displayName: String, $password: String) { createUser(username: $username, email: $email, displayName: $displayName, password: $password) { id } }",
      variables,
    );
    const { login } = await call<{ login: { accessToken: string } }>(
      urls.user,
      "mutation($username: String!, $password: String!) { login(username: $username, password: $password) { accessToken } }",
      { username, password },
    );
    const headers = { authorization: `Bearer ${login.accessToken}` };
    return new Person(createUser.id, username, displayName, headers, urls);
  }

  /** Makes an account where everybody is believed. */
  static async join(url: string, displayName: string) {
    const username = unique(displayName);
    const { createUser } = await call<{ createUser: { id: string } }>(
      url,
      "mutation($username: String!, $email: String!, $displayName: String) { createUser(username: $username, email: $email, displayName: $displayName) { id } }",
      { username, email: `${username}@example.org`, displayName },
    );
    const urls = { user: url, sender: url, receiver: url };
    return new Person(createUser.id, username, displayName, { "user-id": createUser.id }, urls);
  }

  async direct(other: Person): Promise<string> {
    const { openDirectChat } = await this.write<{ openDirectChat: { id: string } }>(
      "mutation($id: ID!) { openDirectChat(userId: $id) { id } }",
      { id: other.id },
    );
    return openDirectChat.id;
  }

  async group(name: string, others: Person[], description = ""): Promise<string> {
    const input = { name, description, chatType: "group", participantIds: [this.id, ...others.map(({ id }) => id)] };
    const { createChat } = await this.write<{ createChat: { id: string } }>(
      "mutation($input: CreateChatInput!) { createChat(createChatInput: $input) { id } }",
      { input },
    );
    return createChat.id;
  }

  async send(chatId: string, content: string): Promise<string> {
    const { createMessage } = await this.write<{ createMessage: { id: string } }>(
      "mutation($input: CreateMessageInput!) { createMessage(createMessageInput: $input) { id } }",
      { input: { chatId, content, senderId: this.id } },
    );
    return createMessage.id;
  }

  async deleteMessage(id: string) {
    await this.write("mutation($id: ID!, $me: String) { removeMessage(id: $id, userId: $me) { id } }", {
      id,
      me: this.id,
    });
  }

  async remove(chatId: string, other: Person) {
    await this.write(
      "mutation($chatId: ID!, $id: String!) { removeParticipant(chatId: $chatId, userId: $id) { id } }",
      {
        chatId,
        id: other.id,
      },
    );
  }

  /** Deletes a chat for everybody. */
  async removeChat(chatId: string) {
    await this.write("mutation($id: ID!) { removeChat(id: $id) { id } }", { id: chatId });
  }

  /** Opens a socket, as another tab does, and gives what closes it. */
  async connect(): Promise<() => void> {
    const socket = new WebSocket(`${this.urls.receiver.replace(/^http/, "ws")}/graphql`, "graphql-transport-ws");
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: this.headers }));
    const [answer] = await once(socket, "message");
    if (JSON.parse(String(answer)).type !== "connection_ack") throw new Error(`not let in: ${answer}`);
    return () => socket.close();
  }

  /** Ends every session of this person, also those of pages. */
  async endSessions() {
    await call(this.urls.user, "mutation { logoutEverywhere }", {}, this.headers);
  }

  /** Whether an account was not removed. */
  async isActive(id: string): Promise<boolean> {
    const query = "query($id: ID!) { user(id: $id) { isActive } }";
    const { user } = await call<{ user: { isActive: boolean } }>(this.urls.user, query, { id }, this.headers);
    return user.isActive;
  }

  /** Runs a mutation on chats or messages. */
  write<T>(query: string, variables: Record<string, unknown>): Promise<T> {
    return call<T>(this.urls.sender, query, variables, this.headers);
  }

  /** Runs a query on chats or messages. */
  read<T>(query: string, variables: Record<string, unknown>): Promise<T> {
    return call<T>(this.urls.receiver, query, variables, this.headers);
  }
}

/** A user name like the name, that nobody else has. */
export function unique(name: string): string {
  return `${name.toLowerCase().replace(/\W+/g, ".")}.${randomBytes(4).toString("hex")}`;
}

interface Answer<T> {
  data: T;
  errors?: { extensions: { code: string; retryAfter?: number } }[];
}

/** Calls, and waits where it is asked to: hashing a password may take long on a machine that does much else. */
async function call<T>(
  url: string,
  query: string,
  variables: object,
  headers: Record<string, string> = {},
): Promise<T> {
  for (;;) {
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await answer.json()) as Answer<T>;
    if (!errors) return data;
    const { code, retryAfter } = errors[0]?.extensions ?? { code: "" };
    if (code !== "RATE_LIMITED" || !retryAfter) throw new Error(JSON.stringify(errors));
    await new Promise((resolve) => setTimeout(resolve, retryAfter * 1000));
  }
}
