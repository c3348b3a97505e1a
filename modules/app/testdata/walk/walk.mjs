// Walks through the product as a client would: Apollo Client over HTTP, graphql-ws over a WebSocket.
// Usage: node walk.mjs [--accounts] http://127.0.0.1:4000/graphql
//    or: node walk.mjs [--accounts] USERS SENDERS RECEIVERS, each the URLs of all instances of a role, separated by commas
//
// With --accounts everybody signs up and signs in at the user role, and says who they are elsewhere by an access token;
// without it they are believed, as clients of the brief's API are.
//
// Of several instances the mutations take turns, a query must be answered by all alike, and a subscription that is opened
// on all must give the same on all.
import assert from "node:assert/strict";
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const signed = process.argv.includes("--accounts");
const [user, sender = user, receiver = user] = process.argv
  .slice(2)
  .filter((argument) => argument !== "--accounts")
  .map((list) => list.split(","));
const instances = { user, sender, receiver };
const accounts = new Set(["users", "user", "userByUsername", "me", "createUser", "updateUser", "removeUser", "login", "logout"]);
const password = "correct horse";
const sockets = [];
const served = new Set();
const turns = new Map();

/** The field of an operation, and the instances that serve it. */
function route(document) {
  const [{ operation, selectionSet }] = document.definitions;
  const field = selectionSet.selections[0].name.value;
  const role = accounts.has(field) ? "user" : operation === "mutation" ? "sender" : "receiver";
  return { operation, field, urls: instances[role] };
}

/** The instance whose turn it is to execute a mutation. Not every field begins with the same one. */
function turn(field, urls) {
  const n = turns.get(field) ?? turns.size;
  turns.set(field, n + 1);
  const url = urls[n % urls.length];
  served.add(url);
  return url;
}

/** A client that says who it is, by the same in its headers and in the parameters of its connections. */
function connect(identity, { listens = true } = {}) {
  const closed = [];
  const live = new Map(
    (listens ? receiver : []).map((uri) => {
      const socket = createClient({ url: uri.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: identity, lazy: false });
      socket.on("closed", (event) => closed.push(event.code));
      sockets.push(socket);
      return [uri, new GraphQLWsLink(socket)];
    }),
  );
  const http = new HttpLink({ headers: identity }); // the uri is in the context of each operation
  const link = new ApolloLink((operation) =>
    (operation.operationType === "subscription" ? live.get(operation.getContext().uri) : http).request(operation),
  );
  const client = new ApolloClient({
    link,
    cache: new InMemoryCache(),
    queryDeduplication: false,
    defaultOptions: { query: { fetchPolicy: "no-cache" }, mutate: { fetchPolicy: "no-cache" } },
  });
  return Object.assign(client, { closed });
}

const nobody = connect(signed ? {} : { "user-id": "", username: "" });
const run = async (client, text, variables) => {
  const document = gql(text);
  const { operation, field, urls } = route(document);
  if (operation === "mutation") {
    const { data } = await client.mutate({ mutation: document, variables, context: { uri: turn(field, urls) } });
    return data;
  }
  const answers = [];
  for (const uri of urls) {
    const { data } = await client.query({ query: document, variables, context: { uri } });
    answers.push(data);
  }
  for (const other of answers) assert.deepEqual(other, answers[0], text);
  return answers[0];
};

/** Collects what a subscription gives; `until(n)` waits for the n-th on every instance. */
function listen(client, text, variables) {
  const query = gql(text);
  let wake = () => {};
  const all = receiver.map((uri) => {
    const got = [];
    client.subscribe({ query, variables, context: { uri } }).subscribe({
      next: ({ data, error }) => {
        assert.equal(error, undefined);
        got.push(Object.values(data)[0]);
        wake();
      },
      error: (error) => {
        console.error("subscription failed", text, error);
        process.exit(1);
      },
    });
    return got;
  });
  return {
    got: all[0],
    async until(n) {
      const deadline = Date.now() + 10_000;
      while (all.some((got) => got.length < n)) {
        assert.ok(Date.now() < deadline, `waited for ${n} of ${text}, have ${JSON.stringify(all)}`);
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, 100);
        });
      }
      const content = (got) => got.slice(0, n).map((value) => JSON.stringify(value)).sort();
      for (const got of all) assert.deepEqual(content(got), content(all[0]), text);
      return all[0];
    },
  };
}

/** Makes an account, at whichever instance has its turn. */
async function signUp(name, displayName) {
  const { createUser } = await run(
    nobody,
    `mutation ($u: String!, $e: String!, $d: String, $p: String) {
      createUser(username: $u, email: $e, displayName: $d, password: $p) { id username email displayName isActive createdAt }
    }`,
    { u: name, e: `${name.replace(" ", "")}@example.org`, d: displayName, ...(signed && { p: password }) },
  );
  assert.equal(createUser.username, name);
  return createUser.id;
}

/** A client of somebody who has an account. */
async function signIn(name, id, options) {
  if (!signed) return connect({ "user-id": id, username: "" }, options);
  const { login } = await run(nobody, `mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken user { id } } }`, {
    u: name,
    p: password,
  });
  assert.equal(login.user.id, id);
  return connect({ authorization: `Bearer ${login.accessToken}` }, options);
}

