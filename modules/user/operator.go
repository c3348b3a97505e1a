package user

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// Operator changes accounts for whoever runs the product, by the rules of the API. Nobody calls, so its lines in the audit
// log have no actor. Processes that serve notice within a second. Safe for concurrent use.
//
// Errors of every call: those of the API for texts that are refused or taken; NOT_FOUND for a name that nobody has.
type Operator struct{ accounts *Accounts }

// NewOperator returns an Operator on that database.
func NewOperator(db *pg.DB, cost Hashing) *Operator {
	return &Operator{&Accounts{store: NewStore(db), signsIn: true, passwords: NewPasswords(cost)}} // but not here
}

// operatorTime is how long the database may take for one change.
const operatorTime = 10 * time.Second

// Draft is an account that is to be made.
type Draft struct {
	Name            string
	Email           string
	DisplayName     string // "": none
	IsAdministrator bool
}

// Ask gives a password. It is called when nothing else stands against what the password is for.
type Ask func(context.Context) (string, error)

// Create makes an account; where password is nil it has none. The first account is an administrator, and it tells whether
// this one is.
func (o *Operator) Create(ctx context.Context, d Draft, password Ask) (bool, error) {
	if _, err := readTexts(&d.Name, &d.Email, &d.DisplayName); err != nil {
		return false, err
	}
	in := createUserInput{Username: d.Name, Email: d.Email, DisplayName: &d.DisplayName}
	if password != nil {
		text, err := password(ctx)
		if err != nil {
			return false, err
		}
		in.Password = &text
	}
	user := id.New[id.User]()
	made, err := o.accounts.newAccount(ctx, user, in)
	if err != nil {
		return false, err
	}
	if made.isAdministrator = d.IsAdministrator; d.IsAdministrator {
		made.done.action = "administrator made"
	}
	is := false
	err = o.change(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if err := made.insert(ctx, tx); err != nil {
			return err
		}
		is, err = isAdministrator(ctx, tx, user)
		return err
	})
	return is, err
}

// Person is somebody who is said to have been here for a while.
type Person struct {
	ID                       id.User
	Name, Email, DisplayName string
	Since                    time.Time
}

// Enrol makes the accounts of these people, all with one password; one whose id is taken stays as it is. Their hash is one
// as well: of a password that everybody is told, a salt hides nothing.
func (o *Operator) Enrol(ctx context.Context, people []Person, password string) error {
	known, err := o.accounts.store.existing(ctx, idsOf(people))
	if err != nil {
		return err
	}
	people = slices.DeleteFunc(slices.Clone(people), func(p Person) bool { return known[p.ID] })
	var made []*account
	for _, p := range people {
		one, err := o.accounts.newAccount(ctx, p.ID, createUserInput{Username: p.Name, Email: p.Email, DisplayName: &p.DisplayName})
		if err == nil {
			err = checkPassword("password", password, p.Name)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		made = append(made, one)
	}
	if len(made) == 0 {
		return nil
	}
	hash, err := o.accounts.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return o.change(ctx, func(ctx context.Context, tx *pg.Tx) error {
		for n, one := range made {
			one.hash = &hash
			if err := one.insert(ctx, tx); err != nil {
				return err
			}
			if err := tx.Exec(ctx, predateUser, one.id, people[n].Since); err != nil {
				return err
			}
		}
		return nil
	})
}

// $1 user, $2 since when
const predateUser = `UPDATE users SET created_at = $2, updated_at = $2 WHERE id = $1`

func idsOf(people []Person) []id.User {
	var ids []id.User
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

// ResetPassword gives an account a password, and ends its sessions.
func (o *Operator) ResetPassword(ctx context.Context, name string, password Ask) error {
	account, err := o.find(ctx, name)
	if err != nil {
		return err
	}
	text, err := password(ctx)
	if err != nil {
		return err
	}
	if err := checkPassword("password", text, account.Username); err != nil {
		return err
	}
	hash, err := o.accounts.passwords.hash(ctx, text)
	if err != nil {
		return err
	}
	done := newLine("password reset", id.User{}, account.ID, id.Session{})
	return o.change(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if err := setPassword(ctx, tx, account.ID, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, account.ID, id.Session{}); err != nil {
			return err
		}
		return done.write(ctx, tx)
	})
}

// Disable makes an account inactive, and ends its sessions; one that is inactive stays as it is.
func (o *Operator) Disable(ctx context.Context, name string) error {
	account, err := o.find(ctx, name)
	if err != nil {
		return err
	}
	done := newLine("account disabled", id.User{}, account.ID, id.Session{})
	return o.change(ctx, func(ctx context.Context, tx *pg.Tx) error { return deactivate(ctx, tx, account.ID, done) })
}

// Enable makes an account active, with the password that it had; one that is active stays as it is.
func (o *Operator) Enable(ctx context.Context, name string) error {
	account, err := o.find(ctx, name)
	if err != nil {
		return err
	}
	done := newLine("account enabled", id.User{}, account.ID, id.Session{})
	return o.change(ctx, func(ctx context.Context, tx *pg.Tx) error { return activate(ctx, tx, account.ID, done) })
}

// Listed is an account as an operator sees it.
type Listed struct {
	ID              id.User    `db:"id" json:"id"`
	Name            string     `db:"username" json:"username"`
	Email           string     `db:"email" json:"email"`
	DisplayName     *string    `db:"display_name" json:"displayName"`
	IsActive        bool       `db:"is_active" json:"isActive"`
	IsAdministrator bool       `db:"is_administrator" json:"isAdministrator"`
	CreatedAt       time.Time  `db:"created_at" json:"createdAt"`
	LastUsedAt      *time.Time `db:"last_used_at" json:"lastUsedAt"` // its sessions, of those that are kept; nil: none is
	Sessions        int        `db:"sessions" json:"sessions"`       // that go on
}

// List gives every account, by name.
func (o *Operator) List(ctx context.Context) ([]Listed, error) { return o.accounts.store.listed(ctx) }

func (o *Operator) find(ctx context.Context, text string) (*User, error) {
	wanted, err := name(text)
	if err != nil {
		return nil, err
	}
	found, err := o.accounts.store.byName(ctx, identity.Viewer{}, wanted.key)
	if err == nil && found == nil {
		err = fault.New(fault.NotFound, "there is no account %s", wanted.text)
	}
	return found, err
}

// change runs do, which is safe to run twice, in a transaction.
func (o *Operator) change(ctx context.Context, do func(context.Context, *pg.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, operatorTime)
	defer cancel()
	return taken(o.accounts.store.db.Repeat(ctx, func(tx *pg.Tx) error { return do(ctx, tx) }))
}
