package limit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/limit"
	"chat/modules/redistest"
)

// slow is a rate at which no token comes back while a test looks.
var slow = limit.Rate{Burst: 10, Every: time.Hour}

func alone(t testing.TB) *limit.Limiter {
	t.Helper()
	l, err := limit.New(limit.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// granted counts how many of so many tries are granted now.
func granted(l *limit.Limiter, key string, rate limit.Rate, tries int) (n int) {
	for range tries {
		if l.Take(context.Background(), key, rate, 1) == 0 {
			n++
		}
	}
	return n
}

func TestRatesAsText(t *testing.T) {
	for _, text := range []string{"off", "20/1h", "100/10m", "50/2.5s", "2000/4s", "1/1h30m", "1/500ms", "3/1s"} {
		rate, err := limit.ParseRate(text)
		if got := rate.String(); err != nil || got != text {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	if rate, err := limit.ParseRate("50/2.5s"); err != nil || rate != (limit.Rate{Burst: 50, Every: 50 * time.Millisecond}) {
		t.Errorf("50/2.5s: %+v %v", rate, err)
	}
	for _, text := range []string{"", "on", "5", "5/", "/1s", "0/1s", "-1/1s", "1/-1s", "1/0s", "5/1", "5/1s/2", "1000000/1ms", "9999999999999999999/1s"} {
		if rate, err := limit.ParseRate(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %+v %v", text, rate, err)
		}
	}
}

func TestTokensComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, rate := alone(t), limit.Per(50, 2500*time.Millisecond)
		if n := granted(l, "ann", rate, 60); n != 50 {
			t.Errorf("%d granted at once, want the burst of 50", n)
		}
		if wait := l.Take(t.Context(), "ann", rate, 1); wait != 50*time.Millisecond {
			t.Errorf("wait %s, want that for one token, 50ms", wait)
		}
		if wait := l.Take(t.Context(), "ann", rate, 3); wait != 150*time.Millisecond {
			t.Errorf("wait %s for three tokens, want 150ms", wait)
		}
		if n := granted(l, "bob", rate, 1); n != 1 {
			t.Error("one key's use refuses another's")
		}
		time.Sleep(time.Second)
		if n := granted(l, "ann", rate, 60); n != 20 {
			t.Errorf("%d granted after a second, want 20", n)
		}
		time.Sleep(time.Hour)
		if n := granted(l, "ann", rate, 60); n != 50 {
			t.Errorf("%d granted after a long rest, want no more than 50", n)
		}
	})
}

func TestWaitGrowsAndIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, rate := alone(t), limit.Rate{Burst: 3, Every: time.Minute, Longest: 10 * time.Minute}
		granted(l, "k", rate, 3)
		for _, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
			if wait := l.Take(t.Context(), "k", rate, 1); wait != want*time.Minute {
				t.Errorf("wait %s, want %s", wait, want*time.Minute)
			}
			time.Sleep(want*time.Minute - time.Microsecond)
			if n := granted(l, "k", rate, 1); n != 0 {
				t.Error("granted before its time")
			}
			time.Sleep(time.Microsecond)
			if n := granted(l, "k", rate, 2); n != 1 {
				t.Errorf("%d granted at the time that was told, want 1", n)
			}
		}
		time.Sleep(12 * time.Minute) // full, but remembered
		if n := granted(l, "k", rate, 9); n != 3 {
			t.Errorf("%d granted when it is full again, want 3", n)
		}
		if wait := l.Take(t.Context(), "k", rate, 1); wait != 10*time.Minute {
			t.Errorf("wait %s soon after, want it not forgotten", wait)
		}
		time.Sleep(22 * time.Minute)
		granted(l, "k", rate, 3)
		if wait := l.Take(t.Context(), "k", rate, 1); wait != time.Minute {
			t.Errorf("wait %s after a long rest, want it forgotten", wait)
		}
	})
}

// limiters are those that have to behave alike.
func limiters(t *testing.T, check func(t *testing.T, l *limit.Limiter)) {
	t.Run("local", func(t *testing.T) { check(t, alone(t)) })
	t.Run("redis", func(t *testing.T) { check(t, shared(t, redistest.New(t)).Limiter) })
	t.Run("cluster", func(t *testing.T) { check(t, shared(t, redistest.NewCluster(t)[1]).Limiter) })
}

