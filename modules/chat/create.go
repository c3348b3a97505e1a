package chat

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"chat/modules/bus"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/sender"
)

// The types of a chat.
const (
	direct = "direct"
	group  = "group"
)

// creation is a chat that waits to be stored, or the direct chat of two users that is looked for first.
type creation struct {
	id          id.Chat
	name        string
	description *string
	chatType    string
	creator     id.User   // the zero id: nobody is named
	users       []id.User // the first members, each once, all existing
	open        bool      // take the direct chat of the two users if there is one

	chat id.Chat // the outcome: the chat that is there now
}

// creations stores new chats. A new chat has no log yet: it takes no row, and its members' feeds tell them of it.
func creations() sender.Script[*creation] {
	return sender.Script[*creation]{
		Name:  "chats",
		Shard: func(*creation) uint32 { return 0 },
		Hold: func(c *creation) sender.Hold {
			hold := sender.Hold{Rows: len(c.users)}
			if c.open {
				low, high := pair(c.users)
				hold.Keys[0] = [2]id.User{low, high}
			}
			return hold
		},
		Run: create,
	}
}

// create stores a batch of chats. It is safe to run again: a chat is known by its id, which was made before.
func create(ctx context.Context, tx *pg.Tx, batch []*creation) ([]bus.Hint, error) {
	var made []*creation
	var joined []time.Time
	for _, c := range batch {
		at, isNew, err := c.store(ctx, tx)
		if err != nil {
			return nil, err
		}
		if isNew {
			made, joined = append(made, c), append(joined, at)
		}
	}
	var users []id.User
	for _, c := range made {
		users = append(users, c.users...)
	}
	feeds, err := sender.MoveFeeds(ctx, tx, users)
	if err != nil {
		return nil, err
	}
	var m members
	for n, c := range made {
		m.first(c, joined[n], feeds)
	}
	if len(m.ids) > 0 {
		if err := tx.Exec(ctx, insertMembers, m.ids, m.chats, m.users, m.seqs, m.numbers, m.feeds, m.times); err != nil {
			return nil, err
		}
	}
	return sender.FeedHints(feeds), nil
}

// store writes the chat's own row. isNew is false when the chat, or the direct chat that was looked for, is there already.
func (c *creation) store(ctx context.Context, tx *pg.Tx) (at time.Time, isNew bool, err error) {
	c.chat = c.id
	if c.open {
		low, high := pair(c.users)
		found, err := findDirect(ctx, tx, low, high)
		if err != nil || !found.IsZero() {
			c.chat = found
			return at, false, err
		}
	}
	err = tx.Get(ctx, &at, insertChat, c.id, c.name, c.description, c.chatType, c.creator)
	if errors.Is(err, sql.ErrNoRows) {
		return at, false, nil
	}
	if err != nil || !c.open {
		return at, err == nil, err
	}
	low, high := pair(c.users)
	return at, true, storeDirect(ctx, tx, low, high, c.id)
}

// findDirect gives the one direct chat of two users, or the zero id. The oldest that was made by createChat is adopted.
func findDirect(ctx context.Context, tx *pg.Tx, low, high id.User) (id.Chat, error) {
	var chat id.Chat
	err := tx.Get(ctx, &chat, selectDirect, low, high)
	if !errors.Is(err, sql.ErrNoRows) {
		return chat, err
	}
	if err := tx.Get(ctx, &chat, selectLiteralDirect, low, high); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return id.Chat{}, nil
		}
		return chat, err
	}
	return chat, storeDirect(ctx, tx, low, high, chat)
}

// pair orders the two users of a direct chat.
func pair(users []id.User) (low, high id.User) {
	if users[0].Compare(users[1]) < 0 {
		return users[0], users[1]
	}
	return users[1], users[0]
}

// first adds the members that a chat begins with.
func (m *members) first(c *creation, at time.Time, feeds map[id.User]int64) {
	for _, user := range c.users {
		m.ids, m.chats = append(m.ids, id.New[id.Member]()), append(m.chats, c.id)
		m.users, m.feeds = append(m.users, user), append(m.feeds, feeds[user])
		m.seqs, m.numbers = append(m.seqs, 0), append(m.numbers, 0)
		m.times = append(m.times, at)
	}
}

// distinct keeps the first of each user, in order.
func distinct(users []id.User) []id.User {
	seen := make(map[id.User]bool, len(users))
	return slices.DeleteFunc(slices.Clone(users), func(u id.User) bool {
		again := seen[u]
		seen[u] = true
		return again
	})
}
