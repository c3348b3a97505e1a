package identity

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/fault"
	"chat/modules/id"
)

// memory is a registry of sessions for these tests. The one in PostgreSQL is tested with the product.
type memory struct {
	mu    sync.Mutex
	goes  map[id.Session]id.User
	err   error
	delay time.Duration
	asked int           // statements
	seen  chan struct{} // where it is set, a lookup that has seen the sessions waits here twice
}

func (m *memory) Going(_ context.Context, sessions []id.Session) (map[id.Session]id.User, error) {
	m.wait()
	m.mu.Lock()
	m.asked++
	found, err, seen := map[id.Session]id.User{}, m.err, m.seen
	for _, s := range sessions {
		if user, ok := m.goes[s]; ok {
			found[s] = user
		}
	}
	m.mu.Unlock()
	if seen != nil {
		seen <- struct{}{}
		seen <- struct{}{}
	}
	return found, err
}

func (m *memory) AllGo(_ context.Context, sessions []id.Session) (bool, error) {
	m.wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	for _, s := range sessions {
		if _, ok := m.goes[s]; !ok {
			return false, m.err
		}
	}
	return true, m.err
}

func (m *memory) wait() {
	m.mu.Lock()
	delay := m.delay
	m.mu.Unlock()
	time.Sleep(delay)
}

func (m *memory) begin() Caller {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := Caller{User: id.New[id.User](), Session: id.New[id.Session]()}
	m.goes[c.Session] = c.User
	return c
}

func (m *memory) end(c Caller) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.goes, c.Session)
}

func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *memory) statements() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

// house is a policy whose sessions are looked at.
type house struct {
	*Accounts
	t    testing.TB
	keys *Keys
	reg  *memory
	log  *bytes.Buffer // to be read when the house is closed
	shut func()
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, keys: newKeys(t, secret, "chat"), reg: &memory{goes: map[id.Session]id.User{}}, log: &bytes.Buffer{}}
	sessions := NewSessions(h.reg, prometheus.NewRegistry(), zerolog.New(h.log))
	h.Accounts = NewAccounts(h.keys, sessions)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := sessions.Run(ctx); err != nil {
			t.Errorf("look at the sessions: %v", err)
		}
	}()
	h.shut = func() {
		cancel()
		<-done
	}
	return h
}

func (h *house) credentials(c Caller) string {
	h.t.Helper()
	token, _, err := h.keys.Sign(c, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return "Bearer " + token
}

// request is what a request of a caller gets.
func (h *house) request(c Caller) error {
	h.t.Helper()
	ctx, err := h.FromHeader(context.Background(), http.Header{"Authorization": {h.credentials(c)}})
	if err == nil && CallerOf(ctx) != c {
		h.t.Errorf("the caller is %+v, want %+v", CallerOf(ctx), c)
	}
	return err
}

// connect is a connection of a caller, which ends with ctx.
func (h *house) connect(ctx context.Context, c Caller) (context.Context, error) {
	h.t.Helper()
	return h.FromInit(ctx, map[string]any{"authorization": h.credentials(c)})
}

// held counts the sessions in use, and the connections that hold them.
func (h *house) held() (sessions, connections int) {
	h.sessions.mu.Lock()
	defer h.sessions.mu.Unlock()
	for _, one := range h.sessions.used {
		connections += one.held
	}
	return len(h.sessions.used), connections
}

// TestASessionIsLookedUpOnce, also by many at once; an end is known a second later, to requests and to connections.
func TestASessionIsLookedUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.shut()
		ann, bob := h.reg.begin(), h.reg.begin()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := h.request(ann); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := h.reg.statements(); n > 3 { // as many are under way at a time
			t.Errorf("100 first requests took %d statements", n)
		}
		before := h.reg.statements()
		for range 100 {
			if err := h.request(ann); err != nil {
				t.Fatal(err)
			}
		}
		if n := h.reg.statements() - before; n != 0 {
			t.Errorf("100 further requests took %d statements", n)
		}
		live, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		one, err := h.connect(live, ann)
		if err != nil {
			t.Fatal(err)
		}
		other, err := h.connect(live, bob)
		if err != nil {
			t.Fatal(err)
		}
		h.reg.end(ann)
		time.Sleep(time.Second)
		if !errors.Is(context.Cause(one), ErrEnded) {
			t.Errorf("a connection of an ended session: %v", context.Cause(one))
		}
		if err := h.request(ann); fault.CodeOf(err) != fault.Unauthenticated || err.Error() != errToken().Error() {
			t.Errorf("a request of an ended session: %v", err)
		}
		if other.Err() != nil || h.request(bob) != nil {
			t.Error("somebody else's session has ended as well")
		}
		if _, err := h.connect(live, ann); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("a new connection of an ended session: %v", err)
		}
	})
}

