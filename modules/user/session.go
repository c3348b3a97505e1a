package user

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/limit"
	"chat/modules/pg"
)

// How long a session goes on.
const (
	slidingDays  = 30 // without a refresh
	absoluteDays = 90
	graceSeconds = 10 // in which a used refresh token gives its successor again
)

// refreshToken is one refresh token: 256 random bits.
type refreshToken [32]byte

func newRefreshToken() refreshToken {
	var t refreshToken
	_, _ = rand.Read(t[:]) // it never fails
	return t
}

// parseRefreshToken reads a token in its one form.
func parseRefreshToken(text string) (refreshToken, bool) {
	var t refreshToken
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != len(t) {
		return t, false
	}
	t = refreshToken(raw)
	return t, t.String() == text // the decoder lets line feeds and unused bits through
}

func (t refreshToken) String() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// hash is what is kept of a token.
func (t refreshToken) hash() []byte {
	sum := sha256.Sum256(t[:])
	return sum[:]
}

// seal hides another token so that only who has this one can read it; of a sealed token it is the token itself. The pad is
// used once: a token has one successor.
func (t refreshToken) seal(other refreshToken) refreshToken {
	pad := hmac.New(sha256.New, t[:])
	pad.Write([]byte("successor"))
	var out refreshToken
	subtle.XORBytes(out[:], other[:], pad.Sum(nil))
	return out
}

// Accounts is signing in: passwords and sessions. Safe for concurrent use.
type Accounts struct {
	store     *Store
	signsIn   bool           // false under --auth=none: nobody signs in
	keys      *identity.Keys // nil likewise
	passwords *Passwords
	limiter   *limit.Limiter
	rates     AttemptRates
	log       zerolog.Logger
}

// NewAccounts returns signing in. keys is nil where callers are believed.
func NewAccounts(store *Store, keys *identity.Keys, passwords *Passwords, limiter *limit.Limiter, rates AttemptRates, log zerolog.Logger) *Accounts {
	return &Accounts{
		store: store, signsIn: keys != nil, keys: keys, passwords: passwords, limiter: limiter, rates: rates, log: log,
	}
}

// forgetInterval is the time between two times that old sessions are deleted.
const forgetInterval = time.Hour

// Run deletes sessions that ended long ago, until ctx ends.
func (a *Accounts) Run(ctx context.Context) error {
	tick := time.NewTicker(forgetInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		within, cancel := context.WithTimeout(ctx, time.Minute)
		if err := a.store.forgetSessions(within); err != nil {
			a.log.Warn().Err(err).Msg("old sessions cannot be deleted, trying again in an hour")
		}
		cancel()
	}
}

// errLogin is the one answer to a login that fails: it does not tell whether there is such an account.
func errLogin() error {
	return fault.New(fault.Unauthenticated, "The name or the password is wrong").Because(fault.WrongLogin)
}

// errRefresh is the one answer to a refresh token that is worth nothing.
func errRefresh() error { return fault.New(fault.Unauthenticated, "The session has ended") }

// beginning is a session that is about to begin. It is made before its transaction, which can be run again.
type beginning struct {
	session id.Session
	token   refreshToken
	done    line
}

// loginTries is how often a password is compared anew because the account was changed meanwhile.
const loginTries = 3

// Login begins a session. Errors: UNAUTHENTICATED, the same whatever was wrong; RATE_LIMITED.
func (a *Accounts) Login(ctx context.Context, username, password string) (identity.Grant, error) {
	if !a.signsIn {
		return identity.Grant{}, fault.New(fault.Unauthenticated, "Nobody signs in here: the server runs with --auth=none")
	}
	b := beginning{session: id.New[id.Session](), token: newRefreshToken()}
	b.done = newLine("login", id.User{}, id.User{}, b.session)
	for range loginTries {
		account, err := a.store.credentials(ctx, username)
		if err != nil {
			return identity.Grant{}, err
		}
		grant, err := a.begin(ctx, account, password, b)
		if !errors.Is(err, errChanged) {
			return grant, err
		}
	}
	return identity.Grant{}, errLogin()
}

