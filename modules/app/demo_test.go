package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chat/modules/demo"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/pgtest"
	"chat/modules/user"
)

func smallDemo() demo.Sizes {
	return demo.Sizes{Seed: 7, People: 13, Chats: 17, Messages: 3_000, Weeks: 3}
}

// fill makes a demo and gives what there is, and how it was told how far it is.
func fillDemo(t *testing.T, db *pg.DB, s demo.Sizes, until time.Time) (*demo.Demo, []int) {
	t.Helper()
	var told []int
	made, err := demo.Fill(t.Context(), db, user.NewOperator(db, cheap()), s, until, func(n int) { told = append(told, n) })
	if err != nil {
		t.Fatal(err)
	}
	return made, told
}

// contents are a line for each row that a demo makes, but for what differs by nature: hashes, and feeds, which later chats move.
func (w *world) contents(t *testing.T) string {
	t.Helper()
	var all []string
	for _, statement := range []string{
		`SELECT concat_ws(' ', id, username, email, display_name, is_active, created_at, updated_at) FROM users ORDER BY id`,
		`SELECT c::text FROM chats c ORDER BY id`,
		`SELECT d::text FROM direct_chats d ORDER BY chat_id`,
		`SELECT m::text FROM chat_members m ORDER BY id`,
		`SELECT m::text FROM messages m ORDER BY id`,
		`SELECT e::text FROM events e ORDER BY chat_id, seq`,
		`SELECT r::text FROM message_reads r ORDER BY chat_id, n`,
		`SELECT p::text FROM read_positions p ORDER BY member_id`,
		`SELECT c::text FROM read_counters c ORDER BY chat_id`,
		`SELECT f::text FROM user_feeds f ORDER BY user_id`,
		`SELECT concat_ws(' ', action, user_id) FROM audit_log ORDER BY action, user_id`,
	} {
		w.selectAll(t, &all, statement)
	}
	return strings.Join(all, "\n")
}

// TestADemoIsAHistory that the product could have written: its logs, counts and positions agree, and it is the same every time.
func TestADemoIsAHistory(t *testing.T) {
	w := newWorld(t)
	until := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	sizes := smallDemo()
	made, told := fillDemo(t, w.db, sizes, until)
	if len(made.People) != sizes.People || len(made.Chats) != sizes.Chats || !slices.IsSorted(told) || len(told) < sizes.Chats || told[len(told)-1] != sizes.Messages {
		t.Errorf("%d people, %d chats, progress %v", len(made.People), len(made.Chats), told)
	}
	kinds := 0
	for _, chat := range made.Chats {
		w.checkLog(t, chat.ID)
		var members id.List[id.User]
		w.get(t, &members, `SELECT array_agg(user_id ORDER BY user_id) FROM chat_members WHERE chat_id = $1 AND left_seq IS NULL`, chat.ID)
		if told := slices.SortedFunc(slices.Values(chat.Members), id.User.Compare); !slices.Equal(members, told) {
			t.Errorf("%s has the members %v, not %v", chat.Name, members, told)
		}
	}
	w.get(t, &kinds, `SELECT count(DISTINCT kind) FROM events`)
	if kinds != 6 { // no chat is removed
		t.Errorf("the history has %d kinds of events", kinds)
	}
	for what, statement := range map[string]string{
		"all messages":           fmt.Sprintf(`SELECT count(*) = %d FROM messages`, sizes.Messages),
		"members of direct ones": `SELECT bool_and(n = 2) FROM (SELECT count(*) AS n FROM chats c JOIN chat_members m ON m.chat_id = c.id WHERE c.chat_type = 'direct' GROUP BY c.id) x`,
		"pairs":                  `SELECT (SELECT count(*) FROM direct_chats) = (SELECT count(*) FROM chats WHERE chat_type = 'direct')`,
		"unread counts":          `SELECT bool_and(u.unread_count = (SELECT count(*) FROM messages x WHERE x.chat_id = u.chat_id AND x.sender_id <> u.user_id AND x.deleted_at IS NULL AND x.number > coalesce((SELECT cleared_number FROM read_positions p WHERE p.member_id = u.id), (SELECT joined_number FROM chat_members m WHERE m.id = u.id)))) FROM unread_counts u`,
		"some unread, some not":  `SELECT bool_or(unread_count > 0) AND bool_or(unread_count = 0) FROM unread_counts`,
		"positions and moves":    `SELECT bool_and(p.read_number = (SELECT max(r.to_number) FROM message_reads r JOIN chat_members m ON m.id = p.member_id WHERE r.chat_id = p.chat_id AND r.user_id = m.user_id)) FROM read_positions p`,
		"moves in time":          `SELECT bool_and(ok) FROM (SELECT read_at >= coalesce(lag(read_at) OVER (PARTITION BY chat_id ORDER BY n), read_at) AS ok FROM message_reads) r`,
		"reads after messages":   `SELECT bool_and(r.read_at >= m.created_at AND r.message_id = m.id) FROM message_reads r LEFT JOIN messages m ON m.chat_id = r.chat_id AND m.number = r.to_number`,
		"readers were members":   `SELECT bool_and(EXISTS (SELECT FROM chat_members m LEFT JOIN events e ON e.chat_id = m.chat_id AND e.seq = m.left_seq WHERE m.chat_id = r.chat_id AND m.user_id = r.user_id AND m.joined_at <= r.read_at AND (e.at IS NULL OR e.at > r.read_at))) FROM message_reads r`,
		"messages and events":    `SELECT bool_and(e.at = m.created_at AND e.actor_id = m.sender_id) FROM events e JOIN messages m ON m.chat_id = e.chat_id AND m.seq = e.seq`,
		"edits":                  `SELECT bool_and(e.at = CASE e.kind WHEN 2 THEN m.edited_at ELSE m.deleted_at END AND e.actor_id = m.sender_id) FROM events e JOIN messages m ON m.id = e.subject_id WHERE e.kind IN (2, 3)`,
		"chats move":             `SELECT bool_and(c.updated_at = (SELECT max(at) FROM events e WHERE e.chat_id = c.id AND e.kind NOT IN (2, 3))) FROM chats c`,
		"times":                  `SELECT bool_and(at <= '2026-03-14 15:09:26Z' AND at >= '2026-02-21 15:09:26Z') FROM events`,
		"recent":                 `SELECT max(at) > '2026-03-14 13:09:26Z' FROM events`,
		"people came before":     `SELECT bool_and(m.joined_at >= u.created_at) FROM chat_members m JOIN users u ON u.id = m.user_id`,
		"nothing left to fill":   `SELECT NOT bool_or(content LIKE '%{%' OR content LIKE '%}%') FROM messages`,
	} {
		var ok bool
		if w.get(t, &ok, statement); !ok {
			t.Errorf("%s: they do not agree", what)
		}
	}

	before := w.contents(t)
	again, _ := fillDemo(t, w.db, sizes, until.Add(30*time.Hour))
	if w.contents(t) != before || fmt.Sprint(again.Chats) != fmt.Sprint(made.Chats) {
		t.Error("a second run has changed something")
	}
	other := newWorldOn(t, pgtest.New(t))
	cut, stop := context.WithCancel(t.Context())
	if _, err := demo.Fill(cut, other.db, user.NewOperator(other.db, cheap()), sizes, until, func(int) { stop() }); err == nil {
		t.Error("a run that is cut off has no error")
	}
	fillDemo(t, other.db, sizes, until)
	if other.contents(t) != before {
		t.Error("another database has another demo")
	}
	fillDemo(t, w.db, demo.Sizes{Seed: 8, People: 13, Chats: 2, Messages: 10, Weeks: 1}, until)
	var people int
	if w.get(t, &people, `SELECT count(*) FROM users`); people != 2*sizes.People {
		t.Errorf("with a demo of another seed there are %d people", people)
	}
}

