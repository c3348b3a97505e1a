package app

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chat/modules/id"
	"chat/modules/pg"
)

// TestNoStatementScansALargeTable runs the product on a large data set and lets PostgreSQL tell how it ran each statement:
// messages, events, message_reads, users and chat_members are never read from end to end.
func TestNoStatementScansALargeTable(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	big, small := w.group(ann, bob), w.group(ann, bob)
	fill := func(statement string, args ...any) {
		t.Helper()
		if err := w.db.Tx(t.Context(), func(tx *pg.Tx) error { return tx.Exec(t.Context(), statement, args...) }); err != nil {
			t.Fatal(err)
		}
	}
	const many = 60_000
	fill(`INSERT INTO chats (id, name, chat_type, created_at, updated_at) SELECT gen_random_uuid(), 'c', 'group', now(), now() FROM generate_series(1, 5000)`)
	fill(`INSERT INTO messages (id, chat_id, seq, number, version, sender_id, content, created_at)
		SELECT gen_random_uuid(), $1::uuid, n, n, n, CASE WHEN n % 3 = 0 THEN $2::uuid ELSE $3::uuid END, 'x', now() FROM generate_series(1, $4::int) n`, big, ann, bob, many)
	fill(`INSERT INTO events (chat_id, seq, kind, subject_id, actor_id, at) SELECT chat_id, seq, 1, id, sender_id, created_at FROM messages`)
	fill(`UPDATE chats SET last_seq = $2, message_count = $2 WHERE id = $1`, big, many)
	fill(`INSERT INTO message_reads (chat_id, n, user_id, from_number, to_number, message_id, read_at)
		SELECT $1::uuid, n, CASE WHEN n % 2 = 0 THEN $2::uuid ELSE $3::uuid END, n - 1, n, gen_random_uuid(), now() FROM generate_series(1, $4::int) n`, big, ann, bob, many)
	fill(`INSERT INTO read_counters VALUES ($1, $2)`, big, many)
	fill(`INSERT INTO users (id, username, username_key, email, email_key, display_name, display_name_key, created_at, updated_at)
		SELECT gen_random_uuid(), n, n, n || '@x', n || '@x', 'Someone ' || n, 'someone ' || n, now(), now() FROM generate_series(1, $1::int) n`, many)
	// At this size PostgreSQL still believes that reading all of chat_members and hashing it might pay.
	const join = `INSERT INTO chat_members (id, chat_id, user_id, joined_seq, joined_number, joined_feed, joined_at) `
	fill(join+`SELECT gen_random_uuid(), id, $1, 0, 0, 1, now() FROM chats WHERE name = 'c' LIMIT 500`, bob)
	fill(join + `SELECT gen_random_uuid(), c.id, u.id, 0, 0, 1, now()
		FROM (SELECT id, row_number() OVER () AS n FROM chats WHERE name = 'c') c
		JOIN (SELECT id, row_number() OVER () AS n FROM users WHERE email LIKE '%@x' LIMIT 4000) u USING (n)`)
	fill(`ANALYZE`)
	large := []string{"messages", "events", "message_reads", "users", "chat_members"}
	before := w.scans(large)

	message := w.send(big, ann, "hello")
	var newest struct{ Chat struct{ LastSeq int } }
	w.must(w.as(ann), &newest, `query($c: ID!) { chat(id: $c) { lastSeq } }`, vars{"c": big.String()})
	all := vars{"c": big.String(), "m": message.ID.String(), "u": bob.String(), "s": many / 2, "d": big.String()}
	for _, query := range []string{
		`{ chats { id participantIds unreadCount readSeq lastMessage { content } messages(first: 3) { content sender { username } } } }`,
		`query($c: ID!) { chat(id: $c) { participants { username } unreadCount readSeq messages { content } } }`,
		`query($c: ID!) { messages(chatId: $c) { seq } }`,
		`query($c: ID!, $s: Seq) { messages(chatId: $c, afterSeq: $s) { content chat { name } } }`,
		`query($c: ID!, $s: Seq) { messages(chatId: $c, beforeSeq: $s, limit: 50, includeDeleted: true) { content } }`,
		`query($m: ID!) { message(id: $m) { content chat { id } } messageReadStatus(messageId: $m) { readByCount } }`,
		`{ unreadCounts { unreadCount } }`,
		`{ users(limit: 20, afterUsername: "100") { username } }`,
		`{ users(search: "someone 123", limit: 20) { username } }`,
		`{ userByUsername(username: "BOB") { id } }`,
		`query($c: ID!) { unreadCount(chatId: $c) }`,
		`mutation($m: ID!) { updateMessage(id: $m, content: "edited") { id } }`,
		`mutation($m: ID!) { markMessageAsRead(messageId: $m) { readAt } }`,
		`mutation($c: ID!, $s: Seq!) { markChatRead(chatId: $c, upToSeq: $s) { unreadCount } }`,
		`mutation($m: ID!) { removeMessage(id: $m) { id } }`,
		`mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`,
		`mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`,
		`mutation($c: ID!) { updateChat(id: $c, name: "x") { id } }`,
	} {
		w.must(w.as(ann), nil, query, used(query, all))
	}
	var batch sync.WaitGroup
	for n := range 40 {
		batch.Go(func() {
			w.must(w.as(ann), nil, sendDocument, sendVars([]id.Chat{big, small}[n%2], ann, fmt.Sprint(n), fmt.Sprint("key ", n)))
		})
	}
	batch.Wait()
	for _, query := range []string{
		`subscription($c: ID!, $s: Seq) { chatEvents(chatId: $c, afterSeq: $s) { seq message { content } } }`,
		`subscription($c: ID!, $s: Seq) { messageAdded(chatId: $c, afterSeq: $s) { content } }`,
		`subscription($m: ID!) { messageReadUpdated(messageId: $m) { userId } }`,
		`subscription { unreadCountUpdated(current: true) { unreadCount } }`,
		`subscription { chatUpdated(current: true) { name participantIds } }`,
	} {
		s, _ := w.subscribe(w.as(ann), query, used(query, vars{"c": big.String(), "m": message.ID.String(), "s": many - 50}))
		if !strings.Contains(query, "messageRead") {
			s.count(1)
		}
	}
	if after := w.scans(large); !slices.Equal(after, before) {
		t.Errorf("a statement read a large table from end to end: scans of %v went from %v to %v", large, before, after)
	}
}

