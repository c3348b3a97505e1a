package app

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/pgtest"
)

// TestARepeatedSendIsOneMessage: the same key and content gives the original, however often, side by side, after an edit,
// a deletion and a removal, and by a process that was started anew.
func TestARepeatedSendIsOneMessage(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat, other := w.group(ann, bob), w.group(ann, bob)
	again := newWorldOn(t, w.db)
	var first atomic.Pointer[id.Message]
	var repeats sync.WaitGroup
	for n := range 50 {
		repeats.Go(func() {
			var out struct{ CreateMessage sent }
			on := []*world{w, again}[n%2]
			on.must(on.as(bob), &out, sendDocument, sendVars(chat, bob, "hello", "k"))
			if !first.CompareAndSwap(nil, &out.CreateMessage.ID) && *first.Load() != out.CreateMessage.ID {
				t.Errorf("a repeat answered %s, the first %s", out.CreateMessage.ID, *first.Load())
			}
		})
	}
	repeats.Wait()
	var rows int
	w.get(t, &rows, `SELECT count(*) FROM events WHERE chat_id = $1`, chat)
	if rows != 1 {
		t.Errorf("50 repeats left %d rows in the log, want 1", rows)
	}
	repeat := func(what, content, want string) {
		t.Helper()
		var out struct{ CreateMessage sent }
		w.must(w.as(bob), &out, sendDocument, sendVars(chat, bob, content, "k"))
		if out.CreateMessage.ID != *first.Load() || out.CreateMessage.Content != want {
			t.Errorf("a repeat after %s: %+v", what, out.CreateMessage)
		}
	}
	message := vars{"m": first.Load().String()}
	w.must(w.as(bob), nil, `mutation($m: ID!) { updateMessage(id: $m, content: "edited") { id } }`, message)
	repeat("an edit", "hello", "edited")
	if code := w.code(w.as(bob), sendDocument, sendVars(chat, bob, "edited", "k")); code != "IDEMPOTENCY_MISMATCH" {
		t.Errorf("the key with other content: %q", code)
	}
	w.must(w.as(bob), nil, `mutation($m: ID!) { removeMessage(id: $m) { id } }`, message)
	repeat("the deletion", "hello", "")
	w.must(w.as(bob), nil, `mutation($c: ID!) { leaveChat(chatId: $c) }`, vars{"c": chat.String()})
	repeat("leaving", "hello", "")
	w.must(w.as(ann), nil, `mutation($c: ID!) { removeChat(id: $c) { id } }`, vars{"c": chat.String()})
	repeat("the chat's removal", "hello", "")
	for _, elsewhere := range []vars{sendVars(chat, ann, "hello", "k"), sendVars(other, bob, "hello", "k")} {
		if code := w.code(w.as(bob), sendDocument, elsewhere); code != "" && code != "CONFLICT" {
			t.Errorf("the key by another sender or in another chat: %q", code)
		}
	}
}

// TestNothingOfARemovedMemberFollowsTheRemoval, however close they come.
func TestNothingOfARemovedMemberFollowsTheRemoval(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	for round := range 5 {
		bob := w.user(fmt.Sprint("bob ", round))
		chat := w.group(ann, bob)
		var busy sync.WaitGroup
		for n := range 20 {
			busy.Go(func() {
				if code := w.code(w.as(bob), sendDocument, sendVars(chat, bob, fmt.Sprint(n), "")); code != "" && code != notFound {
					t.Errorf("a send beside a removal: %s", code)
				}
			})
		}
		busy.Go(func() {
			w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": bob.String()})
		})
		busy.Wait()
		var late int
		w.get(t, &late, `SELECT count(*) FROM events e WHERE e.chat_id = $1 AND e.kind = 1 AND e.seq > (SELECT seq FROM events r WHERE r.chat_id = $1 AND r.kind = 5)`, chat)
		if late != 0 {
			t.Errorf("%d messages of a removed member follow the removal", late)
		}
	}
}

