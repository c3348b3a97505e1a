package receiver

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"chat/modules/history"
	"chat/modules/id"
)

// page is a part of a log that several replays share: its rows, and what came of executing them.
type page struct {
	events []history.Event

	mu      sync.Mutex
	results map[resultKey]*result
}

// resultKey is a row and for whom it was executed.
type resultKey struct {
	seq      int64
	audience string
}

type result struct {
	once    sync.Once
	payload []byte
	err     error
}

// after gives the rows after a place.
func (p *page) after(seq int64) []history.Event {
	for n, e := range p.events {
		if e.Seq > seq {
			return p.events[n:]
		}
	}
	return nil
}

// execute gives the payload of a row for a subscription, executed once for all that share the page and show the same.
func (p *page) execute(ctx context.Context, s *Subscription, e history.Event) ([]byte, error) {
	audience, viewer := s.audience(e)
	key := resultKey{e.Seq, audience}
	p.mu.Lock()
	r := p.results[key]
	if r == nil {
		r = &result{}
		p.results[key] = r
	}
	p.mu.Unlock()
	r.once.Do(func() {
		// Not bound to this subscription's life: others wait for the same.
		r.payload, r.err = s.engine.execute(context.WithoutCancel(ctx), s.plan, Delivery{Event: e, Viewer: viewer})
	})
	return r.payload, r.err
}

// pages reads places of one log, each with as many rows as a page holds, and counts the readings.
func pages(log LogReader, readings prometheus.Counter) func(context.Context, []history.Place) (map[history.Place]*page, error) {
	return func(ctx context.Context, places []history.Place) (map[history.Place]*page, error) {
		readings.Inc()
		events, err := log.Since(ctx, places, pageSize)
		if err != nil {
			return nil, err
		}
		found := make(map[history.Place]*page, len(places))
		for _, place := range places {
			found[place] = &page{events: events[place], results: map[resultKey]*result{}}
		}
		return found, nil
	}
}

// sharedPlace is where the page begins in which a replay goes on: replays of a log meet there, wherever each begins.
func sharedPlace(chat id.Chat, after int64) history.Place {
	return history.Place{Chat: chat, After: after - after%pageSize}
}
