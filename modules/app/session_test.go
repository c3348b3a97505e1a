package app

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chat/modules/id"
	"chat/modules/pgtest"
	"chat/modules/redistest"
)

// endTime is how long it may take until every node knows that a session has ended.
const endTime = time.Second

// fleet is a product in several processes: the first serves everything, the others a role each.
type fleet struct {
	*served
	user, sender, receiver *served
}

// serveFleet runs the processes on one database, with or without a Redis between them.
func serveFleet(t *testing.T, redis *redistest.Server) *fleet {
	t.Helper()
	node := func(role Role) func(*Config) {
		settings := accounts(t)
		return func(c *Config) {
			settings(c)
			c.Role = string(role)
			if redis != nil {
				c.RedisURL = redis.URL()
			}
		}
	}
	all := serveWorld(t, node(All))
	return &fleet{all, all.beside(node(User)), all.beside(node(Sender)), all.beside(node(Receiver))}
}

func (f *fleet) nodes() map[string]*served {
	return map[string]*served{"all": f.served, "user": f.user, "sender": f.sender, "receiver": f.receiver}
}

// login begins a session with a password.
func (s *served) login(name, secret string) grant {
	s.t.Helper()
	var out struct{ Login grant }
	s.call("", &out, `mutation($n: String!, $p: String!) { login(username: $n, password: $p) { accessToken refreshToken } }`, vars{"n": name, "p": secret})
	return out.Login
}

// grant is what somebody gets who signs in.
type grant struct{ AccessToken, RefreshToken string }

const refreshDocument = `mutation($r: String!) { refreshToken(refreshToken: $r) { accessToken refreshToken } }`

// guest is somebody who is signed in, with a socket on each node that has them, and whether this goes on.
type guest struct {
	name  string
	token grant
	lines map[string]*line
	stays bool
}

// enters signs somebody in and makes every node know the session.
func (f *fleet) enters(name, as string, stays bool) *guest {
	f.t.Helper()
	g := &guest{name: name + " of " + as, token: f.login(as, password), lines: map[string]*line{}, stays: stays}
	for node, s := range f.nodes() {
		if status, _, got := s.request(bearer(g.token.AccessToken), `{ health }`, nil); status != http.StatusOK {
			f.t.Fatalf("%s at %s: %d %s", g.name, node, status, got)
		}
	}
	for _, node := range []string{"all", "receiver"} {
		l := f.nodes()[node].connect(g.token.AccessToken)
		l.follow(f.nodes()[node], `subscription { chatUpdated { id } }`, nil)
		g.lines[node] = l
	}
	return g
}

// checkEnd waits until nothing of a session works anywhere, and tells how long that took at most.
func (f *fleet) checkEnd(g *guest, began time.Time) time.Duration {
	f.t.Helper()
	for node, l := range g.lines {
		if code := l.closing(5 * time.Second); code != 4403 {
			f.t.Errorf("%s: the socket at %s was closed %d", g.name, node, code)
		}
		l.mu.Lock()
		for name, frames := range l.frames {
			if name != "" && len(frames) > 0 {
				f.t.Errorf("%s: a subscription at %s ended with %v", g.name, node, frames)
			}
		}
		l.mu.Unlock()
	}
	for node, s := range f.nodes() {
		for {
			status, header, got := s.request(bearer(g.token.AccessToken), `{ health }`, nil)
			if status == http.StatusUnauthorized && codeIn(f.t, got) == unknown && header.Get("WWW-Authenticate") == "Bearer" {
				break
			}
			if time.Since(began) > 5*time.Second {
				f.t.Errorf("%s: still let in at %s: %d %s", g.name, node, status, got)
				break
			}
		}
	}
	took := time.Since(began)
	for _, node := range []string{"all", "receiver"} {
		if code := f.nodes()[node].dial(vars{"authorization": "Bearer " + g.token.AccessToken}).closing(5 * time.Second); code != 4403 {
			f.t.Errorf("%s: a new socket at %s was closed %d", g.name, node, code)
		}
	}
	return took
}

