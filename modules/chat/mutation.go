package chat

import (
	"context"
	"strconv"

	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/sender"
)

// maxNamed is how many users one call may name.
const maxNamed = 10_000

// Mutation has the feature's root fields of that type. Its Run must be running.
type Mutation struct {
	store  *Store
	who    identity.Policy
	engine *sender.Engine
	chats  *sender.Batcher[*creation]

	sends       *sends
	revisions   *revisions
	memberships *memberships
	shapes      *shapes
}

// NewMutation returns the root fields over the write engine.
func NewMutation(store *Store, who identity.Policy, engine *sender.Engine, b bus.Bus, m *sender.Metrics, log zerolog.Logger) *Mutation {
	return &Mutation{
		store: store, who: who, engine: engine,
		chats: sender.NewBatcher(store.db, b, 1, m, log, creations()),
		sends: new(sends), revisions: new(revisions), memberships: new(memberships), shapes: new(shapes),
	}
}

// Run stores new chats until ctx ends.
func (m *Mutation) Run(ctx context.Context) error { return m.chats.Run(ctx) }

type createChatInput struct {
	Name           string
	Description    *string
	ChatType       *string
	ParticipantIds []id.User
}

// CreateChat makes a chat. A known caller is its creator.
func (m *Mutation) CreateChat(ctx context.Context, args struct{ CreateChatInput createChatInput }) (*Chat, error) {
	actor, err := m.who.Actor(ctx)
	if err != nil {
		return nil, err
	}
	in := args.CreateChatInput
	c := &creation{
		id: id.New[id.Chat](), name: in.Name, description: noneIfEmpty(in.Description), chatType: group,
		creator: actor, users: distinct(in.ParticipantIds),
	}
	if !m.who.IsOpen() {
		c.users = distinct(append(c.users, actor))
	}
	if in.ChatType != nil {
		c.chatType = *in.ChatType
	}
	if err := m.check(ctx, c); err != nil {
		return nil, err
	}
	return m.create(ctx, c)
}

func (m *Mutation) check(ctx context.Context, c *creation) error {
	if c.chatType != direct && c.chatType != group {
		return fault.Invalid("chatType", "is neither %q nor %q", direct, group)
	}
	if err := checkName(c.name, c.chatType); err != nil {
		return err
	}
	if err := checkDescription(c.description); err != nil {
		return err
	}
	if c.chatType == direct && len(c.users) != 2 {
		return fault.Invalid("participantIds", "of a direct chat must name two users")
	}
	if len(c.users) == 0 {
		return fault.Invalid("participantIds", "names nobody")
	}
	return m.checkUsers(ctx, "participantIds", c.users)
}

// checkUsers refuses lists that are too long or name somebody who does not exist.
func (m *Mutation) checkUsers(ctx context.Context, field string, users []id.User) error {
	if len(users) > maxNamed {
		return fault.Invalid(field, "names more than %d users", maxNamed)
	}
	_, missing, err := missingUser(ctx, m.store.db, users)
	if err == nil && missing {
		err = fault.Invalid(field, "names a user that does not exist")
	}
	return err
}

func (m *Mutation) create(ctx context.Context, c *creation) (*Chat, error) {
	if err := m.chats.Do(ctx, c); err != nil {
		return nil, err
	}
	return m.show(ctx, c.chat)
}

// show reads a chat that a change of this call has just been allowed on. The change has happened by then, and whoever has
// left by it, or was taken out since, is shown the chat for the last time. Who is believed is shown it as it is.
func (m *Mutation) show(ctx context.Context, chat id.Chat) (*Chat, error) {
	viewer, err := m.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	viewer.All = viewer.All || m.who.IsOpen()
	c, err := m.store.chat(ctx, viewer, chat)
	if fault.CodeOf(err) == fault.NotFound {
		c, err = m.store.parting(ctx, viewer.ID, chat)
	}
	return c, fault.AfterChange(err)
}

// OpenDirectChat gives the one direct chat of the caller and another user.
func (m *Mutation) OpenDirectChat(ctx context.Context, args struct{ UserID id.User }) (*Chat, error) {
	actor, err := m.who.Writer(ctx, nil)
	if err != nil {
		return nil, err
	}
	if actor == args.UserID {
		return nil, fault.Invalid("userId", "is the caller's own")
	}
	if err := m.exists(ctx, args.UserID); err != nil {
		return nil, err
	}
	return m.create(ctx, &creation{
		id: id.New[id.Chat](), chatType: direct, creator: actor, users: []id.User{actor, args.UserID}, open: true,
	})
}

func (m *Mutation) exists(ctx context.Context, user id.User) error {
	_, missing, err := missingUser(ctx, m.store.db, []id.User{user})
	if err == nil && missing {
		err = fault.NoUser(user)
	}
	return err
}

type updateChatArgs struct {
	ID          id.Chat
	Name        *string
	Description *string
}