// TestWhatIsNotUsedIsForgotten after a minute, unless a connection holds it; and nothing is held for ever.
func TestWhatIsNotUsedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.shut()
		ann, bob := h.reg.begin(), h.reg.begin()
		check := func(when string, sessions, connections int) {
			t.Helper()
			synctest.Wait()
			if s, c := h.held(); s != sessions || c != connections {
				t.Errorf("%s: %d sessions, held by %d connections, want %d and %d", when, s, c, sessions, connections)
			}
		}
		live, hangUp := context.WithCancel(t.Context())
		for _, c := range []Caller{ann, ann, bob} {
			if _, err := h.connect(live, c); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.request(bob); err != nil {
			t.Fatal(err)
		}
		check("with connections", 2, 3)
		time.Sleep(10 * time.Minute)
		check("after ten minutes", 2, 3)
		hangUp()
		check("hung up", 2, 0)
		time.Sleep(2 * time.Minute)
		check("two minutes later", 0, 0)
		// A connection that was refused, that has ended before, and one whose session ends, hold nothing.
		dead, kill := context.WithCancel(t.Context())
		kill()
		if _, err := h.connect(dead, ann); err != nil && fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("a connection that has ended: %v", err)
		}
		if _, err := h.connect(t.Context(), Caller{User: bob.User, Session: ann.Session}); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("the session of somebody else: %v", err)
		}
		live, hangUp = context.WithCancel(t.Context())
		if _, err := h.connect(live, bob); err != nil {
			t.Fatal(err)
		}
		h.reg.end(bob)
		time.Sleep(time.Second)
		hangUp()
		time.Sleep(2 * time.Minute)
		check("at the end", 0, 0)
	})
}

// TestASessionThatEndsWhileItIsLookedUp: what the lookup has seen is a second old at most.
func TestASessionThatEndsWhileItIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.shut()
		ann, seen := h.reg.begin(), make(chan struct{})
		h.reg.set(func() { h.reg.seen = seen })
		attached := make(chan context.Context)
		go func() {
			ctx, err := h.connect(t.Context(), ann)
			if err != nil {
				t.Error(err)
			}
			attached <- ctx
		}()
		<-seen // it goes on, as the lookup has read
		h.reg.set(func() { h.reg.seen = nil })
		h.reg.end(ann)
		time.Sleep(3 * time.Second) // looks at the sessions in use do not know of it
		<-seen
		ctx := <-attached
		time.Sleep(time.Second)
		if !errors.Is(context.Cause(ctx), ErrEnded) {
			t.Errorf("the connection goes on: %v", context.Cause(ctx))
		}
	})
}

// TestSessionsOutliveTheirStore: while it is away nothing ends, who is new is told to try again, and that is logged once.
func TestSessionsOutliveTheirStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ann, bob, cid := h.reg.begin(), h.reg.begin(), h.reg.begin()
		lines := map[string]context.Context{}
		for name, c := range map[string]Caller{"ann": ann, "bob": bob} {
			ctx, err := h.connect(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			lines[name] = ctx
		}
		h.reg.set(func() { h.reg.err = fault.Busy(errors.New("away")) })
		h.reg.end(bob)
		time.Sleep(time.Hour)
		if lines["ann"].Err() != nil || lines["bob"].Err() != nil || h.request(ann) != nil || h.request(bob) != nil {
			t.Error("a session has ended because the store is away")
		}
		if err := h.request(cid); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("somebody who is new: %v", err)
		}
		h.reg.set(func() { h.reg.err = nil })
		time.Sleep(time.Second)
		if lines["ann"].Err() != nil || !errors.Is(context.Cause(lines["bob"]), ErrEnded) {
			t.Errorf("when the store is back: %v and %v", lines["ann"].Err(), context.Cause(lines["bob"]))
		}
		h.shut()
		if n := strings.Count(h.log.String(), "cannot be looked at"); n != 1 {
			t.Errorf("logged %d times: %s", n, h.log)
		}
	})
}

