-- Chats, memberships, messages, and the log of each chat.
--
-- Keys begin with or include the chat, so that the tables can be distributed by it. Messages and events have no foreign
-- key to chats: chats are never deleted, and the check would cost a send a third more.

-- +goose Up
CREATE TABLE chats (
	id            uuid        PRIMARY KEY,
	name          text        NOT NULL,
	description   text,
	chat_type     text        NOT NULL CHECK (chat_type IN ('direct', 'group')),
	created_by    uuid        REFERENCES users,
	is_active     boolean     NOT NULL DEFAULT true,
	last_seq      bigint      NOT NULL DEFAULT 0,  -- the newest number of the log
	message_count bigint      NOT NULL DEFAULT 0,  -- the newest number of a message
	created_at    timestamptz NOT NULL,
	updated_at    timestamptz NOT NULL,
	CHECK (message_count BETWEEN 0 AND last_seq)
) WITH (fillfactor = 70);  -- every batch of sends rewrites the row: leave room in its page

-- A membership is kept for good; left_* is null while it lasts. Seq and feed are the chat's and the user's number at its
-- beginning and at its end.
CREATE TABLE chat_members (
	id            uuid        NOT NULL,
	chat_id       uuid        NOT NULL REFERENCES chats,
	user_id       uuid        NOT NULL REFERENCES users,
	joined_seq    bigint      NOT NULL CHECK (joined_seq >= 0),
	joined_number bigint      NOT NULL CHECK (joined_number BETWEEN 0 AND joined_seq),
	joined_feed   bigint      NOT NULL,
	joined_at     timestamptz NOT NULL,
	left_seq      bigint      CHECK (left_seq > joined_seq),
	left_feed     bigint      CHECK (left_feed > joined_feed),
	left_name     text,       -- the chat's name at the end: the last thing that a removed member is shown
	PRIMARY KEY (id, chat_id),
	CHECK ((left_seq IS NULL) = (left_feed IS NULL) AND (left_seq IS NULL) = (left_name IS NULL))
);
-- The membership predicate of every statement; at most one current membership.
CREATE UNIQUE INDEX chat_members_current ON chat_members (chat_id, user_id) WHERE left_seq IS NULL;
-- A user's list of chats.
CREATE INDEX chat_members_of_user ON chat_members (user_id, chat_id) WHERE left_seq IS NULL;
-- What changed for a user since a number of the feed.
CREATE INDEX chat_members_feed ON chat_members (user_id, (greatest(joined_feed, left_feed)));

CREATE TABLE direct_chats (
	low     uuid NOT NULL REFERENCES users,
	high    uuid NOT NULL REFERENCES users,
	chat_id uuid NOT NULL REFERENCES chats,
	PRIMARY KEY (low, high),
	CHECK (low < high)
);

CREATE TABLE messages (
	id                uuid        NOT NULL,
	chat_id           uuid        NOT NULL,
	seq               bigint      NOT NULL CHECK (seq > 0),         -- of its addition, for ever
	number            bigint      NOT NULL CHECK (number > 0 AND number <= seq),  -- among the chat's messages, no holes
	version           bigint      NOT NULL CHECK (version >= seq),  -- the seq of its last change
	sender_id         uuid        NOT NULL REFERENCES users,
	content           text        NOT NULL,
	client_message_id text,
	content_hash      bytea,      -- SHA-256 of the content first sent, to tell a repeat from another use of the key
	created_at        timestamptz NOT NULL,
	edited_at         timestamptz,
	deleted_at        timestamptz,
	PRIMARY KEY (id, chat_id),
	CHECK ((client_message_id IS NULL) = (content_hash IS NULL)),
	CHECK ((content = '') = (deleted_at IS NOT NULL))
);
-- History pages, the newest message, replay.
CREATE UNIQUE INDEX messages_seq ON messages (chat_id, seq);
-- Unread counts over a short range.
CREATE UNIQUE INDEX messages_number ON messages (chat_id, number);
-- Unread counts over a long range: own messages in it, and messages deleted in it.
CREATE INDEX messages_own ON messages (chat_id, sender_id, number);
CREATE INDEX messages_deleted ON messages (chat_id, number) INCLUDE (sender_id) WHERE deleted_at IS NOT NULL;
-- Repeated sends.
CREATE UNIQUE INDEX messages_key ON messages (chat_id, sender_id, client_message_id) WHERE client_message_id IS NOT NULL;

-- The log: one narrow row per change of a chat's history or shape. It names what changed and holds no content.
CREATE TABLE events (
	chat_id    uuid        NOT NULL,
	seq        bigint      NOT NULL CHECK (seq > 0),
	kind       smallint    NOT NULL CHECK (kind BETWEEN 1 AND 7),
	subject_id uuid        NOT NULL,  -- the message, the member or the chat
	actor_id   uuid,
	at         timestamptz NOT NULL,
	change_id  uuid,       -- null where the subject itself is new: its id tells a repeat
	part       smallint    CHECK (part >= 0),
	PRIMARY KEY (chat_id, seq),
	CHECK ((change_id IS NULL) = (part IS NULL))
);
-- A batch that is run again finds what it had stored.
CREATE UNIQUE INDEX events_change ON events (chat_id, change_id, part) WHERE change_id IS NOT NULL;

-- +goose Down
DROP TABLE events;
DROP TABLE messages;
DROP TABLE direct_chats;
DROP TABLE chat_members;
DROP TABLE chats;