func TestEveryLimiter(t *testing.T) {
	ctx := t.Context()
	limiters(t, func(t *testing.T, l *limit.Limiter) {
		t.Run("grants exactly the burst to many at once", func(t *testing.T) {
			var sum atomic.Int64
			var all sync.WaitGroup
			for range 1_000 {
				all.Go(func() { sum.Add(int64(granted(l, "crowd", limit.Rate{Burst: 100, Every: time.Hour}, 1))) })
			}
			all.Wait()
			if sum.Load() != 100 {
				t.Errorf("%d granted, want 100", sum.Load())
			}
		})
		t.Run("keeps its word about the wait", func(t *testing.T) {
			rate := limit.Rate{Burst: 2, Every: 100 * time.Millisecond}
			began := time.Now()
			granted(l, "word", rate, 2)
			wait := l.Take(ctx, "word", rate, 1)
			if wait <= 0 || wait > rate.Every {
				t.Fatalf("wait %s, want at most %s", wait, rate.Every)
			}
			for l.Take(ctx, "word", rate, 1) > 0 {
				runtime.Gosched()
			}
			if took := time.Since(began); took < rate.Every-time.Millisecond {
				t.Errorf("granted after %s, want %s", took, rate.Every)
			}
		})
		t.Run("takes all of a cost or nothing", func(t *testing.T) {
			if l.Take(ctx, "cost", slow, 8) != 0 || l.Take(ctx, "cost", slow, 3) == 0 || l.Take(ctx, "cost", slow, 2) != 0 {
				t.Error("of 10 tokens 8, then not 3, then 2 can be taken")
			}
			if l.Take(ctx, "large", slow, 11) != 0 || l.Take(ctx, "large", slow, 1) == 0 {
				t.Error("a cost beyond the burst takes a full bucket")
			}
		})
		t.Run("takes back what was not used", func(t *testing.T) {
			granted(l, "back", slow, 10)
			l.Give(ctx, "back", slow, 3)
			if n := granted(l, "back", slow, 10); n != 3 {
				t.Errorf("%d granted after 3 were given, want 3", n)
			}
			l.Give(ctx, "back", slow, 1_000)
			if n := granted(l, "back", slow, 20); n != 10 {
				t.Errorf("%d granted after more was given than taken, want 10", n)
			}
		})
		t.Run("takes back what the wait has grown by", func(t *testing.T) {
			rate := limit.Rate{Burst: 1, Every: time.Hour, Longest: 100 * time.Hour}
			for range 5 {
				if l.Take(ctx, "grown", rate, 1) != 0 {
					t.Fatal("refused, though the token was given back each time")
				}
				l.Give(ctx, "grown", rate, 1)
			}
			granted(l, "grown", rate, 1)
			if wait := l.Take(ctx, "grown", rate, 1); wait > time.Hour {
				t.Errorf("wait %s, want one that has not grown", wait)
			}
		})
		t.Run("does not limit without a rate", func(t *testing.T) {
			if n := granted(l, "free", limit.Rate{}, 1_000); n != 1_000 {
				t.Errorf("%d granted, want all", n)
			}
		})
	})
}

// TestScriptAgreesWithGo compares long random uses, at rates so slow that the time between the two does not matter.
func TestScriptAgreesWithGo(t *testing.T) {
	ctx, a, b := t.Context(), alone(t), shared(t, redistest.New(t))
	for key := range 30 {
		key := strconv.Itoa(key)
		rate := limit.Rate{Burst: 1 + rand.N(20), Every: time.Duration(1+rand.N(10)) * 1000 * time.Hour}
		if rand.N(2) == 0 {
			rate.Longest = time.Duration(rand.N(100)) * rate.Every
		}
		for step := range 60 {
			cost := 1 + rand.N(3)
			if rand.N(4) == 0 {
				a.Give(ctx, key, rate, cost)
				b.Give(ctx, key, rate, cost)
				continue
			}
			mine, theirs := a.Take(ctx, key, rate, cost), b.Take(ctx, key, rate, cost)
			if (mine-theirs).Abs() > time.Minute || (mine == 0) != (theirs == 0) {
				t.Fatalf("%+v: at step %d Go says %s, Redis %s", rate, step, mine, theirs)
			}
		}
	}
	if b.value("chat_limit_losses_total") != 0 {
		t.Error("Redis did not decide all of it")
	}
}