// TestManySessionsAreLookedAtLessOften, and an end is known within 3 s all the same; a store that is slow delays an end by no
// more than its own time.
func TestManySessionsAreLookedAtLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.shut()
		looks := func() int {
			before := h.reg.statements()
			time.Sleep(10 * time.Second)
			return h.reg.statements() - before
		}
		enter := func(n int) (last Caller) {
			for range n {
				last = h.reg.begin()
				if _, err := h.connect(t.Context(), last); err != nil {
					t.Fatal(err)
				}
			}
			return last
		}
		enter(2_000)
		if n := looks(); n < 19*2 || n > 21*2 { // of 1,000 sessions each
			t.Errorf("%d statements in 10 s for 2,000 sessions", n)
		}
		last := enter(38_000)
		if n := looks(); n < 11*40 || n > 14*40 {
			t.Errorf("%d statements in 10 s for 40,000 sessions", n)
		}
		h.reg.end(last)
		time.Sleep(3 * time.Second)
		if err := h.request(last); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("after the end: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.shut()
		ann := h.reg.begin()
		ctx, err := h.connect(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		h.reg.set(func() { h.reg.delay = time.Second })
		time.Sleep(30 * time.Second)
		h.reg.end(ann)
		time.Sleep(3500 * time.Millisecond) // the rest of one look, the time to the next, and its two statements
		if !errors.Is(context.Cause(ctx), ErrEnded) {
			t.Errorf("the session goes on: %v", context.Cause(ctx))
		}
	})
}

// TestSessionsComeAndGo in any order and side by side: nothing is held at the end, and nobody is let in after an end.
func TestSessionsComeAndGo(t *testing.T) {
	h := newHouse(t)
	defer h.shut()
	callers := make([]Caller, 50)
	for n := range callers {
		callers[n] = h.reg.begin()
	}
	stop := time.Now().Add(2 * time.Second)
	var all sync.WaitGroup
	for n := range 32 {
		all.Go(func() {
			for k := n; time.Now().Before(stop); k++ {
				c := callers[k%len(callers)]
				live, hangUp := context.WithCancel(context.Background())
				if ctx, err := h.connect(live, c); err == nil && k%3 == 0 {
					h.sessions.end(c.Session) // as a look does
					<-ctx.Done()
				}
				if err := h.request(c); err != nil {
					t.Error(err)
				}
				hangUp()
			}
		})
	}
	all.Wait()
	for range 100 { // a connection lets go in a goroutine of its own
		if _, connections := h.held(); connections == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, connections := h.held(); connections != 0 {
		t.Errorf("%d connections are held at the end", connections)
	}
	for _, c := range callers {
		h.reg.end(c)
	}
	for _, c := range callers {
		err := h.request(c)
		for deadline := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(deadline); err = h.request(c) {
			time.Sleep(10 * time.Millisecond)
		}
		if fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("after the end: %v", err)
		}
	}
}

// TestForgottenSessionsLeaveNothing: 10,000 that were held by connections, twice.
func TestForgottenSessionsLeaveNothing(t *testing.T) {
	h := newHouse(t)
	defer h.shut()
	const many = 10_000
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	round := func() (full int64) {
		h.reg.set(func() { h.reg.goes = map[id.Session]id.User{} })
		var callers [many]Caller
		live, hangUp := context.WithCancel(context.Background())
		before := heap()
		for n := range callers {
			callers[n] = h.reg.begin()
			if _, err := h.connect(live, callers[n]); err != nil {
				t.Fatal(err)
			}
		}
		full = heap() - before
		hangUp()
		for _, c := range callers {
			h.reg.end(c)
		}
		for range 200 {
			if n, connections := h.held(); n+connections == 0 {
				return full
			}
			time.Sleep(20 * time.Millisecond)
		}
		n, connections := h.held()
		t.Fatalf("%d sessions are in use, held by %d connections", n, connections)
		return full
	}
	first := round()
	before := heap()
	second := round()
	after := heap()
	t.Logf("%d sessions with a connection each take %d and %d bytes, the registry of the test among them; %d stay after the second time",
		many, first, second, after-before)
	if left := after - before; left > 1<<20 {
		t.Errorf("%d bytes are left of %d sessions", left, many)
	}
}

// BenchmarkRequest is a request of a session in use, among 10,000.
func BenchmarkRequest(b *testing.B) {
	h := newHouse(b)
	defer h.shut()
	var header http.Header
	for range 10_000 {
		c := h.reg.begin()
		header = http.Header{"Authorization": {h.credentials(c)}}
		if _, err := h.FromHeader(b.Context(), header); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := h.FromHeader(b.Context(), header); err != nil {
				b.Fatal(err)
			}
		}
	})
}
