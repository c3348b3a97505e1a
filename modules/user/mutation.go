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
	r := row{ID: id.New[id.User]()} // made before, so that the transaction can be run again
	if r.Username, r.Key, err = name(in.Username); err != nil {
		return nil, err
	}
	if r.Email, r.EmailKey, err = email(in.Email); err != nil {
		return nil, err
	}
	if r.DisplayName, err = displayName(noneIfBlank(in.DisplayName)); err != nil {
		return nil, err
	}
	if err := m.write(ctx, func(tx *pg.Tx) error { return insert(ctx, tx, r) }); err != nil {
		return nil, err
	}
	return m.show(ctx, r.ID)
}

func noneIfBlank(text *string) *string {
	if text != nil && *text == "" {
		return nil
	}
	return text
}

// write runs a transaction that is safe to run twice, and names the key that somebody else has.
func (m *Mutation) write(ctx context.Context, do func(*pg.Tx) error) error {
	err := m.store.db.Repeat(ctx, do)
	switch {
	case pg.Violates(err, "users_username_key_key"):
		return fault.New(fault.Conflict, "Username already exists")
	case pg.Violates(err, "users_email_key_key"):
		return fault.New(fault.Conflict, "Email already exists")
	}
	return err
}

// show reads an account that this call has just changed.
func (m *Mutation) show(ctx context.Context, user id.User) (*User, error) {
	viewer, err := m.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	return m.store.byID(ctx, viewer, user)
}

type updateUserArgs struct {
	ID              *id.User
	UpdateUserInput struct {
		ID          *id.User
		Username    *string
		Email       *string
		DisplayName *string
	}
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

// UpdateUser changes what is not absent.
func (m *Mutation) UpdateUser(ctx context.Context, args updateUserArgs) (*User, error) {
	user, err := args.target()
	if err != nil {
		return nil, err
	}
	if err := m.allow(ctx, user); err != nil {
		return nil, err
	}
	var shown, key, kept, emailKey *string
	if in := args.UpdateUserInput.Username; in != nil {
		s, k, err := name(*in)
		if err != nil {
			return nil, err
		}
		shown, key = &s, &k
	}
	if in := args.UpdateUserInput.Email; in != nil {
		e, k, err := email(*in)
		if err != nil {
			return nil, err
		}
		kept, emailKey = &e, &k
	}
	display, err := displayName(args.UpdateUserInput.DisplayName)
	if err != nil {
		return nil, err
	}
	err = m.write(ctx, func(tx *pg.Tx) error {
		return tx.Exec(ctx, updateUser, user, shown, key, kept, emailKey, display)
	})
	if err != nil {
		return nil, err
	}
	return m.show(ctx, user)
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

// RemoveUser makes an account inactive.
func (m *Mutation) RemoveUser(ctx context.Context, args struct{ ID id.User }) (*User, error) {
	if err := m.allow(ctx, args.ID); err != nil {
		return nil, err
	}
	err := m.write(ctx, func(tx *pg.Tx) error { return tx.Exec(ctx, deactivateUser, args.ID) })
	if err != nil {
		return nil, err
	}
	return m.show(ctx, args.ID)
}
