package chat

import (
	"context"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/receiver"
	"chat/modules/sibling"
)

// Subscription has the feature's root fields of that type. Each states what it follows when it is opened, and shows an
// event when there is one.
type Subscription struct {
	store *Store
	who   identity.Policy
}

// NewSubscription returns the root fields.
func NewSubscription(store *Store, who identity.Policy) *Subscription {
	return &Subscription{store: store, who: who}
}

// Event is the object ChatEvent: a row of the chat's log.
type Event struct {
	Seq     gql.Seq
	Kind    history.Kind
	At      gql.DateTime
	ActorID *id.User
	UserID  *id.User
	Message *Message

	store    *Store
	delivery *receiver.Delivery
}

// Chat is the chat as it is now, or as its removed member is shown it; read only when it is asked for.
func (e *Event) Chat(ctx context.Context) (*Chat, error) { return e.store.delivered(ctx, e.delivery) }

type logArgs struct {
	ChatID   id.Chat
	AfterSeq *gql.Seq
}

// follow opens a subscription to rows of one chat's log.
func (s *Subscription) follow(ctx context.Context, args logArgs, kinds ...history.Kind) error {
	viewer, err := s.who.Viewer(ctx, nil)
	if err != nil {
		return err
	}
	after, err := args.AfterSeq.Value("afterSeq")
	if err != nil {
		return err
	}
	if args.ChatID.IsZero() {
		return fault.NoChat(args.ChatID)
	}
	return receiver.Open(ctx, receiver.Stream{
		Viewer: viewer, Topic: history.Topic{Chat: args.ChatID, Log: history.Changes}, After: after, Kinds: kinds,
	})
}

// ChatEvents is every row of the chat's log.
func (s *Subscription) ChatEvents(ctx context.Context, args logArgs) (*Event, error) {
	d := receiver.Delivered(ctx)
	if d == nil {
		return nil, s.follow(ctx, args, history.MessageAdded, history.MessageUpdated, history.MessageDeleted,
			history.MemberAdded, history.MemberRemoved, history.ChatUpdated, history.ChatRemoved)
	}
	e := &Event{
		Seq: gql.NewSeq(d.Event.Seq), Kind: d.Event.Kind, At: gql.DateTime{Time: d.Event.At}, ActorID: orNull(d.Event.Actor),
		store: s.store, delivery: d,
	}
	if d.Event.Kind == history.MemberAdded || d.Event.Kind == history.MemberRemoved {
		e.UserID = orNull(id.User(d.Event.Subject))
	}
	var err error
	if d.Event.Kind.OfMessage() {
		e.Message, err = s.message(ctx, d)
	}
	return e, err
}

// MessageAdded is every added message. A replay leaves out those that were deleted since.
func (s *Subscription) MessageAdded(ctx context.Context, args logArgs) (*Message, error) {
	return s.messageOf(ctx, args, history.MessageAdded)
}

// MessageUpdated is every edit. A replay leaves out those that a later change of the message supersedes.
func (s *Subscription) MessageUpdated(ctx context.Context, args logArgs) (*Message, error) {
	return s.messageOf(ctx, args, history.MessageUpdated)
}

// MessageDeleted is the tombstone of every deleted message.
func (s *Subscription) MessageDeleted(ctx context.Context, args logArgs) (*Message, error) {
	return s.messageOf(ctx, args, history.MessageDeleted)
}

func (s *Subscription) messageOf(ctx context.Context, args logArgs, kind history.Kind) (*Message, error) {
	if d := receiver.Delivered(ctx); d != nil {
		return s.unsuperseded(ctx, d)
	}
	return nil, s.follow(ctx, args, kind)
}

// unsuperseded is the message of a row, which is left out if a later row of the same message says what it says.
func (s *Subscription) unsuperseded(ctx context.Context, d *receiver.Delivery) (*Message, error) {
	m, err := s.message(ctx, d)
	if err != nil {
		return nil, err
	}
	if m == nil || m.isSuperseded(d.Event) {
		d.Skip()
	}
	return m, nil
}

