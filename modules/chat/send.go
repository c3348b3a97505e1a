package chat

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/sender"
)

// Bounds of a message.
const (
	maxContentRunes = 20_000
	maxContentBytes = 100_000 // white space around the content included
	maxKeyRunes     = 64
)

// sending is a message that waits to be stored, the Input of kind sends.
type sending struct {
	id      id.Message
	content string
	key     *string
	hash    []byte // of the content, where there is a key
}

func newSending(content string, key *string) (*sending, error) {
	if err := checkContent(content); err != nil {
		return nil, err
	}
	s := &sending{id: id.New[id.Message](), content: content, key: key}
	if key != nil {
		if n := utf8.RuneCountInString(*key); n < 1 || n > maxKeyRunes || strings.ContainsRune(*key, 0) {
			return nil, fault.Invalid("clientMessageId", "must have 1 to %d characters", maxKeyRunes)
		}
		sum := sha256.Sum256([]byte(content))
		s.hash = sum[:]
	}
	return s, nil
}

// checkContent bounds a message's text. It is stored byte for byte as it came.
func checkContent(content string) error {
	switch n := utf8.RuneCountInString(strings.TrimSpace(content)); {
	case n == 0:
		return fault.Invalid("content", "is empty").Because(fault.Empty)
	case n > maxContentRunes:
		return fault.Invalid("content", "is longer than %d characters", maxContentRunes).Past(fault.TooLong, maxContentRunes)
	case len(content) > maxContentBytes:
		return fault.Invalid("content", "is longer than %d bytes", maxContentBytes).Because(fault.TooLong)
	}
	return checkText("content", content)
}

// checkText refuses what PostgreSQL cannot store as text.
func checkText(field, text string) error {
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return fault.Invalid(field, "holds U+0000 or is not valid UTF-8").Because(fault.BadCharacter)
	}
	return nil
}

// keyed is the sender's key of a message: another chat or sender is another key.
type keyed struct {
	sender id.User
	key    string
}

func (k *sends) change(chat id.Chat, actor id.User, s *sending) *sender.Change {
	c := &sender.Change{Kind: k, Chat: chat, Actor: actor, Subject: id.Any(s.id), Input: s}
	if s.key != nil {
		c.Key = keyed{actor, *s.key}
	}
	return c
}

// sends is the kind of change that adds a message. Its result is the messageRow.
type sends struct{}

// Check finds repeats first: a message that is stored answers itself, whatever has become of membership or chat since.
func (*sends) Check(changes []*sender.Change) (pg.Question, func()) {
	var ids id.List[id.Message]
	var chats id.List[id.Chat]
	var senders id.List[id.User]
	var keys pg.Texts
	for _, c := range changes {
		s := c.Input.(*sending)
		ids, chats, senders = append(ids, s.id), append(chats, c.Chat), append(senders, c.Actor)
		keys = append(keys, s.key)
	}
	var found []sendCheck
	return pg.Question{Into: &found, Statement: checkSends, Args: []any{ids, chats, senders, keys}}, func() {
		against := make([]*sendCheck, len(changes))
		for n := range found {
			against[found[n].Place] = &found[n]
		}
		for n, c := range changes {
			decideSend(c, against[n])
		}
	}
}

// decideSend decides about a message; found is what stands against it, or nil.
func decideSend(c *sender.Change, found *sendCheck) {
	s := c.Input.(*sending)
	switch {
	case found == nil && c.Locked().IsActive:
		c.Accept(sender.Row{Kind: history.MessageAdded, Subject: id.Any(s.id)})
	case found == nil:
		c.Refuse(fault.NoChanges())
	case !found.IsStored:
		c.Refuse(fault.NoChat(c.Chat))
	case s.key != nil && !bytes.Equal(found.Hash, s.hash):
		c.Refuse(fault.New(fault.IdempotencyMisused, "clientMessageId was used for another message"))
	default:
		c.Result = found.messageRow
		c.Recall(sender.Row{
			Kind: history.MessageAdded, Subject: id.Any(found.ID), Seq: found.Seq, At: found.CreatedAt,
		})
	}
}

// Write stores the messages under the numbers that their rows have got.
func (*sends) Write(tx *pg.Tx, changes []*sender.Change) error {
	var ids id.List[id.Message]
	var chats id.List[id.Chat]
	var senders id.List[id.User]
	var seqs, numbers pg.Ints
	var contents, keys pg.Texts
	var hashes pg.Blobs
	var times pg.Times
	for _, c := range changes {
		s, row := c.Input.(*sending), &c.Rows()[0]
		ids, chats, senders = append(ids, s.id), append(chats, c.Chat), append(senders, c.Actor)
		seqs, numbers = append(seqs, row.Seq), append(numbers, row.Number)
		contents, times = append(contents, &s.content), append(times, row.At)
		keys, hashes = append(keys, s.key), append(hashes, s.hash)
		stored := messageRow{
			ID: s.id, Chat: c.Chat, Seq: row.Seq, Version: row.Seq, Sender: c.Actor, Content: s.content, Key: s.key,
			CreatedAt: row.At,
		}
		if err := setBody(row, stored); err != nil {
			return err
		}
		c.Result = stored
	}
	tx.Defer(insertMessages, ids, chats, seqs, numbers, senders, contents, keys, hashes, times)
	return nil
}

// setBody lets the hint carry the message as it was committed.
func setBody(row *sender.Row, stored messageRow) error {
	body, err := json.Marshal(stored)
	if err != nil {
		return fmt.Errorf("encode a message for its hint: %w", err)
	}
	row.Body = body
	return nil
}
