package app

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"chat/modules/id"
)

// deed is something that an actor did and that succeeded.
type deed struct {
	kind    string
	user    id.User
	message id.Message
	content string
	key     string
}

// life is one run of random people in one group.
type life struct {
	*world
	chat   id.Chat
	people []id.User

	mu    sync.Mutex
	deeds []deed
	known []sent
}

func (l *life) note(d deed, m *sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deeds = append(l.deeds, d)
	if m != nil {
		l.known = append(l.known, *m)
	}
}

func (l *life) some(r *rand.Rand) (sent, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) == 0 {
		return sent{}, false
	}
	return l.known[r.IntN(len(l.known))], true
}

// live lets one actor do random things. What is refused is as good as what succeeds, unless it is the server's fault.
func (l *life) live(t *testing.T, r *rand.Rand, me id.User, steps int) {
	for n := range steps {
		other := l.people[r.IntN(len(l.people))]
		known, any := l.some(r)
		var err string
		switch choice := r.IntN(20); {
		case choice < 9:
			err = l.trySend(me, fmt.Sprintf("%s %d", me, n), fmt.Sprintf("key %d", r.IntN(30)))
		case choice < 11 && any:
			err = l.tryRevise(me, known.ID, fmt.Sprintf("edited %d", n))
		case choice < 12 && any:
			err = l.tryRevise(me, known.ID, "")
		case choice < 17 && any:
			if err = l.code(l.as(me), `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id } }`, vars{"m": known.ID.String()}); err == "" {
				l.note(deed{kind: "mark", user: me, message: known.ID}, nil)
			}
		case choice < 18:
			err = l.code(l.as(me), `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": l.chat.String(), "u": other.String()})
		case choice < 19 && me != l.people[0]:
			err = l.code(l.as(me), `mutation($c: ID!) { leaveChat(chatId: $c) }`, vars{"c": l.chat.String()})
		default:
			err = l.code(l.as(l.people[0]), `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": l.chat.String(), "u": l.people[1+r.IntN(len(l.people)-1)].String()})
		}
		switch err {
		case "", notFound, forbidden, "IDEMPOTENCY_MISMATCH", "CONFLICT":
		default:
			t.Errorf("an actor was answered %s", err)
		}
	}
}

func (l *life) trySend(me id.User, content, key string) string {
	v := sendVars(l.chat, me, content, key)
	code := l.code(l.as(me), sendDocument, v)
	if code != "" {
		return code
	}
	var out struct{ CreateMessage sent }
	l.must(l.as(me), &out, sendDocument, v) // the repeat
	l.note(deed{kind: "send", user: me, message: out.CreateMessage.ID, content: content, key: key}, &out.CreateMessage)
	return ""
}

func (l *life) tryRevise(me id.User, message id.Message, content string) string {
	query, v := `mutation($m: ID!) { removeMessage(id: $m) { id } }`, vars{"m": message.String()}
	if content != "" {
		query, v["t"] = `mutation($m: ID!, $t: String!) { updateMessage(id: $m, content: $t) { id } }`, content
	}
	code := l.code(l.as(me), query, v)
	if code == "" {
		l.note(deed{kind: map[bool]string{true: "edit", false: "delete"}[content != ""], user: me, message: message, content: content}, nil)
	}
	return code
}

// TestHistoryAgreesWithWhatWasDone lets people live at random side by side and then checks everything that must agree.
func TestHistoryAgreesWithWhatWasDone(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			l := &life{world: newWorld(t)}
			for n := range 8 {
				l.people = append(l.people, l.user(fmt.Sprint("person ", n)))
			}
			l.chat = l.group(l.people[0], l.people[1:]...)
			log, _ := l.subscribe(l.as(l.people[0]), `subscription($c: ID!) { chatEvents(chatId: $c, afterSeq: 0) { seq } }`, vars{"c": l.chat.String()})
			var living sync.WaitGroup
			for n, me := range l.people {
				living.Go(func() { l.live(t, rand.New(rand.NewPCG(seed, uint64(n))), me, 60) })
			}
			living.Wait()
			l.checkLog(t, l.chat)
			l.checkMessages(t)
			l.checkReads(t)
			var last int64
			l.get(t, &last, `SELECT last_seq FROM chats WHERE id = $1`, l.chat)
			for n, payload := range log.count(int(last)) {
				if want := fmt.Sprintf(`{"data":{"chatEvents":{"seq":%d}},"extensions":{"seq":%d}}`, n+1, n+1); payload != want {
					t.Fatalf("event %d was delivered as %s", n+1, payload)
				}
			}
		})
	}
}