// TestRacingChangesOfAMessageHaveOneWinner: edits and deletions side by side end in the state of the newest version.
func TestRacingChangesOfAMessageHaveOneWinner(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	m := w.send(chat, ann, "first")
	var race sync.WaitGroup
	for n := range 30 {
		race.Go(func() {
			v := vars{"m": m.ID.String(), "t": fmt.Sprint("edit ", n)}
			query := `mutation($m: ID!, $t: String!) { updateMessage(id: $m, content: $t) { id } }`
			if n == 20 {
				query, v = `mutation($m: ID!) { removeMessage(id: $m) { id } }`, vars{"m": m.ID.String()}
			}
			if code := w.code(w.as(ann), query, v); code != "" && code != notFound {
				t.Errorf("a racing change: %s", code)
			}
		})
	}
	race.Wait()
	var ok bool
	w.get(t, &ok, `SELECT m.content = '' AND m.deleted_at IS NOT NULL AND m.version = c.last_seq AND (SELECT kind FROM events WHERE chat_id = c.id AND seq = m.version) = 3
		FROM messages m JOIN chats c ON c.id = m.chat_id WHERE m.id = $1`, m.ID)
	if !ok {
		t.Error("the message is not as the last row of the log says")
	}
	for _, query := range []string{`query($m: ID!) { message(id: $m) { content isDeleted } }`} {
		res := w.ask(w.as(bob), query, vars{"m": m.ID.String()})
		if got := string(res.Data); got != `{"message":{"content":"","isDeleted":true}}` {
			t.Errorf("the tombstone: %s", got)
		}
	}
}

// TestContentIsKeptByteForByte, or refused by the documented limits; a refused call changes nothing.
func TestContentIsKeptByteForByte(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	for _, text := range []string{
		"plain", "  around  ", "line\nline\r\n\ttab", "\u202egpj.exe", "a\u200bb", "e" + strings.Repeat("\u0301", 10_000), "<script>alert(1)</script>",
		"[x](javascript:alert(1))", "{{constructor.constructor('x')()}}", "'; DROP TABLE messages; --", "\\x00 \\u0000 %s $1",
		strings.Repeat("ü", 20_000), strings.Repeat("👩\u200d👩\u200d👧", 4_000), " " + strings.Repeat("x", 20_000) + " ",
	} {
		if got := w.send(chat, ann, text); got.Content != text {
			t.Errorf("%.40q was kept as %.40q", text, got.Content)
		}
	}
	var before int64
	w.get(t, &before, `SELECT last_seq FROM chats WHERE id = $1`, chat)
	for name, text := range map[string]string{
		"empty": "", "white space": " \n\t\u3000", "NUL": "a\x00b", "20,001 characters": strings.Repeat("x", 20_001),
		"1 MB": strings.Repeat("x", 1<<20), "1 MB of white space": "x" + strings.Repeat(" ", 1<<20), "not UTF-8": "a\xffb",
	} {
		if code := w.code(w.as(ann), sendDocument, sendVars(chat, ann, text, "")); code != "BAD_USER_INPUT" {
			t.Errorf("content %s: %q", name, code)
		}
	}
	for _, key := range []string{strings.Repeat("k", 65), "a\x00"} {
		if code := w.code(w.as(ann), sendDocument, sendVars(chat, ann, "x", key)); code != "BAD_USER_INPUT" {
			t.Errorf("key %.10q: %q", key, code)
		}
	}
	var after int64
	w.get(t, &after, `SELECT last_seq FROM chats WHERE id = $1`, chat)
	if before != after {
		t.Errorf("refused sends moved the log from %d to %d", before, after)
	}
}

