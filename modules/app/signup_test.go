package app

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"chat/modules/id"
)

const (
	signUpFlat = `mutation($n: String!, $e: String!, $p: String!) { createUser(username: $n, email: $e, password: $p) { id username email } }`
	signUpForm = `mutation($n: String!, $e: String!, $p: String!) { createUser(createUserInput: {username: $n, email: $e, password: $p}) { id username email } }`
)

// said is what stands against a request, in the words of the answer.
type said struct{ Code, Field, Text string }

func saidIn(t testing.TB, answer string) said {
	t.Helper()
	var a struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code, Field string }
		}
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("%q is no answer: %v", answer, err)
	}
	if len(a.Errors) == 0 {
		return said{}
	}
	return said{a.Errors[0].Extensions.Code, a.Errors[0].Extensions.Field, a.Errors[0].Message}
}

func accountsIn(t *testing.T, s *served) (n int) {
	t.Helper()
	s.get(t, &n, `SELECT count(*) FROM users`)
	return n
}

// TestANameIsOnePersons: what looks the same is the same name or is refused, in both forms of the call and through both
// doors, and what is refused leaves nothing.
func TestANameIsOnePersons(t *testing.T) {
	s := serveWorld(t, accounts(t))
	for n, name := range []string{"Bob", "José Núñez", "istanbul", "ΟΔΥΣΣΕΥΣ", "straße", "carl@example.org", "groß@example.org"} {
		address := fmt.Sprint(n, "@example.org")
		if strings.Contains(name, "@") {
			address = name
		}
		s.call("", nil, signUpFlat, vars{"n": name, "e": address, "p": password})
	}
	taken, bad := said{"CONFLICT", "username", "Username already exists"}, said{Code: badInput, Field: "username"}
	ways := 0
	for name, want := range map[string]said{
		"Bob": taken, "bob": taken, "BOB": taken, "ｂｏｂ": taken, "ＢＯＢ": taken, " bob\t": taken, "\u3000bob\u00a0": taken,
		"JOSE\u0301 NU\u0301N\u0303EZ": taken, "jose\u0301 \u2003 nu\u0301n\u0303ez": taken, "josé\u00a0núñez": taken, "José  Núñez": taken, "ｊｏｓé núñez": taken,
		"ISTANBUL": taken, "οδυσσευσ": taken, "οδυσσευς": taken, "CARL@example.org": bad, // not with another address
		"bo\u200bb": bad, "bo\u200cb": bad, "bo\u200db": bad, "bo\u2060b": bad, "\ufeffbob": bad, "bo\u00adb": bad, "bob\u034f": bad,
		"\u202ebob": bad, "bo\u202db": bad, "\u2066bob\u2069": bad, "bob\u200e": bad, "bob\u061c": bad, "bo\u180eb": bad,
		"bo\u0007b": bad, "bo\x7fb": bad, "ﬁrst": bad, "Ⅳ": bad, "①": bad, "𝐛𝐨𝐛": bad, "ᵇob": bad, "bob\U000e0041": bad, "bob\ufe0f": bad,
		"": bad, " ": bad, "\u200b": bad, strings.Repeat("x", 65): bad, strings.Repeat("e\u0301", 65): bad, strings.Repeat("x", 100_000): bad,
		"ann@example.org": bad, "0@example.org": bad, "ａnn＠example.org": bad, // somebody's address, or somebody's to come
		"İstanbul": {}, "ıstanbul": {}, "strasse": {}, strings.Repeat("x", 64): {}, strings.Repeat("e\u0301", 64): {}, "x": {}, "名前": {}, "אבג": {}, "bob-1_2.3'4": {},
	} {
		for n, door := range s.doors() {
			ways++
			before := accountsIn(t, s)
			got := saidIn(t, door.ask("", []string{signUpFlat, signUpForm}[n], vars{"n": name, "e": fmt.Sprint("x", ways, "@example.org"), "p": password}))
			want := want
			if want == (said{}) && n > 0 { // the first has taken it
				want = taken
			}
			if got.Code != want.Code || got.Field != want.Field || want.Text != "" && got.Text != want.Text {
				t.Errorf("%q over %s: %+v, want %+v", name, door.name, got, want)
			}
			if len(got.Text) > 200 {
				t.Errorf("%.20q: the answer repeats it", name)
			}
			if after := accountsIn(t, s); want != (said{}) && after != before {
				t.Errorf("%q was refused and is there", name)
			}
		}
	}
	// The same rules hold for a new name of an old account.
	ann := s.enter(s.user("ann"))
	me := vars{"u": s.idOf("ann"), "n": "ＢＯＢ"}
	const rename = `mutation($u: ID!, $n: String, $e: String) { updateUser(id: $u, updateUserInput: {username: $n, email: $e}) { username email } }`
	for _, door := range s.doors() {
		if got := saidIn(t, door.ask(ann, rename, me)); got != taken {
			t.Errorf("a taken name by updateUser over %s: %+v", door.name, got)
		}
		for _, v := range []vars{{"n": "someone@else.org"}, {"n": "a@new.org", "e": "b@new.org"}, {"n": "bo\u200bb"}} {
			v["u"] = me["u"]
			if got := saidIn(t, door.ask(ann, rename, v)); got.Code != badInput || got.Field != "username" {
				t.Errorf("%v by updateUser over %s: %+v", v, door.name, got)
			}
		}
	}
	own := vars{"u": me["u"], "n": "Ann@example.org", "e": "ann@EXAMPLE.org"}
	if got := saidIn(t, s.doors()[0].ask(ann, rename, own)); got != (said{}) {
		t.Errorf("its own address for a name: %+v", got)
	}
	if got := saidIn(t, s.doors()[0].ask(ann, rename, vars{"u": me["u"], "e": "new@example.org"})); got.Code != badInput {
		t.Errorf("a new address, when the old one is the name: %+v", got)
	}
}

