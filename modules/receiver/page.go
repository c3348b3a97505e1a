package receiver

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chat/modules/history"
)

// Of pages that a hub keeps.
const (
	pageLife     = time.Second // a page shows names of people, which no log tells the changes of
	maxPages     = 4
	maxPageBytes = 64 << 10 // a longer one is read again
	maxShown     = 1 << 20  // bytes of what executing its rows gave; more is executed again
)

// page is a part of a log that several replays share: its rows, and what came of executing them.
type page struct {
	*history.Page
	read time.Time

	mu      sync.Mutex
	results map[resultKey]*result
	shown   int // bytes of the results that are kept
}

// resultKey is a row and for whom it was executed.
type resultKey struct {
	seq      int64
	audience audienceKey
}

type result struct {
	once    sync.Once
	payload []byte
	err     error
}

// after gives the rows after a place.
func (p *page) after(seq int64) []history.Event {
	for n, e := range p.Events {
		if e.Seq > seq {
			return p.Events[n:]
		}
	}
	return nil
}

// bytes is the size of what the page has brought along.
func (p *page) bytes() int {
	sum := 0
	for _, e := range p.Events {
		sum += len(e.Body)
	}
	return sum
}

// execute gives the payload of a row for a subscription, executed once for all that share the page and show the same.
func (p *page) execute(ctx context.Context, s *Subscription, e history.Event) ([]byte, error) {
	audience, viewer := s.audience(e)
	d := Delivery{Event: e, Viewer: viewer}
	if s.plan.class == forViewer {
		return s.engine.execute(ctx, s.plan, d)
	}
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
		r.payload, r.err = s.engine.execute(context.WithoutCancel(ctx), s.plan, d)
		p.keep(key, r)
	})
	return r.payload, r.err
}

// keep keeps a result for those who come later; one that failed, or for which there is no room, they execute themselves.
func (p *page) keep(key resultKey, r *result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.err != nil || p.shown+len(r.payload) > maxShown {
		delete(p.results, key)
		return
	}
	p.shown += len(r.payload)
}

// pages reads places of one log, each with as many rows as a page holds, and counts the readings.
func pages(log LogReader, readings prometheus.Counter) func(context.Context, []history.Place) (map[history.Place]*page, error) {
	return func(ctx context.Context, places []history.Place) (map[history.Place]*page, error) {
		readings.Inc()
		rows, err := log.Since(ctx, places, pageSize)
		if err != nil {
			return nil, err
		}
		found := make(map[history.Place]*page, len(places))
		for _, place := range places {
			found[place] = &page{Page: rows[place], read: time.Now(), results: map[resultKey]*result{}}
		}
		return found, nil
	}
}

// page gives the page of the log in which a place stands: replays meet there, wherever each begins. One that was read
// before serves while the log has not grown since: then it shows everything as it is now.
func (h *hub) page(ctx context.Context, after int64) (*page, error) {
	begins := after - after%pageSize
	h.mu.Lock()
	kept := h.pages[begins]
	isCurrent := kept != nil && kept.Last >= max(h.head, h.last)
	h.mu.Unlock()
	if isCurrent {
		return kept, nil
	}
	fresh, err := h.engine.pages[h.topic.Log].Get(ctx, history.Place{Chat: h.topic.Chat, After: begins})
	if err != nil {
		return nil, err
	}
	if fresh.bytes() > maxPageBytes {
		return fresh, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if kept = h.pages[begins]; kept != nil && kept.Last >= fresh.Last {
		return kept, nil
	}
	if len(h.pages) >= maxPages {
		clear(h.pages)
	}
	h.pages[begins] = fresh
	return fresh, nil
}

// forget drops the pages that are old.
func (h *hub) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.pages, func(_ int64, p *page) bool { return time.Since(p.read) > pageLife })
}