// TestALongDemo: a chat that takes several statements has no holes where they meet.
func TestALongDemo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const messages = 11_000
	_, told := fillDemo(t, w.db, demo.Sizes{Seed: 1, People: 3, Chats: 1, Messages: messages, Weeks: 52}, time.Now())
	if want := []int{5_000, 10_000, messages, messages}; !slices.Equal(told, want) {
		t.Errorf("it is told of %v messages, want %v", told, want)
	}
	for what, statement := range map[string]string{
		"messages": `SELECT count(*) = 11000 AND max(number) = 11000 AND count(DISTINCT number) = 11000 FROM messages`,
		"log":      `SELECT count(*) = max(e.seq) AND max(e.seq) = max(c.last_seq) FROM events e JOIN chats c ON c.id = e.chat_id`,
		"births":   `SELECT bool_and(e.subject_id = m.id AND e.kind = 1) FROM messages m JOIN events e ON e.chat_id = m.chat_id AND e.seq = m.seq`,
		"moves":    `SELECT count(*) = max(r.n) AND max(r.n) = max(c.n) AND count(*) > 5000 FROM message_reads r JOIN read_counters c ON c.chat_id = r.chat_id`,
		"in turn":  `SELECT bool_and(ok) FROM (SELECT from_number = coalesce(lag(to_number) OVER (PARTITION BY user_id ORDER BY n), 0) AS ok FROM message_reads) r`,
	} {
		var ok bool
		if w.get(t, &ok, statement); !ok {
			t.Errorf("%s: they do not agree", what)
		}
	}
}

// TestADemoBesideAServer appears to those who are connected, and the product goes on where it ends.
func TestADemoBesideAServer(t *testing.T) {
	t.Parallel()
	s := serveWorld(t, accounts(t))
	sizes := smallDemo()
	sizes.Messages, sizes.Chats = 40, 3
	made, _ := fillDemo(t, s.db, sizes, time.Now())
	me := made.People[0]
	token := s.login(me.Name, demo.Password).AccessToken
	var out struct {
		Me    struct{ ID id.User }
		Chats []struct {
			ID       id.Chat
			LastSeq  int64
			Messages []struct{ Content string }
		}
	}
	s.call(token, &out, `{ me { id } chats { id lastSeq messages { content } } }`, nil)
	if out.Me.ID != me.ID || len(out.Chats) == 0 || len(out.Chats[0].Messages) == 0 {
		t.Fatalf("%s sees %+v", me.Name, out)
	}
	var sent struct{ CreateMessage struct{ Seq int64 } }
	s.call(token, &sent, `mutation($c: String!) { createMessage(createMessageInput: {chatId: $c, content: "and now?"}) { seq } }`, vars{"c": out.Chats[0].ID.String()})
	if sent.CreateMessage.Seq != out.Chats[0].LastSeq+1 {
		t.Errorf("after %d comes %d", out.Chats[0].LastSeq, sent.CreateMessage.Seq)
	}

	line := s.connect(token)
	news := line.subscribe(`subscription { chatAdded { id } }`, nil)
	s.awaitMetric("chat_live_subscriptions", 1)
	sizes.Chats = 2
	more, _ := fillDemo(t, s.db, sizes, time.Now())
	line.await("the new chat", func() bool {
		return slices.ContainsFunc(line.frames[news], func(f frame) bool { return strings.Contains(string(f.Payload), more.Chats[0].ID.String()) })
	})
}