// checkStay finds a session that goes on going on everywhere.
func (f *fleet) checkStay(g *guest) {
	f.t.Helper()
	for node, l := range g.lines {
		if !l.isOpen() {
			f.t.Errorf("%s: the socket at %s was closed", g.name, node)
		}
	}
	for node, s := range f.nodes() {
		if status, _, got := s.request(bearer(g.token.AccessToken), `{ health }`, nil); status != http.StatusOK {
			f.t.Errorf("%s at %s: %d %s", g.name, node, status, got)
		}
	}
	if got := f.user.doors()[0].ask("", refreshDocument, vars{"r": g.token.RefreshToken}); codeIn(f.t, got) != "" {
		f.t.Errorf("%s: its refresh token: %s", g.name, got)
	}
}

// goodbye is a way in which sessions end: two of one person and one of somebody else are there.
type goodbye struct {
	name string
	// end ends what ends: mine is the session that does it, whose other session is other.
	end       func(f *fleet, mine, other *guest, user id.User)
	mineStays bool
	otherToo  bool // the other session stays as well
	audit     string
}

func goodbyes(administrator string) []goodbye {
	ask := func(f *fleet, token, query string, v vars) {
		f.t.Helper()
		f.user.call(token, nil, query, v)
	}
	sessionOf := func(f *fleet, g *guest) string {
		f.t.Helper()
		var out struct {
			Sessions []struct {
				ID        string
				IsCurrent bool
			}
		}
		f.user.call(g.token.AccessToken, &out, `{ sessions { id isCurrent } }`, nil)
		for _, one := range out.Sessions {
			if one.IsCurrent {
				return one.ID
			}
		}
		f.t.Fatalf("%s has no session", g.name)
		return ""
	}
	return []goodbye{
		{"logout", func(f *fleet, mine, _ *guest, _ id.User) { ask(f, mine.token.AccessToken, `mutation { logout }`, nil) }, false, true, "logout"},
		{"logoutEverywhere", func(f *fleet, mine, _ *guest, _ id.User) {
			ask(f, mine.token.AccessToken, `mutation { logoutEverywhere }`, nil)
		}, false, false, "logout everywhere"},
		{"revokeSession", func(f *fleet, mine, other *guest, _ id.User) {
			ask(f, mine.token.AccessToken, `mutation($s: ID!) { revokeSession(id: $s) }`, vars{"s": sessionOf(f, other)})
		}, true, false, "session revoked"},
		{"changePassword", func(f *fleet, mine, _ *guest, _ id.User) {
			ask(f, mine.token.AccessToken, `mutation($c: String!) { changePassword(current: $c, new: "another horse") }`, vars{"c": password})
		}, true, false, "password changed"},
		{"removeUser by oneself", func(f *fleet, mine, _ *guest, user id.User) {
			ask(f, mine.token.AccessToken, `mutation($u: ID!) { removeUser(id: $u) { isActive } }`, vars{"u": user.String()})
		}, false, false, "account removed"},
		{"removeUser by an administrator", func(f *fleet, _, _ *guest, user id.User) {
			ask(f, administrator, `mutation($u: ID!) { removeUser(id: $u) { isActive } }`, vars{"u": user.String()})
		}, false, false, "account removed"},
		{"the end of its time", func(f *fleet, _, other *guest, _ id.User) {
			f.exec(`UPDATE sessions SET expires_at = clock_timestamp() WHERE id = $1`, sessionOf(f, other))
		}, true, false, ""},
		{"a refresh token that is used again", func(f *fleet, _, other *guest, _ id.User) {
			ask(f, "", refreshDocument, vars{"r": other.token.RefreshToken})
			f.exec(`UPDATE refresh_tokens SET used_at = used_at - interval '11 s' WHERE session_id = $1 AND used_at IS NOT NULL`, sessionOf(f, other))
			got := f.user.doors()[0].ask("", refreshDocument, vars{"r": other.token.RefreshToken})
			if codeIn(f.t, got) != unknown {
				f.t.Errorf("a refresh token that is used again: %s", got)
			}
		}, true, false, "refresh token used again"},
		{"logout by the cookie", func(f *fleet, _, other *guest, _ id.User) {
			status, _, got := f.user.do("POST", "/auth/logout", "{}", withHeader("Cookie", "chat-refresh="+other.token.RefreshToken))
			if status != http.StatusNoContent {
				f.t.Errorf("logout by the cookie: %d %s", status, got)
			}
		}, true, false, "logout"},
	}
}