// scans counts the sequential scans of tables. A connection reports its counts for sure when it ends, so all but the one that
// asks are ended first.
func (w *world) scans(tables []string) (counts []int64) {
	w.t.Helper()
	w.db.Pool().SetMaxIdleConns(0)
	defer w.db.Pool().SetMaxIdleConns(10)
	var ended int
	w.get(w.t, &ended, `SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	for _, table := range tables {
		var count int64
		w.get(w.t, &count, `SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables WHERE relname = $1`, table)
		counts = append(counts, count)
	}
	return counts
}

// TestNoStatementScansSessions: nor are accounts, sessions and their tokens read from end to end by signing in and what
// follows from it.
func TestNoStatementScansSessions(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.signUp("ann")
	const many = 60_000
	s.exec(`INSERT INTO users (id, username, username_key, email, email_key, created_at, updated_at)
		SELECT gen_random_uuid(), n, n, n || '@x', n || '@x', now(), now() FROM generate_series(1, $1::int) n`, many)
	s.exec(`INSERT INTO sessions (id, user_id, device, address, created_at, last_used_at, expires_at, ended_at)
		SELECT gen_random_uuid(), id, '', '', now(), now(), now() + interval '1 day', CASE WHEN username < '5' THEN now() END FROM users`)
	s.exec(`INSERT INTO refresh_tokens (hash, session_id, used_at) SELECT sha256(id::text::bytea), id, now() - interval '1 day' FROM sessions`)
	s.exec(`ANALYZE`)
	large := []string{"users", "sessions", "refresh_tokens", "audit_log"}
	before := s.scans(large)
	one, two := s.login("ann", password), s.login("ANN@example.org", password)
	one = s.refresh(one.RefreshToken)
	s.refused("a used token", strings.Repeat("A", 43))
	var out struct{ Sessions []struct{ ID string } }
	s.call(one.AccessToken, &out, `{ me { id } sessions { id } }`, nil)
	if got := codeIn(t, login(s, "", "nobody", password)); got != unknown {
		t.Errorf("signing in as nobody: %q", got)
	}
	socket := s.connect(two.AccessToken)
	for range 3 {
		s.call(one.AccessToken, nil, renameDocument, vars{"u": ann.String(), "d": "Ann"})
	}
	s.call(one.AccessToken, nil, `mutation($c: String!) { changePassword(current: $c, new: "another horse") }`, vars{"c": password})
	if code := socket.closing(5 * time.Second); code != 4403 { // so that sessions have been looked at
		t.Errorf("closed %d", code)
	}
	s.call(one.AccessToken, nil, `mutation($s: ID!) { revokeSession(id: $s) }`, vars{"s": out.Sessions[0].ID})
	last := s.enter(ann)
	s.call(last, nil, `mutation { logoutEverywhere }`, nil)
	s.call(s.enter(ann), nil, removeDocument, vars{"u": ann.String()})
	if after := s.scans(large); !slices.Equal(after, before) {
		t.Errorf("a statement read a large table from end to end: scans of %v went from %v to %v", large, before, after)
	}
}
