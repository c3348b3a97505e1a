// Package bus carries hints between the processes that write and those that deliver.
//
// A hint says that something has moved and may bring the news along. It may be lost, repeated, late or out of order, and
// nothing breaks: the numbers in it tell the listener what it is missing, and the store has it.
package bus

import (
	"context"

	"chat/modules/history"
	"chat/modules/id"
)

// Channel is what a listener subscribes to: a chat, or a user. Exactly one of the two is set.
type Channel struct {
	Chat id.Chat
	User id.User
}

// Hint is one piece of news on a channel.
type Hint struct {
	Channel Channel
	// Events, on a chat's channel: rows of its logs, each log in order of seq, with their bodies where there is room.
	Events []history.Event
	// Feed, on a user's channel: the newest number of the user's feed.
	Feed int64
	// Chats, likewise: those in which the user's position moved; none where something else did.
	Chats []id.Chat
}

// Listener hears hints. Its methods are called one at a time per channel and may only take note.
type Listener interface {
	Hint(Hint)
	// Missed tells that hints may have been lost, on any channel.
	Missed()
}

// Bus carries hints. Safe for concurrent use.
type Bus interface {
	// Attach names the one listener of this process. It is called once, before any Subscribe and before Run; a process that
	// only publishes does without.
	Attach(Listener)
	// Subscribe asks for the hints of channels and returns when they will come. After an error they may come later, which
	// Missed then tells.
	Subscribe(ctx context.Context, channels ...Channel) error
	// Unsubscribe ends that; a hint may still be under way.
	Unsubscribe(channels ...Channel)
	// Publish hands over a hint and never waits.
	Publish(Hint)
	// Run carries hints until ctx ends.
	Run(ctx context.Context) error
}
