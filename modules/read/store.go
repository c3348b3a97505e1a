package read

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// standing is where a viewer stands in a chat.
type standing struct {
	Chat    id.Chat `db:"chat_id"`
	Unread  int32   `db:"unread_count"`
	ReadSeq int64   `db:"read_seq"`
}

// $1 user, $2 chats. The seq of a position is that of the newest message that it covers.
const selectStandings = `
	SELECT u.chat_id, u.unread_count,
	       coalesce((SELECT x.seq FROM messages x
	                 WHERE  x.chat_id = m.chat_id AND x.number = coalesce(p.read_number, m.joined_number)), 0) AS read_seq
	FROM   chat_members m
	JOIN   unread_counts u ON u.id = m.id AND u.chat_id = m.chat_id
	LEFT   JOIN read_positions p ON p.member_id = m.id AND p.chat_id = m.chat_id
	WHERE  m.user_id = $1 AND m.left_seq IS NULL AND m.chat_id = ANY ($2::uuid[])`

func (s *Store) standings(ctx context.Context, user id.User, chats []id.Chat) (map[id.Chat]standing, error) {
	var rows []standing
	if err := s.db.Select(ctx, &rows, selectStandings, user, id.List[id.Chat](chats)); err != nil {
		return nil, err
	}
	found := make(map[id.Chat]standing, len(rows))
	for _, r := range rows {
		found[r.Chat] = r
	}
	return found, nil
}

