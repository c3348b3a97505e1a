package user

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"chat/modules/fault"
	"chat/modules/gather"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// Store reads accounts. Safe for concurrent use.
type Store struct {
	db     *pg.DB
	exists *gather.Reads[id.User, bool]
}

// NewStore returns the feature's reading side.
func NewStore(db *pg.DB) *Store {
	s := &Store{db: db}
	s.exists = gather.New(context.Background(), maxExist, s.existing)
	return s
}

// maxExist is how many accounts one statement looks for.
const maxExist = 1_000

// row is an account as it is stored.
type row struct {
	ID          id.User   `db:"id"`
	Username    string    `db:"username"`
	Key         string    `db:"username_key"`
	Email       string    `db:"email"`
	DisplayName *string   `db:"display_name"`
	Active      bool      `db:"is_active"`
	CreatedAt   time.Time `db:"created_at"`
	UpdatedAt   time.Time `db:"updated_at"`
}

const columns = `id, username, username_key, email, display_name, is_active, created_at, updated_at`

// Exists tells whether there is such an account, active or not. Clients that all come back at once are looked up together.
func (s *Store) Exists(ctx context.Context, user id.User) (bool, error) {
	return s.exists.Get(ctx, user)
}

// $1 users
const selectExisting = `SELECT id FROM users WHERE id = ANY ($1::uuid[])`

func (s *Store) existing(ctx context.Context, users []id.User) (map[id.User]bool, error) {
	var found []id.User
	if err := s.db.Select(ctx, &found, selectExisting, id.List[id.User](users)); err != nil {
		return nil, err
	}
	exist := make(map[id.User]bool, len(found))
	for _, user := range found {
		exist[user] = true
	}
	return exist, nil
}

// ByIDs gives the accounts that there are, active or not, as the viewer is shown them, in one statement.
func (s *Store) ByIDs(ctx context.Context, viewer identity.Viewer, users []id.User) (map[id.User]*User, error) {
	rows, err := byIDs(ctx, s.db, users)
	if err != nil {
		return nil, err
	}
	found := make(map[id.User]*User, len(rows))
	for _, r := range rows {
		found[r.ID] = newUser(viewer, r)
	}
	return found, nil
}

// $1 users
const selectByIDs = `SELECT ` + columns + ` FROM users WHERE id = ANY ($1::uuid[])`

func byIDs(ctx context.Context, db pg.Reader, users []id.User) ([]row, error) {
	var rows []row
	err := db.Select(ctx, &rows, selectByIDs, id.List[id.User](users))
	return rows, err
}

// byID is one account. Errors: NOT_FOUND.
func byID(ctx context.Context, db pg.Reader, viewer identity.Viewer, user id.User) (*User, error) {
	rows, err := byIDs(ctx, db, []id.User{user})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.NoUser(user)
	}
	return newUser(viewer, rows[0]), nil
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
	if err != nil {
		return nil, err
	}
	return newUser(viewer, r), nil
}

// $1 after this name, $2 how many
const selectActive = `
	SELECT ` + columns + ` FROM users WHERE is_active AND username_key > $1 ORDER BY username_key LIMIT $2`

// active lists the active accounts by name.
func (s *Store) active(ctx context.Context, after string, limit int) ([]row, error) {
	var rows []row
	err := s.db.Select(ctx, &rows, selectActive, after, limit)
	return rows, err
}

// $1 after this name, $2 how many, $3 the beginning of names and $4 the end of what begins so, $5 and $6 of display names.
// Ranges, because a prepared LIKE uses no index; and two halves, because for one that names both columns PostgreSQL reads all
// accounts in the order of the name.
const selectMatching = `
	(SELECT ` + columns + `
	 FROM   users
	 WHERE  is_active AND username_key > $1 AND username_key >= $3 AND username_key < $4
	 ORDER  BY username_key
	 LIMIT  $2)
	UNION
	(SELECT ` + columns + `
	 FROM   users
	 WHERE  is_active AND username_key > $1 AND display_name_key >= $5 AND display_name_key < $6
	 ORDER  BY username_key
	 LIMIT  $2)
	ORDER  BY username_key
	LIMIT  $2`

