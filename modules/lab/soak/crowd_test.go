package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lib/pq"

	"chat/modules/id"
	"chat/modules/identity"
)

// socketsEach is how many sockets of one user these tests open at most: the product has a limit.
const socketsEach = 8

// crowd makes many people who are signed in, past the product: hashing their passwords would take minutes. Their tokens are
// signed by the fleet's own secret.
func (f *fleet) crowd(ctx context.Context, count int) ([]string, error) {
	keys, err := identity.ParseKeys(f.secret, "chat", time.Hour)
	if err != nil {
		return nil, err
	}
	var users, sessions []string
	for range count {
		caller := identity.Caller{User: id.New[id.User](), Session: id.New[id.Session]()}
		token, _, err := keys.Sign(caller, time.Now())
		if err != nil {
			return nil, err
		}
		a := &account{id: caller.User.String()}
		a.phone("").now = &session{access: token}
		f.client.know(a)
		users, sessions = append(users, a.id), append(sessions, caller.Session.String())
	}
	db, err := f.openDatabase()
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, `
		INSERT INTO users (id, username, username_key, email, email_key, created_at, updated_at)
		SELECT u, u, u, u || '@example.org', u || '@example.org', now(), now() FROM unnest($1::uuid[]) AS u`, pq.Array(users)); err != nil {
		return nil, fmt.Errorf("make a crowd: %w", err)
	}
	if _, err := db.ExecContext(ctx, `
		INSERT INTO sessions (id, user_id, device, address, created_at, last_used_at, expires_at)
		SELECT s, u, '', '', now(), now(), now() + interval '1 day' FROM unnest($1::uuid[], $2::uuid[]) AS t(s, u)`,
		pq.Array(sessions), pq.Array(users)); err != nil {
		return nil, fmt.Errorf("sign a crowd in: %w", err)
	}
	return users, nil
}

// openDatabase opens PostgreSQL past the proxy and the product.
func (f *fleet) openDatabase() (*sql.DB, error) {
	return sql.Open("postgres", fmt.Sprintf("postgres://postgres@127.0.0.1:%d/chat?sslmode=disable", f.options.Port))
}
