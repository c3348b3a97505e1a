package chat

import (
	"strings"
	"unicode/utf8"

	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/sender"
)

// Bounds of a chat's texts.
const (
	maxNameRunes        = 200
	maxDescriptionRunes = 2_000
)

func checkName(name, chatType string) error {
	switch {
	case utf8.RuneCountInString(name) > maxNameRunes:
		return errNameLength().Past(fault.TooLong, maxNameRunes)
	case chatType == group && strings.TrimSpace(name) == "":
		return errNameLength().Because(fault.Empty)
	}
	return checkText("name", name)
}

func errNameLength() *fault.Fault {
	return fault.Invalid("name", "must have 1 to %d characters", maxNameRunes)
}

func checkDescription(text *string) error {
	if text == nil {
		return nil
	}
	if utf8.RuneCountInString(*text) > maxDescriptionRunes {
		return fault.Invalid("description", "is longer than %d characters", maxDescriptionRunes).Past(fault.TooLong, maxDescriptionRunes)
	}
	return checkText("description", *text)
}

// shaping changes a chat's name or description, or removes the chat; the Input of kind shapes.
type shaping struct {
	name, description *string // nil: unchanged
	remove            bool
}

func (k *shapes) change(chat id.Chat, actor id.User, s shaping) *sender.Change {
	return &sender.Change{Kind: k, Chat: chat, Actor: actor, Subject: id.Any(chat), Closes: true, Input: s}
}

// shapes is the kind of change that changes the chat itself.
type shapes struct{}

func (*shapes) Check(changes []*sender.Change) (pg.Question, func()) {
	question, checks := checked(changes, false)
	return question, func() {
		for n, c := range changes {
			found := &(*checks)[n]
			c.Result = found
			switch s := c.Input.(shaping); {
			case c.Stored():
			case s.remove:
				decideRemoval(c, found)
			default:
				decideRenaming(c, found, s)
			}
		}
	}
}

func decideRenaming(c *sender.Change, found *chatCheck, s shaping) {
	if err := found.refusal(c); err != nil {
		c.Refuse(err)
		return
	}
	if s.name != nil {
		if err := checkName(*s.name, found.Type); err != nil {
			c.Refuse(err)
			return
		}
	}
	was := *found
	found.shape(s)
	if was.Name != found.Name || value(was.Description) != value(found.Description) {
		c.Accept(sender.Row{Kind: history.ChatUpdated, Subject: id.Any(c.Chat)})
	}
}

func decideRemoval(c *sender.Change, found *chatCheck) {
	err := found.refusal(c)
	switch {
	case found.IsMember && found.Type == group && c.Actor != found.Creator: // of a removed chat as well
		c.Refuse(fault.New(fault.Forbidden, "Only the creator can remove this chat"))
	case err != nil:
		c.Refuse(err)
	default:
		found.IsActive = false
		c.Accept(sender.Row{Kind: history.ChatRemoved, Subject: id.Any(c.Chat)})
	}
}

// shape applies what is not absent; an empty description is none.
func (found *chatCheck) shape(s shaping) {
	if s.name != nil {
		found.Name = *s.name
	}
	if s.description != nil {
		found.Description = noneIfEmpty(s.description)
	}
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (*shapes) Write(tx *pg.Tx, changes []*sender.Change) error {
	var chats id.List[id.Chat]
	var names, descriptions pg.Texts
	var active pg.Bools
	for _, c := range changes {
		found := c.Result.(*chatCheck)
		chats, names = append(chats, c.Chat), append(names, &found.Name)
		descriptions, active = append(descriptions, found.Description), append(active, found.IsActive)
	}
	tx.Defer(updateChats, chats, names, descriptions, active)
	return nil
}