// count is a row of the view unread_counts.
type count struct {
	ID        id.Member `db:"id"`
	Chat      id.Chat   `db:"chat_id"`
	User      id.User   `db:"user_id"`
	Unread    int32     `db:"unread_count"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

// $1 user
const selectCounts = `
	SELECT id, chat_id, user_id, unread_count, created_at, updated_at
	FROM   unread_counts
	WHERE  user_id = $1
	ORDER  BY chat_id`

func (s *Store) counts(ctx context.Context, user id.User) ([]count, error) {
	var rows []count
	err := s.db.Select(ctx, &rows, selectCounts, user)
	return rows, err
}

// A chat that was removed has nothing unread, and is not in the view. $1 chat, $2 users
const selectCountsOfChat = `
	SELECT user_id, unread_count FROM unread_counts WHERE chat_id = $1 AND user_id = ANY ($2::uuid[])
	UNION  ALL
	SELECT m.user_id, 0
	FROM   chats c
	JOIN   chat_members m ON m.chat_id = c.id AND m.left_seq IS NULL
	WHERE  c.id = $1 AND NOT c.is_active AND m.user_id = ANY ($2::uuid[])`

// countsOf gives the counts of those of the users that are members.
func (s *Store) countsOf(ctx context.Context, chat id.Chat, users []id.User) (map[id.User]int32, error) {
	var rows []count
	if err := s.db.Select(ctx, &rows, selectCountsOfChat, chat, id.List[id.User](users)); err != nil {
		return nil, err
	}
	counts := make(map[id.User]int32, len(rows))
	for _, r := range rows {
		counts[r.User] = r.Unread
	}
	return counts, nil
}

// subject is what reads of a message are about.
type subject struct {
	ID     id.Message `db:"id"`
	Chat   id.Chat    `db:"chat_id"`
	Seq    int64      `db:"seq"`
	Number int64      `db:"number"`
	Sender id.User    `db:"sender_id"`
}

// $1 viewer, $2 message
const selectSubject = `
	SELECT m.id, m.chat_id, m.seq, m.number, m.sender_id
	FROM   messages m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.id = $2 AND ` + history.Visible

// subject finds a message. Errors: NOT_FOUND when there is none for this viewer.
func (s *Store) subject(ctx context.Context, viewer identity.Viewer, message id.Message) (subject, error) {
	var m subject
	err := s.db.Get(ctx, &m, selectSubject, viewer, message)
	if errors.Is(err, sql.ErrNoRows) {
		return m, fault.NoMessage(message)
	}
	return m, err
}

// $1 viewer, $2 chat, $3 seq
const selectSubjectAt = `
	SELECT m.id, m.chat_id, m.seq, m.number, m.sender_id
	FROM   messages m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.chat_id = $2 AND m.seq <= $3 AND ` + history.Visible + `
	ORDER  BY m.seq DESC
	LIMIT  1`

// subjectAt finds the newest message at or before a seq; a subject of that chat without a message when there is none.
func (s *Store) subjectAt(ctx context.Context, viewer identity.Viewer, chat id.Chat, seq int64) (subject, error) {
	var m subject
	err := s.db.Get(ctx, &m, selectSubjectAt, viewer, chat, seq)
	if errors.Is(err, sql.ErrNoRows) {
		return subject{Chat: chat}, nil
	}
	return m, err
}

// reader is a participant of a message, other than its sender.
type reader struct {
	User   id.User    `db:"user_id"`
	ReadAt *time.Time `db:"read_at"` // nil: not yet
}

// The time of a read is that of the one move that covers the message. Somebody who joined after the message is no
// participant of it; an inactive account counts only if it has read. $1 chat, $2 seq, $3 number, $4 sender
const selectReaders = `
	SELECT m.user_id,
	       CASE WHEN p.read_number >= $3 THEN (
	            SELECT r.read_at FROM message_reads r
	            WHERE  r.chat_id = m.chat_id AND r.user_id = m.user_id AND r.to_number >= $3
	            ORDER  BY r.to_number LIMIT 1) END AS read_at
	FROM   chat_members m
	JOIN   users u ON u.id = m.user_id
	LEFT   JOIN read_positions p ON p.member_id = m.id AND p.chat_id = m.chat_id
	WHERE  m.chat_id = $1 AND m.left_seq IS NULL AND m.user_id <> $4 AND m.joined_seq < $2
	AND    (u.is_active OR p.read_number >= $3)
	ORDER  BY read_at, m.user_id`

func (s *Store) readers(ctx context.Context, m subject) ([]reader, error) {
	var rows []reader
	err := s.db.Select(ctx, &rows, selectReaders, m.Chat, m.Seq, m.Number, m.Sender)
	return rows, err
}

// $1 chat, $2 user, $3 number
const selectReadAt = `
	SELECT coalesce((SELECT r.read_at FROM message_reads r
	                 WHERE  r.chat_id = m.chat_id AND r.user_id = m.user_id AND r.to_number >= $3 AND r.from_number < $3
	                 ORDER  BY r.to_number LIMIT 1), m.joined_at)
	FROM   chat_members m
	WHERE  m.chat_id = $1 AND m.user_id = $2 AND m.left_seq IS NULL`

// readAt is when a member that has read a message read it; a message from before its time it read when it joined.
func (s *Store) readAt(ctx context.Context, m subject, user id.User) (time.Time, error) {
	var at time.Time
	err := s.db.Get(ctx, &at, selectReadAt, m.Chat, user, m.Number)
	if errors.Is(err, sql.ErrNoRows) {
		return at, fault.NoMessage(m.ID)
	}
	return at, err
}

// $1 chats. A new counter begins at its first move; the row has to be there to be locked.
const lockCounters = `
	SELECT chat_id, n FROM read_counters WHERE chat_id = ANY ($1::uuid[]) ORDER BY chat_id FOR NO KEY UPDATE`

// $1 chats
const insertCounters = `
	INSERT INTO read_counters (chat_id, n) SELECT c, 0 FROM unnest($1::uuid[]) AS c ORDER BY c ON CONFLICT DO NOTHING`

// Where the readers of marks stand. $1 chats, $2 users
const selectPositions = `
	SELECT i.ord, m.id AS member_id, c.message_count, c.is_active,
	       coalesce(p.read_number, m.joined_number) AS read_number,
	       coalesce(p.cleared_number, m.joined_number) AS cleared_number, clock_timestamp() AS now
	FROM   unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS i(chat_id, user_id, ord)
	JOIN   chat_members m ON m.chat_id = i.chat_id AND m.user_id = i.user_id AND m.left_seq IS NULL
	JOIN   chats c ON c.id = i.chat_id
	LEFT   JOIN read_positions p ON p.member_id = m.id AND p.chat_id = m.chat_id
	ORDER  BY i.ord`

// position is where a member stands, as numbers of messages.
type position struct {
	Order    int       `db:"ord"` // from 1
	Member   id.Member `db:"member_id"`
	Messages int64     `db:"message_count"`
	Active   bool      `db:"is_active"`
	Read     int64     `db:"read_number"`
	Cleared  int64     `db:"cleared_number"`
	Now      time.Time `db:"now"`
}

// $1 memberships, $2 chats, $3 read numbers, $4 cleared numbers, $5 times
const upsertPositions = `
	INSERT INTO read_positions AS p (member_id, chat_id, read_number, cleared_number, updated_at)
	SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[])
	ON     CONFLICT (member_id, chat_id) DO UPDATE
	SET    read_number = greatest(p.read_number, excluded.read_number),
	       cleared_number = greatest(p.cleared_number, excluded.cleared_number),
	       updated_at = greatest(p.updated_at, excluded.updated_at)`

// Moves: $1 chats, $2 numbers in the read log, $3 users, $4 from, $5 to, $6 messages, $7 times. Counters: $8 chats, $9 n.
const insertMoves = `
	WITH moves AS (
		INSERT INTO message_reads (chat_id, n, user_id, from_number, to_number, message_id, read_at)
		SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::uuid[], $7::timestamptz[])
	)
	UPDATE read_counters c SET n = i.n FROM unnest($8::uuid[], $9::bigint[]) AS i(chat_id, n) WHERE c.chat_id = i.chat_id`

// span is the messages that a move covers, the body of its event: those with from < number <= to.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// $1 chats, $2 after these numbers, $3 how many of each
const selectMoves = `
	SELECT p.chat_id, p.after, c.n AS last, r.n, r.user_id, r.from_number, r.to_number, r.message_id, r.read_at
	FROM   unnest($1::uuid[], $2::bigint[]) AS p (chat_id, after)
	JOIN   read_counters c ON c.chat_id = p.chat_id
	CROSS  JOIN LATERAL (
		SELECT n, user_id, from_number, to_number, message_id, read_at
		FROM   message_reads
		WHERE  chat_id = p.chat_id AND n > p.after
		ORDER  BY n
		LIMIT  $3) r
	ORDER  BY p.chat_id, p.after, r.n`

// Since returns for each place the events of the chat's Moves behind it, at most limit.
func (s *Store) Since(ctx context.Context, places []history.Place, limit int) (map[history.Place]*history.Page, error) {
	var rows []struct {
		Chat    id.Chat    `db:"chat_id"`
		After   int64      `db:"after"`
		Last    int64      `db:"last"`
		N       int64      `db:"n"`
		User    id.User    `db:"user_id"`
		From    int64      `db:"from_number"`
		To      int64      `db:"to_number"`
		Message id.Message `db:"message_id"`
		ReadAt  time.Time  `db:"read_at"`
	}
	chats, after := history.SplitPlaces(places)
	if err := s.db.Select(ctx, &rows, selectMoves, chats, after, limit); err != nil {
		return nil, err
	}
	pages := history.NewPages(places)
	for _, r := range rows {
		e, err := moved(r.Chat, r.N, r.User, r.Message, span{r.From, r.To}, r.ReadAt)
		if err != nil {
			return nil, err
		}
		pages[history.Place{Chat: r.Chat, After: r.After}].Add(e, r.Last)
	}
	return pages, nil
}

// moved is the event of a move.
func moved(chat id.Chat, n int64, user id.User, to id.Message, s span, at time.Time) (history.Event, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return history.Event{}, fmt.Errorf("encode a move: %w", err)
	}
	return history.Event{
		Chat: chat, Seq: n, Kind: history.PositionMoved, Subject: id.Any(to), Actor: user, At: at, Body: body,
	}, nil
}

// $1 chats
const selectLastMoves = `SELECT chat_id, n FROM read_counters WHERE chat_id = ANY ($1::uuid[])`

// Last maps each of the chats to the newest number of its Moves; a chat without moves is left out.
func (s *Store) Last(ctx context.Context, chats []id.Chat) (map[id.Chat]int64, error) {
	return counters(ctx, s.db, selectLastMoves, chats)
}

func counters(ctx context.Context, db pg.Reader, statement string, chats []id.Chat) (map[id.Chat]int64, error) {
	var rows []struct {
		Chat id.Chat `db:"chat_id"`
		N    int64   `db:"n"`
	}
	if err := db.Select(ctx, &rows, statement, id.List[id.Chat](chats)); err != nil {
		return nil, err
	}
	last := make(map[id.Chat]int64, len(rows))
	for _, r := range rows {
		last[r.Chat] = r.N
	}
	return last, nil
}
