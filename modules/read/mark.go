package read

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"chat/modules/bus"
	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/sender"
)

// mark says that a user has read a chat up to a message.
type mark struct {
	user id.User
	to   subject // of a chat without a message to read: nothing moves, and it is refused as any other
	// clears moves what unread counts from to the newest message, as clients of the brief's API expect.
	clears bool

	// The outcome: a refusal, or when the message was read, where this mark did it.
	refused error
	at      *time.Time
}

// marks stores read marks, many in one transaction, which lock no chat: reading never waits for sending.
func marks() sender.Script[*mark] {
	return sender.Script[*mark]{
		Name:  "marks",
		Shard: func(m *mark) uint32 { return binary.BigEndian.Uint32(m.to.Chat[12:]) },
		Run:   run,
	}
}

// run stores a batch of marks. It is safe to run again: positions never move back.
func run(ctx context.Context, tx *pg.Tx, batch []*mark) ([]bus.Hint, error) {
	readers := byReader(batch)
	if err := locate(ctx, tx, readers); err != nil {
		return nil, err
	}
	readers = slices.DeleteFunc(readers, isStill)
	if len(readers) == 0 {
		return nil, nil
	}
	last, err := lock(ctx, tx, readers)
	if err != nil {
		return nil, err
	}
	if err := locate(ctx, tx, readers); err != nil { // they may have moved before the lock
		return nil, err
	}
	readers = slices.DeleteFunc(readers, isStill)
	return move(ctx, tx, readers, last)
}

// marking is a member with its marks of one batch. Only the furthest counts.
type marking struct {
	user   id.User
	to     subject
	clears bool
	marks  []*mark

	position
	isMember bool
}

// byReader gathers the marks of each member, in the order of chats and users.
func byReader(batch []*mark) []*marking {
	type key struct {
		chat id.Chat
		user id.User
	}
	var all []*marking
	known := map[key]*marking{}
	for _, m := range batch {
		m.refused, m.at = nil, nil
		k := key{m.to.Chat, m.user}
		r := known[k]
		if r == nil {
			r = &marking{user: m.user, to: m.to, clears: m.clears}
			known[k] = r
			all = append(all, r)
		}
		if m.to.Number > r.to.Number {
			r.to = m.to
		}
		r.clears = r.clears || m.clears
		r.marks = append(r.marks, m)
	}
	slices.SortFunc(all, func(a, b *marking) int {
		return cmp.Or(a.to.Chat.Compare(b.to.Chat), a.user.Compare(b.user))
	})
	return all
}

// locate finds where the readers stand, and refuses the marks of those who may not read.
func locate(ctx context.Context, tx *pg.Tx, readers []*marking) error {
	var chats id.List[id.Chat]
	var users id.List[id.User]
	for _, r := range readers {
		chats, users = append(chats, r.to.Chat), append(users, r.user)
		r.isMember = false
	}
	var found []position
	if err := tx.Select(ctx, &found, selectPositions, chats, users); err != nil {
		return err
	}
	for _, p := range found {
		r := readers[p.Order-1]
		r.position, r.isMember = p, true
	}
	for _, r := range readers {
		switch {
		case !r.isMember:
			r.refuse(func(m *mark) error { return m.to.none() })
		case !r.Active:
			r.refuse(func(*mark) error { return fault.NoChanges() })
		}
	}
	return nil
}

func (r *marking) refuse(why func(*mark) error) {
	for _, m := range r.marks {
		m.refused = why(m)
	}
}

// none is the refusal of a subject that is not there for its reader.
func (s subject) none() error {
	if s.ID.IsZero() {
		return fault.NoChat(s.Chat)
	}
	return fault.NoMessage(s.ID)
}

// isStill tells that nothing has to be written for a reader: a mark that is older or repeated is a cheap success.
func isStill(r *marking) bool {
	return r.marks[0].refused != nil || !r.reads() && r.clearsTo() <= r.Cleared
}

func (r *marking) reads() bool { return r.to.Number > r.Read }

func (r *marking) readsTo() int64 { return max(r.Read, r.to.Number) }

