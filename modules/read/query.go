package read

import (
	"context"

	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
)

// Query has the feature's root fields of that type.
type Query struct {
	store *Store
	who   identity.Policy
}

// NewQuery returns the root fields.
func NewQuery(store *Store, who identity.Policy) *Query { return &Query{store: store, who: who} }

// MessageReadStatus tells who has read a message.
func (q *Query) MessageReadStatus(ctx context.Context, args struct{ MessageID id.Message }) (*MessageReadStatus, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	m, err := q.store.subject(ctx, viewer, args.MessageID)
	if err != nil {
		return nil, err
	}
	readers, err := q.store.readers(ctx, m)
	if err != nil {
		return nil, err
	}
	// #nosec G115 -- a chat has fewer members
	status := &MessageReadStatus{MessageID: m.ID, TotalParticipants: int32(len(readers)), ReadByUsers: []MessageReadUser{}}
	for _, r := range readers {
		if r.ReadAt != nil {
			status.ReadByUsers = append(status.ReadByUsers, MessageReadUser{r.User, gql.DateTime{Time: *r.ReadAt}})
		}
	}
	// #nosec G115 -- likewise
	status.ReadByCount = int32(len(status.ReadByUsers))
	status.IsFullyRead = len(readers) > 0 && status.ReadByCount == status.TotalParticipants
	return status, nil
}

// UnreadCounts are the counts of every chat of a user that is not removed.
func (q *Query) UnreadCounts(ctx context.Context, args struct{ UserID *id.User }) ([]UnreadCount, error) {
	viewer, err := q.who.Viewer(ctx, args.UserID)
	if err != nil || viewer.ID.IsZero() {
		return []UnreadCount{}, err
	}
	rows, err := q.store.counts(ctx, viewer.ID)
	if err != nil {
		return nil, err
	}
	counts := make([]UnreadCount, len(rows))
	for n, r := range rows {
		counts[n] = UnreadCount{
			ID: r.ID, ChatID: r.Chat, UserID: r.User, UnreadCount: r.Unread,
			CreatedAt: gql.DateTime{Time: r.CreatedAt}, UpdatedAt: gql.DateTime{Time: r.UpdatedAt},
		}
	}
	return counts, nil
}

// UnreadCount is the count of one chat; 0 for nobody.
func (q *Query) UnreadCount(ctx context.Context, args struct {
	ChatID id.Chat
	UserID *id.User
}) (int32, error) {
	viewer, err := q.who.Viewer(ctx, args.UserID)
	if err != nil {
		return 0, err
	}
	if _, err := history.See(ctx, q.store.db, viewer, args.ChatID); err != nil || viewer.ID.IsZero() {
		return 0, err
	}
	counts, err := q.store.countsOf(ctx, args.ChatID, []id.User{viewer.ID})
	return counts[viewer.ID], err
}
