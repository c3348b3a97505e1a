// Package demo fills a database with people, chats and a history that could have been, for whoever wants to look at the
// product or to try something at a size.
//
// What it makes follows from its sizes: the same people, the same words in the same order, at the same distances before
// the moment at which it ends. It is known by its ids, so that a second run adds nothing.
//
// The engines give times of now, and a history has others. So this package writes the tables of chat, sender and read by
// statements of its own, as a restore would: a chat is one transaction, which holds everything that they promise (numbers
// without holes, members, read log, counters) and moves the feeds of its members, by which running processes notice it.
package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/user"
)

// Password is what everybody of a demo signs in with. It is printed, so nobody takes it for a secret.
const Password = "welcome to the demo"

// Sizes say what is made.
type Sizes struct {
	Seed     uint64
	People   int
	Chats    int
	Messages int
	Weeks    int // that the history goes back
}

// Defaults are the sizes of a team that has been at it for a while.
func Defaults() Sizes { return Sizes{Seed: 1, People: 24, Chats: 40, Messages: 20_000, Weeks: 6} }

// Bounds of the sizes. A chat's history is made in memory.
const (
	maxPeople   = 1_000
	maxChats    = 10_000
	maxMessages = 1_000_000
	maxWeeks    = 520
)

// Validate finds sizes that cannot be. The error says which.
func (s Sizes) Validate() error {
	for _, size := range []struct {
		name     string
		n        int
		min, max int
	}{
		{"people", s.People, 2, maxPeople}, {"chats", s.Chats, 1, maxChats},
		{"messages", s.Messages, s.Chats, maxMessages}, {"weeks", s.Weeks, 1, maxWeeks},
	} {
		if size.n < size.min || size.n > size.max {
			return fmt.Errorf("--%s=%d is not between %d and %d", size.name, size.n, size.min, size.max)
		}
	}
	return nil
}

// Demo is what there is afterwards.
type Demo struct {
	People []user.Person
	Chats  []Chat // the largest first
}

// Chat is a chat of the demo.
type Chat struct {
	ID      id.Chat
	Name    string    // "" of a direct chat
	Members []id.User // who are in it in the end
}

// Fill makes what is missing of a demo that ends at a moment, and tells how many of its messages are written, each time that
// there are more. After an error, or when ctx ends, it can be run again and goes on.
func Fill(ctx context.Context, db *pg.DB, accounts *user.Operator, s Sizes, until time.Time, progress func(messages int)) (*Demo, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	until = until.UTC().Truncate(time.Second)
	l := newLanguage()
	d := &Demo{People: l.people(s, until)}
	if err := accounts.Enrol(ctx, d.People, Password); err != nil {
		return nil, fmt.Errorf("make the people: %w", err)
	}
	written := 0
	for _, plan := range l.plans(s) {
		made := Chat{ID: plan.id, Name: plan.name, Members: plan.remaining()}
		d.Chats = append(d.Chats, made)
		isThere, err := exists(ctx, db, plan.id)
		if err == nil && !isThere {
			err = store(ctx, db, l.tell(s, plan, until), func(messages int) { progress(written + messages) })
		}
		if err != nil {
			return nil, fmt.Errorf("make a chat: %w", err)
		}
		written += plan.messages
		progress(written)
	}
	return d, nil
}

// chance is the same every time.
func chance(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream)) // #nosec G404 -- nobody must be kept from guessing
}

// named gives the id of a thing of the demo. Names are those of a demo alone.
func named[I ~[16]byte](format string, args ...any) I {
	space := uuid.NewSHA1(uuid.NameSpaceOID, []byte("chat demo"))
	return I(uuid.NewSHA1(space, fmt.Appendf(nil, format, args...)))
}