// TestOneBadChangeFailsAlone: a row that PostgreSQL refuses fails its caller and nobody else in the batch.
func TestOneBadChangeFailsAlone(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	chat := w.group(ann, w.user("bob"))
	if err := w.db.Tx(t.Context(), func(tx *pg.Tx) error {
		return tx.Exec(t.Context(), `ALTER TABLE messages ADD CONSTRAINT poison CHECK (content <> 'poison')`)
	}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			text, want := fmt.Sprint(n), ""
			if n%16 == 7 {
				text, want = "poison", "INTERNAL_SERVER_ERROR"
			}
			if code := w.code(w.as(ann), sendDocument, sendVars(chat, ann, text, "")); code != want {
				t.Errorf("%s: %q, want %q", text, code, want)
			}
		})
	}
	all.Wait()
	var ok bool
	w.get(t, &ok, `SELECT last_seq = 60 AND message_count = 60 FROM chats WHERE id = $1`, chat)
	if !ok {
		t.Error("60 good messages did not get 60 numbers")
	}
}

// lossy is a proxy to PostgreSQL that can swallow the answer to a COMMIT: the transaction is stored, and the connection
// ends.
type lossy struct {
	t       *testing.T
	target  string
	url     string
	swallow atomic.Int32 // how many more answers
	end     atomic.Int32 // how a connection ends whose answer is swallowed: an ending
	lost    atomic.Int32
	down    atomic.Bool // refuses connections
	silent  atomic.Bool // passes no answer on
	conns   sync.Map    // net.Conn -> struct{}

	statements atomic.Int64 // that clients have sent
}

// counter counts the statements in what a client sends: every message that binds one, or that brings one as text.
type counter struct {
	n       *atomic.Int64
	started bool   // the first message has no type
	head    []byte // of a message, until it is whole
	rest    int    // bytes of a message that are still to come
}

func (c *counter) see(data []byte) {
	for len(data) > 0 {
		if c.rest > 0 {
			skip := min(c.rest, len(data))
			c.rest, data = c.rest-skip, data[skip:]
			continue
		}
		if !c.started && len(c.head) == 0 {
			c.head, c.started = append(c.head, 0), true
		}
		take := min(5-len(c.head), len(data))
		c.head, data = append(c.head, data[:take]...), data[take:]
		if len(c.head) < 5 {
			continue
		}
		if c.head[0] == 'B' || c.head[0] == 'Q' {
			c.n.Add(1)
		}
		c.rest, c.head = int(binary.BigEndian.Uint32(c.head[1:]))-4, c.head[:0]
	}
}

// ending is how a connection ends in the place of an answer.
type ending = int32

const (
	finished ending = iota // by FIN
	reset                  // by RST
	partial                // by FIN, in the middle of the answer
)

// cut ends every connection and refuses new ones, or lets them in again.
func (l *lossy) cut(down bool) {
	l.down.Store(down)
	l.conns.Range(func(conn, _ any) bool {
		_ = conn.(net.Conn).Close()
		return true
	})
}

func newLossy(t *testing.T, target string) *lossy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lossy{t: t, target: u.Query().Get("host") + "/.s.PGSQL.5432"}
	through := url.URL{Scheme: "postgres", Host: listener.Addr().String(), User: url.User("postgres"), Path: u.Path, RawQuery: "sslmode=disable"}
	l.url = through.String()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.serve(conn)
		}
	}()
	return l
}

