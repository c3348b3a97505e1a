package chat

import (
	"context"
	"encoding/json"
	"fmt"

	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/sibling"
	"chat/modules/user"
)

// Message is the object of that name.
type Message struct {
	row  messageRow
	list *messageList
}

// messageList is what the messages of one list share.
type messageList struct {
	viewer  identity.Viewer
	senders *sibling.Group[struct{}, id.User, *user.User]
	chats   *sibling.Group[struct{}, id.Chat, *Chat]
}

// messages makes the objects of a list of rows.
func (s *Store) messages(viewer identity.Viewer, rows []messageRow) []*Message {
	l := &messageList{viewer: viewer}
	l.senders = sibling.New(func(ctx context.Context, _ struct{}) (map[id.User]*user.User, error) {
		users := make([]id.User, len(rows))
		for n, r := range rows {
			users[n] = r.Sender
		}
		return s.users.ByIDs(ctx, viewer, distinct(users))
	})
	l.chats = sibling.New(func(ctx context.Context, _ struct{}) (map[id.Chat]*Chat, error) {
		var chats []id.Chat
		seen := map[id.Chat]bool{}
		for _, r := range rows {
			if !seen[r.Chat] {
				chats, seen[r.Chat] = append(chats, r.Chat), true
			}
		}
		return s.chatsByID(ctx, viewer, chats)
	})
	out := make([]*Message, len(rows))
	for n, r := range rows {
		out[n] = &Message{row: r, list: l}
	}
	return out
}

// written is a message that its sender has just sent or changed: a repeat of that succeeds for ever, also when he has left
// the chat since.
func (s *Store) written(viewer identity.Viewer, row messageRow) *Message {
	m := s.messages(viewer, []messageRow{row})[0]
	m.list.chats = sibling.New(func(ctx context.Context, _ struct{}) (map[id.Chat]*Chat, error) {
		found, err := s.chatsByID(ctx, viewer, []id.Chat{row.Chat})
		if err == nil && found[row.Chat] == nil {
			found[row.Chat], err = s.parting(ctx, viewer.ID, row.Chat)
		}
		return found, err
	})
	return m
}

func (m *Message) ID() id.Message           { return m.row.ID }
func (m *Message) Content() string          { return m.row.Content }
func (m *Message) SenderID() id.User        { return m.row.Sender }
func (m *Message) ChatID() id.Chat          { return m.row.Chat }
func (m *Message) Seq() gql.Seq             { return gql.NewSeq(m.row.Seq) }
func (m *Message) Version() gql.Seq         { return gql.NewSeq(m.row.Version) }
func (m *Message) IsEdited() bool           { return m.row.EditedAt != nil }
func (m *Message) EditedAt() *gql.DateTime  { return gql.At(m.row.EditedAt) }
func (m *Message) IsDeleted() bool          { return m.row.DeletedAt != nil }
func (m *Message) DeletedAt() *gql.DateTime { return gql.At(m.row.DeletedAt) }
func (m *Message) CreatedAt() gql.DateTime  { return gql.DateTime{Time: m.row.CreatedAt} }

// ClientMessageID is the key that the message was sent with; to its sender only.
func (m *Message) ClientMessageID() *key {
	if m.list.viewer.ID != m.row.Sender {
		return nil
	}
	return (*key)(m.row.Key)
}

// Sender is the account that sent the message.
func (m *Message) Sender(ctx context.Context) (*user.User, error) {
	return m.list.senders.Get(ctx, struct{}{}, m.row.Sender)
}

// Chat is the chat that the message stands in.
func (m *Message) Chat(ctx context.Context) (*Chat, error) {
	return m.list.chats.Get(ctx, struct{}{}, m.row.Chat)
}

// decodeMessage reads the body of a hint.
func decodeMessage(e history.Event) (messageRow, error) {
	var r messageRow
	if err := json.Unmarshal(e.Body, &r); err != nil {
		return r, fmt.Errorf("read the message of a hint: %w", err)
	}
	return r, nil
}
