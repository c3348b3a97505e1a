package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// account is one person, who may be signed in on several phones.
type account struct {
	id, name string

	moving   sync.RWMutex // shared by those who sign in; whoever ends several sessions has it alone, so that none begins meanwhile
	password string       // guarded by moving

	mu     sync.Mutex
	phones []*phone // the first is the one that calls for the person where none is named
}

// phone is where a person signs in: one session after the other.
type phone struct {
	*account
	label string

	mu    sync.Mutex
	count int // of sessions so far
	now   *session
}

// session is one signing in, with its tokens of the moment.
type session struct {
	name            string // in the trace
	access, refresh string // guarded by phone.mu
}

// pass is what a call shows of who makes it. Under --auth=none that is the user alone.
type pass struct {
	user    string
	session string // its name in the trace
	token   string
}

// phone adds one.
func (a *account) phone(label string) *phone {
	d := &phone{account: a, label: label}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phones = append(a.phones, d)
	return d
}

func (a *account) all() []*phone {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.phones[:len(a.phones):len(a.phones)]
}

func (a *account) main() *phone { return a.all()[0] }

// current is the session of a phone, or nil.
func (d *phone) current() *session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

// show is what the phone shows of its session; nothing where it has none.
func (d *phone) show() (pass, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil {
		return pass{user: d.id}, false
	}
	return pass{user: d.id, session: d.now.name, token: d.now.access}, true
}

// forget signs out of a session that is over, unless the phone has another by now.
func (d *phone) forget(session string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now != nil && d.now.name == session {
		d.now = nil
	}
}

// update keeps the next tokens of a session.
func (d *phone) update(s *session, g grant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.access, s.refresh = g.AccessToken, g.RefreshToken
}

// grant is what signing in and refreshing answer.
type grant struct{ AccessToken, RefreshToken string }

const (
	createUserDocument = `mutation($n: String!, $e: String!, $p: String) { createUser(username: $n, email: $e, password: $p) { id } }`
	loginDocument      = `mutation($n: String!, $p: String!) { login(username: $n, password: $p) { accessToken refreshToken } }`
)

// signUp makes the account of a person, who is not signed in yet.
func (c *client) signUp(ctx context.Context, p *process, name string) (*account, error) {
	a := &account{name: name, password: "the first password"}
	var out struct{ CreateUser struct{ ID string } }
	err := c.call(ctx, p, "", createUserDocument, vars{"n": name, "e": name + "@example.org", "p": a.password}, &out)
	if err != nil {
		return nil, fmt.Errorf("make the account of %s: %w", name, err)
	}
	a.id = out.CreateUser.ID
	a.phone(name)
	c.know(a)
	return a, nil
}

// login begins a session of a person, where nothing fails.
func (c *client) login(ctx context.Context, p *process, a *account) (grant, error) {
	var out struct{ Login grant }
	if err := c.call(ctx, p, "", loginDocument, vars{"n": a.name, "p": a.password}, &out); err != nil {
		return grant{}, fmt.Errorf("sign in as %s: %w", a.name, err)
	}
	return out.Login, nil
}

// signIn is login on the person's first phone.
func (c *client) signIn(ctx context.Context, p *process, a *account) error {
	g, err := c.login(ctx, p, a)
	if err == nil {
		d := a.main()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.now = &session{name: a.name, access: g.AccessToken, refresh: g.RefreshToken}
	}
	return err
}

// know remembers a person, so that calls can be made by the id.
func (c *client) know(a *account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accounts[a.id] = a
}

// by is what the first phone of a user shows; "" is nobody.
func (c *client) by(user string) pass {
	c.mu.Lock()
	a := c.accounts[user]
	c.mu.Unlock()
	if a == nil {
		return pass{user: user}
	}
	p, _ := a.main().show()
	return p
}

// gather gives people who have accounts and take part in no run, and makes those that are missing.
func (c *client) gather(ctx context.Context, f *fleet, count int) ([]*account, error) {
	c.mu.Lock()
	n := max(0, len(c.idle)-count)
	town := slices.Clone(c.idle[n:])
	c.idle = c.idle[:n]
	c.mu.Unlock()
	missing := make(chan string, count)
	for n := range count - len(town) {
		missing <- fmt.Sprintf("person-%d-%s", n, rand.Text())
	}
	close(missing)
	var making errgroup.Group
	var mu sync.Mutex
	for _, p := range f.of("user") { // a password at a time each
		making.Go(func() error {
			for name := range missing {
				a, err := c.signUp(ctx, p, name)
				if err != nil {
					return err
				}
				mu.Lock()
				town = append(town, a)
				mu.Unlock()
			}
			return nil
		})
	}
	err := making.Wait()
	return town, err
}

// disperse gives people back, who then have one phone each and are signed in nowhere.
func (c *client) disperse(town []*account) {
	for _, a := range town {
		a.mu.Lock()
		a.phones = a.phones[:1]
		a.mu.Unlock()
		a.main().signOut()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, town...)
}

// signOut forgets whatever session the phone has.
func (d *phone) signOut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = nil
}
