package app

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chat/modules/id"
	"chat/modules/pgtest"
	"chat/modules/redistest"
)

const errRefreshText = "The session has ended"

// refresh goes on with a session, which has to succeed.
func (s *served) refresh(token string) grant {
	s.t.Helper()
	var out struct{ RefreshToken grant }
	s.call("", &out, refreshDocument, vars{"r": token})
	return out.RefreshToken
}

// refused wants a refresh to fail as every one does, through both doors.
func (s *served) refused(what, token string) {
	s.t.Helper()
	for _, door := range s.doors() {
		if got := saidIn(s.t, door.ask("", refreshDocument, vars{"r": token})); got != (said{Code: unknown, Text: errRefreshText}) {
			s.t.Errorf("%s over %s: %+v", what, door.name, got)
		}
	}
}

// age lets time go by for the refresh tokens of a user that were used.
func (s *served) age(user id.User, by string) {
	s.t.Helper()
	s.exec(`UPDATE refresh_tokens SET used_at = used_at - $2::interval WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)`, user, by)
}

// raw is a refresh token's 256 bits.
func raw(t *testing.T, token string) []byte {
	t.Helper()
	bits, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(bits) != 32 {
		t.Fatalf("%q is no token of 256 bits: %v", token, err)
	}
	return bits
}

// TestRefreshTokensTakeTurns: each is good once; again within 10 s it gives the newest, later it ends the session, with
// everything that hangs on it, on every node.
func TestRefreshTokensTakeTurns(t *testing.T) {
	redis := redistest.New(t)
	f := serveFleet(t, redis)
	f.signUp("administrator")
	ann := f.signUp("ann")
	g := f.enters("the session", "ann", false)
	other := f.enters("another session", "ann", true)
	r1 := g.token.RefreshToken
	r2 := f.refresh(r1)
	for n, s := range []*served{f.served, f.user, f.served} {
		if again := s.refresh(r1); again.RefreshToken != r2.RefreshToken || again.AccessToken == "" {
			t.Errorf("repeat %d gave another token", n)
		}
	}
	f.age(ann, "9 s")
	if again := f.user.refresh(r1); again.RefreshToken != r2.RefreshToken {
		t.Error("a repeat after 9 s gave another token")
	}
	f.age(ann, "-9 s")
	r3 := f.user.refresh(r2.RefreshToken)
	for name, used := range map[string]string{"the first": r1, "the second": r2.RefreshToken} {
		if again := f.refresh(used); again.RefreshToken != r3.RefreshToken {
			t.Errorf("a repeat of %s gave one that is used up or unknown", name)
		}
	}
	if r1 == r2.RefreshToken || r2.RefreshToken == r3.RefreshToken {
		t.Error("a token came twice")
	}
	// The store knows a token by its SHA-256, and the next one only in a form that its predecessor opens.
	for name, token := range map[string]string{"first": r1, "second": r2.RefreshToken, "third": r3.RefreshToken} {
		bits := raw(t, token)
		sum := sha256.Sum256(bits)
		var known, shown int
		f.get(t, &known, `SELECT count(*) FROM refresh_tokens WHERE hash = $1`, sum[:])
		f.get(t, &shown, `SELECT count(*) FROM refresh_tokens WHERE hash = $1 OR successor = $1`, bits)
		if known != 1 || shown != 0 {
			t.Errorf("the %s token is known %d times, and stands there as it is %d times", name, known, shown)
		}
	}
	// Time goes by, and the session with it: what is sealed is taken away, and no token but the newest is worth anything.
	f.age(ann, "11 s")
	r4 := f.refresh(r3.RefreshToken)
	var sealed int
	f.get(t, &sealed, `SELECT count(*) FROM refresh_tokens WHERE successor IS NOT NULL`)
	if sealed != 1 {
		t.Errorf("%d tokens have a successor that can be read, want the one that was just used", sealed)
	}
	began := time.Now()
	f.refused("a token used again after 11 s", r2.RefreshToken)
	if took := f.checkEnd(g, began); took > endTime {
		t.Errorf("known everywhere after %s", took)
	}
	f.refused("the newest token of that session", r4.RefreshToken)
	f.refused("the stolen one once more", r2.RefreshToken)
	var lines []struct {
		Actor   id.User    `db:"actor_id"`
		Session id.Session `db:"session_id"`
		Request string     `db:"request_id"`
	}
	f.selectAll(t, &lines, `SELECT actor_id, session_id, request_id FROM audit_log WHERE user_id = $1 AND action = 'refresh token used again'`, ann)
	if len(lines) != 1 || !lines[0].Actor.IsZero() || lines[0].Session.IsZero() || lines[0].Request == "" {
		t.Errorf("the audit log: %+v", lines)
	}
	f.checkStay(other)
}

