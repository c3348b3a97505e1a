package chat

import (
	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/sender"
)

// revision is an edit or a deletion, the Input of kind revisions.
type revision struct {
	message id.Message
	content *string // of an edit; nil deletes
}

func (k *revisions) change(chat id.Chat, actor id.User, r revision) *sender.Change {
	return &sender.Change{Kind: k, Chat: chat, Actor: actor, Subject: id.Any(r.message), Input: r}
}

// revisions is the kind of change that edits or deletes a message. Its result is the messageRow.
type revisions struct{}

func (*revisions) Check(changes []*sender.Change) (pg.Question, func()) {
	var ids id.List[id.Message]
	var chats id.List[id.Chat]
	var actors id.List[id.User]
	for _, c := range changes {
		ids, chats = append(ids, c.Input.(revision).message), append(chats, c.Chat)
		actors = append(actors, c.Actor)
	}
	var found []revisionCheck
	return pg.Question{Into: &found, Statement: checkRevisions, Args: []any{ids, chats, actors}}, func() {
		for n, c := range changes {
			decideRevision(c, &found[n])
		}
	}
}

func decideRevision(c *sender.Change, found *revisionCheck) {
	r := c.Input.(revision)
	c.Result = found.messageRow
	switch {
	case c.Stored():
	case !found.IsVisible:
		c.Refuse(fault.NoMessage(r.message))
	case found.Sender != c.Actor && r.content == nil:
		c.Refuse(fault.New(fault.Forbidden, "Only the sender can delete this message"))
	case found.Sender != c.Actor:
		c.Refuse(fault.New(fault.Forbidden, "Only the sender can edit this message"))
	case found.DeletedAt != nil && r.content == nil: // deleting twice is a success that writes nothing
	case found.DeletedAt != nil:
		c.Refuse(fault.NoMessage(r.message))
	case !c.Locked().IsActive:
		c.Refuse(fault.NoChanges())
	case r.content == nil:
		c.Accept(sender.Row{Kind: history.MessageDeleted, Subject: id.Any(r.message)})
	default:
		c.Accept(sender.Row{Kind: history.MessageUpdated, Subject: id.Any(r.message)})
	}
}

// Write stores the messages as Check has found them, with the change applied: nobody else can have changed them, because
// the chat is locked.
func (*revisions) Write(tx *pg.Tx, changes []*sender.Change) error {
	var ids id.List[id.Message]
	var chats id.List[id.Chat]
	var versions pg.Ints
	var contents pg.Texts
	var edited, deleted pg.Times
	for _, c := range changes {
		r, row, stored := c.Input.(revision), &c.Rows()[0], c.Result.(messageRow)
		stored.Version = row.Seq
		if r.content == nil {
			stored.Content, stored.DeletedAt = "", &row.At
		} else {
			stored.Content, stored.EditedAt = *r.content, &row.At
		}
		if err := setBody(row, stored); err != nil {
			return err
		}
		c.Result = stored
		ids, chats = append(ids, stored.ID), append(chats, c.Chat)
		versions, contents = append(versions, stored.Version), append(contents, &stored.Content)
		edited, deleted = append(edited, pg.Optional(stored.EditedAt)), append(deleted, pg.Optional(stored.DeletedAt))
	}
	tx.Defer(updateMessages, ids, chats, versions, contents, edited, deleted)
	return nil
}
