package user

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// Store reads accounts. Safe for concurrent use.
type Store struct {
	db *pg.DB
}

// NewStore returns the feature's reading side.
func NewStore(db *pg.DB) *Store { return &Store{db: db} }

// row is an account as it is stored.
type row struct {
	ID          id.User   `db:"id"`
	Username    string    `db:"username"`
	Key         string    `db:"username_key"`
	Email       string    `db:"email"`
	EmailKey    string    `db:"email_key"`
	DisplayName *string   `db:"display_name"`
	Active      bool      `db:"is_active"`
	CreatedAt   time.Time `db:"created_at"`
	UpdatedAt   time.Time `db:"updated_at"`
}

const columns = `id, username, username_key, email, email_key, display_name, is_active, created_at, updated_at`

// $1 user
const selectExists = `SELECT EXISTS (SELECT FROM users WHERE id = $1)`

// Exists tells whether there is such an account, active or not.
func (s *Store) Exists(ctx context.Context, user id.User) (bool, error) {
	var exists bool
	err := s.db.Get(ctx, &exists, selectExists, user)
	return exists, err
}

// $1 users
const selectByIDs = `SELECT ` + columns + ` FROM users WHERE id = ANY ($1::uuid[])`

// ByIDs gives the accounts that there are, as the viewer is shown them, in one statement.
func (s *Store) ByIDs(ctx context.Context, viewer identity.Viewer, users []id.User) (map[id.User]*User, error) {
	var rows []row
	if err := s.db.Select(ctx, &rows, selectByIDs, id.List[id.User](users)); err != nil {
		return nil, err
	}
	found := make(map[id.User]*User, len(rows))
	for _, r := range rows {
		found[r.ID] = newUser(viewer, r)
	}
	return found, nil
}

// byID is one account. Errors: NOT_FOUND.
func (s *Store) byID(ctx context.Context, viewer identity.Viewer, user id.User) (*User, error) {
	found, err := s.ByIDs(ctx, viewer, []id.User{user})
	if err != nil {
		return nil, err
	}
	u, ok := found[user]
	if !ok {
		return nil, fault.NoUser(user)
	}
	return u, nil
}

// $1 the name as it is compared
const selectByName = `SELECT ` + columns + ` FROM users WHERE username_key = $1`

// byName is the account of a name, or nil.
func (s *Store) byName(ctx context.Context, viewer identity.Viewer, key string) (*User, error) {
	var r row
	err := s.db.Get(ctx, &r, selectByName, key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return newUser(viewer, r), err
}

// Active accounts by name. $1 after this name, $2 how many
const selectAll = `
	SELECT ` + columns + ` FROM users WHERE is_active AND username_key > $1 ORDER BY username_key LIMIT $2`

// The same, of those whose name or display name begins with a text: $3, escaped for LIKE.
const selectMatching = `
	SELECT ` + columns + `
	FROM   users
	WHERE  is_active AND username_key > $1 AND (username_key LIKE $3 OR lower(display_name) LIKE $3)
	ORDER  BY username_key
	LIMIT  $2`

func (s *Store) list(ctx context.Context, after, pattern string, limit int) ([]row, error) {
	var rows []row
	if pattern == "" {
		err := s.db.Select(ctx, &rows, selectAll, after, limit)
		return rows, err
	}
	err := s.db.Select(ctx, &rows, selectMatching, after, limit, pattern)
	return rows, err
}

// $1 id, $2 name, $3 and as it is compared, $4 e-mail, $5 and as it is compared, $6 display name. Run again it changes
// nothing.
const insertUser = `
	INSERT INTO users (id, username, username_key, email, email_key, display_name, created_at, updated_at)
	SELECT $1, $2, $3, $4, $5, nullif($6, ''), t, t FROM clock_timestamp() AS t
	ON     CONFLICT (id) DO NOTHING`

func insert(ctx context.Context, tx *pg.Tx, r row) error {
	return tx.Exec(ctx, insertUser, r.ID, r.Username, r.Key, r.Email, r.EmailKey, r.DisplayName)
}

// $1 id; what is null stays: $2 name, $3 and as it is compared, $4 e-mail, $5 and as it is compared, $6 display name,
// which ” removes
const updateUser = `
	UPDATE users
	SET    username = coalesce($2, username), username_key = coalesce($3, username_key),
	       email = coalesce($4, email), email_key = coalesce($5, email_key),
	       display_name = CASE WHEN $6::text IS NULL THEN display_name ELSE nullif($6, '') END,
	       updated_at = greatest(updated_at, clock_timestamp())
	WHERE  id = $1`

// $1 id
const deactivateUser = `
	UPDATE users SET is_active = false, updated_at = greatest(updated_at, clock_timestamp())
	WHERE  id = $1 AND is_active`