// TestSessionsEndEverywhere: within a second nothing of an ended session works on any node, whatever has ended it and
// whatever has become of Redis; what goes on goes on.
func TestSessionsEndEverywhere(t *testing.T) {
	for _, way := range []string{"without Redis", "with Redis", "with a Redis that was killed"} {
		var redis *redistest.Server
		if way != "without Redis" {
			redis = redistest.New(t)
		}
		f := serveFleet(t, redis)
		administrator := f.enter(f.signUp("administrator"))
		bystander := f.enters("a session", "administrator", true)
		type scene struct {
			goodbye
			mine, other *guest
			user        id.User
			began       time.Time
		}
		var scenes []*scene
		for n, e := range goodbyes(administrator) {
			name := fmt.Sprint("user", n)
			user := f.signUp(name)
			scenes = append(scenes, &scene{
				goodbye: e, user: user, mine: f.enters("the session", name, e.mineStays), other: f.enters("the other session", name, e.otherToo),
			})
		}
		if way == "with a Redis that was killed" {
			redis.Kill()
		}
		var all sync.WaitGroup
		var slowest atomic.Int64
		for _, s := range scenes {
			s.end(f, s.mine, s.other, s.user)
			s.began = time.Now()
			if !s.mineStays && s.audit == "logout" && codeIn(t, f.doors()[0].ask("", refreshDocument, vars{"r": s.mine.token.RefreshToken})) != unknown {
				t.Errorf("%s, %s: the refresh token is not dead at once", way, s.name)
			}
			all.Go(func() {
				for _, g := range []*guest{s.mine, s.other} {
					if g.stays {
						continue
					}
					took := f.checkEnd(g, s.began)
					if took > endTime {
						t.Errorf("%s, %s: known everywhere after %s", way, s.name, took)
					}
					slowest.Store(max(slowest.Load(), int64(took)))
				}
			})
		}
		all.Wait()
		t.Logf("%s: known everywhere after %s at most", way, time.Duration(slowest.Load()))
		for _, s := range scenes {
			for _, g := range []*guest{s.mine, s.other} {
				if !g.stays && codeIn(t, f.doors()[0].ask("", refreshDocument, vars{"r": g.token.RefreshToken})) != unknown {
					t.Errorf("%s, %s: the refresh token of %s is good", way, s.name, g.name)
				}
			}
			if s.audit != "" {
				var lines int
				f.get(t, &lines, `SELECT count(*) FROM audit_log WHERE user_id = $1 AND action = $2`, s.user, s.audit)
				if lines != 1 {
					t.Errorf("%s, %s: %d lines %q in the audit log", way, s.name, lines, s.audit)
				}
			}
		}
		for _, s := range scenes {
			for _, g := range []*guest{s.mine, s.other} {
				if g.stays && s.name != "a refresh token that is used again" {
					f.checkStay(g)
				}
			}
		}
		f.checkStay(bystander)
	}
}

