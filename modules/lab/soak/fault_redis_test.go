package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"
)

// sweepLimit is how long a delivery may take that no hint announces: a sweep, and a second.
const sweepLimit = 2 * time.Second

// startsWithoutRedis: processes that never saw Redis serve, say that they are degraded, deliver by the sweep, and are live
// when Redis comes.
func startsWithoutRedis(s *scene) {
	s.redis.Kill()
	s.restart(s.processes...)
	for _, p := range s.processes {
		if status := s.status(p, "/readyz"); status != 200 {
			s.t.Errorf("%s without Redis: readiness %d", p.name, status)
		}
	}
	for _, p := range s.of("receiver") {
		if n := s.metric(p, "chat_bus_connections"); n != 0 {
			s.t.Errorf("%s counts %v connections to a Redis that is not there", p.name, n)
		}
	}
	people := s.users(2)
	chat := s.chat(people...)
	d := &devices{scene: s}
	for _, p := range s.of("receiver") {
		d.all = append(d.all, s.devices(p, people[1:], chat, 5).all...)
	}
	var delays []time.Duration
	for n := range 5 {
		delays = append(delays, d.delays(s.of("sender")[n%2], people[0])...)
		pause(s.t.Context(), 230*time.Millisecond) // another part of the sweep's second
	}
	s.report("Redis is down at the start", delays)
	if worst := slices.Max(delays); worst > sweepLimit {
		s.t.Errorf("a delivery without Redis took %s", worst)
	}
	s.must(s.redis.Restart())
	live := s.until(10*time.Second, "delivery in milliseconds", func() bool {
		return slices.Max(d.delays(s.of("sender")[0], people[0])) < 100*time.Millisecond
	})
	s.t.Logf("live %s after Redis had come", live)
	delays = nil
	for n := range 30 {
		delays = append(delays, d.delays(s.of("sender")[n%2], people[0])...)
	}
	s.report("nothing", delays)
	for _, p := range s.of("receiver") {
		if n := s.metric(p, "chat_bus_connections"); n != 1 {
			s.t.Errorf("%s counts %v connections to Redis, want 1", p.name, n)
		}
	}
}

// restart stops processes and starts them again, all at once.
func (s *scene) restart(processes ...*process) {
	s.t.Helper()
	var all sync.WaitGroup
	for _, p := range processes {
		all.Go(func() {
			if err := errors.Join(p.stop(), p.start(s.t.Context())); err != nil {
				s.t.Error(err)
			}
		})
	}
	all.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// delays sends a message and gives how long after its answer it came to each device.
func (d *devices) delays(sender *process, user string) []time.Duration {
	d.t.Helper()
	m := d.send(sender, user, d.all[0].chat, "x")
	answered := time.Now()
	d.reach(m.Seq, 10*time.Second)
	var all []time.Duration
	for _, one := range d.all {
		all = append(all, max(0, one.times()[m.Seq].Sub(answered)))
	}
	return all
}

// report prints how long deliveries took.
func (s *scene) report(fault string, delays []time.Duration) {
	s.t.Helper()
	slices.Sort(delays)
	s.t.Logf("%s: %d deliveries; delays p50 %.1f ms, p99 %.1f ms, max %.1f ms", fault, len(delays),
		ms(delays[len(delays)/2]), ms(delays[len(delays)*99/100]), ms(delays[len(delays)-1]))
}

// redisFails in every way, while people write and read.
func redisFails(s *scene) {
	command := func(words ...string) error {
		_, err := s.redis.Do(words...)
		return err
	}
	s.under("Redis restarts", 3*time.Second, sweepLimit, func(ctx context.Context) error {
		s.redis.Kill()
		pause(ctx, 500*time.Millisecond)
		return s.redis.Restart()
	})
	s.under("FLUSHALL", time.Second, sweepLimit, func(context.Context) error { return command("FLUSHALL") })
	s.under("CLIENT KILL TYPE pubsub", 2*time.Second, sweepLimit, func(context.Context) error { return command("CLIENT", "KILL", "TYPE", "pubsub") })
	s.under("Redis is frozen", 6*time.Second, sweepLimit, func(ctx context.Context) error {
		s.redis.Pause()
		defer s.redis.Resume()
		pause(ctx, 5*time.Second) // more than a connection may be silent
		return nil
	})
	s.under("every third PUBLISH is lost", 3*time.Second, sweepLimit, func(ctx context.Context) error {
		heal, err := s.toRedis.spoil("lose_publish", "upstream", `{"every": 3}`)
		if err != nil {
			return err
		}
		pause(ctx, 2*time.Second)
		return heal()
	})
	s.under("Redis' output buffer overflows", 3*time.Second, sweepLimit, s.overflow)
}

// stall passes nothing on and takes nothing: what is sent to it waits where it comes from.
type stall struct{}

// Pipe does nothing until the fault ends.
func (stall) Pipe(stub *toxics.ToxicStub) { <-stub.Interrupt }

// overflow stalls what Redis sends until it gives up on those who listen.
func (s *scene) overflow(context.Context) (err error) {
	limit := func(text string) error {
		_, err := s.redis.Do("CONFIG", "SET", "client-output-buffer-limit", "pubsub "+text)
		return err
	}
	if err := limit("64kb 0 0"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, limit("32mb 8mb 60")) }()
	heal, err := s.toRedis.spoil("stall", "downstream", `{}`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, heal()) }()
	long := strings.Repeat("x", 1<<20)
	for range 64 {
		if _, err := s.redis.Do("PUBLISH", "chat:{0}", long); err != nil { // every listener hears this channel
			return err
		}
		said, err := os.ReadFile(filepath.Join(s.dir, "redis.log"))
		if err != nil {
			return err
		}
		if strings.Count(string(said), "overcoming of output buffer limits") >= len(s.of("receiver")) {
			return nil
		}
	}
	return errors.New("no output buffer has overflowed")
}
