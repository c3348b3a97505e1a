package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chat/modules/id"
	"chat/modules/pgtest"
)

// badTokens are credentials of which one thing is wrong, as the header says them; package identity has more of them.
func badTokens(t *testing.T, s *served) map[string]string {
	t.Helper()
	good := s.enter(s.user("somebody " + id.New[id.Any]().String()[24:]))
	parsed, _, err := jwt.NewParser().ParseUnverified(good, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	resign := func(method jwt.SigningMethod, key any, change func(header, claims map[string]any)) string {
		token := jwt.NewWithClaims(method, jwt.MapClaims{})
		for name, value := range parsed.Header {
			if name != "alg" {
				token.Header[name] = value
			}
		}
		claims := token.Claims.(jwt.MapClaims)
		for name, value := range parsed.Claims.(jwt.MapClaims) {
			claims[name] = value
		}
		change(token.Header, claims)
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + text
	}
	hs := func(change func(header, claims map[string]any)) string {
		return resign(jwt.SigningMethodHS256, []byte(testSecret), change)
	}
	nothing := func(map[string]any, map[string]any) {}
	return map[string]string{
		"no algorithm":              resign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nothing),
		"an empty signature":        "Bearer " + good[:strings.LastIndex(good, ".")+1],
		"another secret":            resign(jwt.SigningMethodHS256, []byte(strings.ToUpper(testSecret)), nothing),
		"another algorithm":         resign(jwt.SigningMethodHS512, []byte(testSecret), nothing),
		"another environment":       hs(func(_, c map[string]any) { c["iss"] = "elsewhere" }),
		"another audience":          hs(func(_, c map[string]any) { c["aud"] = "elsewhere" }),
		"another type":              hs(func(h, _ map[string]any) { h["typ"] = "JWT" }),
		"no end":                    hs(func(_, c map[string]any) { delete(c, "exp") }),
		"an end 61 s ago":           hs(func(_, c map[string]any) { c["exp"] = time.Now().Add(-61 * time.Second).Unix() }),
		"a beginning in the future": hs(func(_, c map[string]any) { c["nbf"] = time.Now().Add(2 * time.Minute).Unix() }),
		"a key that is a file":      hs(func(h, _ map[string]any) { h["kid"] = "../../etc/passwd" }),
		"a key to be fetched":       hs(func(h, _ map[string]any) { h["jku"], h["kid"] = s.url("/keys"), "x" }),
		"another user's session":    hs(func(_, c map[string]any) { c["sub"] = id.New[id.User]().String() }),
		"a session that never was":  hs(func(_, c map[string]any) { c["sid"] = id.New[id.Session]().String() }),
		"5,000 dots":                "Bearer " + strings.Repeat(".", 5_000),
		"a refresh token":           "Bearer " + strings.Repeat("A", 43),
		"text":                      "Bearer x",
		"Bearer alone":              "Bearer",
		"Bearer and a space":        "Bearer ",
		"two spaces":                "Bearer  " + good,
		"a tab":                     "Bearer\t" + good,
		"two tokens":                "Bearer " + good + " " + good,
		"a list":                    "Bearer " + good + ", Bearer " + good,
		"no scheme":                 good,
		"another scheme":            "Basic YW5uOng=",
		"nothing":                   "",
	}
}

var requestPattern = regexp.MustCompile(`"requestId":"[^"]*"`)

// TestBadTokensAreOneAnswer: whatever is wrong, status, header and body are the same, before the document is looked at and
// the store is asked; over a WebSocket it is close code 4403.
func TestBadTokensAreOneAnswer(t *testing.T) {
	s := serveWorld(t, accounts(t))
	first := ""
	for name, credentials := range badTokens(t, s) {
		for what, text := range map[string]string{
			"a query": body(`{ health }`, nil), "no GraphQL": "{", "too much": strings.Repeat("x", 2<<20), "a sign-up": body(`mutation { createUser(username: "x", email: "x@x", password: "correct horse") { id } }`, nil),
		} {
			began := time.Now()
			status, header, got := s.do("POST", "/graphql", text, withHeader("Authorization", credentials))
			took := time.Since(began)
			if status != http.StatusUnauthorized || header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s with %s: %d %v", name, what, status, header)
			}
			header.Del("Date")
			header.Del("X-Request-Id")
			answer := fmt.Sprint(header, requestPattern.ReplaceAllString(got, ""))
			if first == "" {
				first = answer
			}
			if answer != first || codeIn(t, got) != unknown {
				t.Errorf("%s with %s: %s\nand not %s", name, what, answer, first)
			}
			if strings.Contains(name, "dots") && took > 50*time.Millisecond { // the way there and back as well
				t.Errorf("%s took %s", name, took)
			}
		}
		if code := s.dial(vars{"authorization": credentials}).closing(5 * time.Second); code != 4403 {
			t.Errorf("a socket with %s: closed %d", name, code)
		}
	}
	for name, payload := range map[string]any{
		"a number": vars{"authorization": 1}, "null": vars{"authorization": nil}, "a list": vars{"authorization": []string{"Bearer x"}},
		"100 kB": vars{"authorization": "Bearer " + strings.Repeat("A", 100_000)},
	} {
		if code := s.dial(payload).closing(5 * time.Second); code != 4403 {
			t.Errorf("a socket with %s: closed %d", name, code)
		}
	}
	var users int
	s.get(t, &users, `SELECT count(*) FROM users WHERE username = 'x'`)
	if users != 0 {
		t.Error("a request with a bad token was carried out")
	}
}