// isSuperseded: an edit by a later edit or the deletion, an addition by the deletion.
func (m *Message) isSuperseded(e history.Event) bool {
	if e.Kind == history.MessageAdded {
		return m.row.DeletedAt != nil
	}
	return m.row.Version > e.Seq
}

// message is the message of a row: as the hint brought it, or as it is now. It is nil when it was changed after the
// viewer's removal.
func (s *Subscription) message(ctx context.Context, d *receiver.Delivery) (*Message, error) {
	var found messageRow
	var err error
	if d.Event.Body != nil {
		found, err = decodeMessage(d.Event)
	} else {
		found, err = selectMessage(ctx, s.store.db, d.Viewer, id.Message(d.Event.Subject))
	}
	if err != nil {
		return nil, err
	}
	if d.Left != nil && found.Version > d.Left.Seq {
		return nil, nil
	}
	m := s.store.messages(d.Viewer, []messageRow{found})[0]
	if d.Left != nil {
		m.list.chats = sibling.New(func(ctx context.Context, _ struct{}) (map[id.Chat]*Chat, error) {
			c, err := s.store.delivered(ctx, d)
			return map[id.Chat]*Chat{d.Event.Chat: c}, err
		})
	}
	return m, nil
}

// delivered is the chat of an event.
func (s *Store) delivered(ctx context.Context, d *receiver.Delivery) (*Chat, error) {
	c, err := s.chat(ctx, d.Viewer, d.Event.Chat)
	if err != nil || d.Left == nil {
		return c, err
	}
	return s.withdrawn(c.row, *d.Left), nil
}

type userArgs struct{ UserID *id.User }

// followAll opens a subscription to rows of all chats of a user.
func (s *Subscription) followAll(ctx context.Context, args userArgs, stream receiver.Stream) error {
	viewer, err := s.who.Viewer(ctx, args.UserID)
	if err != nil {
		return err
	}
	stream.Viewer = viewer
	return receiver.Open(ctx, stream)
}

// ChatAdded is every chat that the user comes into.
func (s *Subscription) ChatAdded(ctx context.Context, args userArgs) (*Chat, error) {
	if d := receiver.Delivered(ctx); d != nil {
		return s.store.delivered(ctx, d)
	}
	return nil, s.followAll(ctx, args, receiver.Stream{Arrivals: true})
}

// ChatUpdated is every chat of the user whose members, name, description or existence has changed.
func (s *Subscription) ChatUpdated(ctx context.Context, args struct {
	UserID  *id.User
	Current *bool
}) (*Chat, error) {
	if d := receiver.Delivered(ctx); d != nil {
		return s.store.delivered(ctx, d)
	}
	return nil, s.followAll(ctx, userArgs{args.UserID}, receiver.Stream{
		Kinds:   []history.Kind{history.ChatUpdated, history.MemberAdded, history.MemberRemoved, history.ChatRemoved},
		Current: args.Current != nil && *args.Current,
	})
}

// ChatMessageNotification is every message added by somebody else in a chat of the user.
func (s *Subscription) ChatMessageNotification(ctx context.Context, args userArgs) (*Message, error) {
	return s.messageForList(ctx, args, false, history.MessageAdded)
}

// MessageUpdateForChatList is the same, and any edit or deletion; with Own the messages of the user's other devices too.
func (s *Subscription) MessageUpdateForChatList(ctx context.Context, args struct {
	UserID *id.User
	Own    *bool
}) (*Message, error) {
	own := args.Own != nil && *args.Own
	return s.messageForList(ctx, userArgs{args.UserID}, own, history.MessageAdded, history.MessageUpdated, history.MessageDeleted)
}

func (s *Subscription) messageForList(ctx context.Context, args userArgs, own bool, kinds ...history.Kind) (*Message, error) {
	if d := receiver.Delivered(ctx); d != nil {
		return s.unsuperseded(ctx, d)
	}
	viewer, err := s.who.Viewer(ctx, args.UserID)
	if err != nil {
		return nil, err
	}
	return nil, s.followAll(ctx, args, receiver.Stream{
		Kinds: kinds,
		Wants: func(e history.Event) bool { return own || e.Kind != history.MessageAdded || e.Actor != viewer.ID },
	})
}