// lastRune is above every character that a text can have.
const lastRune = "\U0010FFFF"

// beginnings are what is searched for, as names and as display names are compared.
type beginnings struct{ name, display string }

// matching is active, of those whose name or display name begins so.
func (s *Store) matching(ctx context.Context, after string, limit int, wanted beginnings) ([]row, error) {
	var rows []row
	err := s.db.Select(ctx, &rows, selectMatching, after, limit, wanted.name, wanted.name+lastRune, wanted.display, wanted.display+lastRune)
	return rows, err
}

// texts are the fields of an account that a caller writes; nil is absent.
type texts struct {
	name, email, display *keyed
}

// columns gives the fields as SQL parameters: each as it is kept and as it is compared, NULL where it is absent.
func (t texts) columns() []any {
	var out []any
	for _, field := range []*keyed{t.name, t.email, t.display} {
		if field == nil {
			out = append(out, nil, nil)
		} else {
			out = append(out, field.text, field.key)
		}
	}
	return out
}

// account is an account that is about to be made.
type account struct {
	id              id.User
	texts           texts
	hash            *string // of its password; nil: it has none
	isAdministrator bool    // the first account is one whatever this says
	done            line
}

// newAccount reads what somebody gave to make an account.
func (a *Accounts) newAccount(ctx context.Context, user id.User, in createUserInput) (*account, error) {
	fields, err := readTexts(&in.Username, &in.Email, in.DisplayName)
	if err != nil {
		return nil, err
	}
	if err := a.checkName(*fields.name, *fields.email); err != nil {
		return nil, err
	}
	out := &account{id: user, texts: fields, done: lineOf(ctx, "account made", user)}
	if in.Password == nil {
		return out, nil
	}
	if err := checkPassword("password", *in.Password, fields.name.text); err != nil {
		return nil, err
	}
	hash, err := a.passwords.hash(ctx, *in.Password)
	out.hash = &hash
	return out, err
}

// checkName refuses a name that is somebody's address, or may become one: people sign in by either. Its own address is
// nobody else's.
func (a *Accounts) checkName(name, address keyed) error {
	if a.signsIn && strings.Contains(name.key, "@") && fold(name.text) != address.key {
		return fault.Invalid("username", "has the form of an e-mail address, and is not the account's own").Because(fault.ForeignAddress)
	}
	return nil
}

// checkNameOf is checkName for an account as a transaction has changed it.
func (a *Accounts) checkNameOf(ctx context.Context, tx *pg.Tx, user id.User) error {
	rows, err := byIDs(ctx, tx, []id.User{user})
	if err != nil || len(rows) == 0 {
		return err
	}
	return a.checkName(keyed{text: rows[0].Username, key: rows[0].Key}, keyed{key: fold(rows[0].Email)})
}

const (
	selectAnybody = `SELECT EXISTS (SELECT FROM users)`
	lockFirst     = `SELECT pg_advisory_xact_lock(hashtext('the first account'))::text`
)

// $1 id; $2 name, $4 e-mail, $6 display name, each followed by itself as it is compared; no display name is empty or
// NULL; $8 hash of the password, $9 administrator. The first account is an administrator. Run again it changes nothing.
const insertUser = `
	INSERT INTO users (id, username, username_key, email, email_key, display_name, display_name_key, password_hash,
	                   is_administrator, created_at, updated_at)
	SELECT $1, $2, $3, $4, $5, nullif($6::text, ''), nullif($7::text, ''), $8, $9::boolean OR NOT EXISTS (SELECT FROM users), t, t
	FROM   clock_timestamp() AS t
	ON     CONFLICT (id) DO NOTHING`