// idOf gives the id of an account by its name as it was made.
func (s *served) idOf(name string) string {
	s.t.Helper()
	var user id.User
	s.get(s.t.(*testing.T), &user, `SELECT id FROM users WHERE username = $1`, name)
	return user.String()
}

// TestAnAddressIsOneAccounts, in any case and width.
func TestAnAddressIsOneAccounts(t *testing.T) {
	s := serveWorld(t, accounts(t))
	s.call("", nil, signUpFlat, vars{"n": "ann", "e": "Ann@Example.org", "p": password})
	taken, bad := said{"CONFLICT", "email", "Email already exists"}, said{Code: badInput, Field: "email"}
	n := 0
	for address, want := range map[string]said{
		"Ann@Example.org": taken, "ANN@EXAMPLE.ORG": taken, " ann@example.org ": taken, "ａｎｎ@example.org": taken,
		"ann": bad, "@example.org": bad, "ann@": bad, "a@b@c": bad, "a＠b@c": bad, "ann @example.org": bad, "ann\u200b@example.org": bad,
		"ann@example.org\u202e": bad, "": bad, "ann\n@example.org": bad, strings.Repeat("x", 300) + "@example.org": bad,
		"<ann@example.com>": bad, "Ann <ann@example.com>": bad, "ann@example..com": bad, "ann@.example.com": bad, "ann@example.com.": bad,
		"a..b@example.com": bad, ".ann@example.com": bad, `"ann@b"@example.com`: bad, "ann@example.com(ann)": bad, "ann@example．．com": bad,
		"ann+1@example.org": {}, "änn@example.org": {}, "ann@localhost": {}, "ann@bücher.example": {},
	} {
		for _, door := range s.doors() {
			n++
			before := accountsIn(t, s)
			got := saidIn(t, door.ask("", signUpFlat, vars{"n": fmt.Sprint("user ", n), "e": address, "p": password}))
			if want == (said{}) && door.name != "HTTP" {
				want = taken
			}
			if got.Code != want.Code || got.Field != want.Field || want.Text != "" && got.Text != want.Text {
				t.Errorf("%q over %s: %+v, want %+v", address, door.name, got, want)
			}
			if after := accountsIn(t, s); want != (said{}) && after != before {
				t.Errorf("%q was refused and is there", address)
			}
		}
	}
}

