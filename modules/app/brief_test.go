package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/id"
	"chat/modules/pg"
)

// What clients of the brief's API rely on, beside what the walk shows.

// TestTheActorArgumentIsTheViewer, and where nobody is named reads are unrestricted.
func TestTheActorArgumentIsTheViewer(t *testing.T) {
	w := newWorld(t)
	ann, bob, eve := w.user("ann"), w.user("bob"), w.user("eve")
	chat := w.group(ann, bob)
	w.send(chat, ann, "hello")
	for _, c := range []struct {
		name   string
		caller id.User
		query  string
		want   string
	}{
		{"the argument wins", eve, fmt.Sprintf(`{ unreadCount(chatId: "%s", userId: "%s") }`, chat, bob), `{"unreadCount":1}`},
		{"an argument that names nobody reads as nobody", bob, fmt.Sprintf(`{ unreadCount(chatId: "%s", userId: "garbage") }`, chat), `{"unreadCount":0}`},
		{"nobody has no chats", bob, `{ chatsByParticipant(userId: "garbage") { id } }`, `{"chatsByParticipant":[]}`},
		{"nobody sees every chat", id.User{}, `{ chats { name unreadCount readSeq } }`, `{"chats":[{"name":"group","unreadCount":0,"readSeq":0}]}`},
		{"a caller that does not exist is nobody", id.New[id.User](), `{ chats { name } }`, `{"chats":[]}`},
	} {
		if res := w.ask(w.as(c.caller), c.query, nil); string(res.Data) != c.want {
			t.Errorf("%s: %s %v, want %s", c.name, res.Data, res.Errors, c.want)
		}
	}
	for _, sender := range []string{"garbage", id.New[id.User]().String()} {
		res := w.ask(w.as(ann), sendDocument, vars{"c": chat.String(), "u": sender, "t": "x"})
		if len(res.Errors) == 0 || !strings.HasPrefix(res.Errors[0].Message, "User with ID") || !strings.HasSuffix(res.Errors[0].Message, "not found") {
			t.Errorf("a sender who is nobody: %+v", res.Errors)
		}
	}
}

// TestHeadersOfNobody: empty, malformed and unknown identity headers are nobody, on the wire.
func TestHeadersOfNobody(t *testing.T) {
	s := serveWorld(t, nil)
	ann := s.user("ann")
	s.group(ann, s.user("bob"))
	for _, header := range []string{"", "garbage", id.New[id.User]().String()} {
		_, _, body := s.do("POST", "/graphql", `{"query":"{ chats { id } users { email } me { id } }"}`, withHeader("user-id", header, "username", ""))
		if !strings.Contains(body, "UNAUTHENTICATED") {
			t.Errorf("user-id %q: %s", header, body)
		}
		_, _, body = s.do("POST", "/graphql", `{"query":"{ chats { id } users { email } }"}`, withHeader("user-id", header, "username", ""))
		if !strings.Contains(body, `"email":"ann@example.org"`) || strings.Contains(body, `"chats":[]`) {
			t.Errorf("user-id %q sees %s", header, body)
		}
	}
	_, _, body := s.do("POST", "/graphql", `{"query":"{ me { id } }"}`, withHeader("user-id", ann.String()))
	if !strings.Contains(body, ann.String()) {
		t.Errorf("the caller: %s", body)
	}
}

// TestAnyMarkClearsTheChat: clients mark every unread message, oldest first, all at once, and again until the count is 0.
func TestAnyMarkClearsTheChat(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	var messages []sent
	for n := range 20 {
		messages = append(messages, w.send(chat, ann, fmt.Sprint(n)))
	}
	mark := func(m sent) {
		w.must(w.as(bob), nil, `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id readAt } }`, vars{"m": m.ID.String()})
	}
	state := func() string {
		var out struct {
			Chat              struct{ UnreadCount, ReadSeq int }
			MessageReadStatus struct{ ReadByCount int }
		}
		w.must(w.as(bob), &out, `query($c: ID!, $m: ID!) { chat(id: $c) { unreadCount readSeq } messageReadStatus(messageId: $m) { readByCount } }`,
			vars{"c": chat.String(), "m": messages[10].ID.String()})
		return fmt.Sprintf("%d unread, read to %d, message 11 by %d", out.Chat.UnreadCount, out.Chat.ReadSeq, out.MessageReadStatus.ReadByCount)
	}
	mark(messages[4])
	if got := state(); got != "0 unread, read to 5, message 11 by 0" {
		t.Errorf("after a mark of the fifth: %s", got)
	}
	w.send(chat, ann, "new")
	var feed, moves int
	w.get(t, &feed, `SELECT seq FROM user_feeds WHERE user_id = $1`, bob)
	mark(messages[2])
	if got := state(); got != "0 unread, read to 5, message 11 by 0" {
		t.Errorf("after an older mark: %s", got)
	}
	w.get(t, &moves, `SELECT count(*) FROM message_reads WHERE chat_id = $1`, chat)
	var moved int
	w.get(t, &moved, `SELECT seq FROM user_feeds WHERE user_id = $1`, bob)
	if moves != 1 || moved != feed+1 {
		t.Errorf("an older mark that clears: %d moves, feed from %d to %d; want 1 move and the next number", moves, feed, moved)
	}
	var all sync.WaitGroup
	for _, m := range messages {
		for range 2 {
			all.Go(func() { mark(m) })
		}
	}
	all.Wait()
	if got := state(); got != "0 unread, read to 20, message 11 by 1" {
		t.Errorf("after marking everything at once, twice: %s", got)
	}
}