// TestWhatIsNoRefreshToken is refused like one that is worth nothing, and what cannot be one costs no statement.
func TestWhatIsNoRefreshToken(t *testing.T) {
	l := newLossy(t, pgtest.URL(t))
	s := serveOn(t, l.url, accounts(t))
	s.signUp("ann")
	g := s.login("ann", password)
	some := raw(t, g.RefreshToken)
	before := l.statements.Load()
	for name, token := range map[string]string{
		"nothing": "", "text": "x", "an access token": g.AccessToken, "one that is cut": g.RefreshToken[:42], "one with more": g.RefreshToken + "A",
		"one with padding": g.RefreshToken + "=", "one in the other alphabet": strings.Repeat("+", 43), "one in hexadecimal": fmt.Sprintf("%x", some),
		"one with a line feed": g.RefreshToken[:20] + "\n" + g.RefreshToken[20:], "one with unused bits": strings.Repeat("A", 42) + "B", "100 kB": strings.Repeat("A", 100_000),
	} {
		s.refused(name, token)
	}
	if n := l.statements.Load() - before; n != 0 {
		t.Errorf("%d statements", n)
	}
	s.refused("one of nobody", base64.RawURLEncoding.EncodeToString(make([]byte, 32)))
	sum := sha256.Sum256(some)
	s.refused("a hash from the store", base64.RawURLEncoding.EncodeToString(sum[:]))
	if again := s.refresh(g.RefreshToken); again.RefreshToken == "" {
		t.Error("the session has ended")
	}
}

// TestSessionsHaveAnEnd: 30 days after the last refresh, 90 days after they began.
func TestSessionsHaveAnEnd(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.signUp("ann")
	g := s.login("ann", password)
	days := func() (left float64) {
		s.get(t, &left, `SELECT extract(epoch FROM expires_at - now()) / 86400 FROM sessions WHERE user_id = $1`, ann)
		return left
	}
	near := func(what string, want float64) {
		t.Helper()
		if got := days(); got < want-0.01 || got > want+0.01 {
			t.Errorf("%s: %.2f days are left, want %.0f", what, got, want)
		}
	}
	near("at the beginning", 30)
	s.exec(`UPDATE sessions SET created_at = now() - interval '40 days', expires_at = now() + interval '1 day'`)
	g = s.refresh(g.RefreshToken)
	near("after 40 days", 30)
	s.exec(`UPDATE sessions SET created_at = now() - interval '85 days', expires_at = now() + interval '1 day'`)
	g = s.refresh(g.RefreshToken)
	near("after 85 days", 5)
	s.exec(`UPDATE sessions SET expires_at = now() - interval '1 s'`)
	s.refused("after its end", g.RefreshToken)
	// One of an account that was made inactive behind the product's back.
	g = s.login("ann", password)
	s.exec(`UPDATE users SET is_active = false WHERE id = $1`, ann)
	s.refused("of an inactive account", g.RefreshToken)
	if status, _, got := s.request(bearer(g.AccessToken), `{ health }`, nil); status != http.StatusUnauthorized {
		t.Errorf("an access token of an inactive account: %d %s", status, got)
	}
}

