-- Searching people by the beginning of their name or display name, by index.

-- +goose Up
-- Keys are made by the product, because lower() is not the same on every server: without case, width and compatibility
-- forms. They are in byte order, so that a plain index finds a beginning and gives the order of the list.
ALTER TABLE users
	ALTER COLUMN username_key TYPE text COLLATE "C",
	ADD   COLUMN display_name_key text COLLATE "C";

UPDATE users SET display_name = NULL WHERE display_name = '';

-- What the server knows of case; the product writes the whole key at the next change of the account.
UPDATE users SET display_name_key = left(lower(normalize(display_name, NFKC)), 100) WHERE display_name IS NOT NULL;

ALTER TABLE users
	ADD CONSTRAINT users_display_name_check CHECK (display_name <> ''),
	ADD CONSTRAINT users_display_name_key_check CHECK ((display_name IS NULL) = (display_name_key IS NULL));

-- users(search:), the half that looks at display names; the other half, and the order, are those of username_key.
CREATE INDEX users_display_name ON users (display_name_key) WHERE is_active AND display_name_key IS NOT NULL;

-- +goose Down
DROP INDEX users_display_name;
ALTER TABLE users
	DROP CONSTRAINT users_display_name_check,
	DROP CONSTRAINT users_display_name_key_check,
	DROP COLUMN display_name_key,
	ALTER COLUMN username_key TYPE text;