// TestPagesOfMessages: complete without arguments, oldest first, the newest page otherwise, and a cut that says so.
func TestPagesOfMessages(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	for n := range 5 {
		w.send(chat, ann, fmt.Sprint(n+1))
	}
	for arguments, want := range map[string]string{
		"":                         "1 2 3 4 5",
		", afterSeq: 2":            "3 4 5",
		", afterSeq: 1, limit: 2":  "2 3",
		", beforeSeq: 4":           "1 2 3",
		", beforeSeq: 5, limit: 2": "3 4",
		", limit: 3":               "3 4 5",
		", afterSeq: 5":            "",
	} {
		res := w.ask(w.as(bob), fmt.Sprintf(`{ messages(chatId: "%s"%s) { content } }`, chat, arguments), nil)
		var out struct{ Messages []struct{ Content string } }
		if err := json.Unmarshal(res.Data, &out); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range out.Messages {
			got = append(got, m.Content)
		}
		if strings.Join(got, " ") != want || res.Extensions != nil {
			t.Errorf("messages(…%s): %q %v, want %q", arguments, got, res.Extensions, want)
		}
	}
	for _, arguments := range []string{"afterSeq: 1, beforeSeq: 3", "afterSeq: 6", `afterSeq: "x"`, "limit: 0", "limit: 1001", "beforeSeq: -1"} {
		if code := w.code(w.as(bob), fmt.Sprintf(`{ messages(chatId: "%s", %s) { id } }`, chat, arguments), nil); code != "BAD_USER_INPUT" {
			t.Errorf("messages(%s): %q", arguments, code)
		}
	}
	if err := w.db.Tx(t.Context(), func(tx *pg.Tx) error {
		return tx.Exec(t.Context(), `INSERT INTO messages (id, chat_id, seq, number, version, sender_id, content, created_at)
			SELECT gen_random_uuid(), $1::uuid, n, n, n, $2::uuid, 'x', now() FROM generate_series(6, 10001) n`, chat, ann)
	}); err != nil {
		t.Fatal(err)
	}
	res := w.ask(w.as(bob), fmt.Sprintf(`{ messages(chatId: "%s") { seq } }`, chat), nil)
	var out struct{ Messages []struct{ Seq int } }
	if err := json.Unmarshal(res.Data, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Messages) != 10_000 || out.Messages[0].Seq != 2 || fmt.Sprint(res.Extensions["truncated"]) != "[messages]" {
		t.Errorf("10,001 messages: %d from %d, %v", len(out.Messages), out.Messages[0].Seq, res.Extensions)
	}
}

// TestASocketHoldsThousandsOfSubscriptions: one per own message, as those clients open.
func TestASocketHoldsThousandsOfSubscriptions(t *testing.T) {
	s := serveWorld(t, func(c *Config) { c.MetricsAddr = freeAddress(t) })
	ann, bob := s.user("ann"), s.user("bob")
	chat := s.group(ann, bob)
	message := s.send(chat, ann, "x")
	conn, _, err := s.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	write := func(m string) {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	write(hello)
	const many = 3_000
	for n := range many {
		write(fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"subscription { messageReadUpdated(messageId: \"%s\") { userId } }"}}`, n, message.ID))
	}
	s.awaitMetric("chat_live_subscriptions", many)
	s.must(s.as(bob), nil, `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id } }`, vars{"m": message.ID.String()})
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for len(seen) < many {
		_, data, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("after %d receipts: %v", len(seen), err)
		}
		var m struct{ ID, Type string }
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m.Type == "next" && seen[m.ID]:
			t.Fatalf("receipt %s came twice", m.ID)
		case m.Type == "next":
			seen[m.ID] = true
		case m.Type == "error":
			t.Fatalf("%s", data)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// awaitMetric waits until the process reports a value.
func (s *served) awaitMetric(name string, want int) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !s.reports(name, want); {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s does not reach %d", name, want)
		}
	}
}

// reports tells whether the process reports a value now.
func (s *served) reports(name string, value int) bool {
	s.t.Helper()
	res, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Contains(string(text), fmt.Sprintf("\n%s %d\n", name, value))
}

// TestSocketsLeaveNothing: complete right after subscribe, a thousand times, and sockets that are cut all at once.
func TestSocketsLeaveNothing(t *testing.T) {
	s := serveWorld(t, func(c *Config) { c.MetricsAddr = freeAddress(t) })
	ann := s.user("ann")
	chat := s.group(ann, s.user("bob"))
	subscribe := func(conn *websocket.Conn, n int) {
		m := fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"subscription { messageAdded(chatId: \"%s\") { id } }"}}`, n, chat)
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	connect := func() *websocket.Conn {
		conn, _, err := s.dialWS(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	one := connect()
	for n := range 1_000 {
		subscribe(one, n)
		if err := one.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":"%d","type":"complete"}`, n)); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitMetric("chat_live_subscriptions", 0)
	var many []*websocket.Conn
	for range 100 {
		conn := connect()
		for n := range 5 {
			subscribe(conn, n)
		}
		many = append(many, conn)
	}
	s.awaitMetric("chat_live_subscriptions", 500)
	for _, conn := range many {
		_ = conn.NetConn().Close()
	}
	s.awaitMetric("chat_live_subscriptions", 0)
	s.awaitMetric("chat_sockets_open", 1)
	_ = one.Close()
	s.awaitMetric("chat_sockets_open", 0)
}
