// Package identity knows who is calling and who is meant to act or to look.
//
// The transport turns what a request carries into a Caller and puts it into the context; a resolver asks the Policy for
// the actor of a write or the viewer of a read. There are two policies: Accounts, where callers prove who they are with
// an access token of a session, and Open, the brief's original behaviour, where they are believed. A Viewer is an SQL
// parameter: the visibility predicate of package history takes it as it is.
package identity

import (
	"context"
	"database/sql/driver"
	"net/http"

	"github.com/google/uuid"

	"chat/modules/fault"
	"chat/modules/id"
)

// Policy decides who is calling, who acts and who looks. Safe for concurrent use.
type Policy interface {
	// FromHeader returns a context with the caller that a request's header names, or nobody.
	// Errors: UNAUTHENTICATED for credentials that are there and bad; fault.Unavailable when the store is out of reach.
	FromHeader(ctx context.Context, header http.Header) (context.Context, error)
	// FromInit is FromHeader for the payload of a connection_init message; it may be nil. The context ends with the
	// caller's session, and its cause is then ErrEnded; ctx has to end with the connection.
	FromInit(ctx context.Context, payload map[string]any) (context.Context, error)
	// Writer is who writes: the actor argument if it is there, else the caller.
	// Errors: UNAUTHENTICATED when that is nobody, FORBIDDEN for an argument that the caller may not name.
	Writer(ctx context.Context, named *id.User) (id.User, error)
	// Actor is who changes a chat: the caller. Only an open policy allows nobody, the zero id.
	Actor(ctx context.Context) (id.User, error)
	// Viewer is who looks: the actor argument if it is there, else the caller. Errors: as Writer.
	Viewer(ctx context.Context, named *id.User) (Viewer, error)
	// IsOpen tells whether callers are believed, and everything is as clients of the brief's API rely on.
	IsOpen() bool
}

// Caller is who is calling; the zero Caller is nobody.
type Caller struct {
	User    id.User
	Session id.Session // the zero id under an open policy
}

type callerKey struct{}

// With returns a context that carries the caller.
func With(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// CallerOf is the caller that ctx carries.
func CallerOf(ctx context.Context) Caller {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	return caller
}

// Known is CallerOf where it has to be somebody. Errors: UNAUTHENTICATED.
func Known(ctx context.Context) (Caller, error) {
	caller := CallerOf(ctx)
	if caller.User.IsZero() {
		return Caller{}, fault.NoCaller()
	}
	return caller, nil
}

// Viewer is through whose eyes something is read.
type Viewer struct {
	ID id.User // the zero id: nobody
	// All sees every chat: nobody is named under an open policy, or the live engine, which has checked the membership.
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
