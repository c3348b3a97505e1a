package app

import (
	"fmt"
	"strings"
	"testing"

	"chat/modules/redistest"
)

// TestPasswordsAreNotTriedOut: the eleventh wrong password at one account is refused on every node, whatever the address and
// whether or not there is such an account; who is signed in to the account is held up by nobody.
func TestPasswordsAreNotTriedOut(t *testing.T) {
	redis := redistest.New(t)
	one := serveWorld(t, func(c *Config) { c.Auth, c.RedisURL = "accounts", redis.URL() })
	other := one.beside(func(c *Config) { c.Auth, c.RedisURL = "accounts", redis.URL() })
	one.signUp("ann")
	token, _ := one.signIn("ann")
	for _, name := range []string{"ann", "nobody"} {
		for n := range 10 {
			s := []*served{one, other}[n%2]
			if got := login(s, "", name, fmt.Sprint("wrong ", n)); !strings.Contains(got, `"code":"UNAUTHENTICATED"`) {
				t.Fatalf("wrong password %d for %s: %s", n, name, got)
			}
		}
		for _, s := range []*served{one, other} {
			got := login(s, "", name, password)
			if !strings.Contains(got, `"code":"RATE_LIMITED"`) || !strings.Contains(got, `"retryAfter":`) {
				t.Errorf("after ten wrong passwords for %s: %s", name, got)
			}
		}
	}
	if got := login(other, token, "ann", password); strings.Contains(got, "errors") {
		t.Errorf("the right password from a session of the account: %s", got)
	}
}

// TestRightPasswordsCostNothing: signing in again and again is no attempt to guess.
func TestRightPasswordsCostNothing(t *testing.T) {
	s := serveWorld(t, func(c *Config) { c.Auth = "accounts" })
	s.signUp("ann")
	for n := range 12 {
		if got := login(s, "", "ann", password); strings.Contains(got, "errors") {
			t.Fatalf("sign-in %d: %s", n, got)
		}
	}
}

// login signs in by whoever a token is of, and gives the whole answer.
func login(s *served, token, name, secret string) string {
	_, body := s.post(token, loginDocument, vars{"n": name, "p": secret})
	return body
}
