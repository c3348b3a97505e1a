package chat

import (
	"slices"

	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/sender"
)

// coming adds users to a group, the Input of kind memberships.
type coming struct {
	users []id.User // each once, all of them existing
	ids   map[id.User]id.Member
}

// going takes one member out of a group, likewise.
type going struct {
	user id.User
}

func newComing(users []id.User) coming {
	c := coming{users, make(map[id.User]id.Member, len(users))}
	for _, user := range users {
		c.ids[user] = id.New[id.Member]()
	}
	return c
}

// change is a change of who is in the chat: nothing of the chat comes after it in its batch, so that nothing of a
// removed member lands after the removal.
func (k *memberships) change(chat id.Chat, actor id.User, input any) *sender.Change {
	c := &sender.Change{Kind: k, Chat: chat, Actor: actor, Subject: id.Any(chat), Closes: true, Input: input}
	if input, ok := input.(coming); ok {
		c.Size = len(input.users)
	}
	return c
}

// memberships is the kind of change that adds and removes members.
type memberships struct{}

func (*memberships) Check(changes []*sender.Change) (pg.Question, func()) {
	question, found := checked(changes, true)
	return question, func() {
		for n, c := range changes {
			if c.Stored() {
				continue
			}
			switch input := c.Input.(type) {
			case coming:
				decideComing(c, &(*found)[n], input)
			case going:
				decideGoing(c, &(*found)[n], input)
			}
		}
	}
}

// checked asks for what changes of chats are decided by.
func checked(changes []*sender.Change, members bool) (pg.Question, *[]chatCheck) {
	var chats id.List[id.Chat]
	var actors id.List[id.User]
	for _, c := range changes {
		chats, actors = append(chats, c.Chat), append(actors, c.Actor)
	}
	found := new([]chatCheck)
	return pg.Question{Into: found, Statement: checkChats, Args: []any{chats, actors, members}}, found
}

// refusal is what stands against any change of a chat by this actor, or nil. Nobody, under --auth=none, may do as
// members do.
func (found *chatCheck) refusal(c *sender.Change) error {
	switch {
	case !c.Actor.IsZero() && !found.IsMember:
		return fault.NoChat(c.Chat)
	case !found.IsActive:
		return fault.NoChanges()
	}
	return nil
}

func decideComing(c *sender.Change, found *chatCheck, input coming) {
	if err := found.refusal(c); err != nil {
		c.Refuse(err)
		return
	}
	isMember := map[id.User]bool{} // of those who come
	for _, user := range found.Members {
		if _, named := input.ids[user]; named {
			isMember[user] = true
		}
	}
	var rows []sender.Row
	for _, user := range input.users {
		if !isMember[user] {
			rows = append(rows, sender.Row{Kind: history.MemberAdded, Subject: id.Any(user)})
			c.Concern(user)
		}
	}
	if len(rows) > 0 && found.Type == direct {
		c.Refuse(twoForGood())
		return
	}
	c.Accept(rows...)
}

func decideGoing(c *sender.Change, found *chatCheck, input going) {
	if err := found.refusal(c); err != nil {
		c.Refuse(err)
		return
	}
	byOther := !c.Actor.IsZero() && c.Actor != input.user
	switch {
	case !slices.Contains(found.Members, input.user): // whoever asks: a success that writes nothing
	case found.Type == direct:
		c.Refuse(twoForGood())
	case byOther && c.Actor != found.Creator:
		c.Refuse(fault.New(fault.Forbidden, "Only the creator can remove others from this chat"))
	default:
		c.Accept(sender.Row{Kind: history.MemberRemoved, Subject: id.Any(input.user)})
		c.Concern(input.user)
	}
}

func twoForGood() error { return fault.New(fault.Conflict, "A direct chat has two members for good") }

func (*memberships) Write(tx *pg.Tx, changes []*sender.Change) error {
	var come members
	var gone members
	for _, c := range changes {
		for _, row := range c.Rows() {
			user := id.User(row.Subject)
			switch input := c.Input.(type) {
			case coming:
				come.ids = append(come.ids, input.ids[user])
				come.add(c, row, user)
			case going:
				gone.add(c, row, user)
			}
		}
	}
	if len(come.ids) > 0 {
		tx.Defer(insertMembers, come.ids, come.chats, come.users, come.seqs, come.numbers, come.feeds, come.times)
	}
	if len(gone.users) > 0 {
		tx.Defer(endMembers, gone.chats, gone.users, gone.seqs, gone.feeds)
	}
	return nil
}

// members are the columns of insertMembers and endMembers.
type members struct {
	ids                  id.List[id.Member]
	chats                id.List[id.Chat]
	users                id.List[id.User]
	seqs, numbers, feeds pg.Ints
	times                pg.Times
}

func (m *members) add(c *sender.Change, row sender.Row, user id.User) {
	m.chats, m.users = append(m.chats, c.Chat), append(m.users, user)
	m.seqs, m.numbers = append(m.seqs, row.Seq), append(m.numbers, row.Number)
	m.feeds, m.times = append(m.feeds, c.Feed(user)), append(m.times, row.At)
}
