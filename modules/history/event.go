// Package history is the log of a chat: its events, how they are read, and who is a member.
//
// A chat has two logs, each totally ordered and without holes. Changes: everything that changes the chat's history or
// shape, numbered by the chat's seq. Moves: read positions that moved, numbered by a counter of their own, so that
// reading never waits for sending. An event names what changed; whoever replays it loads the subject as it is then.
package history

import (
	"encoding/json"
	"time"

	"chat/modules/id"
)

// Log is one of the two logs of a chat.
type Log uint8

// The logs.
const (
	Changes Log = iota
	Moves
)

// Topic names one log of one chat.
type Topic struct {
	Chat id.Chat
	Log  Log
}

// Kind is what happened. The numbers stand in the database and in hints.
type Kind int16

// The kinds of Changes, and the one kind of Moves.
const (
	MessageAdded Kind = iota + 1
	MessageUpdated
	MessageDeleted
	MemberAdded
	MemberRemoved
	ChatUpdated
	ChatRemoved
	PositionMoved
)

// String is the name in the API's ChatEventKind.
func (k Kind) String() string {
	return [...]string{"", "MESSAGE_ADDED", "MESSAGE_UPDATED", "MESSAGE_DELETED", "MEMBER_ADDED", "MEMBER_REMOVED",
		"CHAT_UPDATED", "CHAT_REMOVED", "POSITION_MOVED"}[k]
}

// IsKnown tells whether it is one of these kinds.
func (k Kind) IsKnown() bool { return k >= MessageAdded && k <= PositionMoved }

// OfMessage tells whether the subject is a message of Changes.
func (k Kind) OfMessage() bool { return k >= MessageAdded && k <= MessageDeleted }

// Event is one row of a log.
type Event struct {
	Chat id.Chat `db:"chat_id" json:"chat"`
	Seq  int64   `db:"seq" json:"seq"` // in its log, from 1
	Kind Kind    `db:"kind" json:"kind"`
	// Subject is the message, the member (a user), the chat, or the message that a position moved to.
	Subject id.Any    `db:"subject_id" json:"subject"`
	Actor   id.User   `db:"actor_id" json:"actor"` // the zero id: nobody was named
	At      time.Time `db:"at" json:"at"`
	// Body is the subject as it was committed, as its feature encodes it; nil where it was not brought along.
	Body json.RawMessage `db:"-" json:"body,omitempty"`
	// Late tells that Body is the subject as it was when the log was read, which may be newer than the row.
	Late bool `db:"-" json:"-"`
}

// Topic is the log that the event stands in.
func (e Event) Topic() Topic {
	if e.Kind == PositionMoved {
		return Topic{Chat: e.Chat, Log: Moves}
	}
	return Topic{Chat: e.Chat, Log: Changes}
}
