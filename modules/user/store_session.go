package user

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// credentials are what somebody signs in with; the zero credentials are of nobody.
type credentials struct {
	ID       id.User `db:"id"`
	Username string  `db:"username"`
	Hash     *string `db:"password_hash"`
	Active   bool    `db:"is_active"`

	asked string // by what it was looked up, as it is compared
}

// name names the account for the counting of attempts: the account, or what was taken for one.
func (c credentials) name() string {
	if c.ID.IsZero() {
		return c.asked
	}
	return c.ID.String()
}

// $1 e-mail address, $2 name, both as they are compared. An address wins over a name that looks like one.
const selectCredentials = `
	SELECT id, username, password_hash, is_active
	FROM   users
	WHERE  email_key = $1 OR username_key = $2
	ORDER  BY email_key = $1 DESC
	LIMIT  1`

// credentials finds an account by its name or its e-mail address.
func (s *Store) credentials(ctx context.Context, text string) (credentials, error) {
	byName, _ := name(text)     // what is no name names nobody
	byAddress, _ := email(text) // nor does what is no address
	var c credentials
	err := s.db.Get(ctx, &c, selectCredentials, byAddress.key, byName.key)
	if errors.Is(err, sql.ErrNoRows) {
		return credentials{asked: byName.key + " " + byAddress.key}, nil
	}
	return c, err
}

// $1 user
const selectCredentialsOf = `SELECT id, username, password_hash, is_active FROM users WHERE id = $1`

func (s *Store) credentialsOf(ctx context.Context, user id.User) (credentials, error) {
	var c credentials
	err := s.db.Get(ctx, &c, selectCredentialsOf, user)
	return c, err
}

// $1 user, $2 the hash that was compared, $3 the new one. True where that is the account's now: run again it changes nothing.
const updatePassword = `
	WITH changed AS (
		UPDATE users SET password_hash = $3 WHERE id = $1 AND is_active AND password_hash = $2 RETURNING id)
	SELECT EXISTS (SELECT FROM changed) OR EXISTS (SELECT FROM users WHERE id = $1 AND password_hash = $3)`

// replacePassword puts a hash in the place of another. False: the account has a third one by now, or is inactive.
func replacePassword(ctx context.Context, tx *pg.Tx, user id.User, old, hash string) (bool, error) {
	var done bool
	err := tx.Get(ctx, &done, updatePassword, user, old, hash)
	return done, err
}

// $1 user, $2 hash
const resetPassword = `UPDATE users SET password_hash = $2 WHERE id = $1`

// setPassword puts a hash in the place of any.
func setPassword(ctx context.Context, tx *pg.Tx, user id.User, hash string) error {
	return tx.Exec(ctx, resetPassword, user, hash)
}

// $1 session, $2 user, $3 device, $4 address, $5 days without a refresh, $6 hash of the token, $7 hash of the password. Run
// again it changes nothing. The account is locked: a change of its password, or its removal, ends this session too, or has
// come before, and then there is no row.
const insertSessionRow = `
	WITH account AS (
		SELECT id FROM users WHERE id = $2 AND is_active AND password_hash = $7 FOR SHARE),
	fresh AS (
		INSERT INTO sessions (id, user_id, device, address, created_at, last_used_at, expires_at)
		SELECT $1, id, $3, $4, t, t, t + make_interval(days => $5) FROM account, clock_timestamp() AS t
		ON     CONFLICT (id) DO NOTHING
		RETURNING id, expires_at),
	token AS (
		INSERT INTO refresh_tokens (hash, session_id) SELECT $6, id FROM fresh)
	SELECT expires_at FROM fresh
	UNION  ALL
	SELECT expires_at FROM sessions WHERE id = $1`

// insertSession begins a session of an account with that password. Errors: errChanged when it has another by now, or is
// inactive.
func insertSession(ctx context.Context, tx *pg.Tx, caller identity.Caller, password string, token refreshToken) (time.Time, error) {
	client := identity.ClientOf(ctx)
	var ends time.Time
	err := tx.Get(ctx, &ends, insertSessionRow, caller.Session, caller.User, client.Device, client.Address, slidingDays,
		token.hash(), password)
	if errors.Is(err, sql.ErrNoRows) {
		err = errChanged
	}
	return ends, err
}

// heldSession is a session whose row is locked, and one of its refresh tokens.
type heldSession struct {
	ID      id.Session `db:"id"`
	User    id.User    `db:"user_id"`
	Expires time.Time  `db:"expires_at"`
	IsGoing bool       `db:"is_going"`
	IsUsed  bool       `db:"is_used"`
	InGrace bool       `db:"in_grace"`
}