/** A subscription says nothing when it begins. */
const begun = () => new Promise((resolve) => setTimeout(resolve, receiver.length > 1 ? 1000 : 300));

// Users: both call forms, a taken name, the list.
const names = ["ann", "bob", "cid", "dee"];
const users = {};
for (const name of names) users[name] = await signUp(name, name.toUpperCase());
const secret = signed ? `, password: "${password}"` : "";
await assert.rejects(
  run(nobody, `mutation { createUser(createUserInput: { username: "ANN", email: "x@example.org"${secret} }) { id } }`),
  /Username already exists/,
);
await assert.rejects(
  run(nobody, `mutation { createUser(createUserInput: { username: "zoe", email: "Ann@Example.org"${secret} }) { id } }`),
  /Email already exists/,
);
const as = {};
for (const name of names) as[name] = await signIn(name, users[name]);

const list = `{ users { id username email } userByUsername(username: "BOB") { id } }`;
const listed = await run(signed ? as.ann : nobody, list);
assert.deepEqual(listed.users.map((u) => u.username), names);
assert.equal(listed.users[0].email, "ann@example.org");
assert.equal(listed.users[1].email, signed ? null : "bob@example.org");
assert.equal(listed.userByUsername.id, users.bob);
if (signed) await assert.rejects(run(nobody, list), /Not signed in/);

// A direct chat and a group, seen live by their members.
const added = listen(as.bob, `subscription ($u: String!) { chatAdded(userId: $u) { id name chatType participantIds } }`, { u: users.bob });
await begun();
const { createChat: direct } = await run(
  as.ann,
  `mutation ($p: [String!]!) { createChat(createChatInput: { name: "", description: "", chatType: "direct", participantIds: $p }) { id chatType participantIds createdBy } }`,
  { p: [users.ann, users.bob, users.ann] },
);
assert.equal(direct.participantIds.length, 2);
const { createChat: group } = await run(
  as.ann,
  `mutation ($p: [String!]!) { createChat(createChatInput: { name: "team", participantIds: $p }) { id name } }`,
  { p: [users.ann, users.bob, users.cid] },
);
assert.deepEqual((await added.until(2)).map((c) => c.id).sort(), [direct.id, group.id].sort());
const opened = await run(as.bob, `mutation ($u: ID!) { openDirectChat(userId: $u) { id } }`, { u: users.ann });
assert.equal(opened.openDirectChat.id, direct.id);

// Messages live, edited and deleted live, receipts once per reader.
const messages = listen(as.bob, `subscription ($c: ID!) { messageAdded(chatId: $c) { id content senderId chatId } }`, { c: direct.id });
const edits = listen(as.bob, `subscription ($c: ID!) { messageUpdated(chatId: $c) { id content isEdited } }`, { c: direct.id });
const deletions = listen(as.bob, `subscription ($c: ID!) { messageDeleted(chatId: $c) { id chatId content isDeleted } }`, { c: direct.id });
const log = listen(as.bob, `subscription ($c: ID!) { chatEvents(chatId: $c, afterSeq: 0) { seq kind } }`, { c: direct.id });
const counts = listen(as.bob, `subscription ($u: String!) { unreadCountUpdated(userId: $u) { chatId userId unreadCount } }`, { u: users.bob });
await begun();
const send = (from, chat, content, key) =>
  run(
    as[from],
    `mutation ($i: CreateMessageInput!) { createMessage(createMessageInput: $i) { id seq content senderId chatId isEdited createdAt clientMessageId } }`,
    { i: { content, senderId: users[from], chatId: chat, ...(key && { clientMessageId: key }) } },
  ).then((data) => data.createMessage);
const hello = await send("ann", direct.id, "hello", "key-1");
assert.equal((await send("ann", direct.id, "hello", "key-1")).id, hello.id);
assert.equal((await messages.until(1))[0].content, "hello");
assert.equal((await counts.until(1))[0].unreadCount, 1);
const reads = listen(as.ann, `subscription ($m: ID!) { messageReadUpdated(messageId: $m) { messageId userId readAt } }`, { m: hello.id });
await begun();
const mark = `mutation ($m: ID!, $u: String!) { markMessageAsRead(messageId: $m, userId: $u) { id messageId userId readAt } }`;
const [first, second] = await Promise.all([1, 2].map(() => run(as.bob, mark, { m: hello.id, u: users.bob })));
assert.deepEqual(first, second);
assert.equal((await reads.until(1))[0].userId, users.bob);
assert.equal((await counts.until(2)).at(-1).unreadCount, 0);
const { messageReadStatus: status } = await run(
  as.ann,
  `query ($m: ID!) { messageReadStatus(messageId: $m) { totalParticipants readByCount isFullyRead readByUsers { userId readAt } } }`,
  { m: hello.id },
);
assert.deepEqual([status.totalParticipants, status.readByCount, status.isFullyRead], [1, 1, true]);
await assert.rejects(
  run(as.bob, `mutation ($m: ID!, $u: String!) { updateMessage(id: $m, content: "no", userId: $u) { id } }`, { m: hello.id, u: users.bob }),
  /Only the sender can edit this message/,
);
await run(as.ann, `mutation ($m: ID!, $u: String!) { updateMessage(id: $m, content: "hello again", userId: $u) { id isEdited editedAt } }`, { m: hello.id, u: users.ann });
assert.deepEqual((await edits.until(1))[0].content, "hello again");
await run(as.ann, `mutation ($m: ID!, $u: String!) { removeMessage(id: $m, userId: $u) { id } }`, { m: hello.id, u: users.ann });
assert.equal((await deletions.until(1))[0].id, hello.id);
assert.deepEqual((await log.until(3)).map((e) => [e.seq, e.kind]), [
  [1, "MESSAGE_ADDED"],
  [2, "MESSAGE_UPDATED"],
  [3, "MESSAGE_DELETED"],
]);

