package demo

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/sender"
)

// $1 chat
const selectChat = `SELECT EXISTS (SELECT FROM chats WHERE id = $1)`

func exists(ctx context.Context, db *pg.DB, chat id.Chat) (is bool, err error) {
	err = db.Get(ctx, &is, selectChat, chat)
	return is, err
}

// $1 chat, $2 name, $3 description (empty: none), $4 type, $5 creator, $6 newest seq, $7 newest number, $8 made, $9 updated. A
// chat that is there already is left as it is.
const insertChat = `
	INSERT INTO chats (id, name, description, chat_type, created_by, last_seq, message_count, created_at, updated_at)
	VALUES ($1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9)
	ON     CONFLICT (id) DO NOTHING
	RETURNING id`

// page is how many rows a statement writes: a transaction of ours may not be idle for long.
const page = 5_000

// store writes a chat whole, if it is not there, and tells how many of its messages are written.
func store(ctx context.Context, db *pg.DB, t *story, progress func(messages int)) error {
	return db.Tx(ctx, func(tx *pg.Tx) error {
		kind := "group"
		if t.isDirect() {
			kind = "direct"
		}
		var made id.Chat
		err := tx.Get(ctx, &made, insertChat, t.id, t.name, t.description, kind, t.members[0].user, t.seq(), t.number(), t.createdAt, t.updatedAt)
		if errors.Is(err, sql.ErrNoRows) { // another run was faster
			return nil
		}
		if err != nil {
			return err
		}
		written := 0
		for messages := range slices.Chunk(t.messages, page) {
			if err := storeMessages(ctx, tx, t.id, messages); err != nil {
				return err
			}
			written += len(messages)
			progress(written)
		}
		for _, part := range []func(context.Context, *pg.Tx, *story) error{storePair, storeLog, storeMembers, storeMoves, storePositions, storeEnds} {
			if err := part(ctx, tx, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// $1 and $2 users in any order, $3 chat. Where they have one already, this is another.
const insertPair = `
	INSERT INTO direct_chats (low, high, chat_id)
	SELECT least($1::uuid, $2::uuid), greatest($1::uuid, $2::uuid), $3::uuid
	ON     CONFLICT DO NOTHING`

func storePair(ctx context.Context, tx *pg.Tx, t *story) error {
	if !t.isDirect() {
		return nil
	}
	return tx.Exec(ctx, insertPair, t.plan.members[0], t.plan.members[1], t.id)
}

// $1 chat, $2 ids, $3 seqs, $4 numbers, $5 versions, $6 senders, $7 contents, $8 made, $9 edited, $10 deleted
const insertMessages = `
	INSERT INTO messages (chat_id, id, seq, number, version, sender_id, content, created_at, edited_at, deleted_at)
	SELECT $1, i.* FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::uuid[], $7::text[],
	                           $8::timestamptz[], $9::timestamptz[], $10::timestamptz[]) AS i`

func storeMessages(ctx context.Context, tx *pg.Tx, chat id.Chat, messages []*message) error {
	var ids id.List[id.Message]
	var seqs, numbers, versions pg.Ints
	var senders id.List[id.User]
	var contents pg.Texts
	var made, edited, deleted pg.Times
	for _, m := range messages {
		ids, senders, contents = append(ids, m.id), append(senders, m.sender), append(contents, &m.content)
		seqs, numbers, versions = append(seqs, m.seq), append(numbers, m.number), append(versions, m.version)
		made, edited, deleted = append(made, m.createdAt), append(edited, pg.Optional(m.editedAt)), append(deleted, pg.Optional(m.deletedAt))
	}
	return tx.Exec(ctx, insertMessages, chat, ids, seqs, numbers, versions, senders, contents, made, edited, deleted)
}

// $1 chat, $2 kinds in the order of seq, $3 subjects, $4 actors, $5 times, $6 changes (null: the subject is new), $7 parts, $8 the
// seq before them
const insertLog = `
	INSERT INTO events (chat_id, seq, kind, subject_id, actor_id, at, change_id, part)
	SELECT $1, $8 + i.seq, i.kind, i.subject, i.actor, i.at, i.change, i.part
	FROM   unnest($2::smallint[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::uuid[], $7::smallint[])
	       WITH ORDINALITY AS i(kind, subject, actor, at, change, part, seq)`

func storeLog(ctx context.Context, tx *pg.Tx, t *story) error {
	before := 0
	for events := range slices.Chunk(t.log, page) {
		if err := storeEvents(ctx, tx, t.id, before, events); err != nil {
			return err
		}
		before += len(events)
	}
	return nil
}

func storeEvents(ctx context.Context, tx *pg.Tx, chat id.Chat, before int, events []event) error {
	var kinds pg.Ints
	var subjects id.List[id.Any]
	var actors id.List[id.User]
	var times pg.Times
	var changes id.List[id.Change]
	var parts pg.NullInts
	for n, e := range events {
		kinds, subjects, actors = append(kinds, int64(e.kind)), append(subjects, e.subject), append(actors, e.actor)
		times = append(times, e.at)
		if e.kind == history.MessageAdded {
			changes, parts = append(changes, id.Change{}), append(parts, -1)
		} else {
			changes, parts = append(changes, named[id.Change]("change %d of %s", before+n, chat)), append(parts, 0)
		}
	}
	return tx.Exec(ctx, insertLog, chat, kinds, subjects, actors, times, changes, parts, before)
}

// $1 chat, $2 ids, $3 users, $4 seqs, $5 numbers, $6 feeds, $7 times
const insertMembers = `
	INSERT INTO chat_members (chat_id, id, user_id, joined_seq, joined_number, joined_feed, joined_at)
	SELECT $1, i.* FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[]) AS i`

func storeMembers(ctx context.Context, tx *pg.Tx, t *story) error {
	var ids id.List[id.Member]
	var users id.List[id.User]
	var seqs, numbers, feeds pg.Ints
	var times pg.Times
	for _, m := range t.members {
		ids, users = append(ids, m.id), append(users, m.user)
		seqs, numbers, times = append(seqs, m.joinedSeq), append(numbers, m.joinedNumber), append(times, m.joinedAt)
	}
	moved, err := sender.MoveFeeds(ctx, tx, users)
	if err != nil {
		return err
	}
	for _, user := range users {
		feeds = append(feeds, moved[user])
	}
	return tx.Exec(ctx, insertMembers, t.id, ids, users, seqs, numbers, feeds, times)
}

// $1 chat, $2 users in the order of n, $3 froms, $4 tos, $5 times, $6 the n before them
const insertMoves = `
	WITH log AS (
		INSERT INTO message_reads (chat_id, n, user_id, from_number, to_number, message_id, read_at)
		SELECT $1::uuid, $6::bigint + i.n, i.user_id, i.begins, i.ends, m.id, i.at
		FROM   unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[]) WITH ORDINALITY AS i(user_id, begins, ends, at, n)
		JOIN   messages m ON m.chat_id = $1::uuid AND m.number = i.ends)
	INSERT INTO read_counters AS c (chat_id, n)
	VALUES ($1::uuid, $6::bigint + cardinality($2::uuid[]))
	ON     CONFLICT (chat_id) DO UPDATE SET n = excluded.n`

func storeMoves(ctx context.Context, tx *pg.Tx, t *story) error {
	before := 0
	for moves := range slices.Chunk(t.moves, page) {
		var users id.List[id.User]
		var from, to pg.Ints
		var times pg.Times
		for _, m := range moves {
			users, from, to, times = append(users, m.user), append(from, m.from), append(to, m.to), append(times, m.at)
		}
		if err := tx.Exec(ctx, insertMoves, t.id, users, from, to, times, before); err != nil {
			return err
		}
		before += len(moves)
	}
	return nil
}

// $1 chat, $2 memberships, $3 numbers, $4 times
const insertPositions = `
	INSERT INTO read_positions (chat_id, member_id, read_number, cleared_number, updated_at)
	SELECT $1, i.member, i.number, i.number, i.at
	FROM   unnest($2::uuid[], $3::bigint[], $4::timestamptz[]) AS i(member, number, at)`

func storePositions(ctx context.Context, tx *pg.Tx, t *story) error {
	var ids id.List[id.Member]
	var numbers pg.Ints
	var times pg.Times
	for _, m := range t.members {
		if m.read > m.joinedNumber {
			ids, numbers, times = append(ids, m.id), append(numbers, m.read), append(times, m.readAt)
		}
	}
	return tx.Exec(ctx, insertPositions, t.id, ids, numbers, times)
}

// $1 chat, $2 memberships, $3 seqs, $4 feeds
const endMembers = `
	UPDATE chat_members m
	SET    left_seq = i.seq, left_feed = i.feed, left_name = c.name
	FROM   unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS i(id, seq, feed), chats c
	WHERE  m.id = i.id AND m.chat_id = $1 AND c.id = $1`

// storeEnds ends memberships: the end of one is a number of the user's feed after that of its beginning.
func storeEnds(ctx context.Context, tx *pg.Tx, t *story) error {
	var ids id.List[id.Member]
	var users id.List[id.User]
	var seqs, feeds pg.Ints
	for _, m := range t.members {
		if !m.isIn() {
			ids, users, seqs = append(ids, m.id), append(users, m.user), append(seqs, m.leftSeq)
		}
	}
	moved, err := sender.MoveFeeds(ctx, tx, users)
	if err != nil || len(users) == 0 {
		return err
	}
	for _, user := range users {
		feeds = append(feeds, moved[user])
	}
	return tx.Exec(ctx, endMembers, t.id, ids, seqs, feeds)
}
