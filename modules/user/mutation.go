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
	store *Store
	who   *identity.Policy
}

// NewMutation returns the root fields.
func NewMutation(store *Store, who *identity.Policy) *Mutation {
	return &Mutation{store: store, who: who}
}

type createUserInput struct {
	Username    string
	Email       string
	DisplayName *string
}

type createUserArgs struct {
	CreateUserInput *createUserInput
	Username        *string
	Email           *string
	DisplayName     *string
}

// input reads the two forms of the call: with the input, or with its fields as arguments.
func (a createUserArgs) input() (createUserInput, error) {
	flat := a.Username != nil || a.Email != nil || a.DisplayName != nil
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
	return createUserInput{Username: *a.Username, Email: *a.Email, DisplayName: a.DisplayName}, nil
}

// CreateUser makes an account.
func (m *Mutation) CreateUser(ctx context.Context, args createUserArgs) (*User, error) {
	in, err := args.input()
	if err != nil {
		return nil, err
	}
	fields, err := readTexts(&in.Username, &in.Email, in.DisplayName)
	if err != nil {
		return nil, err
	}
	user := id.New[id.User]() // made before, so that the transaction can be run again
	return m.write(ctx, user, func(ctx context.Context, tx *pg.Tx) error { return insert(ctx, tx, user, fields) })
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
	user, err := args.target()
	if err != nil {
		return nil, err
	}
	if err := m.allow(ctx, user); err != nil {
		return nil, err
	}
	in := args.UpdateUserInput
	fields, err := readTexts(in.Username, in.Email, in.DisplayName)
	if err != nil {
		return nil, err
	}
	return m.write(ctx, user, func(ctx context.Context, tx *pg.Tx) error { return update(ctx, tx, user, fields) })
}

// RemoveUser makes an account inactive; one that is inactive stays as it is.
func (m *Mutation) RemoveUser(ctx context.Context, args struct{ ID id.User }) (*User, error) {
	if err := m.allow(ctx, args.ID); err != nil {
		return nil, err
	}
	return m.write(ctx, args.ID, func(ctx context.Context, tx *pg.Tx) error { return deactivate(ctx, tx, args.ID) })
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

// allow lets callers change themselves, and nobody change anybody, as the brief's API does.
func (m *Mutation) allow(ctx context.Context, user id.User) error {
	exists, err := m.store.Exists(ctx, user)
	if err != nil {
		return err
	}
	caller := identity.Caller(ctx)
	switch {
	case !exists:
		return fault.NoUser(user)
	case !caller.IsZero() && caller != user:
		return fault.New(fault.Forbidden, "Only the account itself can do this")
	}
	return nil
}

// write runs do, which is safe to run twice, and gives the account as the same transaction sees it: nothing that fails
// after the commit can hide that it has happened. A key that somebody else has is named.
func (m *Mutation) write(ctx context.Context, user id.User, do func(context.Context, *pg.Tx) error) (*User, error) {
	viewer, err := m.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	var shown *User
	err = m.store.db.Repeat(ctx, func(tx *pg.Tx) error {
		if err := do(ctx, tx); err != nil {
			return err
		}
		shown, err = byID(ctx, tx, viewer, user)
		return err
	})
	switch {
	case pg.Violates(err, "users_username_key_key"):
		return nil, fault.New(fault.Conflict, "Username already exists")
	case pg.Violates(err, "users_email_key_key"):
		return nil, fault.New(fault.Conflict, "Email already exists")
	case err != nil:
		return nil, err
	}
	return shown, nil
}
