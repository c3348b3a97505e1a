package history

import (
	"context"
	"database/sql"
	"errors"

	"github.com/lib/pq"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// Visible is the predicate of who may see a chat, in every statement that shows something of one: $1 is the viewer (an
// identity.Viewer; NULL sees everything) and c the row of chats.
const Visible = `($1::uuid IS NULL OR EXISTS (
		SELECT FROM chat_members v WHERE v.chat_id = c.id AND v.user_id = $1 AND v.left_seq IS NULL))`

// $1 chat, $2 after this seq, $3 how many
const selectEvents = `
	SELECT chat_id, seq, kind, subject_id, actor_id, at
	FROM   events
	WHERE  chat_id = $1 AND seq > $2
	ORDER  BY seq
	LIMIT  $3`

// Since returns the events of a chat's Changes with a seq greater than after, oldest first, at most limit. An empty slice
// means that the caller has everything committed so far. It does not ask who is reading.
//
// Errors: fault.Unavailable when PostgreSQL cannot be reached; the call is safe to repeat.
// Source: docs/ARCHITECTURE.md, "Truth and hints".
func Since(ctx context.Context, db pg.Reader, chat id.Chat, after int64, limit int) ([]Event, error) {
	var events []Event
	err := db.Select(ctx, &events, selectEvents, chat, after, limit)
	return events, err
}

// $1 chats
const selectLast = `SELECT id, last_seq FROM chats WHERE id = ANY ($1::uuid[])`

// $1 chat, $2 after this seq, $3 kinds, $4 how many
const countEvents = `
	SELECT count(*) FROM (
		SELECT FROM events WHERE chat_id = $1 AND seq > $2 AND kind = ANY ($3::smallint[]) LIMIT $4) e`

// CountSince counts the events of some kinds after a seq, and stops at limit.
func CountSince(ctx context.Context, db pg.Reader, chat id.Chat, after int64, kinds []Kind, limit int) (int, error) {
	numbers := make(pq.Int64Array, len(kinds))
	for n, kind := range kinds {
		numbers[n] = int64(kind)
	}
	var rows int
	err := db.Get(ctx, &rows, countEvents, chat, after, numbers, limit)
	return rows, err
}

// Last maps each of the chats to the newest seq of its Changes.
func Last(ctx context.Context, db pg.Reader, chats []id.Chat) (map[id.Chat]int64, error) {
	var rows []struct {
		Chat id.Chat `db:"id"`
		Last int64   `db:"last_seq"`
	}
	if err := db.Select(ctx, &rows, selectLast, id.List[id.Chat](chats)); err != nil {
		return nil, err
	}
	last := make(map[id.Chat]int64, len(rows))
	for _, row := range rows {
		last[row.Chat] = row.Last
	}
	return last, nil
}

// Sight is what a viewer may follow of a chat, as of one moment.
type Sight struct {
	Chat    id.Chat   `db:"chat_id"`
	Member  id.Member `db:"member_id"` // the viewer's membership; the zero id for a viewer that sees everything
	LastSeq int64     `db:"last_seq"`
}

// $1 viewer, $2 chat
const selectSight = `
	SELECT c.id AS chat_id, c.last_seq, v.id AS member_id
	FROM   chats c
	LEFT   JOIN chat_members v ON v.chat_id = c.id AND v.user_id = $1 AND v.left_seq IS NULL
	WHERE  c.id = $2 AND ($1::uuid IS NULL OR v.id IS NOT NULL)`

// See reads the chat's newest seq and the viewer's membership in one statement.
// Errors: NOT_FOUND when there is no such chat for this viewer.
func See(ctx context.Context, db pg.Reader, viewer identity.Viewer, chat id.Chat) (Sight, error) {
	var s Sight
	err := db.Get(ctx, &s, selectSight, viewer, chat)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.NoChat(chat)
	}
	return s, err
}

// $1 user
const selectSights = `
	SELECT v.chat_id, v.id AS member_id, c.last_seq
	FROM   chat_members v
	JOIN   chats c ON c.id = v.chat_id
	WHERE  v.user_id = $1 AND v.left_seq IS NULL`

// SeeAll is See for every chat of a user, in no order.
func SeeAll(ctx context.Context, db pg.Reader, user id.User) ([]Sight, error) {
	var all []Sight
	err := db.Select(ctx, &all, selectSights, user)
	return all, err
}

// Ending is the end of a membership, or of none: Seq is 0 while it lasts.
type Ending struct {
	Seq  int64  `db:"left_seq"`
	Name string `db:"left_name"` // of the chat at that moment
}

// $1 membership, $2 chat
const selectEnding = `
	SELECT coalesce(left_seq, 0) AS left_seq, coalesce(left_name, '') AS left_name
	FROM   chat_members
	WHERE  id = $1 AND chat_id = $2`

// End tells whether and where a membership has ended. The zero id never ends.
func End(ctx context.Context, db pg.Reader, member id.Member, chat id.Chat) (Ending, error) {
	var e Ending
	err := db.Get(ctx, &e, selectEnding, member, chat)
	if member.IsZero() || errors.Is(err, sql.ErrNoRows) {
		return Ending{}, nil
	}
	return e, err
}

// $1 chat, $2 after this seq
const selectRemoved = `
	SELECT subject_id FROM events WHERE chat_id = $1 AND seq > $2 AND kind = 5`

// RemovedSince lists the users that were removed from a chat after that seq; some may have been added again.
func RemovedSince(ctx context.Context, db pg.Reader, chat id.Chat, after int64) ([]id.User, error) {
	var users []id.User
	err := db.Select(ctx, &users, selectRemoved, chat, after)
	return users, err
}

// Turn is a membership that began or ended.
type Turn struct {
	Sight
	JoinedSeq  int64 `db:"joined_seq"`
	JoinedFeed int64 `db:"joined_feed"` // the user's number at its beginning
	LeftFeed   int64 `db:"left_feed"`   // and at its end; 0 while it lasts
}

// $1 user, $2 after this number of the feed
const selectTurns = `
	SELECT m.chat_id, m.id AS member_id, c.last_seq, m.joined_seq, m.joined_feed, coalesce(m.left_feed, 0) AS left_feed
	FROM   chat_members m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.user_id = $1 AND greatest(m.joined_feed, m.left_feed) > $2
	ORDER  BY greatest(m.joined_feed, m.left_feed)`

// TurnsSince returns the memberships of a user that began or ended after that number of the feed, in its order.
func TurnsSince(ctx context.Context, db pg.Reader, user id.User, after int64) ([]Turn, error) {
	var turns []Turn
	err := db.Select(ctx, &turns, selectTurns, user, after)
	return turns, err
}

// $1 users
const selectFeeds = `SELECT user_id, seq FROM user_feeds WHERE user_id = ANY ($1::uuid[])`

// Feeds maps each of the users to the newest number of its feed; a user without one is left out.
func Feeds(ctx context.Context, db pg.Reader, users []id.User) (map[id.User]int64, error) {
	var rows []struct {
		User id.User `db:"user_id"`
		Seq  int64   `db:"seq"`
	}
	if err := db.Select(ctx, &rows, selectFeeds, id.List[id.User](users)); err != nil {
		return nil, err
	}
	feeds := make(map[id.User]int64, len(rows))
	for _, row := range rows {
		feeds[row.User] = row.Seq
	}
	return feeds, nil
}
