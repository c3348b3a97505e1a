// Package sender is the write engine: it appends changes to the logs of chats, many in one transaction.
//
// What Append has answered is durable, stands in its chat's log exactly once, and takes numbers without holes in the
// order of commit. The engine locks the chats, gives the numbers, writes the log and the counters, moves the feeds of
// users, and publishes one hint per chat and batch after the commit. It knows no feature: a feature hands it Kinds, which
// decide about a change and store its subject. Batcher, the gathering of changes into transactions, serves writes that
// number nothing as well.
package sender

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
)

// Kind is one sort of change, as its feature stores it. Both methods get every change of the kind in a batch at once.
type Kind interface {
	// Check gives what has to be read to decide about the changes, and then decides about each of them by Accept, Recall or
	// Refuse. What is read is what was committed before the chats were locked, and nothing of this batch. A change that is left
	// undecided is accepted with no rows: a success that writes nothing. A change that was refused before stays so.
	Check(changes []*Change) (question pg.Question, decide func())
	// Write stores the subjects of the accepted changes, whose rows carry their numbers, by statements that are deferred, and
	// gives the rows their bodies.
	Write(tx *pg.Tx, changes []*Change) error
}

// Change is one thing that a caller wants written.
type Change struct {
	Kind    Kind
	Chat    id.Chat
	Actor   id.User // the zero id: nobody is named
	Subject id.Any  // what it changes; a batch holds at most one change per subject
	Key     any     // comparable: a batch holds at most one change per key; nil is none
	Closes  bool    // it changes who or what the chat is, so nothing of the chat comes after it in its batch
	Size    int     // how many rows it may write; 0 is one
	Input   any     // the kind's own

	// Result is the kind's own answer, after Append.
	Result any

	change  id.Change
	runs    int
	locked  Chat
	rows    []Row
	feeds   []id.User
	moved   map[id.User]int64
	refused error
	stored  bool
}

// Chat is what the engine knows of a chat under its lock.
type Chat struct {
	ID       id.Chat   `db:"id"`
	LastSeq  int64     `db:"last_seq"`
	Messages int64     `db:"message_count"`
	IsActive bool      `db:"is_active"`
	Now      time.Time `db:"now"` // never before the chat's last change
}

// Row is one row of the log that a change takes.
type Row struct {
	Kind    history.Kind
	Subject id.Any
	Body    json.RawMessage // the subject as committed, for the hint

	Seq    int64     // given by the engine before Write
	Number int64     // likewise: how many messages the chat has had by then, which numbers a MessageAdded
	At     time.Time // likewise
}

// Locked is the chat as it was when the batch had locked it.
func (c *Change) Locked() Chat { return c.locked }

// Accept makes the change take these rows of the log, in this order.
func (c *Change) Accept(rows ...Row) { c.rows = rows }

// Concern moves the feeds of these users with the change; each once, whatever else it is named for in the batch.
func (c *Change) Concern(users ...id.User) { c.feeds = append(c.feeds, users...) }

// Refuse makes Append return err; nothing of the change is stored.
func (c *Change) Refuse(err error) { c.refused = cmp.Or(c.refused, err) }

// Recall tells that the change has been stored before, as these rows with their numbers; nothing is written. The rows
// are published once more, since the hint may have been lost with the answer.
func (c *Change) Recall(rows ...Row) { c.rows, c.stored = rows, true }

// Stored tells that this very change was stored by an earlier run of its batch, of which the answer was lost. Check then
// has only its Result to find.
func (c *Change) Stored() bool { return c.stored }

// Rows are the rows that the change takes, for Write to read their numbers and to set their bodies.
func (c *Change) Rows() []Row { return c.rows }

// Feed is the number that the feed of a user of Concern has moved to.
func (c *Change) Feed(user id.User) int64 { return c.moved[user] }

// Engine appends changes to logs. Safe for concurrent use.
type Engine struct {
	batcher *Batcher[*Change]
}

// New returns an engine with that many writers. One for every two cores is right: each keeps a core of PostgreSQL busy, and what
// more of them do at the same time costs more, since a change is the cheaper the more there are in its batch.
func New(db *pg.DB, b bus.Bus, writers int, metrics *Metrics, log zerolog.Logger) *Engine {
	return &Engine{NewBatcher(db, b, writers, metrics, log, Script[*Change]{
		Name:  "log",
		Shard: func(c *Change) uint32 { return binary.BigEndian.Uint32(c.Chat[12:]) },
		Hold: func(c *Change) Hold {
			return Hold{Keys: [2]any{subject{c.Chat, c.Subject}, c.Key}, Group: c.Chat, Closes: c.Closes, Rows: c.Size}
		},
		Run: run,
	})}
}

