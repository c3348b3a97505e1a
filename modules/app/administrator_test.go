package app

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"chat/modules/id"
)

const (
	renameDocument = `mutation($u: ID!, $d: String) { updateUser(id: $u, updateUserInput: {displayName: $d}) { displayName email } }`
	removeDocument = `mutation($u: ID!) { removeUser(id: $u) { isActive email } }`
)

// TestAccountsAreChangedByTheirOwners, and by administrators, who see no addresses for all that.
func TestAccountsAreChangedByTheirOwners(t *testing.T) {
	s := serveWorld(t, accounts(t))
	administrator, ann, bob := s.signUp("administrator"), s.signUp("ann"), s.signUp("bob")
	tokens := map[string]string{"an administrator": s.enter(administrator), "ann": s.enter(ann), "bob": s.enter(bob)}
	for _, door := range s.doors() {
		for who, want := range map[string]string{"an administrator": "", "ann": "", "bob": forbidden} {
			got := door.ask(tokens[who], renameDocument, vars{"u": ann.String(), "d": who})
			if codeIn(t, got) != want || who != "ann" && strings.Contains(got, "@example.org") {
				t.Errorf("ann renamed by %s over %s: %s", who, door.name, got)
			}
		}
		if got := door.ask(tokens["bob"], removeDocument, vars{"u": ann.String()}); codeIn(t, got) != forbidden {
			t.Errorf("ann removed by bob over %s: %s", door.name, got)
		}
		for _, who := range []string{"an administrator", "bob"} {
			for _, query := range []string{renameDocument, removeDocument} {
				random := id.New[id.User]().String()
				if got := saidIn(t, door.ask(tokens[who], query, vars{"u": random})); got != (said{Code: notFound, Text: "User with ID " + random + " not found"}) {
					t.Errorf("nobody, by %s over %s: %+v", who, door.name, got)
				}
			}
		}
		for _, query := range []string{`{ users { username email } }`, `query($u: ID!) { user(id: $u) { username email } }`, `{ userByUsername(username: "ann") { username email } }`} {
			for who, token := range tokens {
				got := door.ask(token, query, used(query, vars{"u": ann.String()}))
				if codeIn(t, got) != "" || !strings.Contains(got, `"username":"ann"`) || strings.Contains(got, "ann@example.org") != (who == "ann") {
					t.Errorf("%s by %s over %s: %s", query, who, door.name, got)
				}
			}
		}
	}
	var name string
	s.get(t, &name, `SELECT display_name FROM users WHERE id = $1`, ann)
	if name != "an administrator" && name != "ann" {
		t.Errorf("ann is called %q", name)
	}
	if got := s.doors()[0].ask(tokens["ann"], removeDocument, vars{"u": ann.String()}); codeIn(t, got) != "" || !strings.Contains(got, `"isActive":false`) {
		t.Errorf("ann removed by herself: %s", got)
	}
	if got := s.doors()[0].ask(tokens["an administrator"], removeDocument, vars{"u": ann.String()}); codeIn(t, got) != "" {
		t.Errorf("ann removed again: %s", got)
	}
	if got := codeIn(t, login(s, "", "ann", password)); got != unknown {
		t.Errorf("ann signs in after that: %q", got)
	}
	if got := saidIn(t, s.doors()[0].ask("", signUpFlat, vars{"n": "ann", "e": "new@x", "p": password})); got.Code != "CONFLICT" {
		t.Errorf("ann's name after that: %+v", got)
	}
}

