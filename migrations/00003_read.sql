-- Read positions, the log of their moves, and the counts that follow from them.

-- +goose Up
-- How far a membership has read, as numbers of messages. No row: it has read what was there when it began.
CREATE TABLE read_positions (
	member_id      uuid        NOT NULL,
	chat_id        uuid        NOT NULL,
	read_number    bigint      NOT NULL CHECK (read_number >= 0),            -- receipts
	cleared_number bigint      NOT NULL CHECK (cleared_number >= read_number),  -- unread counts
	updated_at     timestamptz NOT NULL,
	PRIMARY KEY (member_id, chat_id),
	FOREIGN KEY (member_id, chat_id) REFERENCES chat_members
) WITH (fillfactor = 70);

-- The newest number of each chat's read log, in a row of its own so that reading never waits for sending.
CREATE TABLE read_counters (
	chat_id uuid   PRIMARY KEY REFERENCES chats,
	n       bigint NOT NULL CHECK (n >= 0)
) WITH (fillfactor = 70);

-- The read log: one row per move, which covers the messages from_number < number <= to_number.
CREATE TABLE message_reads (
	chat_id     uuid        NOT NULL,
	n           bigint      NOT NULL CHECK (n > 0),
	user_id     uuid        NOT NULL REFERENCES users,
	from_number bigint      NOT NULL CHECK (from_number >= 0),
	to_number   bigint      NOT NULL CHECK (to_number > from_number),
	message_id  uuid        NOT NULL,  -- the message at to_number
	read_at     timestamptz NOT NULL,
	PRIMARY KEY (chat_id, n)
);
-- When a reader read a message: the one row that covers its number.
CREATE UNIQUE INDEX message_reads_cover ON message_reads (chat_id, user_id, to_number);

-- Live messages by others after the member's position, for every current membership of a chat that is not removed.
-- Message numbers have no holes, so a long range is arithmetic: all, less one's own, less what others deleted.
CREATE VIEW unread_counts AS
SELECT m.id, m.chat_id, m.user_id,
       CASE WHEN r.last = r.cleared THEN 0
            WHEN r.last - r.cleared <= 100 THEN (
                 SELECT count(*) FROM messages x
                 WHERE  x.chat_id = m.chat_id AND x.number > r.cleared AND x.number <= r.last
                 AND    x.sender_id <> m.user_id AND x.deleted_at IS NULL)
            ELSE r.last - r.cleared
                 - (SELECT count(*) FROM messages x
                    WHERE  x.chat_id = m.chat_id AND x.sender_id = m.user_id
                    AND    x.number > r.cleared AND x.number <= r.last)
                 - (SELECT count(*) FROM messages x
                    WHERE  x.chat_id = m.chat_id AND x.number > r.cleared AND x.number <= r.last
                    AND    x.deleted_at IS NOT NULL AND x.sender_id <> m.user_id)
       END::integer AS unread_count,
       m.joined_at AS created_at,
       coalesce(r.updated_at, m.joined_at) AS updated_at
FROM   chat_members m
CROSS  JOIN LATERAL (
       SELECT c.message_count AS last, coalesce(p.cleared_number, m.joined_number) AS cleared, p.updated_at
       FROM   chats c
       LEFT   JOIN read_positions p ON p.member_id = m.id AND p.chat_id = m.chat_id
       WHERE  c.id = m.chat_id AND c.is_active) r
WHERE  m.left_seq IS NULL;

-- +goose Down
DROP VIEW unread_counts;
DROP TABLE message_reads;
DROP TABLE read_counters;
DROP TABLE read_positions;