type subject struct {
	chat id.Chat
	id   id.Any
}

// Append stores the change and returns when it is durable. Errors: what the kind refused with, and those of Batcher.Do.
func (e *Engine) Append(ctx context.Context, c *Change) error {
	c.change = id.New[id.Change]()
	if err := e.batcher.Do(ctx, c); err != nil {
		return err
	}
	return c.refused
}

// Run writes until ctx ends and everything queued is answered.
func (e *Engine) Run(ctx context.Context) error { return e.batcher.Run(ctx) }

// run is one batch in one transaction. The locks come first: every later statement sees all that was committed before
// them, so membership and idempotency are exact, and numbers can be given here.
func run(ctx context.Context, tx *pg.Tx, batch []*Change) ([]bus.Hint, error) {
	kinds := byKind(batch)
	chats, err := judge(ctx, tx, batch, kinds)
	if err != nil {
		return nil, err
	}
	number(chats, batch)
	feeds, err := moveFeeds(ctx, tx, batch)
	if err != nil {
		return nil, err
	}
	for _, changes := range kinds {
		accepted := slices.DeleteFunc(changes, writesNothing)
		if len(accepted) == 0 {
			continue
		}
		if err := accepted[0].Kind.Write(tx, accepted); err != nil {
			return nil, err
		}
	}
	writeLog(tx, chats, batch)
	return append(hints(batch), FeedHints(feeds)...), nil
}

// judge locks the chats of a batch and lets every change be decided.
func judge(ctx context.Context, tx *pg.Tx, batch []*Change, kinds [][]*Change) (map[id.Chat]*Chat, error) {
	var locked []Chat
	questions := []pg.Question{lock(&locked, batch)}
	decisions := make([]func(), len(kinds))
	for n, changes := range kinds {
		question, decide := changes[0].Kind.Check(changes)
		questions, decisions[n] = append(questions, question), decide
	}
	if err := tx.SelectEach(ctx, questions...); err != nil {
		return nil, err
	}
	chats := begin(batch, locked)
	if err := findStored(ctx, tx, batch); err != nil {
		return nil, err
	}
	for _, decide := range decisions {
		decide()
	}
	return chats, nil
}

func writesNothing(c *Change) bool { return c.refused != nil || c.stored || len(c.rows) == 0 }

func byKind(batch []*Change) [][]*Change {
	var kinds [][]*Change
	for _, c := range batch {
		n := slices.IndexFunc(kinds, func(k []*Change) bool { return k[0].Kind == c.Kind })
		if n < 0 {
			kinds = append(kinds, []*Change{c})
		} else {
			kinds[n] = append(kinds[n], c)
		}
	}
	return kinds
}

// number gives every accepted row the next numbers of its chat, in order of arrival.
func number(chats map[id.Chat]*Chat, batch []*Change) {
	for _, c := range batch {
		if c.refused != nil {
			c.rows, c.feeds = nil, nil
		}
		if writesNothing(c) {
			continue
		}
		chat := chats[c.Chat]
		for n := range c.rows {
			row := &c.rows[n]
			chat.LastSeq++
			row.Seq, row.At = chat.LastSeq, chat.Now
			if row.Kind == history.MessageAdded {
				chat.Messages++
			}
			row.Number = chat.Messages
		}
	}
}

func moveFeeds(ctx context.Context, tx *pg.Tx, batch []*Change) (map[id.User]int64, error) {
	var users []id.User
	for _, c := range batch {
		users = append(users, c.feeds...)
	}
	feeds, err := MoveFeeds(ctx, tx, users)
	if err != nil {
		return nil, err
	}
	for _, c := range batch {
		c.moved = feeds
	}
	return feeds, nil
}

// hints names the new rows of each chat, with their bodies.
func hints(batch []*Change) []bus.Hint {
	var hints []bus.Hint
	at := map[id.Chat]int{}
	for _, c := range batch {
		for _, row := range c.rows {
			n, ok := at[c.Chat]
			if !ok {
				n = len(hints)
				at[c.Chat] = n
				hints = append(hints, bus.Hint{Channel: bus.Channel{Chat: c.Chat}})
			}
			hints[n].Events = append(hints[n].Events, history.Event{
				Chat: c.Chat, Seq: row.Seq, Kind: row.Kind, Subject: row.Subject, Actor: c.Actor, At: row.At, Body: row.Body,
			})
		}
	}
	return hints
}

// FeedHints are the hints for feeds that MoveFeeds has moved.
func FeedHints(feeds map[id.User]int64) []bus.Hint {
	hints := make([]bus.Hint, 0, len(feeds))
	for user, seq := range feeds {
		hints = append(hints, bus.Hint{Channel: bus.Channel{User: user}, Feed: seq})
	}
	return hints
}