// TestPowerEndsAtOnce: an administrator who has been removed does nothing more, also in the moment in which its session is
// still known, and on every node.
func TestPowerEndsAtOnce(t *testing.T) {
	f := serveFleet(t, nil)
	first := f.signUp("administrator")
	victim := f.signUp("victim")
	for round := range 5 {
		second := f.signUp(fmt.Sprint("second", round))
		f.exec(`UPDATE users SET is_administrator = true WHERE id = $1`, second)
		power, mine := f.enter(second), f.enter(first)
		for _, node := range []*served{f.served, f.user} {
			node.call(power, nil, renameDocument, vars{"u": victim.String(), "d": "by the second"})
		}
		f.call(mine, nil, removeDocument, vars{"u": second.String()})
		f.call(mine, nil, renameDocument, vars{"u": victim.String(), "d": "after"})
		forbiddens := 0
		for began := time.Now(); time.Since(began) < endTime; {
			for _, node := range []*served{f.served, f.user} {
				for _, query := range []string{renameDocument, removeDocument, `mutation { createUser(username: "x", email: "x@x") { id } }`} {
					_, got := node.post(power, query, used(query, vars{"u": victim.String(), "d": "late"}))
					switch said := saidIn(t, got); {
					case said.Code == forbidden || said.Field == "password":
						forbiddens++
					case said.Code != unknown:
						t.Errorf("round %d: a removed administrator: %s", round, got)
					}
				}
			}
		}
		var name string
		f.get(t, &name, `SELECT display_name FROM users WHERE id = $1 AND is_active`, victim)
		if name != "after" {
			t.Errorf("round %d: the victim is called %q", round, name)
		}
		if forbiddens == 0 {
			t.Logf("round %d: the session was ended before it was used again", round)
		}
	}
}

// TestAdministratorsRemoveEachOther at once: one of two stays, and no call hangs.
func TestAdministratorsRemoveEachOther(t *testing.T) {
	s := serveWorld(t, accounts(t))
	s.signUp("administrator")
	for round := range 10 {
		ann, bob := s.signUp(fmt.Sprint("ann", round)), s.signUp(fmt.Sprint("bob", round))
		s.exec(`UPDATE users SET is_administrator = true WHERE id IN ($1, $2)`, ann, bob)
		var both sync.WaitGroup
		for by, whom := range map[id.User]id.User{ann: bob, bob: ann} {
			token := s.enter(by)
			both.Go(func() {
				if _, got := s.post(token, removeDocument, vars{"u": whom.String()}); codeIn(t, got) != "" && codeIn(t, got) != forbidden && codeIn(t, got) != unknown {
					t.Errorf("round %d: %s", round, got)
				}
			})
		}
		both.Wait()
		var active int
		s.get(t, &active, `SELECT count(*) FROM users WHERE id IN ($1, $2) AND is_active`, ann, bob)
		if active != 1 {
			t.Errorf("round %d: %d of the two are left", round, active)
		}
	}
}

// auditLine is a line of the audit log.
type auditLine struct {
	Action  string     `db:"action"`
	Actor   id.User    `db:"actor_id"`
	User    id.User    `db:"user_id"`
	Session id.Session `db:"session_id"`
	Address string     `db:"address"`
	Request string     `db:"request_id"`
}