// Members come and go, and everybody is told.
const shape = listen(as.cid, `subscription ($u: String!) { chatUpdated(userId: $u) { id name participantIds } }`, { u: users.cid });
await begun();
await run(as.cid, `mutation ($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`, { c: group.id, u: users.dee });
assert.equal((await shape.until(1))[0].participantIds.length, 4);
await run(as.ann, `mutation ($c: ID!) { updateChat(id: $c, name: "crew") { name } }`, { c: group.id });
assert.equal((await shape.until(2))[1].name, "crew");
await run(as.ann, `mutation ($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, { c: group.id, u: users.cid });
assert.deepEqual((await shape.until(3))[2].participantIds, []);
await assert.rejects(run(as.cid, `query ($c: ID!) { chat(id: $c) { id } }`, { c: group.id }), /Chat with ID .* not found/);

// Unread counts are exact under many concurrent senders, in a group of as many; with accounts of few, because sign-ups are limited.
const crowd = [];
for (let n = 0; n < (signed ? 10 : 50); n++) {
  const id = await signUp(`crowd ${n}`);
  crowd.push({ id, client: signed ? await signIn(`crowd ${n}`, id, { listens: false }) : nobody });
}
const { createChat: busy } = await run(
  as.ann,
  `mutation ($p: [String!]!) { createChat(createChatInput: { name: "busy", participantIds: $p }) { id } }`,
  { p: [users.ann, ...crowd.map(({ id }) => id)] },
);
const stream = listen(as.ann, `subscription ($c: ID!) { messageAdded(chatId: $c) { seq content } }`, { c: busy.id });
await begun();
const each = 200 / crowd.length;
await Promise.all(
  crowd.map(async ({ id, client }, n) => {
    for (let k = 0; k < each; k++) {
      await run(client, `mutation ($i: CreateMessageInput!) { createMessage(createMessageInput: $i) { id } }`, {
        i: { content: `${n}/${k}`, senderId: id, chatId: busy.id },
      });
    }
  }),
);
assert.deepEqual((await stream.until(200)).map((m) => m.seq), Array.from({ length: 200 }, (_, n) => n + 1));
const { unreadCount } = await run(as.ann, `query ($c: ID!, $u: String!) { unreadCount(chatId: $c, userId: $u) }`, { c: busy.id, u: users.ann });
assert.equal(unreadCount, 200);
const { unreadCounts } = await run(crowd[7].client, `query ($u: String!) { unreadCounts(userId: $u) { id chatId userId unreadCount } }`, { u: crowd[7].id });
assert.equal(unreadCounts[0].unreadCount, 200 - each);
const { messages: history } = await run(as.ann, `query ($c: ID!) { messages(chatId: $c) { seq content } }`, { c: busy.id });
assert.deepEqual(history.map((m) => m.seq), Array.from({ length: 200 }, (_, n) => n + 1));
const last = stream.got.at(-1);
const { markChatRead } = await run(as.ann, `mutation ($c: ID!, $s: Seq!) { markChatRead(chatId: $c, upToSeq: $s) { unreadCount } }`, { c: busy.id, s: last.seq });
assert.equal(markChatRead.unreadCount, 0);

// Who signs out at one instance has signed out everywhere: sockets are closed, and the token is worth nothing.
if (signed) {
  await run(as.dee, `mutation { logout }`);
  for (const deadline = Date.now() + 5_000; as.dee.closed.filter((code) => code === 4403).length < receiver.length; ) {
    assert.ok(Date.now() < deadline, `after signing out the sockets were closed with ${as.dee.closed}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const uri of new Set([...user, ...sender, ...receiver])) {
    const deadline = Date.now() + 2_000;
    let refused;
    while (!refused && Date.now() < deadline) {
      refused = await as.dee.query({ query: gql`{ health }`, context: { uri } }).then(() => null, (error) => error);
    }
    assert.equal(refused?.statusCode, 401, `${uri} after signing out: ${refused}`);
  }
}

for (const url of [...user, ...sender]) assert.ok(served.has(url), `${url} has executed no mutation`);
for (const socket of sockets) socket.dispose();
console.log("walked");
process.exit(0);
