package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"chat/modules/lab/trace"
)

// fault is one thing that goes wrong. begin gives the function that ends it; nil where it has ended already.
type fault struct {
	name   string
	longer time.Duration // it lasts up to so long
	begin  func(ctx context.Context, s *strike) (target string, heal func() error, err error)
}

// nemesis makes faults, one or two at a time, in an order that follows from the seed.
type nemesis struct {
	*run
	rng    *rand.Rand
	faults []fault
	quiet  time.Duration // between two faults, at most

	mu   sync.Mutex
	busy map[string]bool // what has a fault already: a process, or a store
}

// strike is one fault in the making. It has dice of its own, since two may be made at a time.
type strike struct {
	*nemesis
	rng *rand.Rand
}

const short, long = 3 * time.Second, 7 * time.Second

// allFaults are those that the product must bear.
func allFaults() []fault {
	return append(endings(), []fault{
		{"kill a sender", short, withProcess("sender", killed)},
		{"kill a receiver", short, withProcess("receiver", killed)},
		{"freeze a sender", long, withProcess("sender", frozen)},
		{"freeze a receiver", long, withProcess("receiver", frozen)},
		{"kill a process of accounts", short, withProcess("user", killed)},
		{"freeze a process of accounts", long, withProcess("user", frozen)},
		{"restart a process of accounts", 0, withProcess("user", restarted)},
		{"restart a sender", 0, withProcess("sender", restarted)},
		{"restart a receiver", 0, withProcess("receiver", restarted)},
		{"restart redis", short, onRedis(func(s *strike) (func() error, error) {
			s.fleet.redis.Kill()
			return s.fleet.redis.Restart, nil
		})},
		{"freeze redis", long, onRedis(func(s *strike) (func() error, error) {
			s.fleet.redis.Pause()
			return func() error {
				s.fleet.redis.Resume()
				return nil
			}, nil
		})},
		{"flush redis", 0, onRedis(func(s *strike) (func() error, error) { return nil, s.command("FLUSHALL") })},
		{"kill the connections that hear hints", 0, onRedis(func(s *strike) (func() error, error) {
			return nil, s.command("CLIENT", "KILL", "TYPE", "pubsub")
		})},
		{"lose every third hint", long, onRedis(func(s *strike) (func() error, error) {
			return s.fleet.toRedis.spoil("lose_publish", "upstream", `{"every": 3}`)
		})},
		{"lose every hint", long, onRedis(func(s *strike) (func() error, error) {
			return s.fleet.toRedis.spoil("lose_publish", "upstream", `{"every": 1}`)
		})},
		{"reset the connections to redis", 0, onRedis(func(s *strike) (func() error, error) {
			s.fleet.toRedis.cut()
			return nil, s.fleet.toRedis.mend()
		})},
		{"restart postgres", 0, onPostgres(func(ctx context.Context, s *strike) (func() error, error) {
			return nil, s.fleet.restartPostgres(ctx, false)
		})},
		{"restart postgres immediately", 0, onPostgres(func(ctx context.Context, s *strike) (func() error, error) {
			return nil, s.fleet.restartPostgres(ctx, true)
		})},
		{"freeze postgres", 2 * long, onPostgres(func(_ context.Context, s *strike) (func() error, error) {
			s.fleet.freeze(syscall.SIGSTOP)
			return func() error {
				s.fleet.freeze(syscall.SIGCONT)
				return nil
			}, nil
		})},
		{"kill a backend", 0, onPostgres(func(_ context.Context, s *strike) (func() error, error) {
			return nil, s.killBackend(syscall.SIGKILL)
		})},
		{"terminate a backend", 0, onPostgres(func(_ context.Context, s *strike) (func() error, error) {
			return nil, s.killBackend(syscall.SIGTERM) // what pg_terminate_backend does
		})},
		{"swallow answers to commit", short, onPostgres(func(_ context.Context, s *strike) (func() error, error) {
			return s.fleet.toPG.spoil("swallow_commit", "downstream", `{}`)
		})},
		{"lose commits", short, onPostgres(func(_ context.Context, s *strike) (func() error, error) {
			return s.fleet.toPG.spoil("lose_commit", "upstream", `{}`)
		})},
		{"reset the connections to postgres", 0, onPostgres(func(_ context.Context, s *strike) (func() error, error) {
			s.fleet.toPG.cut()
			return nil, s.fleet.toPG.mend()
		})},
		{"drop sockets", 0, func(_ context.Context, s *strike) (string, func() error, error) {
			for _, subscriber := range s.some(0.5) {
				subscriber.drop()
			}
			return "clients", nil, nil
		}},
		{"keep clients away", long, func(_ context.Context, s *strike) (string, func() error, error) {
			gone := s.some(0.3)
			for _, subscriber := range gone {
				subscriber.away.Store(true)
				subscriber.drop()
			}
			return "clients", func() error {
				for _, subscriber := range gone {
					subscriber.away.Store(false)
				}
				return nil
			}, nil
		}},
		{"read slowly", long, func(_ context.Context, s *strike) (string, func() error, error) {
			slow := s.some(0.3)
			for _, subscriber := range slow {
				subscriber.slow.Store(true)
			}
			return "clients", func() error {
				for _, subscriber := range slow {
					subscriber.slow.Store(false)
				}
				return nil
			}, nil
		}},
	}...)
}