func (a *account) insert(ctx context.Context, tx *pg.Tx) error {
	var anybody bool
	if err := tx.Get(ctx, &anybody, selectAnybody); err != nil {
		return err
	}
	if !anybody { // two at once must not both be the first
		if err := tx.Exec(ctx, lockFirst); err != nil {
			return err
		}
	}
	args := append(append([]any{a.id}, a.texts.columns()...), a.hash, a.isAdministrator)
	if err := tx.Exec(ctx, insertUser, args...); err != nil {
		return err
	}
	return a.done.write(ctx, tx)
}

// Parameters as of insertUser; what is NULL stays as it is, and an empty display name removes it.
const updateUser = `
	UPDATE users
	SET    username = coalesce($2, username), username_key = coalesce($3, username_key),
	       email = coalesce($4, email), email_key = coalesce($5, email_key),
	       display_name = CASE WHEN $6::text IS NULL THEN display_name ELSE nullif($6, '') END,
	       display_name_key = CASE WHEN $7::text IS NULL THEN display_name_key ELSE nullif($7, '') END,
	       updated_at = greatest(updated_at, clock_timestamp())
	WHERE  id = $1`

func update(ctx context.Context, tx *pg.Tx, user id.User, fields texts, done line) error {
	if err := tx.Exec(ctx, updateUser, append([]any{user}, fields.columns()...)...); err != nil {
		return err
	}
	return done.write(ctx, tx)
}

// $1 id
const deactivateUser = `
	WITH removed AS (
		UPDATE users SET is_active = false, updated_at = greatest(updated_at, clock_timestamp())
		WHERE  id = $1 AND is_active
		RETURNING id)
	SELECT EXISTS (SELECT FROM removed)`

// deactivate makes an account inactive and ends its sessions; one that is inactive stays as it is.
func deactivate(ctx context.Context, tx *pg.Tx, user id.User, done line) error {
	var removed bool
	if err := tx.Get(ctx, &removed, deactivateUser, user); err != nil || !removed {
		return err
	}
	if err := endSessions(ctx, tx, user, id.Session{}); err != nil {
		return err
	}
	return done.write(ctx, tx)
}

// $1 id
const activateUser = `
	WITH activated AS (
		UPDATE users SET is_active = true, updated_at = greatest(updated_at, clock_timestamp())
		WHERE  id = $1 AND NOT is_active
		RETURNING id)
	SELECT EXISTS (SELECT FROM activated)`

// activate makes an account active; one that is active stays as it is.
func activate(ctx context.Context, tx *pg.Tx, user id.User, done line) error {
	var activated bool
	if err := tx.Get(ctx, &activated, activateUser, user); err != nil || !activated {
		return err
	}
	return done.write(ctx, tx)
}

// It reads every account and every session that is kept, once.
const selectListed = `
	SELECT u.id, u.username, u.email, u.display_name, u.is_active, u.is_administrator, u.created_at,
	       max(s.last_used_at) AS last_used_at,
	       count(s.id) FILTER (WHERE s.ended_at IS NULL AND s.expires_at > clock_timestamp()) AS sessions
	FROM   users u
	LEFT   JOIN sessions s ON s.user_id = u.id
	GROUP  BY u.id
	ORDER  BY u.username_key`

func (s *Store) listed(ctx context.Context) ([]Listed, error) {
	rows := []Listed{}
	err := s.db.Select(ctx, &rows, selectListed)
	return rows, err
}

// $1 user. Nobody takes the power away while a transaction uses it.
const selectAdministrator = `SELECT id FROM users WHERE id = $1 AND is_administrator AND is_active FOR SHARE`

// isAdministrator tells whether an account is an administrator; nobody is none.
func isAdministrator(ctx context.Context, db pg.Reader, user id.User) (bool, error) {
	if user.IsZero() {
		return false, nil
	}
	err := db.Get(ctx, &user, selectAdministrator, user)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