// UpdateChat changes a chat's name or description.
func (m *Mutation) UpdateChat(ctx context.Context, args updateChatArgs) (*Chat, error) {
	actor, err := m.who.Writer(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := checkDescription(args.Description); err != nil {
		return nil, err
	}
	return m.append(ctx, m.shapes.change(args.ID, actor, shaping{name: args.Name, description: args.Description}))
}

// append stores a change of a chat and shows the chat.
func (m *Mutation) append(ctx context.Context, c *sender.Change) (*Chat, error) {
	if err := m.engine.Append(ctx, c); err != nil {
		return nil, err
	}
	return m.show(ctx, c.Chat)
}

// AddParticipant adds one user to a group.
func (m *Mutation) AddParticipant(ctx context.Context, args struct {
	ChatID id.Chat
	UserID id.User
}) (*Chat, error) {
	actor, err := m.who.Actor(ctx)
	if err != nil {
		return nil, err
	}
	users := []id.User{args.UserID}
	if err := m.checkUsers(ctx, "userId", users); err != nil {
		return nil, err
	}
	return m.append(ctx, m.memberships.change(args.ChatID, actor, newComing(users)))
}

// AddParticipants adds users to a group, all or none.
func (m *Mutation) AddParticipants(ctx context.Context, args struct {
	ChatID  id.Chat
	UserIds []id.User
}) (*Chat, error) {
	actor, err := m.who.Actor(ctx)
	if err != nil {
		return nil, err
	}
	users := distinct(args.UserIds)
	if err := m.checkUsers(ctx, "userIds", users); err != nil {
		return nil, err
	}
	return m.append(ctx, m.memberships.change(args.ChatID, actor, newComing(users)))
}

// RemoveParticipant takes a member out of a group.
func (m *Mutation) RemoveParticipant(ctx context.Context, args struct {
	ChatID id.Chat
	UserID id.User
}) (*Chat, error) {
	actor, err := m.who.Actor(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.exists(ctx, args.UserID); err != nil {
		return nil, err
	}
	return m.append(ctx, m.memberships.change(args.ChatID, actor, going{args.UserID}))
}

// LeaveChat takes the caller out of a group.
func (m *Mutation) LeaveChat(ctx context.Context, args struct{ ChatID id.Chat }) (bool, error) {
	actor, err := m.who.Writer(ctx, nil)
	if err != nil {
		return false, err
	}
	err = m.engine.Append(ctx, m.memberships.change(args.ChatID, actor, going{actor}))
	return err == nil, err
}

// RemoveChat unlists a chat for good.
func (m *Mutation) RemoveChat(ctx context.Context, args struct{ ID id.Chat }) (*Chat, error) {
	actor, err := m.who.Actor(ctx)
	if err != nil {
		return nil, err
	}
	return m.append(ctx, m.shapes.change(args.ID, actor, shaping{remove: true}))
}

type createMessageInput struct {
	Content         string
	SenderID        *id.User
	ChatID          id.Chat
	ClientMessageID *key
}

// key is a clientMessageId: any text, or a whole number as its text.
type key string

// ImplementsGraphQLType says where the key stands.
func (key) ImplementsGraphQLType(name string) bool { return name == "ID" }

// UnmarshalGraphQL takes text, and the number of a literal. Nothing else comes: it is of no ID.
func (k *key) UnmarshalGraphQL(input any) error {
	switch v := input.(type) {
	case string:
		*k = key(v)
	case int32:
		*k = key(strconv.Itoa(int(v)))
	}
	return nil
}

// CreateMessage stores a message; the answer is durable, and repeating a send with its key is safe.
func (m *Mutation) CreateMessage(ctx context.Context, args struct{ CreateMessageInput createMessageInput }) (*Message, error) {
	in := args.CreateMessageInput
	actor, err := m.who.Writer(ctx, in.SenderID)
	if err != nil {
		return nil, err
	}
	s, err := newSending(in.Content, (*string)(in.ClientMessageID))
	if err != nil {
		return nil, err
	}
	return m.write(ctx, m.sends.change(in.ChatID, actor, s))
}

// write stores a change of a message and shows the message.
func (m *Mutation) write(ctx context.Context, c *sender.Change) (*Message, error) {
	if err := m.engine.Append(ctx, c); err != nil {
		return nil, err
	}
	viewer, err := m.who.Viewer(ctx, &c.Actor)
	if err != nil {
		return nil, err
	}
	return m.store.written(viewer, c.Result.(messageRow)), nil
}

// UpdateMessage edits a message of the actor.
func (m *Mutation) UpdateMessage(ctx context.Context, args struct {
	ID      id.Message
	Content string
	UserID  *id.User
}) (*Message, error) {
	return m.revise(ctx, args.UserID, revision{message: args.ID, content: &args.Content})
}

// RemoveMessage deletes a message of the actor.
func (m *Mutation) RemoveMessage(ctx context.Context, args struct {
	ID     id.Message
	UserID *id.User
}) (*Message, error) {
	return m.revise(ctx, args.UserID, revision{message: args.ID})
}

func (m *Mutation) revise(ctx context.Context, named *id.User, r revision) (*Message, error) {
	actor, err := m.who.Writer(ctx, named)
	if err != nil {
		return nil, err
	}
	if r.content != nil {
		if err := checkContent(*r.content); err != nil {
			return nil, err
		}
	}
	chat, err := chatOfMessage(ctx, m.store.db, r.message)
	if err != nil {
		return nil, err
	}
	return m.write(ctx, m.revisions.change(chat, actor, r))
}

func noneIfEmpty(text *string) *string {
	if text != nil && *text == "" {
		return nil
	}
	return text
}
