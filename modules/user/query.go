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
	who   *identity.Policy
}

// NewQuery returns the root fields.
func NewQuery(store *Store, who *identity.Policy) *Query { return &Query{store: store, who: who} }

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
	limit, err := gql.Int("limit", args.Limit, 1, maxList, maxList+1)
	if err != nil {
		return nil, err
	}
	after, pattern := "", ""
	if args.AfterUsername != nil {
		if _, after, err = name(*args.AfterUsername); err != nil {
			return nil, fault.Invalid("afterUsername", "is no user name")
		}
	}
	if args.Search != nil && strings.TrimSpace(*args.Search) != "" {
		if pattern, err = prefix(*args.Search); err != nil {
			return nil, err
		}
	}
	rows, err := q.store.list(ctx, after, pattern, limit)
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

// prefix is the LIKE pattern of what begins with a text.
func prefix(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if len(text) > maxEmailBytes || strings.ContainsRune(text, 0) {
		return "", fault.Invalid("search", "is too long or holds U+0000")
	}
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%", nil
}

// User is one account, active or not.
func (q *Query) User(ctx context.Context, args struct{ ID id.User }) (*User, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	return q.store.byID(ctx, viewer, args.ID)
}

// UserByUsername is the account of a name, in any case.
func (q *Query) UserByUsername(ctx context.Context, args struct{ Username string }) (*User, error) {
	viewer, err := q.who.Viewer(ctx, nil)
	if err != nil {
		return nil, err
	}
	missing := fault.New(fault.NotFound, "User with username %s not found", args.Username)
	_, key, err := name(args.Username)
	if err != nil {
		return nil, missing
	}
	found, err := q.store.byName(ctx, viewer, key)
	if err == nil && found == nil {
		err = missing
	}
	return found, err
}

// Me is the caller.
func (q *Query) Me(ctx context.Context) (*User, error) {
	caller := identity.Caller(ctx)
	if caller.IsZero() {
		return nil, fault.NoCaller()
	}
	return q.store.byID(ctx, identity.Viewer{ID: caller}, caller)
}
