package read

import (
	"context"
	"encoding/json"
	"fmt"

	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/receiver"
)

// Subscription has the feature's root fields of that type.
type Subscription struct {
	store *Store
	who   identity.Policy
}

// NewSubscription returns the root fields.
func NewSubscription(store *Store, who identity.Policy) *Subscription {
	return &Subscription{store: store, who: who}
}

// MessageReadUpdated is each reader of a message, once.
func (s *Subscription) MessageReadUpdated(ctx context.Context, args struct{ MessageID id.Message }) (*MessageReadUpdate, error) {
	if d := receiver.Delivered(ctx); d != nil {
		return &MessageReadUpdate{MessageID: args.MessageID, UserID: d.Event.Actor, ReadAt: gql.DateTime{Time: d.Event.At}}, nil
	}
	viewer, err := s.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	m, err := s.store.subject(ctx, viewer, args.MessageID)
	if err != nil {
		return nil, err
	}
	return nil, receiver.Open(ctx, receiver.Stream{
		Viewer: viewer, Topic: history.Topic{Chat: m.Chat, Log: history.Moves},
		Kinds: []history.Kind{history.PositionMoved}, Share: m.ID.String(),
		Wants: func(e history.Event) bool { return e.Actor != m.Sender && covers(e, m.Number) },
	})
}

// covers tells whether a move reads the message of that number.
func covers(e history.Event, number int64) bool {
	var s span
	return json.Unmarshal(e.Body, &s) == nil && s.From < number && number <= s.To
}

// UnreadCountUpdated is the user's count in one of its chats, whenever messages, its position or the chat's removal change
// it.
func (s *Subscription) UnreadCountUpdated(ctx context.Context, args struct {
	UserID  *id.User
	Current *bool
}) (*UnreadCountUpdate, error) {
	if d := receiver.Delivered(ctx); d != nil {
		var u UnreadCountUpdate
		if err := json.Unmarshal(d.Event.Body, &u); err != nil {
			return nil, fmt.Errorf("read an unread count: %w", err)
		}
		return &u, nil
	}
	viewer, err := s.who.Viewer(ctx, args.UserID)
	if err != nil {
		return nil, err
	}
	return nil, receiver.Open(ctx, receiver.Stream{
		Viewer: viewer, Kinds: []history.Kind{history.MessageAdded, history.MessageDeleted, history.ChatRemoved},
		Wants:  func(e history.Event) bool { return e.Kind == history.ChatRemoved || e.Actor != viewer.ID },
		Values: s.store, Current: args.Current != nil && *args.Current,
	})
}

// Values gives the unread counts of users in a chat, as the bodies of events.
func (s *Store) Values(ctx context.Context, chat id.Chat, users []id.User) (map[id.User]json.RawMessage, error) {
	counts, err := s.countsOf(ctx, chat, users)
	if err != nil {
		return nil, err
	}
	bodies := make(map[id.User]json.RawMessage, len(counts))
	for user, n := range counts {
		body, err := json.Marshal(UnreadCountUpdate{ChatID: chat, UserID: user, UnreadCount: n})
		if err != nil {
			return nil, fmt.Errorf("encode an unread count: %w", err)
		}
		bodies[user] = body
	}
	return bodies, nil
}
