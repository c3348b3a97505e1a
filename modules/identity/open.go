package identity

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"chat/modules/fault"
	"chat/modules/id"
)

// Header is the header and the connection parameter that names the caller under an open policy.
const Header = "user-id"

// Directory tells whether an account exists, active or not.
type Directory interface {
	Exists(ctx context.Context, user id.User) (bool, error)
}

// Open is --auth=none: callers are believed, and where nobody is named reads are unrestricted. Its errors are those of
// the directory, and "User with ID … not found" for a writer who does not exist.
type Open struct {
	users Directory
	known sync.Map // id.User -> struct{}; accounts are never deleted
}

// NewOpen returns the policy over that directory.
func NewOpen(users Directory) *Open { return &Open{users: users} }

// FromHeader takes the caller from the header user-id.
func (p *Open) FromHeader(ctx context.Context, header http.Header) (context.Context, error) {
	return p.identify(ctx, header.Get(Header))
}

// FromInit takes the caller from the parameter user-id. There is no session that could end.
func (p *Open) FromInit(ctx context.Context, payload map[string]any) (context.Context, error) {
	text, _ := payload[Header].(string)
	return p.identify(ctx, text)
}

func (p *Open) identify(ctx context.Context, text string) (context.Context, error) {
	user, err := p.existing(ctx, id.Parse[id.User](text))
	if err != nil {
		return nil, err
	}
	return With(ctx, Caller{User: user}), nil
}

// Writer is the account that is named.
func (p *Open) Writer(ctx context.Context, named *id.User) (id.User, error) {
	if named == nil {
		caller, err := Known(ctx)
		return caller.User, err
	}
	user, err := p.existing(ctx, *named)
	if err != nil {
		return id.User{}, err
	}
	if user.IsZero() {
		return id.User{}, fault.NoUser(named)
	}
	return user, nil
}

// Actor is the caller, or nobody.
func (p *Open) Actor(ctx context.Context) (id.User, error) { return CallerOf(ctx).User, nil }

// Viewer is the account that is named, or nobody, who sees everything.
func (p *Open) Viewer(ctx context.Context, named *id.User) (Viewer, error) {
	user := CallerOf(ctx).User
	if named != nil {
		var err error
		if user, err = p.existing(ctx, *named); err != nil {
			return Viewer{}, err
		}
	}
	return Viewer{ID: user, All: user.IsZero(), Emails: true}, nil
}

// IsOpen is true.
func (p *Open) IsOpen() bool { return true }

// existing gives the user back, or the zero id when there is no such account.
func (p *Open) existing(ctx context.Context, user id.User) (id.User, error) {
	if user.IsZero() {
		return user, nil
	}
	if _, ok := p.known.Load(user); ok {
		return user, nil
	}
	within, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	exists, err := p.users.Exists(within, user)
	if err != nil {
		return id.User{}, fmt.Errorf("look up who is named: %w", err)
	}
	if !exists {
		return id.User{}, nil
	}
	p.known.Store(user, struct{}{})
	return user, nil
}
