package receiver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chat/modules/history"
	"chat/modules/id"
)

const (
	sweepInterval = time.Second
	sweepShare    = 20 // a sweep takes at most one part in 20 of a core
	sweepMemory   = 5  // the least of the last so many is what a sweep costs; the others waited for something
)

// sweeps compares everything with the store every second, and at once when hints were lost for sure. Where that costs more
// than 5 % of a core the interval stretches.
func (e *Engine) sweeps(ctx context.Context) {
	var costs []time.Duration
	timer := time.NewTimer(sweepInterval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-e.missed:
		case <-ctx.Done():
			return
		}
		began := time.Now()
		if err := e.sweep(ctx); err != nil {
			e.log.Warn().Err(err).Msg("the store is out of reach: live news wait for it")
		} else {
			took := time.Since(began)
			costs = append(costs[max(0, len(costs)-sweepMemory+1):], took)
			e.metrics.sweeps.Observe(took.Seconds())
		}
		interval := stretched(costs)
		e.metrics.interval.Set(interval.Seconds())
		timer.Reset(interval)
	}
}

// stretched is the time until the next sweep, by what the last ones have cost.
func stretched(costs []time.Duration) time.Duration {
	if len(costs) < sweepMemory { // the first wait for connections, and for all that begins with the process
		return sweepInterval
	}
	return max(sweepInterval, sweepShare*slices.Min(costs))
}

// sweep compares the counters of everything followed with the store.
func (e *Engine) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, executeTime)
	defer cancel()
	e.mu.Lock()
	chats := map[history.Log][]id.Chat{}
	for topic, h := range e.hubs {
		chats[topic.Log] = append(chats[topic.Log], topic.Chat)
		h.forget()
	}
	users := make([]id.User, 0, len(e.watchers))
	for user := range e.watchers {
		users = append(users, user)
	}
	e.mu.Unlock()
	for log, ids := range chats {
		if err := e.compare(ctx, log, ids); err != nil {
			return fmt.Errorf("compare logs: %w", err)
		}
	}
	if len(users) == 0 {
		return nil
	}
	feeds, err := history.Feeds(ctx, e.db, users)
	if err != nil {
		return fmt.Errorf("compare feeds: %w", err)
	}
	for user, n := range feeds {
		e.mu.Lock()
		w := e.watchers[user]
		e.mu.Unlock()
		if w != nil {
			w.hint(n, nil)
		}
	}
	return nil
}
