package lab

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// growth measures how the cost of a delivery follows the number of subscribers and of chats, and that of a send the size of
// its group and of the history before it.
func (g *ground) growth(ctx context.Context, line func(...string)) error {
	for _, members := range []int{10, 100, 1_000, 4_000} {
		if err := g.grown(ctx, line, "subscribers of a chat", members, shape{topics: 1, members: members, window: 16}); err != nil {
			return err
		}
	}
	for _, topics := range []int{1, 10, 100, 500} {
		if err := g.grown(ctx, line, "chats of 4 subscribers", topics, shape{topics: topics, members: 4, publishers: min(topics, 4), window: 64}); err != nil {
			return err
		}
	}
	p, err := g.product(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	s := &system{users: []string{p.url}, senders: []string{p.url}, parts: []part{{"chat", p.cpu}, {"PostgreSQL", g.database.cpu}}}
	for _, members := range []int{2, 100, 1_000} {
		l, err := g.bench.sends(ctx, s, 1, members, clients)
		if err != nil {
			return err
		}
		line("members of a group", fmt.Sprint(members), fmt.Sprintf("%.0f", l.rate), fmt.Sprintf("%.1f", 1000*l.cost["chat"]), fmt.Sprintf("%.1f", 1000*l.cost["PostgreSQL"]))
	}
	return g.history(ctx, s, line)
}

// grown is one measurement of deliveries alone.
func (g *ground) grown(ctx context.Context, line func(...string), what string, size int, s shape) error {
	r, name, err := g.measure(ctx, g.apart("chat", true), s)
	if err != nil {
		return fmt.Errorf("%d %s, %s: %w", size, what, name, err)
	}
	line(what, fmt.Sprint(size), fmt.Sprintf("%.0f", r.rate), fmt.Sprintf("%.2f", r.server), fmt.Sprintf("%.2f", r.beside))
	return nil
}

// history sends to one chat until it has so many messages, and then looks at what sends cost.
func (g *ground) history(ctx context.Context, s *system, line func(...string)) error {
	rooms, err := s.populate(ctx, 1, 2)
	if err != nil {
		return err
	}
	room := rooms[0]
	call, err := encodeCall(s.sender(0), room.members[0].token, sendMessage, map[string]any{"c": room.id, "u": room.members[0].id, "t": text})
	if err != nil {
		return err
	}
	var sent atomic.Int64
	for _, messages := range []int64{0, 10_000, 50_000} {
		for sent.Load() < messages && ctx.Err() == nil {
			if err := s.flood(ctx, call, time.Second, &sent); err != nil {
				return err
			}
		}
		before, began, had := s.costs(), time.Now(), sent.Load()
		if err := s.flood(ctx, call, time.Duration(g.bench.Seconds)*time.Second, &sent); err != nil {
			return err
		}
		millions, took := float64(sent.Load()-had)/1e6, time.Since(began).Seconds()
		line("messages before in a chat", fmt.Sprint(had), fmt.Sprintf("%.0f", millions*1e6/took),
			fmt.Sprintf("%.1f", (s.parts[0].cpu()-before["chat"])/millions), fmt.Sprintf("%.1f", (s.parts[1].cpu()-before["PostgreSQL"])/millions))
	}
	return nil
}

// flood has clients make a call for a while, and counts.
func (s *system) flood(ctx context.Context, call []byte, lasts time.Duration, made *atomic.Int64) error {
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	until := time.Now().Add(lasts)
	for n := range clients {
		all.Go(func() {
			times, err := send(ctx, s.sender(n), until, [][]byte{call})
			made.Add(int64(len(times)))
			if err != nil {
				failed.Store(&err)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
