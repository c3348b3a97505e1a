// Package chat is the feature of chats, their members and their messages: the rules, the kinds of change that the write
// engine stores, and the objects of the API.
//
// Every statement that shows something of a chat carries the viewer, so that what a viewer may not see is not found. What
// a list's objects need beside their own row is loaded for the whole list at once.
package chat

import (
	"context"
	"slices"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
	"chat/modules/read"
	"chat/modules/sibling"
	"chat/modules/user"
)

// Store reads chats and messages. Safe for concurrent use.
type Store struct {
	db    *pg.DB
	users *user.Store
	read  *read.Store
}

// NewStore returns the feature's reading side. Users and read positions are fields of its objects.
func NewStore(db *pg.DB, users *user.Store, positions *read.Store) *Store {
	return &Store{db: db, users: users, read: positions}
}

// Chat is the object of that name.
type Chat struct {
	read.OfChat
	row  row
	list *chatList
	left *history.Ending // the viewer was removed: a name and nothing else is shown
}

// chatList is what the chats of one list share.
type chatList struct {
	store   *Store
	viewer  identity.Viewer
	ids     []id.Chat
	members *sibling.Group[struct{}, id.Chat, []id.User]
	users   *sibling.Group[struct{}, id.User, *user.User]
	newest  *sibling.Group[int, id.Chat, []*Message]
}

// chats makes the objects of a list of rows.
func (s *Store) chats(viewer identity.Viewer, rows []row) []*Chat {
	l := &chatList{store: s, viewer: viewer, ids: make([]id.Chat, len(rows))}
	for n, r := range rows {
		l.ids[n] = r.ID
	}
	l.members = sibling.New(func(ctx context.Context, _ struct{}) (map[id.Chat][]id.User, error) {
		return participantsOf(ctx, s.db, viewer, l.ids)
	})
	l.users = sibling.New(l.loadUsers)
	l.newest = sibling.New(l.loadNewest)
	standing := s.read.Of(viewer, l.ids)
	out := make([]*Chat, len(rows))
	for n, r := range rows {
		out[n] = &Chat{OfChat: standing.For(r.ID), row: r, list: l}
	}
	return out
}

func (l *chatList) loadUsers(ctx context.Context, _ struct{}) (map[id.User]*user.User, error) {
	var all []id.User
	for _, chat := range l.ids {
		members, err := l.members.Get(ctx, struct{}{}, chat)
		if err != nil {
			return nil, err
		}
		all = append(all, members...)
	}
	return l.store.users.ByIDs(ctx, l.viewer, distinct(all))
}

// maxTogether is how many messages of several chats are read at once, before it is known how long they are.
const maxTogether = 5_000

func (l *chatList) loadNewest(ctx context.Context, each int) (map[id.Chat][]*Message, error) {
	var rows []messageRow
	for chats := range slices.Chunk(l.ids, max(1, maxTogether/each)) {
		some, err := newestOf(ctx, l.store.db, l.viewer, chats, each)
		if err != nil {
			return nil, err
		}
		if err := gql.Listed(ctx, len(some), contentBytes(some)); err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	newest := make(map[id.Chat][]*Message, len(l.ids))
	for _, m := range l.store.messages(l.viewer, rows) {
		newest[m.row.Chat] = append(newest[m.row.Chat], m)
	}
	return newest, nil
}

func contentBytes(rows []messageRow) (bytes int) {
	for _, r := range rows {
		bytes += len(r.Content)
	}
	return bytes
}

// chat is one chat. Errors: NOT_FOUND when there is none for this viewer.
func (s *Store) chat(ctx context.Context, viewer identity.Viewer, chat id.Chat) (*Chat, error) {
	found, err := s.chatsByID(ctx, viewer, []id.Chat{chat})
	if err != nil {
		return nil, err
	}
	c, ok := found[chat]
	if !ok {
		return nil, fault.NoChat(chat)
	}
	return c, nil
}

func (s *Store) chatsByID(ctx context.Context, viewer identity.Viewer, chats []id.Chat) (map[id.Chat]*Chat, error) {
	rows, err := selectByID(ctx, s.db, viewer, chats)
	if err != nil {
		return nil, err
	}
	list := make([]row, 0, len(rows))
	for _, r := range rows {
		list = append(list, r)
	}
	out := make(map[id.Chat]*Chat, len(rows))
	for _, c := range s.chats(viewer, list) {
		out[c.row.ID] = c
	}
	return out, nil
}

// withdrawn is the chat as a removed member is shown it for the last time.
func (s *Store) withdrawn(r row, left history.Ending) *Chat {
	r.Name, r.Description, r.LastSeq = left.Name, nil, left.Seq
	nobody := identity.Viewer{}
	c := s.chats(nobody, []row{r})[0]
	c.left = &left
	return c
}

// parting is the chat as somebody who was a member once is shown it. Errors: NOT_FOUND when he never was.
func (s *Store) parting(ctx context.Context, user id.User, chat id.Chat) (*Chat, error) {
	r, left, err := selectParting(ctx, s.db, user, chat)
	if err != nil {
		return nil, err
	}
	return s.withdrawn(r, left), nil
}

func (c *Chat) ID() id.Chat             { return c.row.ID }
func (c *Chat) Name() string            { return c.row.Name }
func (c *Chat) Description() *string    { return c.row.Description }
func (c *Chat) ChatType() string        { return c.row.Type }
func (c *Chat) IsActive() bool          { return c.row.Active }
func (c *Chat) CreatedAt() gql.DateTime { return gql.DateTime{Time: c.row.CreatedAt} }
func (c *Chat) UpdatedAt() gql.DateTime { return gql.DateTime{Time: c.row.UpdatedAt} }
func (c *Chat) LastSeq() gql.Seq        { return gql.NewSeq(c.row.LastSeq) }
func (c *Chat) CreatedBy() *id.User     { return orNull(c.row.Creator) }

func orNull(user id.User) *id.User {
	if user.IsZero() {
		return nil
	}
	return &user
}

// ParticipantIds are the members in the order in which they came.
func (c *Chat) ParticipantIds(ctx context.Context) ([]id.User, error) {
	ids, err := c.list.members.Get(ctx, struct{}{}, c.row.ID)
	if err != nil {
		return nil, err
	}
	return ids, gql.Listed(ctx, len(ids), 0)
}

// Participants are the accounts of ParticipantIds.
func (c *Chat) Participants(ctx context.Context) ([]*user.User, error) {
	ids, err := c.ParticipantIds(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*user.User, 0, len(ids))
	for _, u := range ids {
		account, err := c.list.users.Get(ctx, struct{}{}, u)
		if err != nil {
			return nil, err
		}
		out = append(out, account)
	}
	return out, nil
}

const (
	defaultNewest = 50
	maxPage       = 1_000
)

// Messages are the newest live ones, newest first; null for a removed member.
func (c *Chat) Messages(ctx context.Context, args struct{ First *int32 }) (*[]*Message, error) {
	first, err := gql.Int("first", args.First, 1, maxPage, defaultNewest)
	if err != nil || c.left != nil {
		return nil, err
	}
	messages, err := c.list.newest.Get(ctx, first, c.row.ID)
	if err != nil {
		return nil, err
	}
	if messages == nil {
		messages = []*Message{}
	}
	texts := 0
	for _, m := range messages {
		texts += len(m.row.Content)
	}
	return &messages, gql.Listed(ctx, len(messages), texts)
}

// LastMessage is the newest live one, or null.
func (c *Chat) LastMessage(ctx context.Context) (*Message, error) {
	newest, err := c.list.newest.Get(ctx, 1, c.row.ID)
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	return newest[0], nil
}