// TestPasswordsThatWouldBeGuessed are refused, and nothing is cut off of the others.
func TestPasswordsThatWouldBeGuessed(t *testing.T) {
	s := serveWorld(t, accounts(t))
	n := 0
	try := func(door door, name, secret string) said {
		n++
		return saidIn(t, door.ask("", signUpFlat, vars{"n": name, "e": fmt.Sprint("x", n, "@example.org"), "p": secret}))
	}
	for _, door := range s.doors() {
		for name, secret := range map[string]string{
			"short": "1234567", "short letters": "äöüßéàñ", "nothing": "", "common": "password", "common, any case": "PassWord1",
			"common, wide": "ｐａｓｓｗｏｒｄ", "digits": "12345678", "keys": "qwertyuiop", "10 kB": strings.Repeat("correct horse ", 700),
			"4,097 bytes": strings.Repeat("x", 4_097), "1 MB": strings.Repeat("ﷺ", 300_000),
		} {
			before := accountsIn(t, s)
			if name == "1 MB" && door.name == "WebSocket" {
				continue // more than a message may have
			}
			if got := try(door, "nobody", secret); got.Code != badInput || got.Field != "password" || len(got.Text) > 100 {
				t.Errorf("a password that is %s, over %s: %+v", name, door.name, got)
			}
			if accountsIn(t, s) != before {
				t.Errorf("a password that is %s made an account", name)
			}
		}
		for _, secret := range []string{"josephine", "JOSEPHINE2026", "xxｊｏｓｅｐｈｉｎｅxx"} {
			if got := try(door, "Josephine", secret); got.Code != badInput || got.Field != "password" {
				t.Errorf("a password that holds the name, over %s: %+v", door.name, got)
			}
		}
	}
	if got := s.doors()[0].ask("", `mutation { createUser(username: "nul", email: "nul@x", password: "correct \u0000 horse") { id } }`, nil); codeIn(t, got) != badInput {
		t.Errorf("a password with U+0000: %s", got)
	}
	if got := s.doors()[1].ask("", signUpFlat, vars{"n": "nul", "e": "nul@x", "p": "correct \x00 horse"}); codeIn(t, got) != badInput {
		t.Errorf("a password with U+0000 over a socket: %s", got)
	}
	if got := s.doors()[0].ask("", `mutation { createUser(username: "none", email: "none@x") { id } }`, nil); saidIn(t, got).Field != "password" {
		t.Errorf("no password: %s", got)
	}
	signsIn := func(name, secret string, want bool) {
		t.Helper()
		if got := codeIn(t, login(s, "", name, secret)); (got == "") != want {
			t.Errorf("signing in as %s by %.40q: %q", name, secret, got)
		}
	}
	for name, secret := range map[string]string{
		"p1": strings.Repeat("pass phrase of many words ", 5), "p2": "ÿþ\u200bñ🙂🙃🏳️‍🌈☃", "p3": "密码密码密码密码", "p4": strings.Repeat("x", 4_096), "p5": "        \t\n", "p6": "' OR 1=1; --",
	} {
		if got := try(s.doors()[0], name, secret); got != (said{}) {
			t.Errorf("%.40q: %+v", secret, got)
		}
		signsIn(name, secret, true)
		signsIn(name, secret+"x", false)
		signsIn(name, secret[:len(secret)-1], false)
		signsIn(name, strings.ToUpper(secret)+"a", false)
	}
	// bcrypt would take these two for the same.
	long := strings.Repeat("y", 72)
	if got := try(s.doors()[0], "p7", long+"1234"); got != (said{}) {
		t.Errorf("76 characters: %+v", got)
	}
	signsIn("p7", long+"1234", true)
	signsIn("p7", long, false)
	signsIn("p7", long+"1235", false)
	// Keyboards compose letters, and write spaces, in several ways.
	if got := try(s.doors()[0], "p8", "Zürich\u00a0Käse"); got != (said{}) {
		t.Errorf("an umlaut: %+v", got)
	}
	signsIn("p8", "Zu\u0308rich Ka\u0308se", true)
	signsIn("p8", "Zurich Kase", false)
	signsIn("p8", "zürich käse", false)
}