// TestCredentialsHaveTwoForms: Bearer in any case, in one header; and a good token is who calls, over HTTP and WebSocket.
func TestCredentialsHaveTwoForms(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.user("ann")
	token := s.enter(ann)
	for _, credentials := range []string{"Bearer " + token, "bearer " + token, "BEARER " + token} {
		status, _, got := s.request(withHeader("Authorization", credentials), `{ me { id } }`, nil)
		if status != 200 || !strings.Contains(got, ann.String()) {
			t.Errorf("%.8s…: %d %s", credentials, status, got)
		}
		l := s.dial(vars{"authorization": credentials})
		if got := l.ask(`{ me { id } }`, nil); !strings.Contains(got, ann.String()) {
			t.Errorf("%.8s… over a socket: %s", credentials, got)
		}
	}
	if l := s.dial(vars{"authorization": " Bearer " + token}); l.closing(5*time.Second) != 4403 {
		t.Error("a space before the scheme was taken over a socket")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url("/graphql"), strings.NewReader(body(`{ health }`, nil)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token, "Bearer " + token}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("two headers: %d", res.StatusCode)
	}
	// White space around a field's value is no part of it. Source: RFC 9110, 5.5.
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: \t Bearer %s \t\r\nContent-Length: %d\r\n\r\n%s",
		token, len(body(`{ me { id } }`, nil)), body(`{ me { id } }`, nil))
	raw, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Body.Close() }()
	var answer struct {
		Data struct{ Me struct{ ID id.User } }
	}
	if err := json.NewDecoder(raw.Body).Decode(&answer); err != nil || answer.Data.Me.ID != ann {
		t.Errorf("white space around the value: %d %+v %v", raw.StatusCode, answer, err)
	}
}

// TestStatementsOfACaller: nobody and forgers cost no statement, a caller costs one when it is first seen here and none
// from then on, over HTTP and WebSocket.
func TestStatementsOfACaller(t *testing.T) {
	l := newLossy(t, pgtest.URL(t))
	s := serveOn(t, l.url, accounts(t))
	// Twice a second the sessions in use are looked at, beside what is measured: the least of some tries counts.
	costs := func(what string, want int64, do func()) {
		t.Helper()
		least := int64(-1)
		for range 5 {
			before := l.statements.Load()
			do()
			if got := l.statements.Load() - before; least < 0 || got < least {
				least = got
			}
		}
		if least != want {
			t.Errorf("%s: %d statements, want %d", what, least, want)
		}
	}
	ask := func(header map[string]string) { s.request(header, `{ health }`, nil) }
	costs("nobody", 0, func() { ask(asJSON) })
	bad := badTokens(t, s)
	for name, credentials := range bad {
		if name != "a session that never was" && name != "another user's session" {
			costs(name, 0, func() { ask(withHeader("Authorization", credentials)) })
		}
	}
	ann := s.user("ann")
	ask(bearer(s.enter(ann))) // prepares what every later one needs
	costs("a session that never was", 1, func() { ask(withHeader("Authorization", bad["a session that never was"])) })
	token := s.enter(ann)
	fresh := func(use func(token string)) func() {
		tokens := make(chan string, 5)
		for range 5 {
			tokens <- s.enter(ann)
		}
		return func() { use(<-tokens) }
	}
	costs("a caller who is new here", 1, fresh(func(token string) { ask(bearer(token)) }))
	costs("a socket of a caller who is new here", 1, fresh(func(token string) { s.connect(token).ask(`{ health }`, nil) }))
	ask(bearer(token))
	costs("the same again", 0, func() { ask(bearer(token)) })
	costs("the same over a socket", 0, func() { s.connect(token).ask(`{ health }`, nil) })
}