// TestTabsRefreshAtOnce: fifty at a time on two nodes get one next token; and side by side with what ends the session none
// of them fails otherwise.
func TestTabsRefreshAtOnce(t *testing.T) {
	redis := redistest.New(t)
	f := serveFleet(t, redis)
	f.signUp("administrator")
	ann := f.signUp("ann")
	token := f.login("ann", password).RefreshToken
	tokens := func() (n int) {
		f.get(t, &n, `SELECT count(*) FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1`, ann)
		return n
	}
	at := func(n int) *served { return []*served{f.served, f.user}[n%2] }
	for round := range 3 {
		next := make([]string, 50)
		var tabs sync.WaitGroup
		for n := range next {
			tabs.Go(func() { next[n] = at(n).refresh(token).RefreshToken })
		}
		tabs.Wait()
		for _, one := range next {
			if one != next[0] {
				t.Fatalf("round %d: two next tokens", round)
			}
		}
		if n := tokens(); n != round+2 {
			t.Fatalf("round %d: %d tokens in the store, want %d", round, n, round+2)
		}
		token = next[0]
	}
	for name, end := range map[string]string{
		"logout": `mutation { logout }`, "logoutEverywhere": `mutation { logoutEverywhere }`,
		"changePassword": `mutation { changePassword(current: "correct horse", new: "correct horse") }`,
	} {
		one, mine := f.login("ann", password), f.login("ann", password)
		var all sync.WaitGroup
		for n := range 30 {
			all.Go(func() {
				got := saidIn(t, at(n).doors()[0].ask("", refreshDocument, vars{"r": one.RefreshToken}))
				if got != (said{}) && got != (said{Code: unknown, Text: errRefreshText}) {
					t.Errorf("a refresh beside %s: %+v", name, got)
				}
			})
			if n%10 == 5 {
				all.Go(func() {
					by := mine.AccessToken
					if name == "logout" {
						by = one.AccessToken
					}
					// The second of two changes of a password does not know the first one's.
					if _, got := at(n).post(by, end, nil); codeIn(t, got) != "" && codeIn(t, got) != unknown && (name != "changePassword" || codeIn(t, got) != badInput) {
						t.Errorf("%s beside refreshes: %s", name, got)
					}
				})
			}
		}
		all.Wait()
		f.refused("after "+name, one.RefreshToken)
	}
}

// TestSigningInSurvivesALostAnswer: the answer to COMMIT does not come, and each call is done exactly once all the same.
func TestSigningInSurvivesALostAnswer(t *testing.T) {
	l := newLossy(t, pgtest.URL(t))
	s := serveOn(t, l.url, accounts(t))
	s.signUp("administrator")
	for _, how := range []ending{finished, reset, partial} {
		l.end.Store(how)
		lose := func(what string, call func()) {
			t.Helper()
			before := l.lost.Load()
			l.swallow.Store(1)
			call()
			l.swallow.Store(0)
			if l.lost.Load() == before {
				t.Errorf("%s: no answer was lost", what)
			}
		}
		name := fmt.Sprint("user", how)
		var user id.User
		var g, next grant
		lose("createUser", func() { user = s.signUp(name) })
		lose("login", func() { g = s.login(name, password) })
		lose("refreshToken", func() { next = s.refresh(g.RefreshToken) })
		if again := s.refresh(g.RefreshToken); again.RefreshToken != next.RefreshToken {
			t.Errorf("ending %d: a repeat gave another token", how)
		}
		other := s.login(name, password)
		lose("changePassword", func() {
			s.call(g.AccessToken, nil, `mutation($c: String!) { changePassword(current: $c, new: "another horse") }`, vars{"c": password})
		})
		s.refused("the other session", other.RefreshToken)
		lose("updateUser", func() {
			s.call(g.AccessToken, nil, `mutation($u: ID!) { updateUser(id: $u, updateUserInput: {displayName: "X"}) { id } }`, vars{"u": user.String()})
		})
		lose("logout", func() { s.call(g.AccessToken, nil, `mutation { logout }`, nil) })
		s.refused("after logout", next.RefreshToken)
		last := s.login(name, "another horse")
		lose("removeUser", func() {
			s.call(last.AccessToken, nil, `mutation($u: ID!) { removeUser(id: $u) { isActive } }`, vars{"u": user.String()})
		})
		var actions []string
		s.selectAll(t, &actions, `SELECT action FROM audit_log WHERE user_id = $1 ORDER BY at`, user)
		if got := strings.Join(actions, ", "); got != "account made, login, login, password changed, account changed, logout, login, account removed" {
			t.Errorf("ending %d: the audit log has %s", how, got)
		}
		var sessions int
		s.get(t, &sessions, `SELECT count(*) FROM sessions WHERE user_id = $1`, user)
		if sessions != 3 {
			t.Errorf("ending %d: %d sessions, want 3", how, sessions)
		}
	}
}

// cookies gives what an answer sets.
func cookies(header http.Header) []*http.Cookie {
	return (&http.Response{Header: header}).Cookies()
}

// checkCookie wants the one cookie of an answer to be as a browser has to keep it, and gives its value.
func checkCookie(t *testing.T, what string, header http.Header, name string, secure bool) string {
	t.Helper()
	set := cookies(header)
	if len(set) != 1 {
		t.Errorf("%s: cookies %v", what, set)
		return ""
	}
	c := set[0]
	days := time.Until(c.Expires).Hours() / 24
	if c.Name != name || c.Path != "/auth" || c.Domain != "" || !c.HttpOnly || c.Secure != secure || c.SameSite != http.SameSiteStrictMode || days < 29.9 || days > 30.1 {
		t.Errorf("%s: %s", what, c)
	}
	return c.Value
}