// errChanged: an account is not as it was when a password was compared.
var errChanged = errors.New("the account was changed meanwhile")

// begin begins a session of an account by its password. Errors: as Login; errChanged.
func (a *Accounts) begin(ctx context.Context, account credentials, password string, b beginning) (identity.Grant, error) {
	isOld, err := a.prove(ctx, account, password)
	if err != nil {
		return identity.Grant{}, err
	}
	proven := *account.Hash
	caller := identity.Caller{User: account.ID, Session: b.session}
	b.done.actor, b.done.user = account.ID, account.ID // who has the password
	var ends time.Time
	err = a.store.db.Repeat(ctx, func(tx *pg.Tx) error {
		var err error
		if ends, err = insertSession(ctx, tx, caller, proven, b.token); err != nil {
			return err
		}
		return b.done.write(ctx, tx)
	})
	if err != nil {
		return identity.Grant{}, err
	}
	if isOld {
		a.rehash(ctx, account.ID, proven, password)
	}
	return a.grant(caller, b.token, ends)
}

// rehash brings the hash of a password to today's cost where a place to hash in is free; the next login tries it again.
func (a *Accounts) rehash(ctx context.Context, user id.User, proven, password string) {
	hash, err := a.passwords.hashNow(password)
	if err == nil && hash != "" {
		err = a.store.db.Repeat(ctx, func(tx *pg.Tx) error {
			_, err := replacePassword(ctx, tx, user, proven, hash)
			return err
		})
	}
	if err != nil {
		a.log.Warn().Err(err).Stringer("user", user).Msg("a password cannot be hashed anew, trying again at the next login")
	}
}

// prove tells whether a password is that of an account, and whether its hash is old. Errors: UNAUTHENTICATED; RATE_LIMITED.
func (a *Accounts) prove(ctx context.Context, account credentials, password string) (isOld bool, err error) {
	passed, err := a.try(ctx, account)
	if err != nil {
		return false, err
	}
	ok, isOld, err := a.passwords.matches(ctx, password, account.Hash)
	if err != nil {
		passed() // it was not compared
		return false, err
	}
	if !ok || !account.Active {
		return false, errLogin()
	}
	passed()
	return isOld, nil
}

func (a *Accounts) grant(caller identity.Caller, token refreshToken, ends time.Time) (identity.Grant, error) {
	access, expires, err := a.keys.Sign(caller, time.Now())
	if err != nil {
		return identity.Grant{}, err
	}
	return identity.Grant{Caller: caller, AccessToken: access, Expires: expires, RefreshToken: token.String(), SessionEnds: ends}, nil
}

// Refresh goes on with a session by its refresh token, which is used up. Within 10 s it gives the same next token again,
// or the one after that where it was used as well: an answer may be lost, and two tabs of a browser share a token. Later
// it is taken for stolen, and the session ends. Errors: UNAUTHENTICATED, the same whatever was wrong.
func (a *Accounts) Refresh(ctx context.Context, text string) (identity.Grant, error) {
	used, ok := parseRefreshToken(text)
	if !ok || !a.signsIn {
		return identity.Grant{}, errRefresh()
	}
	next := newRefreshToken()
	var caller identity.Caller
	var ends time.Time
	isStolen := false
	err := a.store.db.Repeat(ctx, func(tx *pg.Tx) error {
		held, err := lockSession(ctx, tx, used)
		if err != nil {
			return err
		}
		caller, ends, isStolen = identity.Caller{User: held.User, Session: held.ID}, held.Expires, false
		switch {
		case !held.IsGoing:
			return errRefresh()
		case !held.IsUsed:
			ends, err = rotate(ctx, tx, held.ID, used, next)
			return err
		case held.InGrace:
			next, err = newest(ctx, tx, held.ID, used)
			return err
		}
		isStolen = true
		if _, err := endSession(ctx, tx, held.User, held.ID); err != nil {
			return err
		}
		return reused(held).write(ctx, tx)
	})
	if err != nil {
		return identity.Grant{}, err
	}
	if isStolen {
		a.log.Warn().Stringer("user", caller.User).Stringer("session", caller.Session).Str("request", gql.RequestID(ctx)).
			Msg("a refresh token was used again: the session has been ended")
		return identity.Grant{}, errRefresh()
	}
	return a.grant(caller, next, ends)
}