// $1 hash of a token
const lockSessionRow = `
	SELECT id FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) FOR UPDATE`

// $1 hash of a token, $2 seconds of grace. Its snapshot is after the lock.
const selectHeld = `
	SELECT s.id, s.user_id, s.expires_at, u.is_active AND s.ended_at IS NULL AND s.expires_at > t AS is_going,
	       r.used_at IS NOT NULL AS is_used, coalesce(r.used_at > t - make_interval(secs => $2), false) AS in_grace
	FROM   refresh_tokens r
	JOIN   sessions s ON s.id = r.session_id
	JOIN   users u ON u.id = s.user_id
	CROSS  JOIN clock_timestamp() AS t
	WHERE  r.hash = $1`

// lockSession gives the session of a token, which nobody else changes until the transaction ends.
// Errors: UNAUTHENTICATED for a token that nobody was given.
func lockSession(ctx context.Context, tx *pg.Tx, token refreshToken) (heldSession, error) {
	var locked id.Session
	var h heldSession
	err := tx.Get(ctx, &locked, lockSessionRow, token.hash())
	if err == nil {
		err = tx.Get(ctx, &h, selectHeld, token.hash(), graceSeconds)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = errRefresh()
	}
	return h, err
}

// $1 session
const selectSuccessors = `SELECT hash, successor FROM refresh_tokens WHERE session_id = $1 AND successor IS NOT NULL`

// newest gives the token that was not used yet among those that have come after one, which is in its grace: so are all of
// them, because they were used after it.
func newest(ctx context.Context, tx *pg.Tx, session id.Session, used refreshToken) (refreshToken, error) {
	var rows []struct {
		Hash      []byte `db:"hash"`
		Successor []byte `db:"successor"`
	}
	if err := tx.Select(ctx, &rows, selectSuccessors, session); err != nil {
		return refreshToken{}, err
	}
	sealed := make(map[[sha256.Size]byte]refreshToken, len(rows))
	for _, r := range rows {
		sealed[[sha256.Size]byte(r.Hash)] = refreshToken(r.Successor)
	}
	next := used
	for {
		after, ok := sealed[[sha256.Size]byte(next.hash())]
		if !ok {
			return next, nil
		}
		next = next.seal(after)
	}
}

// $1 session, $2 hash of the used token, $3 its successor, sealed, $4 hash of the successor, $5 days without a refresh, $6 days
// at all, $7 device, $8 address, $9 seconds of grace. What is sealed by a token whose grace is over is taken away.
const rotateToken = `
	WITH used AS (
		UPDATE refresh_tokens SET used_at = clock_timestamp(), successor = $3 WHERE hash = $2),
	fresh AS (
		INSERT INTO refresh_tokens (hash, session_id) VALUES ($4, $1)),
	closed AS (
		UPDATE refresh_tokens SET successor = NULL
		WHERE  session_id = $1 AND hash <> $2 AND successor IS NOT NULL AND used_at < clock_timestamp() - make_interval(secs => $9))
	UPDATE sessions
	SET    last_used_at = t, expires_at = least(t + make_interval(days => $5), created_at + make_interval(days => $6)),
	       device = $7, address = $8
	FROM   clock_timestamp() AS t
	WHERE  id = $1
	RETURNING expires_at`

// rotate puts a new token in the place of one that was not used before, and gives the session's new end.
func rotate(ctx context.Context, tx *pg.Tx, session id.Session, used, next refreshToken) (time.Time, error) {
	client, sealed := identity.ClientOf(ctx), used.seal(next)
	var ends time.Time
	err := tx.Get(ctx, &ends, rotateToken, session, used.hash(), sealed[:], next.hash(), slidingDays, absoluteDays,
		client.Device, client.Address, graceSeconds)
	return ends, err
}

// $1 user, $2 session
const endOne = `
	WITH ended AS (
		UPDATE sessions SET ended_at = clock_timestamp() WHERE user_id = $1 AND id = $2 AND ended_at IS NULL RETURNING id)
	SELECT EXISTS (SELECT FROM ended)`

// endSession ends a session of a user. False: there is none that goes on.
func endSession(ctx context.Context, tx *pg.Tx, user id.User, session id.Session) (bool, error) {
	var ended bool
	err := tx.Get(ctx, &ended, endOne, user, session)
	return ended, err
}

// $1 user, $2 the session that goes on, or NULL
const endAll = `
	UPDATE sessions SET ended_at = clock_timestamp()
	WHERE  id IN (
		SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2::uuid ORDER BY id FOR UPDATE)`

func endSessions(ctx context.Context, tx *pg.Tx, user id.User, but id.Session) error {
	return tx.Exec(ctx, endAll, user, but)
}

