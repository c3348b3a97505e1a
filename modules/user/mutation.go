package user

import (
	"context"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// Mutation has the feature's root fields of that type.
type Mutation struct {
	store    *Store
	who      identity.Policy
	accounts *Accounts
	isClosed bool
}

// NewMutation returns the root fields. Where signing up is closed only administrators make accounts.
func NewMutation(store *Store, who identity.Policy, accounts *Accounts, isClosed bool) *Mutation {
	return &Mutation{store: store, who: who, accounts: accounts, isClosed: isClosed}
}

type createUserInput struct {
	Username    string
	Email       string
	DisplayName *string
	Password    *string
}

type createUserArgs struct {
	CreateUserInput *createUserInput
	Username        *string
	Email           *string
	DisplayName     *string
	Password        *string
}

// input reads the two forms of the call: with the input, or with its fields as arguments.
func (a createUserArgs) input() (createUserInput, error) {
	flat := a.Username != nil || a.Email != nil || a.DisplayName != nil || a.Password != nil
	switch {
	case a.CreateUserInput != nil && flat:
		return createUserInput{}, fault.Invalid("createUserInput", "cannot go with its fields as arguments")
	case a.CreateUserInput != nil:
		return *a.CreateUserInput, nil
	case a.Username == nil:
		return createUserInput{}, fault.Invalid("username", "is missing")
	case a.Email == nil:
		return createUserInput{}, fault.Invalid("email", "is missing")
	}
	return createUserInput{Username: *a.Username, Email: *a.Email, DisplayName: a.DisplayName, Password: a.Password}, nil
}

// CreateUser makes an account.
func (m *Mutation) CreateUser(ctx context.Context, args createUserArgs) (*User, error) {
	in, err := args.input()
	if err != nil {
		return nil, err
	}
	if err := m.maySignUp(ctx, m.store.db, in); err != nil { // before a password is hashed
		return nil, err
	}
	user := id.New[id.User]() // made before, so that the transaction can be run again
	account, err := m.accounts.newAccount(ctx, user, in)
	if err != nil {
		return nil, err
	}
	return m.write(ctx, identity.Viewer{ID: user, Emails: m.who.IsOpen()}, user, func(ctx context.Context, tx *pg.Tx) error {
		if err := m.maySignUp(ctx, tx, in); err != nil {
			return err
		}
		return account.insert(ctx, tx)
	})
}

// maySignUp tells whether the caller may make that account. An administrator may do so for others, who then have no
// password until an operator gives them one.
func (m *Mutation) maySignUp(ctx context.Context, db pg.Reader, in createUserInput) error {
	if m.who.IsOpen() || !m.isClosed && in.Password != nil {
		return nil
	}
	isAdministrator, err := isAdministrator(ctx, db, identity.CallerOf(ctx).User)
	switch {
	case err != nil || isAdministrator:
		return err
	case m.isClosed:
		return fault.New(fault.Forbidden, "Signing up is closed: an administrator makes accounts").Because(fault.SignUpClosed)
	}
	return fault.Invalid("password", "is missing")
}

type updateUserInput struct {
	ID          *id.User
	Username    *string
	Email       *string
	DisplayName *string
}

type updateUserArgs struct {
	ID              *id.User
	UpdateUserInput updateUserInput
}

// target reads the two forms of the call: the id as an argument, or inside the input.
func (a updateUserArgs) target() (id.User, error) {
	inner := a.UpdateUserInput.ID
	switch {
	case a.ID == nil && inner == nil:
		return id.User{}, fault.Invalid("id", "is missing")
	case a.ID != nil && inner != nil && *a.ID != *inner:
		return id.User{}, fault.Invalid("id", "differs between the argument and the input")
	case a.ID != nil:
		return *a.ID, nil
	}
	return *inner, nil
}

// UpdateUser changes what is not absent; an empty display name removes it.
func (m *Mutation) UpdateUser(ctx context.Context, args updateUserArgs) (*User, error) {
	viewer, err := m.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	user, err := args.target()
	if err != nil {
		return nil, err
	}
	in := args.UpdateUserInput
	fields, err := readTexts(in.Username, in.Email, in.DisplayName)
	if err != nil {
		return nil, err
	}
	done := lineOf(ctx, "account changed", user)
	return m.write(ctx, viewer, user, func(ctx context.Context, tx *pg.Tx) error {
		if err := m.allow(ctx, tx, user); err != nil {
			return err
		}
		if err := update(ctx, tx, user, fields, done); err != nil || fields.name == nil && fields.email == nil {
			return err
		}
		return m.accounts.checkNameOf(ctx, tx, user)
	})
}

// RemoveUser makes an account inactive and ends its sessions; one that is inactive stays as it is.
func (m *Mutation) RemoveUser(ctx context.Context, args struct{ ID id.User }) (*User, error) {
	viewer, err := m.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	done := lineOf(ctx, "account removed", args.ID)
	return m.write(ctx, viewer, args.ID, func(ctx context.Context, tx *pg.Tx) error {
		if err := m.allow(ctx, tx, args.ID); err != nil {
			return err
		}
		return deactivate(ctx, tx, args.ID, done)
	})
}

// readTexts reads the fields that are not absent.
func readTexts(username, address, display *string) (texts, error) {
	var t texts
	var err error
	if t.name, err = optional(username, name); err != nil {
		return texts{}, err
	}
	if t.email, err = optional(address, email); err != nil {
		return texts{}, err
	}
	t.display, err = optional(display, displayName)
	return t, err
}

func optional(text *string, read func(string) (keyed, error)) (*keyed, error) {
	if text == nil {
		return nil, nil
	}
	field, err := read(*text)
	return &field, err
}

// allow lets callers change themselves and administrators anybody; where callers are believed nobody changes anybody, as
// the brief's API does. An administrator stays one until the transaction ends.
func (m *Mutation) allow(ctx context.Context, tx *pg.Tx, user id.User) error {
	actor, err := m.who.Actor(ctx)
	if err != nil {
		return err
	}
	rows, err := byIDs(ctx, tx, []id.User{user})
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return fault.NoUser(user)
	case actor == user || actor.IsZero():
		return nil
	}
	may := false
	if !m.who.IsOpen() {
		may, err = isAdministrator(ctx, tx, actor)
	}
	if err == nil && !may {
		err = fault.New(fault.Forbidden, "Only the account itself can do this")
	}
	return err
}

// write runs do, which is safe to run twice, and gives the account as the same transaction sees it: nothing that fails
// after the commit can hide that it has happened. A key that somebody else has is named.
func (m *Mutation) write(ctx context.Context, viewer identity.Viewer, user id.User, do func(context.Context, *pg.Tx) error) (*User, error) {
	var shown *User
	err := m.store.db.Repeat(ctx, func(tx *pg.Tx) error {
		err := do(ctx, tx)
		if err != nil {
			return err
		}
		shown, err = byID(ctx, tx, viewer, user)
		return err
	})
	if err != nil {
		return nil, taken(err)
	}
	return shown, nil
}

// taken names the key that somebody else has, where that is the error.
func taken(err error) error {
	switch {
	case pg.Violates(err, "users_username_key_key"):
		return errTaken("username", "Username already exists")
	case pg.Violates(err, "users_email_key_key"):
		return errTaken("email", "Email already exists")
	}
	return err
}

// errTaken is CONFLICT with a text that clients match.
func errTaken(field, text string) error {
	return &fault.Fault{Code: fault.Conflict, Text: text, Field: field, Reason: fault.Taken}
}