// isCleared tells whether an answer takes the cookie away.
func isCleared(header http.Header) bool {
	set := cookies(header)
	return len(set) == 1 && set[0].Value == "" && set[0].MaxAge < 0 && set[0].Path == "/auth" && set[0].HttpOnly
}

const cookieName = "chat-refresh"

// keeping is a request's header by which the browser keeps the refresh token.
func keeping(more ...string) map[string]string {
	return withHeader(append([]string{"X-Refresh-Token", "cookie"}, more...)...)
}

// TestBrowsersKeepTheRefreshToken in a cookie that no page can read, and go on by it.
func TestBrowsersKeepTheRefreshToken(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.signUp("ann")
	_, header, got := s.request(keeping(), loginDocument, vars{"n": "ann", "p": password})
	token := checkCookie(t, "login", header, cookieName, false)
	raw(t, token)
	if strings.Contains(got, token) || !strings.Contains(got, `"refreshToken":""`) || header.Get("Cache-Control") != "no-store" {
		t.Errorf("login: %v %s", header, got)
	}
	withCookie := func(token string, more ...string) map[string]string {
		return withHeader(append([]string{"Cookie", "theme=dark; " + cookieName + "=" + token}, more...)...)
	}
	always := func(what string, header http.Header) {
		t.Helper()
		if header.Get("X-Request-Id") == "" || header.Get("Cache-Control") != "no-store" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", what, header)
		}
	}
	// POST /auth/refresh, as often as somebody likes.
	for n := range 3 {
		status, header, got := s.do("POST", "/auth/refresh", []string{"", "{}", "null"}[n], withCookie(token))
		always("refresh", header)
		var answer map[string]string
		if err := json.Unmarshal([]byte(got), &answer); err != nil || status != http.StatusOK || len(answer) != 3 || answer["userId"] != ann.String() {
			t.Fatalf("refresh: %d %s", status, got)
		}
		expires, err := time.Parse(time.RFC3339, answer["expiresAt"])
		if left := time.Until(expires); err != nil || left < 14*time.Minute || left > 15*time.Minute {
			t.Errorf("refresh: until %s %v", answer["expiresAt"], err)
		}
		if status, _, got := s.request(bearer(answer["accessToken"]), `{ me { username } }`, nil); status != http.StatusOK || !strings.Contains(got, `"ann"`) {
			t.Errorf("the access token: %d %s", status, got)
		}
		next := checkCookie(t, "refresh", header, cookieName, false)
		if next == token || strings.Contains(got, next) {
			t.Error("the next token is the same, or in the body")
		}
		token = next
	}
	// What is not asked in the right way has done nothing.
	for name, c := range map[string]struct {
		method string
		header map[string]string
		status int
		code   string
	}{
		"GET":                       {"GET", withCookie(token), 405, "BAD_REQUEST"},
		"HEAD":                      {"HEAD", withCookie(token), 405, ""},
		"PUT":                       {"PUT", withCookie(token), 405, "BAD_REQUEST"},
		"no content type":           {"POST", withCookie(token, "Content-Type", ""), 400, "BAD_REQUEST"},
		"a form":                    {"POST", withCookie(token, "Content-Type", "application/x-www-form-urlencoded"), 415, "UNSUPPORTED_MEDIA"},
		"plain text":                {"POST", withCookie(token, "Content-Type", "text/plain"), 415, "UNSUPPORTED_MEDIA"},
		"JSON that is text":         {"POST", withCookie(token, "Content-Type", "text/plain; application/json"), 415, "UNSUPPORTED_MEDIA"},
		"a foreign origin":          {"POST", withCookie(token, "Origin", "https://evil.example"), 403, "FORBIDDEN"},
		"no origin to speak of":     {"POST", withCookie(token, "Origin", "null"), 403, "FORBIDDEN"},
		"an origin that looks like": {"POST", withCookie(token, "Origin", "http://localhost:3000.evil.example"), 403, "FORBIDDEN"},
		"another host":              {"POST", withCookie(token, "Host", "evil.example"), 421, "BAD_REQUEST"},
	} {
		for _, path := range []string{"/auth/refresh", "/auth/logout"} {
			status, header, got := s.do(c.method, path, "", c.header)
			if status != c.status || c.code != "" && codeIn(t, got) != c.code || len(cookies(header)) > 0 {
				t.Errorf("%s %s: %d %v %s", path, name, status, header, got)
			}
			if status == 405 && header.Get("Allow") != "POST" {
				t.Errorf("%s %s allows %q", path, name, header.Get("Allow"))
			}
		}
	}
	for _, origin := range []string{"http://localhost:3000", s.url("")} {
		status, header, _ := s.do("POST", "/auth/refresh", "", withCookie(token, "Origin", origin))
		if status != http.StatusOK {
			t.Errorf("from %s: %d", origin, status)
		}
		if origin != s.url("") && (header.Get("Access-Control-Allow-Origin") != origin || header.Get("Access-Control-Allow-Credentials") != "true") {
			t.Errorf("from %s: %v", origin, header)
		}
		token = checkCookie(t, "refresh from "+origin, header, cookieName, false)
	}
	// A cookie that is worth nothing is taken away.
	for name, header := range map[string]map[string]string{
		"no cookie": asJSON, "an empty one": withCookie(""), "garbage": withCookie("x"), "a quoted one": withCookie(`"` + token + `"x`),
		"one of nobody": withCookie(strings.Repeat("A", 43)), "one for TLS": withHeader("Cookie", "__Secure-"+cookieName+"="+token),
		"another name": withHeader("Cookie", "Chat-Refresh="+token), "a token in the body": asJSON,
	} {
		status, header, got := s.do("POST", "/auth/refresh", `{"refreshToken":"`+token+`"}`, header)
		always(name, header)
		if status != http.StatusUnauthorized || saidIn(t, got) != (said{Code: unknown, Text: errRefreshText}) || !isCleared(header) || header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d %v %s", name, status, header, got)
		}
	}
	// The mutation keeps the next token in the cookie as well, where that is asked for.
	_, header, got = s.request(keeping(), refreshDocument, vars{"r": token})
	if next := checkCookie(t, "refreshToken", header, cookieName, false); strings.Contains(got, next) || !strings.Contains(got, `"refreshToken":""`) {
		t.Errorf("refreshToken: %s", got)
	} else {
		token = next
	}
	for name, query := range map[string]string{
		"a wrong password": `mutation { login(username: "ann", password: "wrong horse") { accessToken } }`,
		"a sign-up":        `mutation { createUser(username: "bob", email: "bob@x", password: "correct horse") { id } }`, "a query": `{ health }`,
		"a bad refresh token": `mutation { refreshToken(refreshToken: "x") { accessToken } }`,
	} {
		if _, header, got := s.request(keeping(), query, nil); len(cookies(header)) > 0 {
			t.Errorf("%s sets a cookie: %s", name, got)
		}
	}
	for _, value := range []string{"", "body", "Cookie", "cookie, cookie"} {
		if _, header, got := s.request(withHeader("X-Refresh-Token", value), loginDocument, vars{"n": "ann", "p": password}); len(cookies(header)) > 0 || strings.Contains(got, `"refreshToken":""`) {
			t.Errorf("X-Refresh-Token: %q: %s", value, got)
		}
	}
	// Reuse of the cookie of before.
	stolen := token
	_, header, _ = s.do("POST", "/auth/refresh", "", withCookie(token))
	token = checkCookie(t, "refresh", header, cookieName, false)
	s.age(ann, "11 s")
	status, header, got := s.do("POST", "/auth/refresh", "", withCookie(stolen))
	if status != http.StatusUnauthorized || codeIn(t, got) != unknown || !isCleared(header) {
		t.Errorf("a cookie that is used again: %d %v %s", status, header, got)
	}
	if status, header, _ = s.do("POST", "/auth/refresh", "", withCookie(token)); status != http.StatusUnauthorized || !isCleared(header) {
		t.Errorf("the newest cookie of that session: %d", status)
	}
	// POST /auth/logout.
	_, header, _ = s.request(keeping(), loginDocument, vars{"n": "ann", "p": password})
	token = checkCookie(t, "login", header, cookieName, false)
	for name, cookie := range map[string]map[string]string{
		"a session": withCookie(token), "no session": withCookie(token), "no cookie": asJSON, "garbage": withCookie("x"), "one of nobody": withCookie(strings.Repeat("A", 43)),
	} {
		status, header, got := s.do("POST", "/auth/logout", "", cookie)
		always("logout", header)
		if status != http.StatusNoContent || got != "" || !isCleared(header) {
			t.Errorf("logout of %s: %d %v %s", name, status, header, got)
		}
	}
	if status, _, _ = s.do("POST", "/auth/refresh", "", withCookie(token)); status != http.StatusUnauthorized {
		t.Errorf("after logout: %d", status)
	}
}

