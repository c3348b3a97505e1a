-- Accounts, and the counter that moves whenever something concerns one user alone.

-- +goose Up
CREATE TABLE users (
	id           uuid        PRIMARY KEY,
	username     text        NOT NULL CHECK (username <> ''),
	username_key text        NOT NULL UNIQUE,  -- the name as RFC 8265 compares it: without case and width
	email        text        NOT NULL CHECK (email <> ''),
	email_key    text        NOT NULL UNIQUE,  -- the address without case
	display_name text,
	is_active    boolean     NOT NULL DEFAULT true,
	created_at   timestamptz NOT NULL,
	updated_at   timestamptz NOT NULL
);

-- Moves in the transaction of every membership, position or session of the user, so that a process that missed a hint
-- sees by one number that there is something to read.
CREATE TABLE user_feeds (
	user_id uuid   PRIMARY KEY REFERENCES users,
	seq     bigint NOT NULL CHECK (seq > 0)
) WITH (fillfactor = 70);

-- +goose Down
DROP TABLE user_feeds;
DROP TABLE users;