// Leave ends the session of a refresh token, used or not; text that is none ends nothing.
func (a *Accounts) Leave(ctx context.Context, text string) error {
	token, ok := parseRefreshToken(text)
	if !ok {
		return nil
	}
	return a.store.db.Repeat(ctx, func(tx *pg.Tx) error {
		held, err := lockSession(ctx, tx, token)
		if err != nil || !held.IsGoing {
			return ignoreUnknown(err)
		}
		if _, err := endSession(ctx, tx, held.User, held.ID); err != nil {
			return err
		}
		return newLine("logout", held.User, held.User, held.ID).write(ctx, tx)
	})
}

func ignoreUnknown(err error) error {
	if fault.CodeOf(err) == fault.Unauthenticated {
		return nil
	}
	return err
}

// AuthPayload is the object of that name.
type AuthPayload struct {
	AccessToken  string
	RefreshToken string
	ExpiresAt    gql.DateTime
	User         *User
}

// Login begins a session.
func (m *Mutation) Login(ctx context.Context, args struct{ Username, Password string }) (*AuthPayload, error) {
	grant, err := m.accounts.Login(ctx, args.Username, args.Password)
	if err != nil {
		return nil, err
	}
	return m.payload(ctx, grant)
}

// RefreshToken goes on with a session.
func (m *Mutation) RefreshToken(ctx context.Context, args struct{ RefreshToken string }) (*AuthPayload, error) {
	grant, err := m.accounts.Refresh(ctx, args.RefreshToken)
	if err != nil {
		return nil, err
	}
	return m.payload(ctx, grant)
}

// payload shows a grant. A browser that keeps the refresh token for its page gets it, and the page does not.
func (m *Mutation) payload(ctx context.Context, g identity.Grant) (*AuthPayload, error) {
	user, err := byID(ctx, m.store.db, identity.Viewer{ID: g.User}, g.User)
	if err != nil {
		return nil, fault.AfterChange(err)
	}
	shown := &AuthPayload{AccessToken: g.AccessToken, RefreshToken: g.RefreshToken, ExpiresAt: gql.DateTime{Time: g.Expires}, User: user}
	if browser := identity.BrowserOf(ctx); browser != nil {
		browser.Token, browser.Ends = g.RefreshToken, g.SessionEnds
		shown.RefreshToken = ""
	}
	return shown, nil
}

// Logout ends the caller's session.
func (m *Mutation) Logout(ctx context.Context) (bool, error) {
	return m.own(ctx, "logout", func(ctx context.Context, tx *pg.Tx, caller identity.Caller, done line) error {
		return endWith(ctx, tx, caller.User, caller.Session, done)
	})
}

// LogoutEverywhere ends every session of the caller.
func (m *Mutation) LogoutEverywhere(ctx context.Context) (bool, error) {
	return m.own(ctx, "logout everywhere", func(ctx context.Context, tx *pg.Tx, caller identity.Caller, done line) error {
		if err := endSessions(ctx, tx, caller.User, id.Session{}); err != nil {
			return err
		}
		return done.write(ctx, tx)
	})
}