// TestOnlyWhoSignsInKeepsCookies: not the other roles, and nobody where callers are believed.
func TestOnlyWhoSignsInKeepsCookies(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Auth, c.Role = "accounts", string(Sender) }, func(c *Config) { c.Auth, c.Role = "accounts", string(Receiver) }, func(c *Config) { c.Auth = "none" },
	} {
		s := serveWorld(t, change)
		for _, path := range []string{"/auth/refresh", "/auth/logout"} {
			if status, header, got := s.do("POST", path, "", withHeader("Cookie", cookieName+"="+strings.Repeat("A", 43))); status == http.StatusOK || status == http.StatusNoContent || len(cookies(header)) > 0 {
				t.Errorf("%s: %d %s", path, status, got)
			}
		}
	}
	none := serveWorld(t, nil)
	for query, want := range map[string]said{
		`mutation { login(username: "ann", password: "correct horse") { accessToken } }`: {Code: unknown, Text: "Nobody signs in here: the server runs with --auth=none"},
		`mutation { refreshToken(refreshToken: "x") { accessToken } }`:                   {Code: unknown, Text: errRefreshText},
		`mutation { logout }`: {Code: unknown, Text: "Not signed in"},
	} {
		if _, _, got := none.request(keeping(), query, nil); saidIn(t, got) != want {
			t.Errorf("%s with --auth=none: %s", query, got)
		}
	}
}