// TestEveryChangeOfAnAccountIsLogged with who, whose, in which session, from where and in which request; once, and for ever.
// What has failed or changed nothing leaves no line.
func TestEveryChangeOfAnAccountIsLogged(t *testing.T) {
	s := serveWorld(t, accounts(t))
	administrator, ann := s.signUp("administrator"), s.signUp("ann")
	ruler, rule := s.session(administrator)
	var lines []auditLine
	read := func() []auditLine {
		t.Helper()
		lines = nil
		s.selectAll(t, &lines, `SELECT action, actor_id, user_id, session_id, address, request_id FROM audit_log ORDER BY at, id`)
		return lines
	}
	known := len(read())
	// does makes a call and wants these lines of it.
	does := func(what string, call func() (request string), want ...auditLine) {
		t.Helper()
		request := call()
		fresh := read()[known:]
		known = len(lines)
		if len(fresh) != len(want) {
			t.Errorf("%s: %+v, want %+v", what, fresh, want)
			return
		}
		for n, line := range fresh {
			expected := want[n]
			expected.Address, expected.Request = "127.0.0.1", request
			if line != expected {
				t.Errorf("%s: %+v, want %+v", what, line, expected)
			}
		}
	}
	var answer string
	post := func(token, query string, v vars) func() string {
		return func() string {
			header := asJSON
			if token != "" {
				header = bearer(token)
			}
			_, h, got := s.request(header, query, v)
			answer = got
			return h.Get("X-Request-Id")
		}
	}
	newest := func(user id.User) (session id.Session) {
		t.Helper()
		s.get(t, &session, `SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1`, user)
		return session
	}
	sessionOf := func(token string) grant {
		t.Helper()
		var out struct{ Data struct{ Login grant } }
		decode(t, token, &out)
		return out.Data.Login
	}
	does("a failed sign-up", post("", signUpFlat, vars{"n": "ANN", "e": "x@x", "p": password}))
	request := post("", signUpFlat, vars{"n": "bob", "e": "bob@x", "p": password})()
	var bob id.User
	s.get(t, &bob, `SELECT id FROM users WHERE username = 'bob'`)
	does("a sign-up", func() string { return request }, auditLine{Action: "account made", User: bob})
	request = post(ruler, `mutation { createUser(username: "cid", email: "cid@x") { id } }`, nil)()
	var cid id.User
	s.get(t, &cid, `SELECT id FROM users WHERE username = 'cid'`)
	does("an account by an administrator", func() string { return request }, auditLine{Action: "account made", Actor: administrator, User: cid, Session: rule})

	does("a failed login", post("", loginDocument, vars{"n": "ann", "p": "wrong horse"}))
	request = post("", loginDocument, vars{"n": "ann", "p": password})()
	first := sessionOf(answer)
	one := newest(ann)
	does("a login", func() string { return request }, auditLine{Action: "login", Actor: ann, User: ann, Session: one})
	request = post("", loginDocument, vars{"n": "ann@example.org", "p": password})()
	second := sessionOf(answer)
	two := newest(ann)
	does("another login", func() string { return request }, auditLine{Action: "login", Actor: ann, User: ann, Session: two})

	does("a refresh", post("", refreshDocument, vars{"r": first.RefreshToken}))
	does("a failed change of the password", post(first.AccessToken, `mutation { changePassword(current: "wrong", new: "another horse") }`, nil))
	does("a new name", post(first.AccessToken, renameDocument, vars{"u": ann.String(), "d": "Ann"}), auditLine{Action: "account changed", Actor: ann, User: ann, Session: one})
	does("a new name by an administrator", post(ruler, renameDocument, vars{"u": ann.String(), "d": "A."}), auditLine{Action: "account changed", Actor: administrator, User: ann, Session: rule})
	does("a new name by somebody else", post(first.AccessToken, renameDocument, vars{"u": bob.String(), "d": "B."}))
	does("a taken name", post(first.AccessToken, `mutation($u: ID!) { updateUser(id: $u, updateUserInput: {username: "bob"}) { id } }`, vars{"u": ann.String()}))
	does("a session revoked", post(first.AccessToken, `mutation($s: ID!) { revokeSession(id: $s) }`, vars{"s": two.String()}), auditLine{Action: "session revoked", Actor: ann, User: ann, Session: two})
	does("the same again", post(first.AccessToken, `mutation($s: ID!) { revokeSession(id: $s) }`, vars{"s": two.String()}))
	does("a session of somebody else", post(first.AccessToken, `mutation($s: ID!) { revokeSession(id: $s) }`, vars{"s": rule.String()}))
	does("a refresh of what has ended", post("", refreshDocument, vars{"r": second.RefreshToken}))
	does("a new password", post(first.AccessToken, `mutation { changePassword(current: "correct horse", new: "another horse") }`, nil),
		auditLine{Action: "password changed", Actor: ann, User: ann, Session: one})
	s.age(ann, "11 s")
	does("a refresh token used again", post("", refreshDocument, vars{"r": first.RefreshToken}), auditLine{Action: "refresh token used again", User: ann, Session: one})

	third, three := s.session(ann)
	does("logout", post(third, `mutation { logout }`, nil), auditLine{Action: "logout", Actor: ann, User: ann, Session: three})
	fourth, four := s.session(ann)
	does("logout everywhere", post(fourth, `mutation { logoutEverywhere }`, nil), auditLine{Action: "logout everywhere", Actor: ann, User: ann, Session: four})
	_, h, _ := s.request(keeping(), loginDocument, vars{"n": "ann", "p": "another horse"})
	five := newest(ann)
	does("a login by a browser", func() string { return h.Get("X-Request-Id") }, auditLine{Action: "login", Actor: ann, User: ann, Session: five})
	cookie := withHeader("Cookie", cookieName+"="+cookies(h)[0].Value)
	does("logout by the cookie", func() string {
		_, h, _ := s.do("POST", "/auth/logout", "", cookie)
		return h.Get("X-Request-Id")
	}, auditLine{Action: "logout", Actor: ann, User: ann, Session: five})
	does("the same again", func() string {
		_, h, _ := s.do("POST", "/auth/logout", "", cookie)
		return h.Get("X-Request-Id")
	})
	does("a removal", post(ruler, removeDocument, vars{"u": ann.String()}), auditLine{Action: "account removed", Actor: administrator, User: ann, Session: rule})
	does("the same again", post(ruler, removeDocument, vars{"u": ann.String()}))
	byHerself, six := s.session(bob)
	socket := s.connect(byHerself)
	if got := socket.ask(removeDocument, vars{"u": bob.String()}); codeIn(t, got) != "" {
		t.Errorf("a removal over a socket: %s", got)
	}
	last := read()[known:]
	if len(last) != 1 || last[0].Action != "account removed" || last[0].Actor != bob || last[0].Session != six || last[0].Address != "127.0.0.1" || last[0].Request == "" {
		t.Errorf("a removal over a socket: %+v", last)
	}
	for _, statement := range []string{`UPDATE audit_log SET action = 'x'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`} {
		if _, err := s.db.Pool().ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// TestSessionsAreListed to their owner: what the client said of itself, from where, which one this is, and nothing else.
func TestSessionsAreListed(t *testing.T) {
	s := serveWorld(t, accounts(t))
	s.signUp("ann")
	s.signUp("bob")
	signIn := func(name, agent string) grant {
		_, _, got := s.request(withHeader("User-Agent", agent), loginDocument, vars{"n": name, "p": password})
		var out struct{ Data struct{ Login grant } }
		decode(t, got, &out)
		return out.Data.Login
	}
	one, _ := signIn("ann", "first/1"), signIn("bob", "bob's/1")
	two := signIn("ann", "second/1 \u202etxt.exe"+strings.Repeat("x", 5_000))
	three := s.login("ann", password)
	s.call(three.AccessToken, nil, `mutation { logout }`, nil)
	// Refreshed from another program, it is that one's.
	_, _, got := s.request(withHeader("User-Agent", "first/2"), refreshDocument, vars{"r": one.RefreshToken})
	if codeIn(t, got) != "" {
		t.Fatal(got)
	}
	type listed struct {
		Sessions []struct {
			ID, Device, Address   string
			CreatedAt, LastUsedAt time.Time
			IsCurrent             bool
		}
	}
	for _, door := range s.doors() {
		var out struct{ Data listed }
		decode(t, door.ask(two.AccessToken, `{ sessions { id device address createdAt lastUsedAt isCurrent } }`, nil), &out)
		all := out.Data.Sessions
		if len(all) != 2 || all[0].Device != "first/2" || all[0].IsCurrent || !all[1].IsCurrent || all[0].Address != "127.0.0.1" || !all[0].LastUsedAt.After(all[0].CreatedAt) {
			t.Errorf("over %s: %+v", door.name, all)
			continue
		}
		if device := all[1].Device; !strings.HasPrefix(device, "second/1 txt.exe") || len(device) > 200 {
			t.Errorf("a device is shown as %.300q", device)
		}
	}
}
