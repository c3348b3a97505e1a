package history

import (
	"context"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// Visible is the predicate of who may see a chat, in every statement that shows something of one: $1 is the viewer (an
// identity.Viewer; NULL sees everything) and c the row of chats.
const Visible = `($1::uuid IS NULL OR EXISTS (
		SELECT FROM chat_members v WHERE v.chat_id = c.id AND v.user_id = $1 AND v.left_seq IS NULL))`

// Place is a place in one of a chat's logs: behind the row of a number.
type Place struct {
	Chat  id.Chat
	After int64
}

// SplitPlaces gives the chats and the numbers of places, as SQL parameters for unnest.
func SplitPlaces(places []Place) (chats id.List[id.Chat], after pg.Ints) {
	for _, p := range places {
		chats, after = append(chats, p.Chat), append(after, p.After)
	}
	return chats, after
}

// NewPages gives an empty page for each place.
func NewPages(places []Place) map[Place]*Page {
	pages := make(map[Place]*Page, len(places))
	for _, p := range places {
		pages[p] = &Page{Last: p.After}
	}
	return pages
}

// Page is a part of a log behind a place: its rows, oldest first, and where the log stood when they were read.
type Page struct {
	Events []Event
	Last   int64 // at least
}

// Add appends a row.
func (p *Page) Add(e Event, last int64) { p.Events, p.Last = append(p.Events, e), last }

// $1 chats, $2 after these seqs, $3 how many of each
const selectEvents = `
	SELECT p.after, c.last_seq, e.chat_id, e.seq, e.kind, e.subject_id, e.actor_id, e.at
	FROM   unnest($1::uuid[], $2::bigint[]) AS p (chat_id, after)
	JOIN   chats c ON c.id = p.chat_id
	CROSS  JOIN LATERAL (
		SELECT chat_id, seq, kind, subject_id, actor_id, at
		FROM   events
		WHERE  chat_id = p.chat_id AND seq > p.after
		ORDER  BY seq
		LIMIT  $3) e
	ORDER  BY e.chat_id, p.after, e.seq`

// Since returns for each place the events of the chat's Changes behind it, at most limit. None means that the caller has
// everything committed so far. It does not ask who is reading, and gives no bodies.
//
// Errors: fault.Unavailable when PostgreSQL cannot be reached; the call is safe to repeat.
// Source: docs/ARCHITECTURE.md, "Truth and hints".
func Since(ctx context.Context, db pg.Reader, places []Place, limit int) (map[Place]*Page, error) {
	var rows []struct {
		After int64 `db:"after"`
		Last  int64 `db:"last_seq"`
		Event
	}
	chats, after := SplitPlaces(places)
	if err := db.Select(ctx, &rows, selectEvents, chats, after, limit); err != nil {
		return nil, err
	}
	pages := NewPages(places)
	for _, r := range rows {
		pages[Place{r.Chat, r.After}].Add(r.Event, r.Last)
	}
	return pages, nil
}

// $1 chats
const selectLast = `SELECT id, last_seq FROM chats WHERE id = ANY ($1::uuid[])`

// $1 chat, $2 after this seq, $3 kinds, $4 how many
const countEvents = `
	SELECT count(*) FROM (
		SELECT FROM events WHERE chat_id = $1 AND seq > $2 AND kind = ANY ($3::smallint[]) LIMIT $4) e`

// CountSince counts the events of some kinds after a seq, and stops at limit.
func CountSince(ctx context.Context, db pg.Reader, chat id.Chat, after int64, kinds []Kind, limit int) (int, error) {
	numbers := make(pg.Ints, len(kinds))
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

// Look is one viewer's question after one chat.
type Look struct {
	Viewer identity.Viewer
	Chat   id.Chat
}

// $1 viewers (NULL sees everything), $2 chats; the place of an answer's question, from 1
const selectLooks = `
	SELECT p.place, c.id AS chat_id, c.last_seq, v.id AS member_id
	FROM   unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS p (viewer, chat_id, place)
	JOIN   chats c ON c.id = p.chat_id
	LEFT   JOIN chat_members v ON v.chat_id = c.id AND v.user_id = p.viewer AND v.left_seq IS NULL
	WHERE  p.viewer IS NULL OR v.id IS NOT NULL`

// SeeEach reads, in one statement, the chats' newest seqs and the viewers' memberships. A chat that does not exist for
// its viewer is left out.
func SeeEach(ctx context.Context, db pg.Reader, looks []Look) (map[Look]Sight, error) {
	var viewers identity.Viewers
	var chats id.List[id.Chat]
	for _, look := range looks {
		viewers, chats = append(viewers, look.Viewer), append(chats, look.Chat)
	}
	var rows []struct {
		Place int `db:"place"`
		Sight
	}
	if err := db.Select(ctx, &rows, selectLooks, viewers, chats); err != nil {
		return nil, err
	}
	sights := make(map[Look]Sight, len(rows))
	for _, r := range rows {
		sights[looks[r.Place-1]] = r.Sight
	}
	return sights, nil
}

// See is SeeEach for one look. Errors: NOT_FOUND when there is no such chat for this viewer.
func See(ctx context.Context, db pg.Reader, viewer identity.Viewer, chat id.Chat) (Sight, error) {
	look := Look{viewer, chat}
	sights, err := SeeEach(ctx, db, []Look{look})
	if err != nil {
		return Sight{}, err
	}
	return sights[look].OrNone(chat)
}

// OrNone refuses the sight of a chat that does not exist for its viewer. Errors: NOT_FOUND.
func (s Sight) OrNone(chat id.Chat) (Sight, error) {
	if s.Chat.IsZero() {
		return s, fault.NoChat(chat)
	}
	return s, nil
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

// $1 memberships
const selectEndings = `
	SELECT id, left_seq, coalesce(left_name, '') AS left_name
	FROM   chat_members
	WHERE  id = ANY ($1::uuid[]) AND left_seq IS NOT NULL`

// Ends tells which memberships have ended, and where; the others are left out.
func Ends(ctx context.Context, db pg.Reader, members []id.Member) (map[id.Member]Ending, error) {
	var rows []struct {
		ID id.Member `db:"id"`
		Ending
	}
	if err := db.Select(ctx, &rows, selectEndings, id.List[id.Member](members)); err != nil {
		return nil, err
	}
	ends := make(map[id.Member]Ending, len(rows))
	for _, r := range rows {
		ends[r.ID] = r.Ending
	}
	return ends, nil
}

// Removal is one user's removal from a chat.
type Removal struct {
	User id.User `db:"subject_id"`
	Seq  int64   `db:"seq"`
}

// $1 chat, $2 after this seq
const selectRemoved = `
	SELECT subject_id, seq FROM events WHERE chat_id = $1 AND seq > $2 AND kind = 5`

// RemovedSince lists the removals from a chat after that seq; some of the users may have been added again.
func RemovedSince(ctx context.Context, db pg.Reader, chat id.Chat, after int64) ([]Removal, error) {
	var removals []Removal
	err := db.Select(ctx, &removals, selectRemoved, chat, after)
	return removals, err
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
