package sender

import (
	"context"
	"slices"
	"time"

	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
)

// $1 chats. In the order of ids, or two processes deadlock; clock_timestamp(), because now() is before the wait.
const lockChats = `
	SELECT id, last_seq, message_count, is_active, greatest(updated_at, clock_timestamp()) AS now
	FROM   chats
	WHERE  id = ANY ($1::uuid[])
	ORDER  BY id
	FOR    NO KEY UPDATE`

// lock asks for the chats of a batch, which are locked by it.
func lock(chats *[]Chat, batch []*Change) pg.Question {
	var ids id.List[id.Chat]
	for _, c := range batch {
		ids = append(ids, c.Chat)
	}
	slices.SortFunc(ids, id.Chat.Compare)
	return pg.Question{Into: chats, Statement: lockChats, Args: []any{slices.Compact(ids)}}
}

// begin begins every change anew, with its chat as it is locked. A change of a chat that does not exist is refused.
func begin(batch []*Change, locked []Chat) map[id.Chat]*Chat {
	chats := make(map[id.Chat]*Chat, len(locked))
	for n := range locked {
		chats[locked[n].ID] = &locked[n]
	}
	for _, c := range batch {
		c.rows, c.feeds, c.moved, c.refused, c.stored, c.Result = nil, nil, nil, nil, false, nil
		c.runs++
		if chat := chats[c.Chat]; chat != nil {
			c.locked = *chat
		} else {
			c.refused = fault.NoChat(c.Chat)
		}
	}
	return chats
}

// $1 chats, $2 changes
const selectStored = `
	SELECT e.change_id, e.seq, e.kind, e.subject_id, e.at
	FROM   unnest($1::uuid[], $2::uuid[]) AS i(chat_id, change_id)
	JOIN   events e ON e.chat_id = i.chat_id AND e.change_id = i.change_id
	ORDER  BY e.chat_id, e.seq`

// findStored recalls the changes that an earlier run of their batch has stored; the answer to its COMMIT was lost.
func findStored(ctx context.Context, tx *pg.Tx, batch []*Change) error {
	var chats id.List[id.Chat]
	var ids id.List[id.Change]
	changes := map[id.Change]*Change{}
	for _, c := range batch {
		if c.runs > 1 {
			chats, ids = append(chats, c.Chat), append(ids, c.change)
			changes[c.change] = c
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var found []struct {
		Change  id.Change    `db:"change_id"`
		Seq     int64        `db:"seq"`
		Kind    history.Kind `db:"kind"`
		Subject id.Any       `db:"subject_id"`
		At      time.Time    `db:"at"`
	}
	if err := tx.Select(ctx, &found, selectStored, chats, ids); err != nil {
		return err
	}
	for _, f := range found {
		c := changes[f.Change]
		c.Recall(append(c.rows, Row{Kind: f.Kind, Subject: f.Subject, Seq: f.Seq, At: f.At})...)
	}
	return nil
}

// Rows of the log: $1 chats, $2 seqs, $3 kinds, $4 subjects, $5 actors, $6 times, $7 changes, $8 parts. Counters of the
// chats: $9 chats, $10 last seqs, $11 message counts, $12 times of update (null: the chat keeps its own).
const insertEvents = `
	WITH log AS (
		INSERT INTO events (chat_id, seq, kind, subject_id, actor_id, at, change_id, part)
		SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::timestamptz[],
		                     $7::uuid[], $8::bigint[])
	)
	UPDATE chats c
	SET    last_seq = n.last_seq, message_count = n.message_count, updated_at = greatest(c.updated_at, n.updated_at)
	FROM   unnest($9::uuid[], $10::bigint[], $11::bigint[], $12::timestamptz[])
	       AS n(id, last_seq, message_count, updated_at)
	WHERE  c.id = n.id`

// writeLog writes the rows of the log and the counters of the chats.
func writeLog(tx *pg.Tx, chats map[id.Chat]*Chat, batch []*Change) {
	var l logRows
	touched := map[id.Chat]time.Time{}
	for _, c := range batch {
		if writesNothing(c) {
			continue
		}
		if _, ok := touched[c.Chat]; !ok {
			touched[c.Chat] = time.Time{}
		}
		for part, row := range c.rows {
			l.add(c, part, row)
			if row.Kind != history.MessageUpdated && row.Kind != history.MessageDeleted {
				touched[c.Chat] = row.At
			}
		}
	}
	if len(l.seqs) == 0 {
		return
	}
	var ids id.List[id.Chat]
	var seqs, counts pg.Ints
	var times pg.Times
	for chat, at := range touched {
		ids, times = append(ids, chat), append(times, at)
		seqs, counts = append(seqs, chats[chat].LastSeq), append(counts, chats[chat].Messages)
	}
	tx.Defer(insertEvents,
		l.chats, l.seqs, l.kinds, l.subjects, l.actors, l.times, l.changes, l.parts, ids, seqs, counts, times)
}

// logRows are the columns of insertEvents.
type logRows struct {
	chats       id.List[id.Chat]
	seqs, kinds pg.Ints
	subjects    id.List[id.Any]
	actors      id.List[id.User]
	times       pg.Times
	changes     id.List[id.Change]
	parts       pg.NullInts
}

func (l *logRows) add(c *Change, part int, row Row) {
	l.chats = append(l.chats, c.Chat)
	l.seqs = append(l.seqs, row.Seq)
	l.kinds = append(l.kinds, int64(row.Kind))
	l.subjects = append(l.subjects, row.Subject)
	l.actors = append(l.actors, c.Actor)
	l.times = append(l.times, row.At)
	if row.Kind == history.MessageAdded { // the message's own id and key tell a repeat
		l.changes, l.parts = append(l.changes, id.Change{}), append(l.parts, -1)
	} else {
		l.changes, l.parts = append(l.changes, c.change), append(l.parts, int64(part))
	}
}

// $1 users. In the order of ids, as every transaction takes them.
const moveFeedsOf = `
	INSERT INTO user_feeds AS f (user_id, seq)
	SELECT u, 1 FROM unnest($1::uuid[]) AS u ORDER BY u
	ON     CONFLICT (user_id) DO UPDATE SET seq = f.seq + 1
	RETURNING user_id, seq`

// MoveFeeds gives each of the users the next number of its feed and returns the numbers. It locks the feeds until the
// transaction ends, and must be the last lock that the transaction takes.
func MoveFeeds(ctx context.Context, tx *pg.Tx, users []id.User) (map[id.User]int64, error) {
	if len(users) == 0 {
		return nil, nil
	}
	ids := id.List[id.User](slices.Clone(users))
	slices.SortFunc(ids, id.User.Compare)
	var rows []struct {
		User id.User `db:"user_id"`
		Seq  int64   `db:"seq"`
	}
	if err := tx.Select(ctx, &rows, moveFeedsOf, slices.Compact(ids)); err != nil {
		return nil, err
	}
	moved := make(map[id.User]int64, len(rows))
	for _, row := range rows {
		moved[row.User] = row.Seq
	}
	return moved, nil
}
