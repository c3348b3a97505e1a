package receiver

import (
	"context"
	"encoding/json"

	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
)

// Stream is what one subscription field follows, as its resolver states it with Open.
type Stream struct {
	Viewer identity.Viewer
	// Topic is the one log to follow; the zero Topic follows the Changes of every chat that Viewer.ID is a member of, and
	// the memberships themselves.
	Topic history.Topic
	// After is the seq to begin after: first what came since, then live. Nil is live only.
	After *int64
	// Kinds are the rows to deliver. Wants, where it is not nil, chooses among them.
	Kinds []history.Kind
	Wants func(history.Event) bool
	// Share is equal for streams whose deliveries depend on no argument of the field; where they do, it names the value.
	Share string
	// Arrivals delivers a MemberAdded for each chat that the user has come into, instead of rows of logs.
	Arrivals bool
	// Values, where it is not nil, makes rows only a sign that a value of the chat may have changed. It is delivered if it
	// has, or if the row is of the first of Kinds: then it has, though it may be back by now.
	Values Valuer
	// Current delivers every chat as it is first.
	Current bool
}

// Valuer reads values that follow from a chat's logs.
type Valuer interface {
	// Values gives the value of each of the users, the Body of the event that is delivered; a user without one is left
	// out. A value replaces those before it, so that some may never be asked for; the last one is.
	Values(ctx context.Context, chat id.Chat, users []id.User) (map[id.User]json.RawMessage, error)
}

func (s *Stream) wants(e history.Event) bool {
	for _, kind := range s.Kinds {
		if kind == e.Kind {
			return s.Wants == nil || s.Wants(e)
		}
	}
	return false
}

// isChange tells whether a row is more than a sign that a value may have changed.
func (s *Stream) isChange(e history.Event) bool { return e.Kind == s.Kinds[0] }

// isWide tells whether the stream follows all chats of its user.
func (s *Stream) isWide() bool { return s.Topic.Chat.IsZero() }

// Delivery is one event on its way to subscribers, the root value of a subscription's selection.
type Delivery struct {
	Event  history.Event
	Viewer identity.Viewer // sees the chat; has an ID only where the selection depends on who looks
	// Left, where it is not nil, is the end of the viewer's membership: of a message nothing newer is shown, and of the
	// chat only its name as it was.
	Left *history.Ending

	skip bool
}

// Skip leaves the event out of the subscription.
func (d *Delivery) Skip() { d.skip = true }

type (
	deliveryKey struct{}
	openingKey  struct{}
)

// Delivered is the delivery that a subscription field is resolved for; nil when the field is being opened.
func Delivered(ctx context.Context) *Delivery {
	d, _ := ctx.Value(deliveryKey{}).(*Delivery)
	return d
}

// opening collects what the resolver of a subscription field says about its stream.
type opening struct {
	stream *Stream
}

// Open states what the subscription follows. The resolver of a subscription field calls it when there is no delivery, and
// returns its error in the place of a value.
func Open(ctx context.Context, s Stream) error {
	if o, ok := ctx.Value(openingKey{}).(*opening); ok {
		o.stream = &s
	}
	return fault.New(fault.BadUserInput, "A subscription needs a WebSocket")
}
