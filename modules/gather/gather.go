// Package gather answers many askers with one reading.
package gather

import (
	"context"
	"sync"
	"time"

	"chat/modules/fault"
)

const (
	readTime = 5 * time.Second // of one reading
	parallel = 3               // readings under way: one whose connection is dead holds nobody else up
)

// Reads answers questions after keys: what is asked while readings are under way is read together in the next. So an answer
// is never older than its question, and a storm of questions costs few statements. Safe for concurrent use.
type Reads[K comparable, V any] struct {
	life context.Context
	read func(ctx context.Context, keys []K) (map[K]V, error)
	most int // keys of one reading

	mu      sync.Mutex
	waiting []*reading[K, V] // the last one may take further keys
	running int
}

// reading is one call of read.
type reading[K comparable, V any] struct {
	keys  []K
	asked map[K]struct{}
	done  chan struct{}
	found map[K]V
	err   error
}

// New returns Reads by that function, which is given at most so many keys, each once, and leaves out what it does not
// find. life ends what is under way.
func New[K comparable, V any](life context.Context, most int, read func(context.Context, []K) (map[K]V, error)) *Reads[K, V] {
	return &Reads[K, V]{life: life, read: read, most: most}
}

// Get gives what the reading found for a key; the zero value where it found nothing. Errors: those of the function;
// fault.Unavailable when ctx ends first.
func (g *Reads[K, V]) Get(ctx context.Context, key K) (V, error) {
	var none V
	r := g.ask(key)
	select {
	case <-r.done:
	case <-ctx.Done():
		return none, fault.Busy(ctx.Err())
	}
	if r.err != nil {
		return none, r.err
	}
	return r.found[key], nil
}

func (g *Reads[K, V]) ask(key K) *reading[K, V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := len(g.waiting) - 1
	if last < 0 || len(g.waiting[last].keys) >= g.most {
		g.waiting = append(g.waiting, &reading[K, V]{asked: map[K]struct{}{}, done: make(chan struct{})})
		last++
	}
	r := g.waiting[last]
	if _, ok := r.asked[key]; !ok {
		r.asked[key] = struct{}{}
		r.keys = append(r.keys, key)
	}
	if g.running < parallel {
		g.running++
		go g.work()
	}
	return r
}

// work reads until nobody waits.
func (g *Reads[K, V]) work() {
	for {
		g.mu.Lock()
		if len(g.waiting) == 0 {
			g.running--
			g.mu.Unlock()
			return
		}
		r := g.waiting[0]
		g.waiting = g.waiting[1:]
		g.mu.Unlock()
		ctx, cancel := context.WithTimeout(g.life, readTime)
		r.found, r.err = g.read(ctx, r.keys)
		cancel()
		close(r.done)
	}
}
