package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// line is a WebSocket to a served product. What comes is kept until it is asked for.
type line struct {
	t    testing.TB
	conn *websocket.Conn

	mu     sync.Mutex
	next   int
	frames map[string][]frame // by id; those of the connection itself under ""
	closed int                // the close code; -1 where there was none
	reason string
	news   chan struct{}
}

type frame struct {
	ID      string
	Type    string
	Payload json.RawMessage
}

// dial opens a WebSocket and sends connection_init with a payload; nil sends none.
func (s *served) dial(payload any) *line {
	s.t.Helper()
	conn, _, err := s.dialWS(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	l := &line{t: s.t, conn: conn, frames: map[string][]frame{}, news: make(chan struct{}, 1)}
	s.t.Cleanup(func() { _ = conn.Close() })
	go l.read()
	init := map[string]any{"type": "connection_init"}
	if payload != nil {
		init["payload"] = payload
	}
	l.write(init)
	return l
}

// connect opens a WebSocket by whoever a token is of ("": nobody), which has to be let in.
func (s *served) connect(token string) *line {
	s.t.Helper()
	var payload any
	if token != "" {
		payload = vars{"authorization": "Bearer " + token}
	}
	l := s.dial(payload)
	l.await("connection_ack", func() bool { return len(l.frames[""]) > 0 })
	return l
}

func (l *line) read() {
	for {
		var f frame
		err := l.conn.ReadJSON(&f)
		l.mu.Lock()
		if err != nil {
			l.closed = -1
			if e, ok := err.(*websocket.CloseError); ok {
				l.closed, l.reason = e.Code, e.Text
			}
		} else {
			l.frames[f.ID] = append(l.frames[f.ID], f)
		}
		l.mu.Unlock()
		select {
		case l.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (l *line) write(message any) {
	l.t.Helper()
	if err := l.conn.WriteJSON(message); err != nil {
		l.t.Fatalf("write to a socket: %v", err)
	}
}

// await waits until a condition holds, which is asked with the lock held.
func (l *line) await(what string, ok func() bool) {
	l.t.Helper()
	l.within(10*time.Second, what, ok)
}

func (l *line) within(limit time.Duration, what string, ok func() bool) {
	l.t.Helper()
	deadline := time.After(limit)
	for {
		l.mu.Lock()
		done, all, closed := ok(), fmt.Sprint(l.frames), l.closed
		l.mu.Unlock()
		if done {
			return
		}
		select {
		case <-l.news:
		case <-deadline:
			l.t.Fatalf("waited %s for %s; closed %d; have %s", limit, what, closed, all)
		}
	}
}

// closing waits for the close and gives its code.
func (l *line) closing(limit time.Duration) int {
	l.t.Helper()
	l.within(limit, "the close", func() bool { return l.closed != 0 })
	return l.closed
}

// isOpen tells whether the socket answers.
func (l *line) isOpen() bool {
	l.t.Helper()
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	return closed == 0 && strings.Contains(l.ask(`{ health }`, nil), "ok")
}

func (l *line) subscribe(query string, v vars) (name string) {
	l.t.Helper()
	l.mu.Lock()
	l.next++
	name = fmt.Sprint(l.next)
	l.mu.Unlock()
	l.write(map[string]any{"id": name, "type": "subscribe", "payload": vars{"query": query, "variables": v}})
	return name
}

// ask runs a query or mutation and gives its answer as HTTP would.
func (l *line) ask(query string, v vars) string {
	l.t.Helper()
	name := l.subscribe(query, v)
	l.await("an answer to "+query, func() bool { return len(l.frames[name]) > 0 || l.closed != 0 })
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.frames[name]) == 0 {
		return fmt.Sprint("closed ", l.closed)
	}
	return l.frames[name][0].answer()
}

func (l *line) close() { _ = l.conn.Close() }

// door is a way into a served product.
type door struct {
	name string
	// ask runs a query or mutation by whoever a token is of ("": nobody), and gives the whole answer.
	ask func(token, query string, v vars) string
}

// doors are HTTP and WebSocket.
func (s *served) doors() []door {
	return []door{
		{"HTTP", func(token, query string, v vars) string {
			s.t.Helper()
			_, answer := s.post(token, query, v)
			return answer
		}},
		{"WebSocket", func(token, query string, v vars) string {
			s.t.Helper()
			l := s.connect(token)
			defer l.close()
			return l.ask(query, v)
		}},
	}
}

// answer is a frame as an answer over HTTP.
func (f frame) answer() string {
	if f.Type == "error" {
		return `{"errors":` + string(f.Payload) + `}`
	}
	return string(f.Payload)
}

// stream is a subscription over a line.
type stream struct {
	*line
	name string
}

// follow subscribes, and returns when the subscription is open or refused.
func (l *line) follow(s *served, query string, v vars) stream {
	l.t.Helper()
	before := s.gauge("chat_live_subscriptions")
	f := stream{l, l.subscribe(query, v)}
	for deadline := time.Now().Add(10 * time.Second); len(f.all()) == 0 && s.gauge("chat_live_subscriptions") <= before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("%s neither opens nor fails", query)
		}
	}
	return f
}

// all are the frames that have come.
func (f stream) all() []frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]frame(nil), f.frames[f.name]...)
}