func (r *marking) clearsTo() int64 {
	if r.clears {
		return max(r.Messages, r.to.Number)
	}
	return max(r.Cleared, r.to.Number)
}

// lock locks the read logs of the chats in which somebody moves and returns their newest numbers.
func lock(ctx context.Context, tx *pg.Tx, readers []*marking) (map[id.Chat]int64, error) {
	var chats id.List[id.Chat]
	for _, r := range readers { // in the order of chats
		chats = append(chats, r.to.Chat)
	}
	chats = slices.Compact(chats)
	if err := tx.Exec(ctx, insertCounters, chats); err != nil {
		return nil, err
	}
	return counters(ctx, tx, lockCounters, chats)
}

// move writes the moves and positions of the readers and moves their feeds, so that their other devices hear of it.
func move(ctx context.Context, tx *pg.Tx, readers []*marking, last map[id.Chat]int64) ([]bus.Hint, error) {
	var hints []bus.Hint
	var w moves
	for _, r := range readers {
		if r.reads() {
			event, err := w.move(r, last)
			if err != nil {
				return nil, err
			}
			hints = append(hints, bus.Hint{Channel: bus.Channel{Chat: r.to.Chat}, Events: []history.Event{event}})
		}
		w.place(r)
	}
	feeds, err := sender.MoveFeeds(ctx, tx, w.placed)
	if err != nil {
		return nil, err
	}
	for user, chats := range chatsOf(readers) { // one hint for one number: who has heard of it takes no other
		hints = append(hints, bus.Hint{Channel: bus.Channel{User: user}, Feed: feeds[user], Chats: chats})
	}
	return hints, w.store(ctx, tx, last)
}

func chatsOf(readers []*marking) map[id.User][]id.Chat {
	chats := map[id.User][]id.Chat{}
	for _, r := range readers {
		chats[r.user] = append(chats[r.user], r.to.Chat)
	}
	return chats
}

// moves are the columns of insertMoves and upsertPositions.
type moves struct {
	chats        id.List[id.Chat]
	users        id.List[id.User]
	messages     id.List[id.Message]
	ns, from, to pg.Ints
	times        pg.Times

	members       id.List[id.Member]
	memberChats   id.List[id.Chat]
	placed        []id.User
	read, cleared pg.Ints
	placedAt      pg.Times
}

// move gives a reader's move the next number of its read log.
func (w *moves) move(r *marking, last map[id.Chat]int64) (history.Event, error) {
	last[r.to.Chat]++
	n, covers := last[r.to.Chat], span{From: r.Read, To: r.to.Number}
	w.chats, w.users = append(w.chats, r.to.Chat), append(w.users, r.user)
	w.messages, w.ns = append(w.messages, r.to.ID), append(w.ns, n)
	w.from, w.to = append(w.from, covers.From), append(w.to, covers.To)
	w.times = append(w.times, r.Now)
	for _, m := range r.marks {
		if m.to.Number > r.Read {
			m.at = &r.Now
		}
	}
	return moved(r.to.Chat, n, r.user, r.to.ID, covers, r.Now)
}

func (w *moves) place(r *marking) {
	w.members, w.memberChats = append(w.members, r.Member), append(w.memberChats, r.to.Chat)
	w.read, w.cleared = append(w.read, r.readsTo()), append(w.cleared, r.clearsTo())
	w.placed, w.placedAt = append(w.placed, r.user), append(w.placedAt, r.Now)
}

func (w *moves) store(ctx context.Context, tx *pg.Tx, last map[id.Chat]int64) error {
	if len(w.ns) > 0 {
		var chats id.List[id.Chat]
		var ns pg.Ints
		for chat, n := range last {
			chats, ns = append(chats, chat), append(ns, n)
		}
		err := tx.Exec(ctx, insertMoves, w.chats, w.ns, w.users, w.from, w.to, w.messages, w.times, chats, ns)
		if err != nil {
			return err
		}
	}
	if len(w.members) == 0 {
		return nil
	}
	return tx.Exec(ctx, upsertPositions, w.members, w.memberChats, w.read, w.cleared, w.placedAt)
}