func (w *world) get(t testing.TB, out any, statement string, args ...any) {
	t.Helper()
	if err := w.db.Get(t.Context(), out, statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (w *world) selectAll(t testing.TB, out any, statement string, args ...any) {
	t.Helper()
	if err := w.db.Select(t.Context(), out, statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// checkLog: seq, number and the read log have no holes, and nothing of a former member stands after its removal.
func (w *world) checkLog(t *testing.T, chat id.Chat) {
	t.Helper()
	for what, statement := range map[string]string{
		"seqs of the log":       `SELECT count(*) = max(c.last_seq) AND count(*) = max(e.seq) FROM events e JOIN chats c ON c.id = e.chat_id WHERE e.chat_id = $1`,
		"numbers of messages":   `SELECT count(*) = max(c.message_count) AND count(*) = max(m.number) FROM messages m JOIN chats c ON c.id = m.chat_id WHERE m.chat_id = $1`,
		"numbers of moves":      `SELECT count(*) = coalesce(max(r.n), 0) AND count(*) = coalesce((SELECT n FROM read_counters WHERE chat_id = $1), 0) FROM message_reads r WHERE r.chat_id = $1`,
		"versions":              `SELECT bool_and(m.version = (SELECT max(e.seq) FROM events e WHERE e.chat_id = m.chat_id AND e.subject_id = m.id)) FROM messages m WHERE m.chat_id = $1`,
		"births":                `SELECT bool_and(EXISTS (SELECT FROM events e WHERE e.chat_id = m.chat_id AND e.seq = m.seq AND e.kind = 1 AND e.subject_id = m.id)) FROM messages m WHERE m.chat_id = $1`,
		"writers were members":  `SELECT bool_and(EXISTS (SELECT FROM chat_members v WHERE v.chat_id = e.chat_id AND v.user_id = e.actor_id AND v.joined_seq < e.seq AND (v.left_seq IS NULL OR v.left_seq > e.seq))) FROM events e WHERE e.chat_id = $1 AND e.kind <= 3`,
		"memberships and log":   `SELECT count(*) FILTER (WHERE joined_seq > 0) = (SELECT count(*) FROM events WHERE chat_id = $1 AND kind = 4) AND count(*) FILTER (WHERE left_seq IS NOT NULL) = (SELECT count(*) FROM events WHERE chat_id = $1 AND kind = 5) FROM chat_members WHERE chat_id = $1`,
		"moves follow moves":    `SELECT coalesce(bool_and(gap), true) FROM (SELECT from_number >= coalesce(lag(to_number) OVER (PARTITION BY user_id ORDER BY n), 0) AS gap FROM message_reads WHERE chat_id = $1) r`,
		"feeds have no holes":   `SELECT bool_and(f.seq >= greatest(m.joined_feed, m.left_feed)) FROM chat_members m JOIN user_feeds f ON f.user_id = m.user_id WHERE m.chat_id = $1`,
		"times follow the log":  `SELECT coalesce(bool_and(ok), true) FROM (SELECT at >= lag(at) OVER (ORDER BY seq) AS ok FROM events WHERE chat_id = $1) e`,
		"joined at its numbers": `SELECT bool_and(m.joined_number = (SELECT count(*) FROM messages x WHERE x.chat_id = m.chat_id AND x.seq <= m.joined_seq)) FROM chat_members m WHERE m.chat_id = $1`,
	} {
		var ok bool
		w.get(t, &ok, statement, chat)
		if !ok {
			t.Errorf("%s of %s do not agree", what, chat)
		}
	}
}

// checkMessages: every acknowledged send is there once, as its last change left it.
func (l *life) checkMessages(t *testing.T) {
	t.Helper()
	want := map[id.Message]bool{}
	first := map[string]id.Message{}
	for _, d := range l.deeds {
		if d.kind != "send" {
			continue
		}
		key := d.user.String() + d.key
		if before, ok := first[key]; ok && before != d.message {
			t.Errorf("key %q of %s named two messages", d.key, d.user)
		}
		first[key] = d.message
		want[d.message] = true
	}
	var out struct {
		Messages []struct {
			ID        id.Message
			Seq       int64
			Content   string
			IsDeleted bool
		}
	}
	l.must(l.as(id.User{}), &out, `query($c: ID!) { messages(chatId: $c, includeDeleted: true) { id seq content isDeleted } }`, vars{"c": l.chat.String()})
	if len(out.Messages) != len(want) {
		t.Errorf("%d messages in the history, %d were acknowledged", len(out.Messages), len(want))
	}
	last := int64(0)
	deleted := map[id.Message]bool{}
	for _, d := range l.deeds {
		deleted[d.message] = deleted[d.message] || d.kind == "delete"
	}
	for _, m := range out.Messages {
		if !want[m.ID] {
			t.Errorf("message %s was never acknowledged", m.ID)
		}
		if m.Seq <= last || m.IsDeleted != deleted[m.ID] || (m.Content == "") != m.IsDeleted {
			t.Errorf("message %+v after seq %d, deleted by its sender: %t", m, last, deleted[m.ID])
		}
		last = m.Seq
	}
}

// checkReads: unread counts are the plain count, positions are the furthest mark, receipts follow from positions.
func (l *life) checkReads(t *testing.T) {
	t.Helper()
	var rows []struct {
		User    id.User   `db:"user_id"`
		Plain   int       `db:"plain"`
		Read    int64     `db:"read_number"`
		Joined  int64     `db:"joined_number"`
		Since   time.Time `db:"joined_at"`
		Members int       `db:"memberships"`
	}
	l.selectAll(t, &rows, `
		SELECT m.user_id, m.joined_number, m.joined_at, coalesce(p.read_number, m.joined_number) AS read_number,
		       (SELECT count(*) FROM chat_members o WHERE o.chat_id = m.chat_id AND o.user_id = m.user_id) AS memberships,
		       (SELECT count(*) FROM messages x WHERE x.chat_id = m.chat_id AND x.sender_id <> m.user_id
		        AND x.deleted_at IS NULL AND x.number > coalesce(p.cleared_number, m.joined_number)) AS plain
		FROM   chat_members m LEFT JOIN read_positions p ON p.member_id = m.id
		WHERE  m.chat_id = $1 AND m.left_seq IS NULL`, l.chat)
	numbers := map[id.Message]int64{}
	var all []struct {
		ID     id.Message `db:"id"`
		Number int64      `db:"number"`
		Seq    int64      `db:"seq"`
		Sender id.User    `db:"sender_id"`
	}
	l.selectAll(t, &all, `SELECT id, number, seq, sender_id FROM messages WHERE chat_id = $1`, l.chat)
	for _, m := range all {
		numbers[m.ID] = m.Number
	}
	position := map[id.User]int64{}
	for _, r := range rows {
		position[r.User] = r.Read
		var out struct{ UnreadCount int }
		l.must(l.as(r.User), &out, `query($c: ID!) { unreadCount(chatId: $c) }`, vars{"c": l.chat.String()})
		if out.UnreadCount != r.Plain {
			t.Errorf("%s has %d unread, the plain count is %d", r.User, out.UnreadCount, r.Plain)
		}
		furthest := r.Joined
		for _, d := range l.deeds {
			if d.kind == "mark" && d.user == r.User {
				furthest = max(furthest, numbers[d.message])
			}
		}
		if r.Members == 1 && furthest != r.Read {
			t.Errorf("%s has read up to %d, marked up to %d", r.User, r.Read, furthest)
		}
	}
	for _, m := range all[:min(len(all), 20)] {
		want := 0
		for _, r := range rows {
			if r.User != m.Sender && r.Joined < m.Number && position[r.User] >= m.Number {
				want++
			}
		}
		var out struct{ MessageReadStatus struct{ ReadByCount int } }
		l.must(l.as(id.User{}), &out, `query($m: ID!) { messageReadStatus(messageId: $m) { readByCount } }`, vars{"m": m.ID.String()})
		if out.MessageReadStatus.ReadByCount != want {
			t.Errorf("message %d is read by %d, positions say %d", m.Number, out.MessageReadStatus.ReadByCount, want)
		}
	}
}
