package identity

import (
	"context"
	"net/http"
	"strings"

	"chat/modules/fault"
	"chat/modules/id"
)

// Accounts is the policy of accounts: who calls has an access token of a session that goes on, or is nobody.
type Accounts struct {
	keys     *Keys
	sessions *Sessions
}

// NewAccounts returns the policy over tokens signed with those keys, for those sessions.
func NewAccounts(keys *Keys, sessions *Sessions) *Accounts {
	return &Accounts{keys: keys, sessions: sessions}
}

// errToken is the one answer to all credentials that are bad: it tells nobody which part of a forgery was good.
func errToken() error { return fault.New(fault.Unauthenticated, "The access token is not valid") }

// FromHeader reads "Authorization: Bearer …".
func (p *Accounts) FromHeader(ctx context.Context, header http.Header) (context.Context, error) {
	fields := header.Values("Authorization")
	switch len(fields) {
	case 0:
		return With(ctx, Caller{}), nil
	case 1:
	default:
		return nil, errToken()
	}
	caller, err := p.bearer(fields[0])
	if err != nil {
		return nil, err
	}
	if err := p.sessions.check(ctx, caller); err != nil {
		return nil, err
	}
	return With(ctx, caller), nil
}

// FromInit reads the parameter authorization.
func (p *Accounts) FromInit(ctx context.Context, payload map[string]any) (context.Context, error) {
	value, ok := payload["authorization"]
	if !ok {
		return With(ctx, Caller{}), nil
	}
	text, _ := value.(string)
	caller, err := p.bearer(text)
	if err != nil {
		return nil, err
	}
	ctx, err = p.sessions.attach(ctx, caller)
	if err != nil {
		return nil, err
	}
	return With(ctx, caller), nil
}

// bearer reads credentials. Source: RFC 6750, 2.1; the scheme's case does not matter (RFC 9110, 11.1).
func (p *Accounts) bearer(credentials string) (Caller, error) {
	scheme, token, _ := strings.Cut(credentials, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, errToken()
	}
	return p.keys.Verify(token)
}

// Writer is the caller; the argument may say so.
func (p *Accounts) Writer(ctx context.Context, named *id.User) (id.User, error) {
	caller, err := Known(ctx)
	if err != nil {
		return id.User{}, err
	}
	if named != nil && *named != caller.User {
		return id.User{}, fault.New(fault.Forbidden, "Only the caller itself can be named here")
	}
	return caller.User, nil
}

// Actor is the caller.
func (p *Accounts) Actor(ctx context.Context) (id.User, error) { return p.Writer(ctx, nil) }

// Viewer is the caller; the argument may say so.
func (p *Accounts) Viewer(ctx context.Context, named *id.User) (Viewer, error) {
	user, err := p.Writer(ctx, named)
	return Viewer{ID: user}, err
}

// IsOpen is false.
func (p *Accounts) IsOpen() bool { return false }
