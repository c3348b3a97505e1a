package read

import (
	"context"

	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/sender"
)

// Mutation has the feature's root fields of that type. Its Run must be running.
type Mutation struct {
	store *Store
	who   identity.Policy
	marks *sender.Batcher[*mark]
}

// NewMutation returns the root fields.
func NewMutation(store *Store, who identity.Policy, b bus.Bus, m *sender.Metrics, log zerolog.Logger) *Mutation {
	return &Mutation{store: store, who: who, marks: sender.NewBatcher(store.db, b, 1, m, log, marks())}
}

// Run stores marks until ctx ends.
func (m *Mutation) Run(ctx context.Context) error { return m.marks.Run(ctx) }

// MarkMessageAsRead moves a reader's position to a message. An older or repeated mark is a success.
func (m *Mutation) MarkMessageAsRead(ctx context.Context, args struct {
	MessageID id.Message
	UserID    *id.User
}) (*MessageRead, error) {
	actor, err := m.who.Writer(ctx, args.UserID)
	if err != nil {
		return nil, err
	}
	to, err := m.store.subject(ctx, identity.Viewer{ID: actor}, args.MessageID)
	if err != nil {
		return nil, err
	}
	k, err := m.mark(ctx, actor, to)
	if err != nil {
		return nil, err
	}
	read := &MessageRead{ID: readID(to.ID, actor), MessageID: to.ID, UserID: actor}
	if k.at != nil {
		read.ReadAt.Time = *k.at
		return read, nil
	}
	read.ReadAt.Time, err = m.store.readAt(ctx, to, actor)
	return read, fault.AfterChange(err)
}

func (m *Mutation) mark(ctx context.Context, user id.User, to subject) (*mark, error) {
	k := &mark{user: user, to: to, clears: m.who.IsOpen() && !to.ID.IsZero()}
	if err := m.marks.Do(ctx, k); err != nil {
		return nil, err
	}
	return k, k.refused
}

// MarkChatRead moves the caller's position to the newest message at or before a seq.
func (m *Mutation) MarkChatRead(ctx context.Context, args struct {
	ChatID  id.Chat
	UpToSeq gql.Seq
}) (*UnreadCountUpdate, error) {
	actor, err := m.who.Writer(ctx, nil)
	if err != nil {
		return nil, err
	}
	upTo, err := args.UpToSeq.Value("upToSeq")
	if err != nil {
		return nil, err
	}
	viewer := identity.Viewer{ID: actor}
	if _, err := history.See(ctx, m.store.db, viewer, args.ChatID); err != nil {
		return nil, err
	}
	to, err := m.store.subjectAt(ctx, viewer, args.ChatID, *upTo)
	if err != nil {
		return nil, err
	}
	if _, err := m.mark(ctx, actor, to); err != nil {
		return nil, err
	}
	counts, err := m.store.countsOf(ctx, args.ChatID, []id.User{actor})
	return &UnreadCountUpdate{ChatID: args.ChatID, UserID: actor, UnreadCount: counts[actor]}, fault.AfterChange(err)
}