// RevokeSession ends one session of the caller; a session of others is none.
func (m *Mutation) RevokeSession(ctx context.Context, args struct{ ID id.Session }) (bool, error) {
	return m.own(ctx, "session revoked", func(ctx context.Context, tx *pg.Tx, caller identity.Caller, done line) error {
		owns, err := ownsSession(ctx, tx, caller.User, args.ID)
		if err == nil && !owns {
			err = fault.New(fault.NotFound, "Session with ID %s not found", args.ID)
		}
		if err != nil {
			return err
		}
		done.session = args.ID
		return endWith(ctx, tx, caller.User, args.ID, done)
	})
}

// endWith ends a session and says so in the audit log; one that has ended leaves no line.
func endWith(ctx context.Context, tx *pg.Tx, user id.User, session id.Session, done line) error {
	ended, err := endSession(ctx, tx, user, session)
	if err != nil || !ended {
		return err
	}
	return done.write(ctx, tx)
}

// signedIn is the caller, who has a session: where callers are believed nobody has. Errors: UNAUTHENTICATED.
func signedIn(ctx context.Context) (identity.Caller, error) {
	caller, err := identity.Known(ctx)
	if err == nil && caller.Session.IsZero() {
		err = fault.NoCaller()
	}
	return caller, err
}

// own runs do, which is safe to run twice, on what is the caller's own, with a line for the audit log.
func (m *Mutation) own(ctx context.Context, action string, do func(context.Context, *pg.Tx, identity.Caller, line) error) (bool, error) {
	caller, err := signedIn(ctx)
	if err != nil {
		return false, err
	}
	done := lineOf(ctx, action, caller.User)
	err = m.store.db.Repeat(ctx, func(tx *pg.Tx) error { return do(ctx, tx, caller, done) })
	return err == nil, err
}

// errCurrent is the answer to a wrong current password: the caller is signed in.
func errCurrent() error {
	return fault.Invalid("current", "is not the password").Because(fault.WrongPassword)
}

// ChangePassword needs the current one, and ends every other session.
func (m *Mutation) ChangePassword(ctx context.Context, args struct{ Current, New string }) (bool, error) {
	caller, err := signedIn(ctx)
	if err != nil {
		return false, err
	}
	account, err := m.store.credentialsOf(ctx, caller.User)
	if err != nil {
		return false, err
	}
	if err := checkPassword("new", args.New, account.Username); err != nil {
		return false, err
	}
	if _, err := m.accounts.prove(ctx, account, args.Current); err != nil {
		if fault.CodeOf(err) == fault.Unauthenticated {
			err = errCurrent()
		}
		return false, err
	}
	hash, err := m.accounts.passwords.hash(ctx, args.New)
	if err != nil {
		return false, err
	}
	return m.own(ctx, "password changed", func(ctx context.Context, tx *pg.Tx, caller identity.Caller, done line) error {
		changed, err := replacePassword(ctx, tx, caller.User, *account.Hash, hash)
		if err != nil {
			return err
		}
		if !changed { // somebody else has changed it: what was compared is not the password any more
			return errCurrent()
		}
		if err := endSessions(ctx, tx, caller.User, caller.Session); err != nil {
			return err
		}
		return done.write(ctx, tx)
	})
}

// Session is the object of that name.
type Session struct {
	ID         id.Session
	Device     *string
	Address    *string
	CreatedAt  gql.DateTime
	LastUsedAt gql.DateTime
	IsCurrent  bool
}

// Sessions are the caller's that go on.
func (q *Query) Sessions(ctx context.Context) ([]*Session, error) {
	caller, err := identity.Known(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.store.sessions(ctx, caller.User)
	if err != nil {
		return nil, err
	}
	shown := make([]*Session, len(rows))
	for n, r := range rows {
		shown[n] = &Session{
			ID: r.ID, Device: r.Device, Address: r.Address, CreatedAt: gql.DateTime{Time: r.CreatedAt},
			LastUsedAt: gql.DateTime{Time: r.LastUsedAt}, IsCurrent: r.ID == caller.Session,
		}
	}
	return shown, nil
}
