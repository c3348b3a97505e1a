// Package read is the feature of read positions: marks, receipts and unread counts.
//
// A position is the number of a message and never moves back. Unread counts follow from positions and messages and are
// stored nowhere, so they cannot drift. Every move stands once in the chat's Moves.
package read

import (
	"context"

	"github.com/google/uuid"

	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
	"chat/modules/sibling"
)

// Store reads positions. Safe for concurrent use.
type Store struct {
	db *pg.DB
}

// NewStore returns the feature's reading side.
func NewStore(db *pg.DB) *Store { return &Store{db: db} }

// List is where a viewer stands in each chat of a list.
type List struct {
	group *sibling.Group[struct{}, id.Chat, standing]
}

// Of returns where the viewer stands in these chats, loaded for all of them when the first is asked for.
func (s *Store) Of(viewer identity.Viewer, chats []id.Chat) List {
	return List{sibling.New(func(ctx context.Context, _ struct{}) (map[id.Chat]standing, error) {
		if viewer.ID.IsZero() {
			return nil, nil
		}
		return s.standings(ctx, viewer.ID, chats)
	})}
}

// For is the part of one chat.
func (l List) For(chat id.Chat) OfChat { return OfChat{list: l, chat: chat} }

// OfChat adds this feature's fields to the object Chat.
type OfChat struct {
	list List
	chat id.Chat
}

// UnreadCount is the viewer's; 0 for nobody.
func (o OfChat) UnreadCount(ctx context.Context) (int32, error) {
	s, err := o.list.group.Get(ctx, struct{}{}, o.chat)
	return s.Unread, err
}

// ReadSeq is the viewer's position: everything up to it is read; 0 for nobody.
func (o OfChat) ReadSeq(ctx context.Context) (gql.Seq, error) {
	s, err := o.list.group.Get(ctx, struct{}{}, o.chat)
	return gql.NewSeq(s.ReadSeq), err
}

// MessageRead is the object of that name.
type MessageRead struct {
	ID        id.Any
	MessageID id.Message
	UserID    id.User
	ReadAt    gql.DateTime
}

// readID is the same for every mark of a message by a user: UUIDv5 of the two (RFC 9562, 5.5).
func readID(message id.Message, user id.User) id.Any {
	return id.Any(uuid.NewSHA1(uuid.UUID(message), user[:]))
}

// MessageReadUser is the object of that name.
type MessageReadUser struct {
	UserID id.User
	ReadAt gql.DateTime
}

// MessageReadStatus is the object of that name.
type MessageReadStatus struct {
	MessageID         id.Message
	TotalParticipants int32
	ReadByCount       int32
	IsFullyRead       bool
	ReadByUsers       []MessageReadUser
}

// MessageReadUpdate is the object of that name.
type MessageReadUpdate struct {
	MessageID id.Message
	UserID    id.User
	ReadAt    gql.DateTime
}

// UnreadCount is the object of that name.
type UnreadCount struct {
	ID          id.Member
	ChatID      id.Chat
	UserID      id.User
	UnreadCount int32
	CreatedAt   gql.DateTime
	UpdatedAt   gql.DateTime
}

// UnreadCountUpdate is the object of that name.
type UnreadCountUpdate struct {
	ChatID      id.Chat
	UserID      id.User
	UnreadCount int32
}
