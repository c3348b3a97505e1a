-- Refreshing a session, however many tokens it has used up.

-- +goose Up
-- The few of a session whose successor can be read: those that were used in the last seconds. A client that is always on uses
-- 8,640 in 90 days, which stand apart from each other in the table.
CREATE INDEX refresh_tokens_successor_idx ON refresh_tokens (session_id) WHERE successor IS NOT NULL;

-- +goose Down
DROP INDEX refresh_tokens_successor_idx;
