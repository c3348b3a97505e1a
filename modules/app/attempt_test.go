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
		const rate, most = 10, 30 // each process has a bucket of its own, for when a busy machine does not hear of Redis in time
		tries := 0
		for refused := 0; refused < 2 && tries < most+2; tries++ {
			got := login([]*served{one, other}[tries%2], "", name, fmt.Sprint("wrong ", tries))
			if strings.Contains(got, `"code":"RATE_LIMITED"`) && strings.Contains(got, `"retryAfter":`) {
				refused++
			} else if !strings.Contains(got, `"code":"UNAUTHENTICATED"`) {
				t.Fatalf("wrong password %d for %s: %s", tries, name, got)
			}
		}
		if tries < rate+2 || tries > most+1 {
			t.Errorf("%d wrong passwords for %s were tried, want %d", tries-2, name, rate)
		}
	}
	if got := login(other, token, "ann", password); strings.Contains(got, "errors") {
		t.Errorf("the right password from a session of the account: %s", got)
	}
}

// TestTheRightPasswordComesTooLate: after too many wrong ones it is refused as well, so that nobody learns which it was.
func TestTheRightPasswordComesTooLate(t *testing.T) {
	s := serveWorld(t, func(c *Config) { c.Auth = "accounts" })
	s.signUp("ann")
	for _, name := range []string{"ann", "nobody"} {
		for n := range 10 {
			if got := login(s, "", name, fmt.Sprint("wrong ", n)); !strings.Contains(got, `"code":"UNAUTHENTICATED"`) {
				t.Fatalf("wrong password %d for %s: %s", n, name, got)
			}
		}
		if got := login(s, "", name, password); !strings.Contains(got, `"code":"RATE_LIMITED"`) {
			t.Errorf("the right password for %s after wrong ones: %s", name, got)
		}
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