// TestWhoeverComesBackMissesNothing: a socket that is closed because its session has ended, a new session, the last seq.
func TestWhoeverComesBackMissesNothing(t *testing.T) {
	f := serveFleet(t, redistest.New(t))
	f.signUp("administrator")
	ann, bob := f.signUp("ann"), f.signUp("bob")
	sender := f.login("bob", password).AccessToken
	var made struct{ CreateChat struct{ ID id.Chat } }
	f.call(sender, &made, `mutation($a: String!) { createChat(createChatInput: {name: "x", participantIds: [$a]}) { id } }`, vars{"a": ann.String()})
	chat := made.CreateChat.ID
	const total = 120
	const follow = `subscription($c: ID!, $a: Seq!) { messageAdded(chatId: $c, afterSeq: $a) { seq content } }`
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for n := range total {
			f.sender.call(sender, nil, sendDocument, sendVars(chat, bob, fmt.Sprint(n), ""))
		}
	}()
	secret := password
	var seen []string
	for round := 0; len(seen) < total; round++ {
		node := []*served{f.served, f.receiver}[round%2]
		g := f.login("ann", secret)
		l := node.connect(g.AccessToken)
		s := stream{l, l.subscribe(follow, vars{"c": chat.String(), "a": len(seen)})}
		if round < 4 {
			s.count(min(10, total-len(seen)))
			next := fmt.Sprint("password number ", round)
			f.user.call(f.enter(ann), nil, `mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) }`, vars{"c": secret, "n": next})
			secret = next
			if code := l.closing(5 * time.Second); code != 4403 {
				t.Fatalf("round %d: closed %d", round, code)
			}
		} else {
			<-sent
			s.count(total - len(seen))
		}
		for _, one := range s.all() {
			if one.Type != "next" {
				t.Fatalf("round %d: %s %s", round, one.Type, one.Payload)
			}
			seen = append(seen, string(one.Payload))
		}
	}
	for n, payload := range seen {
		if !strings.Contains(payload, fmt.Sprintf(`"seq":%d,"content":"%d"`, n+1, n)) {
			t.Fatalf("message %d is %s", n, payload)
		}
	}
}

// TestSessionsWithoutAStore: who is known goes on, who is not is told to try again, and nothing is closed; what has ended
// meanwhile ends when the store is back.
func TestSessionsWithoutAStore(t *testing.T) {
	for _, silent := range []bool{false, true} {
		target := pgtest.URL(t)
		l := newLossy(t, target)
		s := serveOn(t, l.url, accounts(t))
		beside := newWorldOn(t, pgtest.Open(t, target)) // reaches the store all the time
		direct := &served{world: beside}
		known, _ := direct.session(beside.user("ann"))
		ended, endedSession := direct.session(beside.user("bob"))
		fresh := direct.enter(beside.user("cid"))
		lines := []*line{s.connect(known), s.connect(ended)}
		if silent {
			l.silent.Store(true)
		} else {
			l.cut(true)
		}
		beside.exec(`UPDATE sessions SET ended_at = now() WHERE id = $1`, endedSession)
		for began := time.Now(); time.Since(began) < 2*time.Second; {
			if status, _, got := s.request(bearer(known), `{ health }`, nil); status != http.StatusOK || codeIn(t, got) != "" {
				t.Fatalf("a session that is known: %d %s", status, got)
			}
			time.Sleep(100 * time.Millisecond)
		}
		for _, one := range lines {
			if !one.isOpen() {
				t.Error("a socket was closed because the store is away")
			}
		}
		began := time.Now()
		status, header, got := s.request(bearer(fresh), `{ health }`, nil)
		if took := time.Since(began); status != http.StatusOK || codeIn(t, got) != "UNAVAILABLE" || header.Get("Retry-After") == "" || took > 5*time.Second {
			t.Errorf("a session that is new here: %d %v %s after %s", status, header, got, took)
		}
		if code := s.dial(vars{"authorization": "Bearer " + fresh}).closing(5 * time.Second); code != 1013 {
			t.Errorf("a socket of a session that is new here: closed %d", code)
		}
		if code := s.dial(vars{"authorization": "Bearer x"}).closing(5 * time.Second); code != 4403 {
			t.Errorf("a bad token while the store is away: closed %d", code)
		}
		for path, want := range map[string]int{"/auth/refresh": 503, "/auth/logout": 503} {
			status, header, got := s.do("POST", path, "", withHeader("Cookie", "chat-refresh="+strings.Repeat("A", 43)))
			if status != want || header.Get("Retry-After") == "" || header.Get("Set-Cookie") != "" || codeIn(t, got) != "UNAVAILABLE" {
				t.Errorf("%s while the store is away: %d %v %s", path, status, header, got)
			}
		}
		if silent {
			l.silent.Store(false)
		} else {
			l.cut(false)
		}
		if code := lines[1].closing(10 * time.Second); code != 4403 {
			t.Errorf("what has ended meanwhile: closed %d", code)
		}
		if !lines[0].isOpen() {
			t.Error("what goes on was closed when the store came back")
		}
		if status, _, got := s.request(bearer(fresh), `{ health }`, nil); status != http.StatusOK || codeIn(t, got) != "" {
			t.Errorf("a new session when the store is back: %d %s", status, got)
		}
	}
}