// TestCookiesUnderTLS are for TLS alone, and say so by their name, also where a proxy ends it that is trusted.
func TestCookiesUnderTLS(t *testing.T) {
	dir := t.TempDir()
	files := pair{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	files.write(t, 1)
	settings := accounts(t)
	direct := serveWorld(t, func(c *Config) {
		settings(c)
		c.TLSCert, c.TLSKey = files.cert, files.key
	})
	behind := serveWorld(t, func(c *Config) {
		settings(c)
		c.MetricsAddr, c.TrustedProxies = freeAddress(t), []string{"127.0.0.1"}
	})
	alone := serveWorld(t, accounts(t))
	for _, c := range []struct {
		name   string
		s      *served
		proto  string // that a proxy is said to be reached by
		secure bool
	}{
		{"TLS", direct, "", true}, {"TLS, forged as none", direct, "http", true},
		{"behind a proxy that ends TLS", behind, "https", true}, {"behind two proxies", behind, "https, http", true},
		{"behind a proxy without TLS", behind, "http", false}, {"behind a proxy that says nothing", behind, "", false},
		{"a client that forges TLS", alone, "https", false},
	} {
		name, other := cookieName, "__Secure-"+cookieName
		if c.secure {
			name, other = other, name
		}
		header := func(more ...string) map[string]string {
			h := keeping(more...)
			if c.proto != "" {
				h["X-Forwarded-Proto"] = c.proto
			}
			return h
		}
		c.s.exec(`DELETE FROM sessions`)
		if accountsIn(t, c.s) == 0 {
			c.s.signUp("ann")
		}
		_, set, _ := c.s.request(header(), loginDocument, vars{"n": "ann", "p": password})
		token := checkCookie(t, c.name+": login", set, name, c.secure)
		status, set, got := c.s.do("POST", "/auth/refresh", "", header("Cookie", name+"="+token))
		if status != http.StatusOK {
			t.Errorf("%s: refresh: %d %s", c.name, status, got)
		}
		token = checkCookie(t, c.name+": refresh", set, name, c.secure)
		if status, _, got := c.s.do("POST", "/auth/refresh", "", header("Cookie", other+"="+token)); status != http.StatusUnauthorized {
			t.Errorf("%s: refresh by the other cookie: %d %s", c.name, status, got)
		}
		status, set, _ = c.s.do("POST", "/auth/logout", "", header("Cookie", name+"="+token))
		if status != http.StatusNoContent || !isCleared(set) || cookies(set)[0].Name != name || cookies(set)[0].Secure != c.secure {
			t.Errorf("%s: logout: %d %v", c.name, status, set)
		}
	}
}
