package chat

import (
	"context"
	"slices"
	"time"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
)

// maxList is how many chats or messages a list without a limit shows.
const maxList = 10_000

// defaultPage is how many messages a page has where no limit is named.
const defaultPage = 100

// Query has the feature's root fields of that type.
type Query struct {
	store *Store
	who   identity.Policy
}

// NewQuery returns the root fields.
func NewQuery(store *Store, who identity.Policy) *Query { return &Query{store: store, who: who} }

// Chats are the viewer's, or everybody's where reads are unrestricted.
func (q *Query) Chats(ctx context.Context) ([]*Chat, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	var rows []row
	if viewer.All {
		rows, err = selectAll(ctx, q.store.db, maxList+1)
	} else {
		rows, err = selectOf(ctx, q.store.db, viewer.ID, place{}, maxList+1)
	}
	if err != nil {
		return nil, err
	}
	return q.store.chats(viewer, cut(ctx, "chats", rows)), nil
}

// cut shortens a list to what it shows at most, and says so.
func cut[Row any](ctx context.Context, field string, rows []Row) []Row {
	if len(rows) <= maxList {
		return rows
	}
	gql.Truncated(ctx, field)
	return rows[:maxList]
}

// Chat is one chat.
func (q *Query) Chat(ctx context.Context, args struct{ ID id.Chat }) (*Chat, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	return q.store.chat(ctx, viewer, args.ID)
}

type chatsArgs struct {
	UserID          *id.User
	Limit           *int32
	BeforeUpdatedAt *gql.DateTime
	BeforeID        *id.Chat
}

// ChatsByParticipant are the chats of a user, a page of them where a limit is named.
func (q *Query) ChatsByParticipant(ctx context.Context, args chatsArgs) ([]*Chat, error) {
	viewer, err := q.who.Viewer(ctx, args.UserID)
	if err != nil {
		return nil, err
	}
	limit, err := gql.Int("limit", args.Limit, 1, maxPage, maxList+1)
	if err != nil {
		return nil, err
	}
	from, err := args.place()
	if err != nil || viewer.ID.IsZero() {
		return []*Chat{}, err
	}
	rows, err := selectOf(ctx, q.store.db, viewer.ID, from, limit)
	if err != nil {
		return nil, err
	}
	return q.store.chats(viewer, cut(ctx, "chatsByParticipant", rows)), nil
}

func (a chatsArgs) place() (place, error) {
	var p place
	if a.BeforeUpdatedAt != nil {
		if a.BeforeUpdatedAt.IsZero() {
			return p, fault.Invalid("beforeUpdatedAt", "is not a moment as RFC 3339 writes it")
		}
		at := a.BeforeUpdatedAt.Truncate(time.Microsecond)
		p.updatedAt = &at
	}
	if a.BeforeID != nil {
		if a.BeforeUpdatedAt == nil || a.BeforeID.IsZero() {
			return p, fault.Invalid("beforeId", "is a chat's id that goes with beforeUpdatedAt")
		}
		p.chat = *a.BeforeID
	}
	return p, nil
}

type messagesArgs struct {
	ChatID              id.Chat
	AfterSeq, BeforeSeq *gql.Seq
	Limit               *int32
	IncludeDeleted      *bool
}

// Messages are a page of a chat's history, or all of it up to the newest 10,000.
func (q *Query) Messages(ctx context.Context, args messagesArgs) ([]*Message, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	after, before, limit, err := args.page()
	if err != nil {
		return nil, err
	}
	sight, err := history.See(ctx, q.store.db, viewer, args.ChatID)
	if err != nil {
		return nil, err
	}
	deleted := args.IncludeDeleted != nil && *args.IncludeDeleted
	var rows []messageRow
	if after != nil {
		if *after > sight.LastSeq {
			return nil, fault.Invalid("afterSeq", "is above the chat's lastSeq")
		}
		rows, err = messagesAfter(ctx, q.store.db, viewer, args.ChatID, *after, deleted, limit)
	} else {
		rows, err = messagesBefore(ctx, q.store.db, viewer, args.ChatID, before, deleted, limit)
		rows = cut(ctx, "messages", rows)
		slices.Reverse(rows)
	}
	if err != nil {
		return nil, err
	}
	return q.store.messages(viewer, rows), gql.Listed(ctx, len(rows), contentBytes(rows))
}

// page reads the bounds of a page; a limit above maxList stands for a list that may be cut.
func (a messagesArgs) page() (after, before *int64, limit int, err error) {
	if after, err = a.AfterSeq.Value("afterSeq"); err != nil {
		return nil, nil, 0, err
	}
	if before, err = a.BeforeSeq.Value("beforeSeq"); err != nil {
		return nil, nil, 0, err
	}
	if after != nil && before != nil {
		return nil, nil, 0, fault.Invalid("beforeSeq", "cannot go with afterSeq")
	}
	fallback := maxList + 1
	if after != nil || before != nil {
		fallback = defaultPage
	}
	limit, err = gql.Int("limit", a.Limit, 1, maxPage, fallback)
	return after, before, limit, err
}

// Message is one message, deleted or not.
func (q *Query) Message(ctx context.Context, args struct{ ID id.Message }) (*Message, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	found, err := selectMessage(ctx, q.store.db, viewer, args.ID)
	if err != nil {
		return nil, err
	}
	return q.store.messages(viewer, []messageRow{found})[0], nil
}
