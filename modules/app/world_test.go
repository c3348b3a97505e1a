package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/limit"
	"chat/modules/pg"
	"chat/modules/pgtest"
	"chat/modules/receiver"
	"chat/modules/user"
)

// world is a product in one process, without transports.
type world struct {
	t     testing.TB
	db    *pg.DB
	stack *Stack
	stats *prometheus.Registry

	administrator id.User // with accounts: the first of them, whose password is "correct horse"
}

// metric is the value of a counter or gauge without labels.
func metric(t testing.TB, w *world, name string) float64 {
	t.Helper()
	families, err := w.stats.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, pgtest.New(t))
}

// newWorldOn is a world on that database, where callers are believed.
func newWorldOn(t testing.TB, db *pg.DB) *world {
	t.Helper()
	return newWorldWith(t, db, nil, bus.NewMemory())
}

const testSecret = "Vb7qLx2ZrT9mKe4WnYc8HgUj6PdRs3FoAt5i"

// newSignedWorld is a world with accounts.
func newSignedWorld(t testing.TB) *world {
	t.Helper()
	keys, err := identity.ParseKeys(testSecret, "chat", 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldWith(t, pgtest.New(t), keys, bus.NewMemory())
	var out struct{ CreateUser struct{ ID id.User } }
	w.must(t.Context(), &out, `mutation { createUser(username: "administrator", email: "a@example.org", password: "correct horse") { id } }`, nil)
	w.administrator = out.CreateUser.ID
	return w
}

// isSigned tells whether there are accounts.
func (w *world) isSigned() bool { return !w.administrator.IsZero() }

// unlimited grants everything.
func unlimited(t testing.TB) *limit.Limiter {
	t.Helper()
	l, err := limit.New(limit.Config{Off: true})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// cheap is the least that a password's hash may cost.
func cheap() user.Hashing { return user.Hashing{MemoryMiB: 19, Passes: 2, AtOnce: 2} }

func newWorldWith(t testing.TB, db *pg.DB, keys *identity.Keys, b bus.Bus) *world {
	t.Helper()
	stats := prometheus.NewRegistry()
	stack, err := NewStack(StackConfig{
		Role: All, DB: db, Bus: b, Metrics: stats, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
		Introspection: func(context.Context) bool { return true }, Keys: keys, Hashing: cheap(), Limiter: unlimited(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := stack.Run(ctx); err != nil {
			t.Errorf("run the engines: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return &world{t: t, db: db, stack: stack, stats: stats}
}

// vars are a document's variables.
type vars = map[string]any

// as gives a context with a caller; the zero id is nobody.
func (w *world) as(caller id.User) context.Context {
	c := identity.Caller{User: caller}
	if w.isSigned() && !caller.IsZero() {
		c.Session = id.New[id.Session]()
	}
	return identity.With(w.t.Context(), c)
}

// ask executes a document and returns its response.
func (w *world) ask(ctx context.Context, query string, v vars) *gql.Response {
	w.t.Helper()
	doc, refusal := w.stack.Exec.Parse(ctx, gql.Request{Query: query, Variables: v})
	if refusal != nil {
		return gql.Failed(refusal)
	}
	return w.stack.Exec.Execute(ctx, doc, 0)
}

// must executes a document that has to succeed, and reads its data into out.
func (w *world) must(ctx context.Context, out any, query string, v vars) {
	w.t.Helper()
	res := w.ask(ctx, query, v)
	if len(res.Errors) > 0 {
		w.t.Fatalf("%s\n%v: %v %v", query, v, res.Errors[0], res.Errors[0].Extensions)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(res.Data, out); err != nil {
		w.t.Fatalf("read %s: %v", res.Data, err)
	}
}

// code is the code of a document's first error, "" where it succeeds.
func (w *world) code(ctx context.Context, query string, v vars) string {
	w.t.Helper()
	res := w.ask(ctx, query, v)
	if len(res.Errors) == 0 {
		return ""
	}
	code, _ := res.Errors[0].Extensions["code"].(string)
	return code
}

func (w *world) user(name string) id.User {
	w.t.Helper()
	var out struct{ CreateUser struct{ ID id.User } }
	w.must(w.as(w.administrator), &out, `mutation($n: String!, $e: String!) { createUser(username: $n, email: $e) { id } }`,
		vars{"n": name, "e": strings.ReplaceAll(name, " ", ".") + "@example.org"})
	return out.CreateUser.ID
}

func (w *world) group(creator id.User, members ...id.User) id.Chat {
	w.t.Helper()
	var ids []any
	for _, m := range append([]id.User{creator}, members...) {
		ids = append(ids, m.String())
	}
	var out struct{ CreateChat struct{ ID id.Chat } }
	w.must(w.as(creator), &out, `mutation($p: [String!]!) { createChat(createChatInput: {name: "group", participantIds: $p}) { id } }`,
		vars{"p": ids})
	return out.CreateChat.ID
}

type sent struct {
	ID      id.Message
	Seq     int64
	Content string
}

const sendDocument = `mutation($c: String!, $u: String!, $t: String!, $k: ID) {
	createMessage(createMessageInput: {chatId: $c, senderId: $u, content: $t, clientMessageId: $k}) { id seq content }
}`

func sendVars(chat id.Chat, user id.User, text, key string) vars {
	v := vars{"c": chat.String(), "u": user.String(), "t": text}
	if key != "" {
		v["k"] = key
	}
	return v
}

func (w *world) send(chat id.Chat, user id.User, text string) sent {
	w.t.Helper()
	var out struct{ CreateMessage sent }
	w.must(w.as(user), &out, sendDocument, sendVars(chat, user, text, ""))
	return out.CreateMessage
}

// tape is a Sink that keeps what it is offered.
type tape struct {
	t       testing.TB
	mu      sync.Mutex
	results []receiver.Result
	ended   string
	room    int // how many more results it takes; negative: any number
	refused atomic.Bool
	news    chan struct{}
}

func newTape(t testing.TB) *tape { return &tape{t: t, room: -1, news: make(chan struct{}, 1)} }

func (s *tape) Next(r receiver.Result) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room == 0 {
		s.refused.Store(true)
		s.tell()
		return false
	}
	s.room--
	s.results = append(s.results, r)
	s.tell()
	return true
}

func (s *tape) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *tape) Resume()                    { s.mu.Lock(); s.room = -1; s.mu.Unlock() }
func (s *tape) Wait(context.Context) error { return nil }
func (s *tape) Keep(history.Topic) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room != 0 || !s.refused.Load()
}
func (s *tape) Complete()               { s.end("complete") }
func (s *tape) Error(errs []*gql.Error) { s.end(fmt.Sprint(errs[0].Extensions["code"])) }

func (s *tape) end(how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = how
	s.tell()
}

// await waits until the tape satisfies a condition.
func (s *tape) await(what string, ok func(payloads []string, ended string) bool) []string {
	s.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		var payloads []string
		for _, r := range s.results {
			payloads = append(payloads, string(r.Payload))
		}
		ended := s.ended
		s.mu.Unlock()
		if ok(payloads, ended) {
			return payloads
		}
		select {
		case <-s.news:
		case <-deadline:
			s.t.Fatalf("waited for %s; have %d: %s; ended %q", what, len(payloads), strings.Join(payloads, "\n"), ended)
		}
	}
}

// count waits for that many results.
func (s *tape) count(n int) []string {
	s.t.Helper()
	return s.await(fmt.Sprintf("%d results", n), func(p []string, _ string) bool { return len(p) >= n })
}

// refusal waits until a result was not taken.
func (s *tape) refusal() {
	s.t.Helper()
	s.await("a refusal", func([]string, string) bool { return s.refused.Load() })
}

// subscribe opens and starts a subscription that has to open.
func (w *world) subscribe(ctx context.Context, query string, v vars) (*tape, *receiver.Subscription) {
	w.t.Helper()
	s := newTape(w.t)
	sub, errs := w.open(ctx, query, v, s)
	if errs != nil {
		w.t.Fatalf("%s: %v %v", query, errs[0], errs[0].Extensions)
	}
	sub.Start()
	w.t.Cleanup(sub.Stop)
	return s, sub
}

func (w *world) open(ctx context.Context, query string, v vars, s receiver.Sink) (*receiver.Subscription, []*gql.Error) {
	w.t.Helper()
	doc, refusal := w.stack.Exec.Parse(ctx, gql.Request{Query: query, Variables: v})
	if refusal != nil {
		return nil, []*gql.Error{refusal}
	}
	return w.stack.Live.Subscribe(ctx, doc, s)
}

// held lets a transaction hold what it has locked, until it is let go.
func (w *world) held(statement string, args ...any) (letGo func()) {
	w.t.Helper()
	locked, unlock, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- w.db.Tx(context.Background(), func(tx *pg.Tx) error {
			err := tx.Exec(context.Background(), statement, args...)
			close(locked)
			<-unlock
			return err
		})
	}()
	<-locked
	return func() {
		w.t.Helper()
		close(unlock)
		if err := <-done; err != nil {
			w.t.Fatal(err)
		}
	}
}

// waiting waits until so many statements wait for a lock.
func (w *world) waiting(n int) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		var waiting int
		w.get(w.t, &waiting, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		if waiting >= n {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d statements wait for a lock, not %d", waiting, n)
		}
	}
}