func (l *lossy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	if l.down.Load() {
		return
	}
	l.conns.Store(client, struct{}{})
	defer l.conns.Delete(client)
	server, err := net.Dial("unix", l.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var committing atomic.Bool
	go func() {
		defer func() { _ = server.Close() }()
		buf, statements := make([]byte, 64<<10), counter{n: &l.statements}
		for {
			n, err := client.Read(buf)
			if err != nil {
				return
			}
			statements.see(buf[:n])
			if strings.Contains(string(buf[:n]), "COMMIT") && l.swallow.Load() > 0 {
				committing.Store(true)
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if committing.Load() && strings.Contains(string(buf[:n]), "COMMIT") && l.swallow.Add(-1) >= 0 {
			l.lost.Add(1)
			switch l.end.Load() { // stored, and nobody hears of it
			case reset:
				_ = client.(*net.TCPConn).SetLinger(0)
			case partial:
				_, _ = client.Write(buf[:n/2])
			case finished:
			}
			return
		}
		for l.silent.Load() {
			time.Sleep(time.Millisecond)
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// TestALostAnswerToCommitIsResolved: exactly one row, the caller gets its message, subscribers get it once.
func TestALostAnswerToCommitIsResolved(t *testing.T) {
	for name, end := range map[string]ending{"FIN": finished, "RST": reset, "a part of it": partial} {
		t.Run(name, func(t *testing.T) { loseAnswers(t, end) })
	}
}

func loseAnswers(t *testing.T, end ending) {
	l := newLossy(t, pgtest.URL(t))
	l.end.Store(end)
	w := newWorldOn(t, pgtest.Open(t, l.url))
	ann, bob := w.user("ann"), w.user("bob")
	chat, other := w.group(ann, bob), w.group(ann, bob)
	log, _ := w.subscribe(w.as(bob), `subscription($c: ID!) { chatEvents(chatId: $c) { seq kind } }`, vars{"c": chat.String()})
	message := w.send(chat, ann, "first")
	for name, change := range map[string]func(){
		"a send without a key": func() { w.send(chat, ann, "second") },
		"a send with a key":    func() { w.must(w.as(ann), nil, sendDocument, sendVars(chat, ann, "third", "k")) },
		"an edit": func() {
			w.must(w.as(ann), nil, `mutation($m: ID!) { updateMessage(id: $m, content: "edited") { id } }`, vars{"m": message.ID.String()})
		},
		"an addition": func() {
			w.must(w.as(ann), nil, `mutation($c: ID!, $u: [String!]!) { addParticipants(chatId: $c, userIds: $u) { id } }`,
				vars{"c": chat.String(), "u": []any{w.user("cid").String(), w.user("dee").String()}})
		},
		"a mark": func() {
			w.must(w.as(bob), nil, `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id } }`, vars{"m": message.ID.String()})
		},
		"a chat's removal": func() {
			w.must(w.as(ann), nil, `mutation($c: ID!) { removeChat(id: $c) { id } }`, vars{"c": other.String()})
		},
	} {
		before := l.lost.Load()
		l.swallow.Store(1)
		change()
		if l.lost.Load() == before {
			t.Errorf("%s: no answer was lost", name)
		}
		l.swallow.Store(0)
	}
	var ok bool
	w.get(t, &ok, `SELECT last_seq = 6 AND message_count = 3 AND (SELECT count(*) FROM events WHERE chat_id = c.id) = 6
		AND (SELECT count(*) FROM messages WHERE chat_id = c.id) = 3 AND (SELECT count(*) FROM chat_members WHERE chat_id = c.id) = 4
		AND (SELECT count(*) FROM message_reads WHERE chat_id = c.id) = 1 FROM chats c WHERE c.id = $1`, chat)
	if !ok {
		t.Error("a change whose answer was lost is missing or stored twice")
	}
	for n, payload := range log.count(6) {
		if !strings.Contains(payload, fmt.Sprintf(`"seq":%d,`, n+1)) {
			t.Errorf("event %d was delivered as %s", n+1, payload)
		}
	}
}

// TestAStoreOutOfReachIsUnavailable: an answer within 5 s, nothing lost or doubled, subscriptions stay open, and everything
// goes on by itself.
func TestAStoreOutOfReachIsUnavailable(t *testing.T) {
	l := newLossy(t, pgtest.URL(t))
	w := newWorldOn(t, pgtest.Open(t, l.url))
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	live, _ := w.subscribe(w.as(bob), `subscription($c: ID!) { messageAdded(chatId: $c) { content chat { name } } }`, vars{"c": chat.String()})
	w.send(chat, ann, "before")
	live.count(1)
	l.cut(true)
	began := time.Now()
	ctx, cancel := context.WithTimeout(w.as(ann), 2*time.Second)
	defer cancel()
	want := "before after"
	for _, call := range []struct {
		query string
		vars  vars
	}{{`query($c: ID!) { messages(chatId: $c) { id } }`, vars{"c": chat.String()}}, {sendDocument, sendVars(chat, ann, "perhaps", "")}} {
		res := w.ask(ctx, call.query, call.vars)
		if len(res.Errors) == 0 || res.Errors[0].Extensions["code"] != "UNAVAILABLE" {
			t.Fatalf("without a store: %+v", res.Errors)
		}
		if res.Errors[0].Extensions["outcome"] == "unknown" {
			var stored bool
			l.cut(false)
			w.get(t, &stored, `SELECT message_count = 2 FROM chats WHERE id = $1`, chat)
			if stored {
				want = "before perhaps after"
			}
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the answers took %s", took)
	}
	l.cut(false)
	w.send(chat, ann, "after")
	live.await("the message after", func(p []string, _ string) bool { return strings.Contains(contents(p), "after") })
	if got := contents(live.count(2)); got != want {
		t.Errorf("what the subscription was shown: %q, want %q", got, want)
	}
}

// TestDirectChatsAreOnePerPair: opened from both sides at once, adopted from createChat, and made anew after a removal.
func TestDirectChatsAreOnePerPair(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	open := func(me, other id.User) id.Chat {
		var out struct{ OpenDirectChat struct{ ID id.Chat } }
		w.must(w.as(me), &out, `mutation($u: ID!) { openDirectChat(userId: $u) { id } }`, vars{"u": other.String()})
		return out.OpenDirectChat.ID
	}
	chats := make([]id.Chat, 20)
	var both sync.WaitGroup
	for n := range chats {
		both.Go(func() {
			if n%2 == 0 {
				chats[n] = open(ann, bob)
			} else {
				chats[n] = open(bob, ann)
			}
		})
	}
	both.Wait()
	for _, c := range chats {
		if c != chats[0] {
			t.Fatalf("two direct chats of one pair: %s and %s", c, chats[0])
		}
	}
	w.must(w.as(bob), nil, `mutation($c: ID!) { removeChat(id: $c) { isActive } }`, vars{"c": chats[0].String()})
	if fresh := open(ann, bob); fresh == chats[0] {
		t.Error("a removed direct chat was opened again")
	}
	cid := w.user("cid")
	var literal struct{ CreateChat struct{ ID id.Chat } }
	w.must(w.as(ann), &literal, `mutation($p: [String!]!) { createChat(createChatInput: {name: "", chatType: "direct", participantIds: $p}) { id } }`, vars{"p": []any{ann.String(), cid.String()}})
	if got := open(cid, ann); got != literal.CreateChat.ID {
		t.Error("a direct chat made by createChat was not adopted")
	}
	for _, query := range []string{
		`mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`,
		`mutation($c: ID!, $t: String!) { removeParticipant(chatId: $c, userId: $t) { id } }`,
		`mutation($c: ID!) { leaveChat(chatId: $c) }`,
	} {
		if code := w.code(w.as(ann), query, used(query, vars{"c": literal.CreateChat.ID.String(), "u": bob.String(), "t": cid.String()})); code != "CONFLICT" {
			t.Errorf("%s in a direct chat: %q", query, code)
		}
	}
}

// TestARemovedChatTakesNoChanges, not even those that would change nothing: a second removal is its creator's CONFLICT and
// FORBIDDEN to others.
func TestARemovedChatTakesNoChanges(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	const remove, read = `mutation($c: ID!) { removeChat(id: $c) { id } }`, `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 0) { unreadCount } }`
	group := vars{"c": w.group(ann, bob).String()}
	var out struct{ OpenDirectChat struct{ ID id.Chat } }
	w.must(w.as(ann), &out, `mutation($u: ID!) { openDirectChat(userId: $u) { id } }`, vars{"u": bob.String()})
	direct := vars{"c": out.OpenDirectChat.ID.String()}
	for _, chat := range []vars{group, direct} {
		w.must(w.as(bob), nil, read, chat)
		w.must(w.as(ann), nil, remove, chat)
	}
	for _, c := range []struct {
		who   id.User
		query string
		chat  vars
		want  string
	}{
		{ann, remove, group, "CONFLICT"}, {bob, remove, group, "FORBIDDEN"}, {w.user("cid"), remove, group, notFound}, {id.User{}, remove, group, "CONFLICT"},
		{ann, remove, direct, "CONFLICT"}, {bob, remove, direct, "CONFLICT"},
		{ann, read, group, "CONFLICT"}, {bob, read, group, "CONFLICT"}, {bob, read, direct, "CONFLICT"},
	} {
		if code := w.code(w.as(c.who), c.query, c.chat); code != c.want {
			t.Errorf("%s of a removed chat: %q, want %q", c.query, code, c.want)
		}
	}
	var rows int
	w.get(t, &rows, `SELECT count(*) FROM events`)
	if rows != 2 {
		t.Errorf("two chats were removed, and the logs have %d rows", rows)
	}
}

// TestWhoIsNamedHasToExist: a user that is none is wrong input of the argument that names it, one or several.
func TestWhoIsNamedHasToExist(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	chat := w.group(ann)
	for field, query := range map[string]string{
		"userId":         `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`,
		"userIds":        `mutation($c: ID!, $u: String!) { addParticipants(chatId: $c, userIds: [$u]) { id } }`,
		"participantIds": `mutation($u: String!) { createChat(createChatInput: {name: "x", participantIds: [$u]}) { id } }`,
	} {
		for _, user := range []string{id.New[id.User]().String(), "nobody", ""} {
			res := w.ask(w.as(ann), query, used(query, vars{"c": chat.String(), "u": user}))
			if len(res.Errors) != 1 || res.Errors[0].Extensions["code"] != "BAD_USER_INPUT" || res.Errors[0].Extensions["field"] != field {
				t.Errorf("%s that names %q: %v", field, user, res.Errors)
			}
		}
	}
}

// TestNobodyIsRemovedTwice: taking out somebody who is no member succeeds for every member, and writes nothing.
func TestNobodyIsRemovedTwice(t *testing.T) {
	w := newWorld(t)
	ann, bob, cid := w.user("ann"), w.user("bob"), w.user("cid")
	chat := w.group(ann, bob, cid)
	remove := func(actor, user id.User, want string) {
		t.Helper()
		code := w.code(w.as(actor), `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": user.String()})
		if code != want {
			t.Errorf("a removal: %q, want %q", code, want)
		}
	}
	remove(bob, cid, "FORBIDDEN")
	remove(ann, cid, "")
	remove(ann, cid, "")
	remove(bob, cid, "")
	remove(cid, cid, notFound)
	var rows int
	w.get(t, &rows, `SELECT last_seq FROM chats WHERE id = $1`, chat)
	if rows != 1 {
		t.Errorf("one was removed, and the log has %d rows", rows)
	}
}

// TestAnEmptyDescriptionIsNone, at the beginning and later, and writes nothing where there was none.
func TestAnEmptyDescriptionIsNone(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	var made struct {
		CreateChat struct {
			ID          id.Chat
			Description *string
		}
	}
	w.must(w.as(ann), &made, `mutation($u: String!) { createChat(createChatInput: {name: "x", description: "", participantIds: [$u]}) { id description } }`, vars{"u": ann.String()})
	if made.CreateChat.Description != nil {
		t.Errorf("createChat gives %q", *made.CreateChat.Description)
	}
	for _, c := range []struct{ description, want string }{
		{"", `{"updateChat":{"description":null,"lastSeq":0}}`}, {"x", `{"updateChat":{"description":"x","lastSeq":1}}`}, {"", `{"updateChat":{"description":null,"lastSeq":2}}`},
	} {
		res := w.ask(w.as(ann), `mutation($c: ID!, $d: String) { updateChat(id: $c, description: $d) { description lastSeq } }`, vars{"c": made.CreateChat.ID.String(), "d": c.description})
		if string(res.Data) != c.want {
			t.Errorf("updateChat with %q: %s %v, want %s", c.description, res.Data, res.Errors, c.want)
		}
	}
}

// TestPagesOfChats begin below their place: the last chat of the page before, or all chats of its moment.
func TestPagesOfChats(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	want := map[string]bool{}
	for range 4 {
		want[w.group(ann).String()] = true
	}
	if err := w.db.Tx(t.Context(), func(tx *pg.Tx) error {
		return tx.Exec(t.Context(), `UPDATE chats SET updated_at = (SELECT min(created_at) FROM chats) + CASE WHEN id < (SELECT max(id::text)::uuid FROM chats) THEN interval '1 second' ELSE interval '0' END`)
	}); err != nil {
		t.Fatal(err)
	}
	page := func(v vars) (found []struct{ ID, UpdatedAt string }) {
		var out struct {
			ChatsByParticipant []struct{ ID, UpdatedAt string }
		}
		w.must(w.as(ann), &out, `query($t: DateTime, $i: ID) { chatsByParticipant(limit: 1, beforeUpdatedAt: $t, beforeId: $i) { id updatedAt } }`, v)
		return out.ChatsByParticipant
	}
	var times []string // by time alone each moment is shown once
	for v := (vars{}); len(times) < 5; {
		found := page(v)
		if len(found) == 0 {
			break
		}
		times, v = append(times, found[0].UpdatedAt), vars{"t": found[0].UpdatedAt}
	}
	if len(times) != 2 || times[0] == times[1] {
		t.Errorf("pages by time alone are of %q", times)
	}
	seen := map[string]bool{}
	for v := (vars{}); len(seen) < 5; {
		found := page(v)
		if len(found) == 0 {
			break
		}
		seen[found[0].ID], v = true, vars{"t": found[0].UpdatedAt, "i": found[0].ID}
	}
	if !maps.Equal(seen, want) {
		t.Errorf("pages by time and id show %v, want %v", seen, want)
	}
}

// TestListsCostNoStatementPerItem: ten times as many items take as many statements.
func TestListsCostNoStatementPerItem(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	query := `{ chats { id name participantIds participants { username } unreadCount readSeq lastMessage { content sender { username } }
		messages(first: 5) { content sender { username } chat { name } } } }`
	statements := func() int64 {
		ctx, n := pg.WithCount(w.as(ann), nil)
		w.must(ctx, nil, query, nil)
		return n.Load()
	}
	fill := func(chats int) {
		for range chats {
			chat := w.group(ann, bob)
			for n := range 3 {
				w.send(chat, bob, fmt.Sprint(n))
			}
		}
	}
	fill(2)
	few := statements()
	fill(20)
	if many := statements(); many != few || few > 12 {
		t.Errorf("22 chats take %d statements, 2 take %d", many, few)
	}
}

// TestAQueryThatTakesTooLongIsCancelled in PostgreSQL as well, and the caller is told to try again.
func TestAQueryThatTakesTooLongIsCancelled(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	chat := w.group(ann, w.user("bob"))
	letGo := w.held(`LOCK TABLE messages IN ACCESS EXCLUSIVE MODE`)
	ctx, cancel := context.WithTimeout(w.as(ann), 300*time.Millisecond)
	defer cancel()
	if code := w.code(ctx, `query($c: ID!) { messages(chatId: $c) { id } }`, vars{"c": chat.String()}); code != "UNAVAILABLE" {
		t.Errorf("a query that takes too long: %q", code)
	}
	var waiting int
	for deadline := time.Now().Add(time.Second); ; {
		w.get(t, &waiting, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'`)
		if waiting == 0 || time.Now().After(deadline) {
			break
		}
	}
	if waiting != 0 {
		t.Errorf("%d queries still run in PostgreSQL a second later", waiting)
	}
	letGo()
}