// $1 user, $2 session
const selectOwns = `SELECT EXISTS (SELECT FROM sessions WHERE user_id = $1 AND id = $2)`

func ownsSession(ctx context.Context, tx *pg.Tx, user id.User, session id.Session) (bool, error) {
	var owns bool
	err := tx.Get(ctx, &owns, selectOwns, user, session)
	return owns, err
}

// sessionRow is a session as it is listed.
type sessionRow struct {
	ID         id.Session `db:"id"`
	Device     *string    `db:"device"`
	Address    *string    `db:"address"`
	CreatedAt  time.Time  `db:"created_at"`
	LastUsedAt time.Time  `db:"last_used_at"`
}

// $1 user
const selectSessions = `
	SELECT id, nullif(device, '') AS device, nullif(address, '') AS address, created_at, last_used_at
	FROM   sessions
	WHERE  user_id = $1 AND ended_at IS NULL AND expires_at > clock_timestamp()
	ORDER  BY last_used_at DESC, id
	LIMIT  1000`

func (s *Store) sessions(ctx context.Context, user id.User) ([]sessionRow, error) {
	var rows []sessionRow
	err := s.db.Select(ctx, &rows, selectSessions, user)
	return rows, err
}

// $1 sessions
const selectGoing = `
	SELECT s.id, s.user_id
	FROM   sessions s
	JOIN   users u ON u.id = s.user_id AND u.is_active
	WHERE  s.id = ANY ($1::uuid[]) AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()`

// Going tells which of the sessions go on, and whose they are. With AllGo it is the registry of package identity.
func (s *Store) Going(ctx context.Context, sessions []id.Session) (map[id.Session]id.User, error) {
	var rows []struct {
		ID   id.Session `db:"id"`
		User id.User    `db:"user_id"`
	}
	if err := s.db.Select(ctx, &rows, selectGoing, id.List[id.Session](sessions)); err != nil {
		return nil, err
	}
	going := make(map[id.Session]id.User, len(rows))
	for _, r := range rows {
		going[r.ID] = r.User
	}
	return going, nil
}

// $1 sessions, each once
const countGoing = `
	SELECT count(*) FROM sessions WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL AND expires_at > clock_timestamp()`

// AllGo tells whether all of the sessions, each named once, go on. It costs less than Going.
func (s *Store) AllGo(ctx context.Context, sessions []id.Session) (bool, error) {
	var going int
	err := s.db.Get(ctx, &going, countGoing, id.List[id.Session](sessions))
	return going == len(sessions), err
}

// $1 days, $2 how many
const deleteOver = `
	DELETE FROM sessions
	WHERE  id IN (
		SELECT id FROM sessions WHERE least(ended_at, expires_at) < clock_timestamp() - make_interval(days => $1)
		LIMIT  $2 FOR UPDATE SKIP LOCKED)`

const (
	keptDays        = 30 // a session that has ended
	forgottenAtOnce = 10_000
)

// forgetSessions deletes some of the sessions that ended long ago, with their tokens.
func (s *Store) forgetSessions(ctx context.Context) error {
	return s.db.Repeat(ctx, func(tx *pg.Tx) error { return tx.Exec(ctx, deleteOver, keptDays, forgottenAtOnce) })
}

// line is one line of the audit log. It is made before its transaction, which can be run again.
type line struct {
	id      id.Any
	action  string
	actor   id.User    // the zero id: nobody has shown who he is
	user    id.User    // whose account it concerns
	session id.Session // that it concerns; where it is the whole account, that in which it was done
}

func newLine(action string, actor, user id.User, session id.Session) line {
	return line{id.New[id.Any](), action, actor, user, session}
}

// lineOf is a line of what the caller does to an account.
func lineOf(ctx context.Context, action string, user id.User) line {
	caller := identity.CallerOf(ctx)
	return newLine(action, caller.User, user, caller.Session)
}

// reused is the line of a refresh token that somebody has used again.
func reused(held heldSession) line {
	return newLine("refresh token used again", id.User{}, held.User, held.ID)
}

// $1 id, $2 what was done, $3 who did it, $4 whose account it concerns, $5 session, $6 from where, $7 request. Run again it
// changes nothing.
const insertAudit = `
	INSERT INTO audit_log (id, at, action, actor_id, user_id, session_id, address, request_id)
	VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6, $7)
	ON     CONFLICT (id) DO NOTHING`

func (l line) write(ctx context.Context, tx *pg.Tx) error {
	return tx.Exec(ctx, insertAudit, l.id, l.action, l.actor, l.user, l.session, identity.ClientOf(ctx).Address, gql.RequestID(ctx))
}
