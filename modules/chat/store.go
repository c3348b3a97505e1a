package chat

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"chat/modules/fault"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// row is a chat as it is stored.
type row struct {
	ID          id.Chat   `db:"id"`
	Name        string    `db:"name"`
	Description *string   `db:"description"`
	Type        string    `db:"chat_type"`
	Creator     id.User   `db:"created_by"`
	Active      bool      `db:"is_active"`
	LastSeq     int64     `db:"last_seq"`
	CreatedAt   time.Time `db:"created_at"`
	UpdatedAt   time.Time `db:"updated_at"`
}

const chatColumns = `c.id, c.name, c.description, c.chat_type, c.created_by, c.is_active, c.last_seq, c.created_at, c.updated_at`

// $1 viewer, $2 chats
const selectChats = `SELECT ` + chatColumns + ` FROM chats c WHERE c.id = ANY ($2::uuid[]) AND ` + history.Visible

func selectByID(ctx context.Context, db pg.Reader, viewer identity.Viewer, chats []id.Chat) (map[id.Chat]row, error) {
	var rows []row
	if err := db.Select(ctx, &rows, selectChats, viewer, id.List[id.Chat](chats)); err != nil {
		return nil, err
	}
	found := make(map[id.Chat]row, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, nil
}

// $1 user, $2 chat
const selectLeft = `
	SELECT ` + chatColumns + `, m.left_seq, coalesce(m.left_name, '') AS left_name
	FROM   chat_members m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.user_id = $1 AND m.chat_id = $2 AND m.left_seq IS NOT NULL
	ORDER  BY m.left_seq DESC
	LIMIT  1`

// selectParting is a chat that a user has left, and where. Errors: NOT_FOUND when he has not.
func selectParting(ctx context.Context, db pg.Reader, user id.User, chat id.Chat) (row, history.Ending, error) {
	var found struct {
		row
		history.Ending
	}
	err := db.Get(ctx, &found, selectLeft, user, chat)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.NoChat(chat)
	}
	return found.row, found.Ending, err
}

// place is a place in a list of chats: what comes before it in the order of the list, and it itself, is left out.
type place struct {
	updatedAt *time.Time // nil: the beginning
	chat      id.Chat    // the zero id: behind all of that time
}

// $1 user, $2 and $3 the place, $4 how many
const selectChatsOf = `
	SELECT ` + chatColumns + `
	FROM   chat_members m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.user_id = $1 AND m.left_seq IS NULL AND c.is_active
	AND    ($2::timestamptz IS NULL OR (c.updated_at, c.id) < ($2, coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')))
	ORDER  BY c.updated_at DESC, c.id DESC
	LIMIT  $4`

func selectOf(ctx context.Context, db pg.Reader, user id.User, from place, limit int) ([]row, error) {
	var rows []row
	err := db.Select(ctx, &rows, selectChatsOf, user, from.updatedAt, from.chat, limit)
	return rows, err
}

// $1 how many
const selectAllChats = `
	SELECT ` + chatColumns + ` FROM chats c WHERE c.is_active ORDER BY c.updated_at DESC, c.id DESC LIMIT $1`

func selectAll(ctx context.Context, db pg.Reader, limit int) ([]row, error) {
	var rows []row
	err := db.Select(ctx, &rows, selectAllChats, limit)
	return rows, err
}

// $1 viewer, $2 chats
const selectParticipants = `
	SELECT c.id, array_agg(m.user_id ORDER BY m.joined_seq, m.id) AS users
	FROM   chats c
	JOIN   chat_members m ON m.chat_id = c.id AND m.left_seq IS NULL
	WHERE  c.id = ANY ($2::uuid[]) AND ` + history.Visible + `
	GROUP  BY c.id`

// participantsOf maps each of the chats to its members, in the order in which they came.
func participantsOf(ctx context.Context, db pg.Reader, viewer identity.Viewer, chats []id.Chat) (map[id.Chat][]id.User, error) {
	var rows []struct {
		Chat  id.Chat          `db:"id"`
		Users id.List[id.User] `db:"users"`
	}
	if err := db.Select(ctx, &rows, selectParticipants, viewer, id.List[id.Chat](chats)); err != nil {
		return nil, err
	}
	members := make(map[id.Chat][]id.User, len(rows))
	for _, r := range rows {
		members[r.Chat] = r.Users
	}
	return members, nil
}