func TestOffGrantsEverything(t *testing.T) {
	l, err := limit.New(limit.Config{Off: true, RedisURL: "redis://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if n := granted(l, "k", slow, 1_000); n != 1_000 {
		t.Errorf("%d granted, want all", n)
	}
	if err := l.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	l, rate := alone(t), limit.Rate{Burst: 10, Every: time.Minute}
	granted(l, "victim", slow, 10)
	before := heap()
	for n := range 1_000_000 {
		l.Take(t.Context(), "stranger"+strconv.Itoa(n), rate, 1)
	}
	if grown := heap() - before; grown > 20<<20 {
		t.Errorf("a million keys take %d bytes", grown)
	}
	if granted(l, "victim", slow, 1) != 0 {
		t.Error("many strangers make a large debt forgotten")
	}
	runtime.KeepAlive(l)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// running is a limiter over Redis.
type running struct {
	*limit.Limiter
	t       testing.TB
	metrics *prometheus.Registry
	log     *lines
}

// lines counts what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), "\n")
}

// start runs a limiter over a Redis that may be away, and may take so long for a decision.
func start(t testing.TB, s *redistest.Server, patience time.Duration) *running {
	t.Helper()
	r := &running{t: t, metrics: prometheus.NewRegistry(), log: &lines{}}
	var err error
	r.Limiter, err = limit.New(limit.Config{RedisURL: s.URL(), Patience: patience, Log: zerolog.New(r.log), Metrics: r.metrics})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run the limiter: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the limiter does not stop")
		}
	})
	return r
}

// shared runs a limiter over Redis that lets nobody else decide, however busy the machine is, and returns when it does.
func shared(t testing.TB, s *redistest.Server) *running {
	t.Helper()
	return start(t, s, 10*time.Second).decided()
}

// decided returns when Redis decides.
func (r *running) decided() *running {
	r.t.Helper()
	r.until("Redis decides", func() bool { return r.value("chat_limit_alone") == 0 })
	return r
}

func (r *running) until(what string, holds func() bool) {
	r.t.Helper()
	for began := time.Now(); !holds(); runtime.Gosched() {
		if time.Since(began) > 15*time.Second {
			r.t.Fatalf("not within 15s: %s", what)
		}
	}
}

func (r *running) value(name string) float64 {
	r.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.Metric[0].GetGauge().GetValue() + f.Metric[0].GetCounter().GetValue()
		}
	}
	r.t.Fatalf("there is no metric %s", name)
	return 0
}