// TestWhatRunsWhenASessionEnds: what waits for the store over a socket is cut off with it, and no subscription is told that
// it has ended, which clients would not begin again; over HTTP what was let in gets its answer.
func TestWhatRunsWhenASessionEnds(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.user("ann")
	chat := s.group(ann, s.user("bob"))
	const subscriptions = 20
	for range 5 {
		token, session := s.session(ann)
		l := s.connect(token)
		letGo := s.held(`LOCK TABLE chats IN ACCESS EXCLUSIVE MODE`)
		for range subscriptions {
			l.subscribe(followAdded, vars{"c": chat.String()})
			l.subscribe(`subscription { chatUpdated(current: true) { id } }`, nil)
		}
		l.subscribe(sendDocument, sendVars(chat, ann, "over the socket", "k"))
		l.subscribe(`query($c: ID!) { chat(id: $c) { name } }`, vars{"c": chat.String()})
		answered := make(chan string, 1)
		go func() {
			_, answer := s.post(token, `query($c: ID!) { chat(id: $c) { name } }`, vars{"c": chat.String()})
			answered <- answer
		}()
		s.waiting(3)
		s.exec(`UPDATE sessions SET ended_at = now() WHERE id = $1`, session)
		if code := l.closing(endTime); code != 4403 {
			t.Errorf("closed %d", code)
		}
		l.mu.Lock()
		for n := range 2 * subscriptions {
			if frames := l.frames[fmt.Sprint(n+1)]; len(frames) > 0 {
				t.Errorf("a subscription that was being opened was told %s", frames[0].answer())
			}
		}
		l.mu.Unlock()
		letGo()
		if got := <-answered; codeIn(t, got) != "" {
			t.Errorf("the query over HTTP: %s", got)
		}
		if status, _, got := s.request(bearer(token), `{ health }`, nil); status != http.StatusUnauthorized {
			t.Errorf("the next request: %d %s", status, got)
		}
	}
}

// TestASocketHearsTheEndOfItsOwnSession: what ends the session over the socket is answered, and then the socket is closed.
func TestASocketHearsTheEndOfItsOwnSession(t *testing.T) {
	s := serveWorld(t, accounts(t))
	s.signUp("administrator")
	for name, c := range map[string]struct {
		query string
		stays bool
	}{
		"logout": {`mutation { logout }`, false}, "logoutEverywhere": {`mutation { logoutEverywhere }`, false}, "revokeSession": {`mutation($s: ID!) { revokeSession(id: $s) }`, false},
		"removeUser": {`mutation($u: ID!) { removeUser(id: $u) { isActive } }`, false}, "changePassword": {`mutation { changePassword(current: "correct horse", new: "another horse") }`, true},
	} {
		user := s.signUp(name)
		token, session := s.session(user)
		l, other := s.connect(token), s.connect(s.enter(user))
		f := l.follow(s, `subscription { chatUpdated { id } }`, nil)
		if got := l.ask(c.query, used(c.query, vars{"s": session.String(), "u": user.String()})); codeIn(t, got) != "" || !strings.Contains(got, `"data":{"`+name) {
			t.Errorf("%s over a socket: %s", name, got)
		}
		if c.stays {
			if code := other.closing(2 * endTime); code != 4403 || !l.isOpen() {
				t.Errorf("%s over a socket: another was closed %d, itself is open %t", name, code, l.isOpen())
			}
			continue
		}
		if code := l.closing(2 * endTime); code != 4403 || len(f.all()) > 0 {
			t.Errorf("%s over a socket: closed %d, and its subscription was told %v", name, code, f.all())
		}
		switch {
		case name == "logout" || name == "revokeSession":
			if !other.isOpen() {
				t.Errorf("%s over a socket: that of another session was closed", name)
			}
		case other.closing(2*endTime) != 4403:
			t.Errorf("%s over a socket: that of another session was closed %d", name, other.closed)
		}
	}
}