// messageRow is a message as it is stored, and as the hints carry it.
type messageRow struct {
	ID        id.Message `db:"id" json:"id"`
	Chat      id.Chat    `db:"chat_id" json:"chat"`
	Seq       int64      `db:"seq" json:"seq"`
	Version   int64      `db:"version" json:"version"`
	Sender    id.User    `db:"sender_id" json:"sender"`
	Content   string     `db:"content" json:"content"`
	Key       *string    `db:"client_message_id" json:"key,omitempty"`
	CreatedAt time.Time  `db:"created_at" json:"created"`
	EditedAt  *time.Time `db:"edited_at" json:"edited,omitempty"`
	DeletedAt *time.Time `db:"deleted_at" json:"deleted,omitempty"`
}

const messageColumns = `m.id, m.chat_id, m.seq, m.version, m.sender_id, m.content, m.client_message_id, m.created_at,
	m.edited_at, m.deleted_at`

// $1 viewer, $2 messages
const selectMessages = `
	SELECT ` + messageColumns + `
	FROM   messages m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.id = ANY ($2::uuid[]) AND ` + history.Visible

func selectMessagesByID(ctx context.Context, db pg.Reader, viewer identity.Viewer, ids ...id.Message) (map[id.Message]messageRow, error) {
	var rows []messageRow
	if err := db.Select(ctx, &rows, selectMessages, viewer, id.List[id.Message](ids)); err != nil {
		return nil, err
	}
	found := make(map[id.Message]messageRow, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, nil
}

// selectMessage is one message. Errors: NOT_FOUND when there is none for this viewer.
func selectMessage(ctx context.Context, db pg.Reader, viewer identity.Viewer, message id.Message) (messageRow, error) {
	found, err := selectMessagesByID(ctx, db, viewer, message)
	if err != nil {
		return messageRow{}, err
	}
	r, ok := found[message]
	if !ok {
		return r, fault.NoMessage(message)
	}
	return r, nil
}

// $1 viewer, $2 chat, $3 only messages with a greater seq, $4 deleted ones too, $5 how many
const selectMessagesAfter = `
	SELECT ` + messageColumns + `
	FROM   messages m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.chat_id = $2 AND m.seq > $3 AND ($4 OR m.deleted_at IS NULL) AND ` + history.Visible + `
	ORDER  BY m.seq
	LIMIT  $5`

func messagesAfter(ctx context.Context, db pg.Reader, viewer identity.Viewer, chat id.Chat, after int64, deleted bool, limit int) ([]messageRow, error) {
	var rows []messageRow
	err := db.Select(ctx, &rows, selectMessagesAfter, viewer, chat, after, deleted, limit)
	return rows, err
}

// $1 viewer, $2 chat, $3 only messages with a smaller seq (null: any), $4 deleted ones too, $5 how many
const selectMessagesBefore = `
	SELECT ` + messageColumns + `
	FROM   messages m
	JOIN   chats c ON c.id = m.chat_id
	WHERE  m.chat_id = $2 AND m.seq < coalesce($3::bigint, 9223372036854775807) AND ($4 OR m.deleted_at IS NULL)
	AND    ` + history.Visible + `
	ORDER  BY m.seq DESC
	LIMIT  $5`

// messagesBefore returns the newest first.
func messagesBefore(ctx context.Context, db pg.Reader, viewer identity.Viewer, chat id.Chat, before *int64, deleted bool, limit int) ([]messageRow, error) {
	var rows []messageRow
	err := db.Select(ctx, &rows, selectMessagesBefore, viewer, chat, before, deleted, limit)
	return rows, err
}

// $1 viewer, $2 chats, $3 how many of each
const selectNewest = `
	SELECT ` + messageColumns + `
	FROM   chats c
	CROSS  JOIN LATERAL (
	       SELECT * FROM messages x
	       WHERE  x.chat_id = c.id AND x.deleted_at IS NULL
	       ORDER  BY x.seq DESC
	       LIMIT  $3) m
	WHERE  c.id = ANY ($2::uuid[]) AND ` + history.Visible + `
	ORDER  BY m.chat_id, m.seq DESC`

// newestOf maps each of the chats to its newest live messages, newest first.
func newestOf(ctx context.Context, db pg.Reader, viewer identity.Viewer, chats []id.Chat, each int) ([]messageRow, error) {
	var rows []messageRow
	err := db.Select(ctx, &rows, selectNewest, viewer, id.List[id.Chat](chats), each)
	return rows, err
}

// $1 message
const selectChatOfMessage = `SELECT chat_id FROM messages WHERE id = $1`

// chatOfMessage is where a change of a message goes; whoever asks is checked there.
// Errors: NOT_FOUND when there is no such message.
func chatOfMessage(ctx context.Context, db pg.Reader, message id.Message) (id.Chat, error) {
	var chat id.Chat
	err := db.Get(ctx, &chat, selectChatOfMessage, message)
	if errors.Is(err, sql.ErrNoRows) {
		return chat, fault.NoMessage(message)
	}
	return chat, err
}

// What stands against storing messages: one that is stored already, itself after a lost answer or the first one with its
// key, and a sender who is no member. Most have neither, and cost no row. LATERAL with LIMIT keeps the plan at index
// look-ups whatever the planner believes of the tables' sizes.
//
// $1 ids, $2 chats, $3 senders, $4 keys (null: none)
const checkSends = `
	SELECT i.ord - 1 AS place, coalesce(s.content_hash, '') AS content_hash, s.id IS NOT NULL AS is_stored,
	       coalesce(s.id, i.id) AS id, i.chat_id, coalesce(s.seq, 0) AS seq, coalesce(s.version, 0) AS version, i.sender_id,
	       coalesce(s.content, '') AS content, i.client_message_id, coalesce(s.created_at, 'epoch') AS created_at,
	       s.edited_at, s.deleted_at
	FROM   unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
	       WITH ORDINALITY AS i(id, chat_id, sender_id, client_message_id, ord)
	LEFT   JOIN LATERAL (
	       SELECT id FROM chat_members WHERE chat_id = i.chat_id AND user_id = i.sender_id AND left_seq IS NULL LIMIT 1) v ON true
	LEFT   JOIN LATERAL (
	       (SELECT x.* FROM messages x WHERE x.id = i.id AND x.chat_id = i.chat_id LIMIT 1)
	       UNION ALL
	       (SELECT x.* FROM messages x
	        WHERE  x.chat_id = i.chat_id AND x.sender_id = i.sender_id AND x.client_message_id = i.client_message_id LIMIT 1)
	       LIMIT 1) s ON true
	WHERE  s.id IS NOT NULL OR v.id IS NULL`

type sendCheck struct {
	messageRow
	Place    int    `db:"place"` // in the batch
	Hash     []byte `db:"content_hash"`
	IsStored bool   `db:"is_stored"` // or else its sender is no member
}

// $1 ids, $2 chats, $3 seqs, $4 numbers, $5 senders, $6 contents, $7 keys, $8 hashes, $9 times
const insertMessages = `
	INSERT INTO messages (id, chat_id, seq, number, version, sender_id, content, client_message_id, content_hash, created_at)
	SELECT i.id, i.chat_id, i.seq, i.number, i.seq, i.sender_id, i.content, i.key, i.hash, i.at
	FROM   unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::bytea[],
	              $9::timestamptz[]) AS i(id, chat_id, seq, number, sender_id, content, key, hash, at)`

// A change of a message: the message and whether the actor is a member of its chat. $1 messages, $2 chats, $3 actors
const checkRevisions = `
	SELECT i.ord, m.id IS NOT NULL AND v.id IS NOT NULL AS is_visible,
	       i.id, i.chat_id, coalesce(m.seq, 0) AS seq, coalesce(m.version, 0) AS version,
	       coalesce(m.sender_id, i.actor_id) AS sender_id, coalesce(m.content, '') AS content, m.client_message_id,
	       coalesce(m.created_at, 'epoch') AS created_at, m.edited_at, m.deleted_at
	FROM   unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS i(id, chat_id, actor_id, ord)
	LEFT   JOIN LATERAL (SELECT * FROM messages x WHERE x.id = i.id AND x.chat_id = i.chat_id LIMIT 1) m ON true
	LEFT   JOIN chat_members v ON v.chat_id = i.chat_id AND v.user_id = i.actor_id AND v.left_seq IS NULL
	ORDER  BY i.ord`

type revisionCheck struct {
	messageRow
	Order     int  `db:"ord"`
	IsVisible bool `db:"is_visible"`
}

// $1 messages, $2 chats, $3 versions, $4 contents, $5 times of edit, $6 times of deletion
const updateMessages = `
	UPDATE messages m
	SET    version = i.version, content = i.content, edited_at = i.edited_at, deleted_at = i.deleted_at
	FROM   unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[])
	       AS i(id, chat_id, version, content, edited_at, deleted_at)
	WHERE  m.id = i.id AND m.chat_id = i.chat_id`

// What a change of a chat is decided by: the chat, whether the actor is a member, and, where $3 asks for them, all its
// members. $1 chats, $2 actors
const checkChats = `
	SELECT i.ord, coalesce(c.name, '') AS name, c.description, coalesce(c.chat_type, '') AS chat_type, c.created_by,
	       coalesce(c.is_active, false) AS is_active,
	       EXISTS (SELECT FROM chat_members v
	               WHERE v.chat_id = c.id AND v.user_id = i.actor_id AND v.left_seq IS NULL) AS is_member,
	       CASE WHEN $3 THEN (SELECT array_agg(m.user_id) FROM chat_members m
	                          WHERE m.chat_id = c.id AND m.left_seq IS NULL) END AS members
	FROM   unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS i(chat_id, actor_id, ord)
	LEFT   JOIN chats c ON c.id = i.chat_id
	ORDER  BY i.ord`

type chatCheck struct {
	Order       int              `db:"ord"`
	Name        string           `db:"name"`
	Description *string          `db:"description"`
	Type        string           `db:"chat_type"`
	Creator     id.User          `db:"created_by"`
	IsActive    bool             `db:"is_active"`
	IsMember    bool             `db:"is_member"`
	Members     id.List[id.User] `db:"members"`
}

// $1 memberships, $2 chats, $3 users, $4 seqs, $5 numbers, $6 feeds, $7 times
const insertMembers = `
	INSERT INTO chat_members (id, chat_id, user_id, joined_seq, joined_number, joined_feed, joined_at)
	SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[])`

// $1 chats, $2 users, $3 seqs, $4 feeds
const endMembers = `
	UPDATE chat_members m
	SET    left_seq = i.seq, left_feed = i.feed, left_name = c.name
	FROM   unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS i(chat_id, user_id, seq, feed)
	JOIN   chats c ON c.id = i.chat_id
	WHERE  m.chat_id = i.chat_id AND m.user_id = i.user_id AND m.left_seq IS NULL`

// $1 chats, $2 names, $3 descriptions, $4 whether they are active
const updateChats = `
	UPDATE chats c
	SET    name = i.name, description = i.description, is_active = i.is_active
	FROM   unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) AS i(id, name, description, is_active)
	WHERE  c.id = i.id`

// $1 chat, $2 name, $3 description, $4 type, $5 creator. A chat that is there already is left as it is.
const insertChat = `
	INSERT INTO chats (id, name, description, chat_type, created_by, created_at, updated_at)
	SELECT $1, $2, $3, $4, $5, t, t FROM clock_timestamp() AS t
	ON     CONFLICT (id) DO NOTHING
	RETURNING created_at`

// $1 and $2 users, the lower id first
const selectDirect = `
	SELECT d.chat_id FROM direct_chats d JOIN chats c ON c.id = d.chat_id
	WHERE  d.low = $1 AND d.high = $2 AND c.is_active`

// The oldest direct chat of two users that is not removed. $1 and $2 users
const selectLiteralDirect = `
	SELECT c.id
	FROM   chat_members a
	JOIN   chat_members b ON b.chat_id = a.chat_id AND b.user_id = $2 AND b.left_seq IS NULL
	JOIN   chats c ON c.id = a.chat_id AND c.chat_type = 'direct' AND c.is_active
	WHERE  a.user_id = $1 AND a.left_seq IS NULL
	ORDER  BY c.created_at, c.id
	LIMIT  1`

// The direct chat of two users that was removed makes room for a new one. $1 and $2 users, the lower id first
const deleteDirect = `
	DELETE FROM direct_chats d USING chats c
	WHERE  d.low = $1 AND d.high = $2 AND c.id = d.chat_id AND NOT c.is_active`

// $1 and $2 users, the lower id first, $3 chat. Where somebody else was faster the batch is run again and finds theirs.
const insertDirect = `INSERT INTO direct_chats (low, high, chat_id) VALUES ($1, $2, $3)`

func storeDirect(ctx context.Context, tx *pg.Tx, low, high id.User, chat id.Chat) error {
	if err := tx.Exec(ctx, deleteDirect, low, high); err != nil {
		return err
	}
	return tx.Exec(ctx, insertDirect, low, high, chat)
}

// $1 users
const selectUsers = `SELECT id FROM users WHERE id = ANY ($1::uuid[])`

// missingUser gives the first of the users that does not exist, and whether there is one.
func missingUser(ctx context.Context, db pg.Reader, users []id.User) (id.User, bool, error) {
	var found []id.User
	if err := db.Select(ctx, &found, selectUsers, id.List[id.User](users)); err != nil {
		return id.User{}, false, err
	}
	known := make(map[id.User]bool, len(found))
	for _, u := range found {
		known[u] = true
	}
	for _, u := range users {
		if !known[u] {
			return u, true, nil
		}
	}
	return id.User{}, false, nil
}