func do(t testing.TB, s *redistest.Server, words ...string) string {
	t.Helper()
	answer, err := s.Do(words...)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestProcessesShareARate(t *testing.T) {
	s := redistest.New(t)
	a, b := shared(t, s), shared(t, s)
	if n := granted(a.Limiter, "k", slow, 6) + granted(b.Limiter, "k", slow, 10); n != 10 {
		t.Errorf("%d granted by two processes, want 10", n)
	}
}

func TestRedisForgetsAndKnowsNoNames(t *testing.T) {
	s := redistest.New(t)
	l := shared(t, s)
	l.Take(t.Context(), "login:bob@example.com", limit.Rate{Burst: 10, Every: time.Minute, Longest: time.Hour}, 2)
	key := do(t, s, "RANDOMKEY")
	if strings.Contains(key, "bob") || !strings.HasPrefix(key, "chat:limit:") {
		t.Errorf("the key is %q", key)
	}
	ttl, err := strconv.Atoi(do(t, s, "PTTL", key))
	if want := time.Hour + 2*time.Minute; err != nil || time.Duration(ttl)*time.Millisecond > want || time.Duration(ttl)*time.Millisecond < want-time.Minute {
		t.Errorf("it is forgotten after %d ms (%v), want %s", ttl, err, want)
	}
	l.Give(t.Context(), "login:bob@example.com", limit.Rate{Burst: 10, Every: time.Minute}, 2)
	if n := do(t, s, "DBSIZE"); n != "0" {
		t.Errorf("%s keys when everything was given back, want none", n)
	}
}

// TestRedisGoesAndComes makes Redis fail in every way while its limiter is used: no call takes much longer than it may,
// each is decided, and Redis decides again soon after.
func TestRedisGoesAndComes(t *testing.T) {
	restart := func(t *testing.T, s *redistest.Server) {
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range []struct {
		name       string
		begin, end func(t *testing.T, s *redistest.Server)
	}{
		{"killed", func(_ *testing.T, s *redistest.Server) { s.Kill() }, restart},
		{"frozen", func(_ *testing.T, s *redistest.Server) { s.Pause() }, func(_ *testing.T, s *redistest.Server) { s.Resume() }},
		{"full", func(t *testing.T, s *redistest.Server) { do(t, s, "CONFIG", "SET", "maxmemory", "1") },
			func(t *testing.T, s *redistest.Server) { do(t, s, "CONFIG", "SET", "maxmemory", "0") }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := redistest.New(t)
			l := start(t, s, 0).decided()
			fault.begin(t, s)
			l.until("Redis is given up", func() bool { l.quick("new"); return l.value("chat_limit_alone") == 1 })
			if n := granted(l.Limiter, "other", slow, 20); n != 10 {
				t.Errorf("%d granted by the process alone, want 10", n)
			}
			for began := time.Now(); time.Since(began) < 2500*time.Millisecond; runtime.Gosched() {
				l.quick("k")
			}
			fault.end(t, s)
			l.until("Redis decides again", func() bool { l.quick("k"); return l.value("chat_limit_alone") == 0 })
			if n := granted(l.Limiter, "after", slow, 20); n != 10 || l.value("chat_limit_alone") == 1 {
				t.Errorf("%d granted by Redis after its return, want 10", n)
			}
			if n := l.log.count(); n != 2 {
				t.Errorf("%d lines were logged, want one when it went and one when it came back:\n%s", n, l.log.text.String())
			}
		})
	}
}

// quick fails when a Take takes much longer than it may on a busy machine.
func (r *running) quick(key string) time.Duration {
	r.t.Helper()
	began := time.Now()
	wait := r.Take(context.Background(), key, slow, 1)
	if took := time.Since(began); took > 150*time.Millisecond {
		r.t.Errorf("a Take took %s", took)
	}
	return wait
}

func TestRedisIsAwayAtTheStart(t *testing.T) {
	s := redistest.New(t)
	s.Kill()
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		l := start(t, s, 0)
		if n := granted(l.Limiter, "k", slow, 20); n != 10 {
			t.Errorf("%d granted, want 10", n)
		}
		l.until("it is said", func() bool { return l.log.count() == 1 })
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		l.decided()
	})
	for began := time.Now(); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Since(began) > 5*time.Second {
			t.Fatalf("%d goroutines are left of a limiter that has ended", runtime.NumGoroutine()-before)
		}
	}
}

func TestRedisLosesItsMemory(t *testing.T) {
	s := redistest.New(t)
	l := shared(t, s)
	granted(l.Limiter, "k", slow, 10)
	do(t, s, "SCRIPT", "FLUSH")
	if n := granted(l.Limiter, "k", slow, 10); n != 0 {
		t.Errorf("%d granted after the script was forgotten, want none", n)
	}
	do(t, s, "FLUSHALL")
	if n := granted(l.Limiter, "k", slow, 20); n != 10 {
		t.Errorf("%d granted after everything was forgotten, want a new burst", n)
	}
	if l.log.count() != 0 {
		t.Errorf("logged: %s", l.log.text.String())
	}
}

func BenchmarkTake(b *testing.B) {
	rate := limit.Rate{Burst: 1 << 30, Every: time.Microsecond}
	many := make([]string, 10_000)
	for n := range many {
		many[n] = fmt.Sprint("send:", n)
	}
	each := func(b *testing.B, l *limit.Limiter) {
		b.SetParallelism(32)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for n := rand.N(len(many)); pb.Next(); n++ {
				l.Take(b.Context(), many[n%len(many)], rate, 1)
			}
		})
	}
	b.Run("local", func(b *testing.B) { each(b, alone(b)) })
	b.Run("local, strangers", func(b *testing.B) {
		l, slow := alone(b), limit.Rate{Burst: 10, Every: time.Minute}
		for n := 0; b.Loop(); n++ {
			l.Take(b.Context(), strconv.Itoa(n), slow, 1)
		}
	})
	b.Run("redis", func(b *testing.B) { each(b, shared(b, redistest.New(b)).Limiter) })
	b.Run("redis, one at a time", func(b *testing.B) {
		l := shared(b, redistest.New(b))
		for b.Loop() {
			l.Take(b.Context(), "k", rate, 1)
		}
	})
}