// count waits for that many frames and gives their payloads.
func (f stream) count(n int) []string {
	f.t.Helper()
	f.await(fmt.Sprint(n, " results"), func() bool { return len(f.frames[f.name]) >= n })
	var payloads []string
	for _, one := range f.all() {
		payloads = append(payloads, string(one.Payload))
	}
	return payloads
}

// gauge is a metric without labels of a served product. Its settings were changed by accounts.
func (s *served) gauge(name string) float64 {
	s.t.Helper()
	res, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+name+" ")
	line, _, _ := strings.Cut(rest, "\n")
	value, err := strconv.ParseFloat(line, 64)
	if !found || err != nil {
		s.t.Fatalf("there is no metric %s", name)
	}
	return value
}

// accounts are the settings of a product where people sign in, as often as they like, with metrics on a port of their own.
func accounts(t *testing.T) func(*Config) {
	t.Helper()
	metrics := freeAddress(t)
	return func(c *Config) { c.Auth, c.RateLimits, c.MetricsAddr = "accounts", "off", metrics }
}

// enter begins a session in the store and gives its access token: what login does, without the cost of a password.
func (s *served) enter(user id.User) string {
	s.t.Helper()
	token, _ := s.session(user)
	return token
}

func (s *served) session(user id.User) (token string, session id.Session) {
	s.t.Helper()
	keys, err := identity.ParseKeys(testSecret, "chat", 15*time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	caller := identity.Caller{User: user, Session: id.New[id.Session]()}
	s.exec(`INSERT INTO sessions (id, user_id, device, address, created_at, last_used_at, expires_at)
		VALUES ($1, $2, '', '', now(), now(), now() + interval '1 day')`, caller.Session, user)
	token, _, err = keys.Sign(caller, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return token, caller.Session
}

// exec changes the store behind the product's back.
func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), func(tx *pg.Tx) error { return tx.Exec(w.t.Context(), statement, args...) }); err != nil {
		w.t.Fatal(err)
	}
}

// decode reads an answer.
func decode(t testing.TB, answer string, out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(answer), out); err != nil {
		t.Fatalf("%q is no answer: %v", answer, err)
	}
}

// codeIn is the code of the first error of an answer, "" where there is none.
func codeIn(t testing.TB, answer string) string {
	t.Helper()
	var a struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("%q is no answer: %v", answer, err)
	}
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

// bearer is a request's header with a token.
func bearer(token string) map[string]string { return withHeader("Authorization", "Bearer "+token) }

// body is a GraphQL request.
func body(query string, v vars) string {
	raw, err := json.Marshal(vars{"query": query, "variables": v})
	if err != nil {
		panic(err) // what these tests write always encodes
	}
	return string(raw)
}

// request posts a document with a header, and gives the whole answer.
func (s *served) request(header map[string]string, query string, v vars) (int, http.Header, string) {
	s.t.Helper()
	return s.do(http.MethodPost, "/graphql", body(query, v), header)
}
