-- Signing in: passwords, sessions with their refresh tokens, and what was done to accounts.

-- +goose Up
ALTER TABLE users
	ADD COLUMN password_hash    text,                           -- argon2id in PHC form; NULL: cannot sign in by a password
	ADD COLUMN is_administrator boolean NOT NULL DEFAULT false;

CREATE TABLE sessions (
	id           uuid        PRIMARY KEY,
	user_id      uuid        NOT NULL REFERENCES users,
	device       text        NOT NULL,   -- what the client said of itself
	address      text        NOT NULL,   -- from where it was last refreshed
	created_at   timestamptz NOT NULL,
	last_used_at timestamptz NOT NULL,   -- signed in or refreshed
	expires_at   timestamptz NOT NULL,   -- where it is not refreshed again
	ended_at     timestamptz             -- by signing out, or by somebody who may end it
);

-- Lists and ends the sessions of a user.
CREATE INDEX sessions_user_id_idx ON sessions (user_id) WHERE ended_at IS NULL;

-- Finds those that ended long ago.
CREATE INDEX sessions_over_idx ON sessions (least(ended_at, expires_at));

-- Every refresh token of a session, the used ones as well: one that comes a second time was stolen, or its thief is late.
CREATE TABLE refresh_tokens (
	hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32), -- SHA-256
	session_id uuid  NOT NULL REFERENCES sessions ON DELETE CASCADE,
	used_at    timestamptz,
	successor  bytea CHECK (octet_length(successor) = 32)         -- the next token, readable by who has this one
);

CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

CREATE TABLE audit_log (
	id         uuid        PRIMARY KEY,
	at         timestamptz NOT NULL,
	action     text        NOT NULL,
	actor_id   uuid,                     -- NULL: nobody was signed in, or an operator at the command line
	user_id    uuid        NOT NULL,     -- whose account it concerns
	session_id uuid,
	address    text        NOT NULL,
	request_id text        NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'audit_log is append-only';
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
	FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- +goose Down
DROP TABLE audit_log;
DROP FUNCTION audit_log_is_append_only;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
ALTER TABLE users DROP COLUMN is_administrator, DROP COLUMN password_hash;