// TestTheFirstAccountIsTheAdministrator, and no other, also where fifty people make theirs at once on two nodes.
func TestTheFirstAccountIsTheAdministrator(t *testing.T) {
	one := serveWorld(t, accounts(t))
	other := one.beside(accounts(t))
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			s := []*served{one, other}[n%2]
			for codeIn(t, s.doors()[0].ask("", signUpFlat, vars{"n": fmt.Sprint("user ", n), "e": fmt.Sprint(n, "@x"), "p": password})) == "RATE_LIMITED" {
				continue // passwords are hashed one after the other
			}
		})
	}
	all.Wait()
	var users, administrators int
	one.get(t, &users, `SELECT count(*) FROM users`)
	one.get(t, &administrators, `SELECT count(*) FROM users WHERE is_administrator`)
	if users != 50 || administrators != 1 {
		t.Errorf("%d accounts, of them %d administrators", users, administrators)
	}
	var first bool
	one.get(t, &first, `SELECT is_administrator FROM users ORDER BY created_at LIMIT 1`)
	if !first {
		t.Error("the administrator is not the first account")
	}
}

// TestSigningUpCanBeClosed: administrators alone make accounts then, with a password or without.
func TestSigningUpCanBeClosed(t *testing.T) {
	settings := accounts(t)
	s := serveWorld(t, func(c *Config) {
		settings(c)
		c.Signup = "closed"
	})
	administrator, ann := s.enter(s.user("administrator")), s.enter(s.user("ann"))
	const without = `mutation($n: String!, $e: String!) { createUser(username: $n, email: $e) { id } }`
	for _, door := range s.doors() {
		for name, token := range map[string]string{"nobody": "", "somebody": ann} {
			for _, query := range []string{signUpFlat, signUpForm, without} {
				got := saidIn(t, door.ask(token, query, used(query, vars{"n": "x", "e": "x@x", "p": password})))
				if got.Code != forbidden || got.Text != "Signing up is closed: an administrator makes accounts" {
					t.Errorf("a sign-up by %s over %s: %+v", name, door.name, got)
				}
			}
		}
		for _, query := range []string{signUpFlat, without} {
			name := fmt.Sprint("made ", len(query), door.name)
			got := door.ask(administrator, query, used(query, vars{"n": name, "e": strings.ReplaceAll(name, " ", "") + "@x", "p": password}))
			if codeIn(t, got) != "" {
				t.Errorf("a sign-up by the administrator over %s: %s", door.name, got)
			}
			want := ""
			if query == without {
				want = unknown
			}
			if got := codeIn(t, login(s, "", name, password)); got != want {
				t.Errorf("%s signs in: %q, want %q", name, got, want)
			}
		}
	}
	if n := accountsIn(t, s); n != 6 {
		t.Errorf("%d accounts, want 6", n)
	}
	// In a product that is open, somebody who is no administrator makes no account without a password.
	open := serveWorld(t, accounts(t))
	first, second := open.enter(open.user("first")), open.enter(open.user("second"))
	for n, token := range []string{first, second, ""} {
		got := saidIn(t, open.doors()[0].ask(token, without, vars{"n": fmt.Sprint("w", n), "e": fmt.Sprint("w", n, "@x")}))
		if want := map[bool]said{true: {}, false: {badInput, "password", "password is missing"}}[n == 0]; got != want {
			t.Errorf("an account without a password, by caller %d: %+v", n, got)
		}
	}
}
