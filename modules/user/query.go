package user

import (
	"context"
	"strings"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
)

// maxList is how many accounts a list shows at most.
const maxList = 1_000

// Query has the feature's root fields of that type.
type Query struct {
	store *Store
	who   identity.Policy
}

// NewQuery returns the root fields.
func NewQuery(store *Store, who identity.Policy) *Query { return &Query{store: store, who: who} }

type usersArgs struct {
	Search        *string
	Limit         *int32
	AfterUsername *string
}

// Users are the active accounts by name.
func (q *Query) Users(ctx context.Context, args usersArgs) ([]*User, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	rows, err := q.list(ctx, args)
	if err != nil {
		return nil, err
	}
	if len(rows) > maxList {
		gql.Truncated(ctx, "users")
		rows = rows[:maxList]
	}
	users := make([]*User, len(rows))
	for n, r := range rows {
		users[n] = newUser(viewer, r)
	}
	return users, nil
}

// list reads one account more than a list shows where the caller gave no limit.
func (q *Query) list(ctx context.Context, args usersArgs) ([]row, error) {
	limit, err := gql.Int("limit", args.Limit, 1, maxList, maxList+1)
	if err != nil {
		return nil, err
	}
	var after keyed
	if args.AfterUsername != nil {
		if after, err = name(*args.AfterUsername); err != nil {
			return nil, fault.Invalid("afterUsername", "is no user name")
		}
	}
	wanted, err := search(args.Search)
	if err != nil {
		return nil, err
	}
	if wanted.display == "" {
		return q.store.active(ctx, after.key, limit)
	}
	return q.store.matching(ctx, after.key, limit, wanted)
}

// search gives what names and display names are to begin with; "" is anything. What no name can have begins none.
func search(text *string) (beginnings, error) {
	if text == nil {
		return beginnings{}, nil
	}
	given := strings.TrimSpace(*text)
	if err := checkDisplayName("search", given); err != nil {
		return beginnings{}, err
	}
	wanted := beginnings{display: searchKey(given)}
	if wanted.name = wanted.display; wanted.display != "" {
		if named, err := name(given); err == nil {
			wanted.name = named.key
		}
	}
	return wanted, nil
}

// User is one account, active or not.
func (q *Query) User(ctx context.Context, args struct{ ID id.User }) (*User, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	return byID(ctx, q.store.db, viewer, args.ID)
}

// UserByUsername is the account of a name, in any case, active or not.
func (q *Query) UserByUsername(ctx context.Context, args struct{ Username string }) (*User, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	if !storable(args.Username) {
		return nil, fault.Invalid("username", "holds a character that a name cannot have").Because(fault.BadCharacter)
	}
	wanted, err := name(args.Username)
	if err != nil { // not repeated in the answer: it may be long, or unfit to be shown
		return nil, fault.New(fault.NotFound, "User with that username not found")
	}
	found, err := q.store.byName(ctx, viewer, wanted.key)
	if err == nil && found == nil {
		return nil, fault.New(fault.NotFound, "User with username %s not found", wanted.text)
	}
	return found, err
}

// Me is the caller.
func (q *Query) Me(ctx context.Context) (*User, error) {
	caller, err := identity.Known(ctx)
	if err != nil {
		return nil, err
	}
	return byID(ctx, q.store.db, identity.Viewer{ID: caller.User}, caller.User)
}
