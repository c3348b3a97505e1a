// Package identity knows who is calling and who is meant to act or to look.
//
// The transport turns what a request carries into a Caller and puts it into the context; a resolver asks the Policy for
// the actor of a write or the viewer of a read. A Viewer is an SQL parameter: the visibility predicate of package
// history takes it as it is.
package identity

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"chat/modules/fault"
	"chat/modules/id"
)

// Header is the header and the connection parameter that names the caller under --auth=none.
const Header = "user-id"

type callerKey struct{}

// With returns a context that carries the caller; the zero id is nobody.
func With(ctx context.Context, caller id.User) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// Caller is who is calling; the zero id where nobody is known.
func Caller(ctx context.Context) id.User {
	caller, _ := ctx.Value(callerKey{}).(id.User)
	return caller
}

// Viewer is through whose eyes something is read.
type Viewer struct {
	ID id.User // the zero id: nobody
	// All sees every chat: nobody is named under --auth=none, or the live engine, which has checked the membership.
	All bool
	// Emails shows everybody's e-mail address, not only the viewer's own.
	Emails bool
}

// Value is the SQL parameter of the visibility predicate: NULL sees everything, nobody sees nothing.
func (v Viewer) Value() (driver.Value, error) {
	if v.All {
		return nil, nil
	}
	return uuid.UUID(v.ID).String(), nil
}

// Viewers are the predicate's parameter for several at once: an array of uuid.
type Viewers []Viewer

// Value is the SQL parameter, as text.
func (v Viewers) Value() (driver.Value, error) {
	text := []byte{'{'}
	for n, viewer := range v {
		if n > 0 {
			text = append(text, ',')
		}
		if viewer.All {
			text = append(text, "NULL"...)
		} else {
			text = append(text, uuid.UUID(viewer.ID).String()...)
		}
	}
	return string(append(text, '}')), nil
}

// Directory tells whether an account exists, active or not.
type Directory interface {
	Exists(ctx context.Context, user id.User) (bool, error)
}

// Policy is --auth=none: callers are believed, and where nobody is named reads are unrestricted. Safe for concurrent use.
type Policy struct {
	users Directory
	known sync.Map // id.User -> struct{}; accounts are never deleted
}

// NewPolicy returns the policy over that directory.
func NewPolicy(users Directory) *Policy { return &Policy{users: users} }

// FromHeader returns a context with the caller that the header names, or nobody.
// Errors: fault.Unavailable when the directory is out of reach.
func (p *Policy) FromHeader(ctx context.Context, header http.Header) (context.Context, error) {
	return p.identify(ctx, header.Get(Header))
}

// FromInit is FromHeader for the payload of a connection_init message; it may be nil.
func (p *Policy) FromInit(ctx context.Context, payload map[string]any) (context.Context, error) {
	text, _ := payload[Header].(string)
	return p.identify(ctx, text)
}

func (p *Policy) identify(ctx context.Context, text string) (context.Context, error) {
	user, err := p.existing(ctx, id.Parse[id.User](text))
	if err != nil {
		return nil, err
	}
	return With(ctx, user), nil
}

// Writer is who writes: the actor argument if it is there, else the caller.
// Errors: "User with ID … not found" when the argument names nobody; UNAUTHENTICATED when nobody is named.
func (p *Policy) Writer(ctx context.Context, named *id.User) (id.User, error) {
	if named == nil {
		if caller := Caller(ctx); !caller.IsZero() {
			return caller, nil
		}
		return id.User{}, fault.NoCaller()
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

// Viewer is who looks: the actor argument if it is there, else the caller.
func (p *Policy) Viewer(ctx context.Context, named *id.User) (Viewer, error) {
	user := Caller(ctx)
	if named != nil {
		var err error
		if user, err = p.existing(ctx, *named); err != nil {
			return Viewer{}, err
		}
	}
	return Viewer{ID: user, All: user.IsZero(), Emails: true}, nil
}

// MarksClear tells whether any read mark clears the chat's whole unread count, as clients of the brief's API rely on.
func (p *Policy) MarksClear() bool { return true }

// existing gives the user back, or the zero id when there is no such account.
func (p *Policy) existing(ctx context.Context, user id.User) (id.User, error) {
	if user.IsZero() {
		return user, nil
	}
	if _, ok := p.known.Load(user); ok {
		return user, nil
	}
	exists, err := p.users.Exists(ctx, user)
	if err != nil {
		return id.User{}, fmt.Errorf("look up who is named: %w", err)
	}
	if !exists {
		return id.User{}, nil
	}
	p.known.Store(user, struct{}{})
	return user, nil
}