func withProcess(role string, do func(ctx context.Context, p *process) (func() error, error)) func(context.Context, *strike) (string, func() error, error) {
	return func(ctx context.Context, s *strike) (string, func() error, error) {
		p := s.free(s.fleet.of(role))
		if p == nil {
			return "", nil, errBusy
		}
		heal, err := do(ctx, p)
		return p.name, heal, err
	}
}

func killed(ctx context.Context, p *process) (func() error, error) {
	return func() error { return p.start(context.WithoutCancel(ctx)) }, p.kill()
}

func frozen(_ context.Context, p *process) (func() error, error) {
	p.signal(syscall.SIGSTOP)
	return func() error {
		p.signal(syscall.SIGCONT)
		return nil
	}, nil
}

func restarted(ctx context.Context, p *process) (func() error, error) {
	if err := p.stop(); err != nil {
		return nil, err
	}
	return nil, p.start(ctx)
}

func onRedis(do func(*strike) (func() error, error)) func(context.Context, *strike) (string, func() error, error) {
	return func(_ context.Context, s *strike) (string, func() error, error) {
		if !s.take("redis") {
			return "", nil, errBusy
		}
		heal, err := do(s)
		return "redis", heal, err
	}
}

func onPostgres(do func(context.Context, *strike) (func() error, error)) func(context.Context, *strike) (string, func() error, error) {
	return func(ctx context.Context, s *strike) (string, func() error, error) {
		if !s.take("postgres") {
			return "", nil, errBusy
		}
		heal, err := do(ctx, s)
		return "postgres", heal, err
	}
}

// errBusy means that what was to fail has a fault already.
var errBusy = errors.New("busy")

func (n *nemesis) take(target string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.busy[target]
	n.busy[target] = true
	return !was
}

func (n *nemesis) giveBack(target string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.busy, target)
}

// free takes one process that has no fault; nil when there is none, or its twin has one: somebody must serve.
func (s *strike) free(processes []*process) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range processes {
		if s.busy[p.name] {
			return nil
		}
	}
	p := pick(s.rng, processes)
	s.busy[p.name] = true
	return p
}

func (s *strike) command(words ...string) error {
	_, err := s.fleet.redis.Do(words...)
	return err
}

func (s *strike) killBackend(by syscall.Signal) error {
	if backends := s.fleet.backends(); len(backends) > 0 {
		_ = syscall.Kill(pick(s.rng, backends), by) // it may have ended just now
	}
	return nil
}

func (s *strike) some(share float64) []*subscriber {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	var chosen []*subscriber
	for subscriber := range s.subs {
		if s.rng.Float64() < share {
			chosen = append(chosen, subscriber)
		}
	}
	return chosen
}

// rage makes faults until ctx ends, and then ends those that last.
func (n *nemesis) rage(ctx context.Context) {
	var lasting sync.WaitGroup
	defer lasting.Wait()
	for ctx.Err() == nil {
		f := pick(n.rng, n.faults)
		lasts := time.Duration(n.rng.Int64N(int64(f.longer) + 1))
		until, ended := context.WithTimeout(ctx, lasts)
		dice := rand.New(rand.NewPCG(n.rng.Uint64(), 6))
		if n.rng.IntN(4) == 0 { // and the next one while it lasts
			lasting.Go(func() {
				defer ended()
				n.strike(until, f, dice)
			})
		} else {
			n.strike(until, f, dice)
			ended()
		}
		pause(ctx, time.Duration(n.rng.Int64N(int64(n.quiet)+1)))
	}
}

// strike makes one fault that lasts until its context ends.
func (n *nemesis) strike(until context.Context, f fault, dice *rand.Rand) {
	begun := trace.Entry{Kind: trace.Fault, Fault: f.name}
	n.record.Add(begun)
	target, heal, err := f.begin(context.WithoutCancel(until), &strike{n, dice})
	if errors.Is(err, errBusy) {
		n.record.Add(trace.Entry{Kind: trace.Heal, Fault: f.name})
		return
	}
	begun.Target = target
	n.record.Add(begun) // once more, with what it has hit
	if err == nil && heal != nil {
		<-until.Done()
		err = heal()
	}
	n.giveBack(target)
	n.record.Add(trace.Entry{Kind: trace.Heal, Fault: f.name, Target: target})
	if err != nil {
		n.fail(fmt.Errorf("%s: %w", f.name, err))
	}
}
