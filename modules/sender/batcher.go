package sender

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"chat/modules/bus"
	"chat/modules/fault"
	"chat/modules/pg"
)

// Limits of a batcher.
const (
	maxBatch      = 256             // changes in one transaction
	maxRows       = 2048            // that they write, but for one change alone
	maxQueue      = 4096            // changes that wait, per writer
	deadline      = 5 * time.Second // a change that has waited so long is answered UNAVAILABLE
	attemptTime   = 5 * time.Second // one transaction
	maxConflicts  = 3               // how often a transaction that lost against another is run again
	firstPause    = 20 * time.Millisecond
	longestPause  = 500 * time.Millisecond
	shutdownGrace = 10 * time.Second
)

// Script is what a batcher does with changes of type C, which are pointers: the outcome is written into them.
type Script[C any] struct {
	// Name is for logs and metrics.
	Name string
	// Shard spreads changes over writers; changes that must not run side by side have the same number.
	Shard func(C) uint32
	// Hold says which changes must not share a batch with this one; nil: any may.
	Hold func(C) Hold
	// Run decides and stores a whole batch and returns what to publish once it is committed. It may be run again with
	// the same changes, whatever became of the run before: it must begin by forgetting that one, and find what was
	// stored. An error fails the batch: it is then run again, or halved to find the change that it cannot be run with.
	Run func(ctx context.Context, tx *pg.Tx, batch []C) ([]bus.Hint, error)
}

// Hold keeps changes out of a batch; they come first in the next, but that what is too large to share a batch lets what is not
// go before it.
type Hold struct {
	Keys   [2]any // a batch holds at most one change of each key; nil is no key
	Group  any    // comparable: what Closes is about
	Closes bool   // nothing of the group comes after this change in its batch
	Rows   int    // how many it may write; 0 is one
}

// Batcher gathers concurrent changes into shared transactions: while one is in flight the next batch gathers, so a lone
// change waits for nobody. Safe for concurrent use.
type Batcher[C any] struct {
	db      *pg.DB
	bus     bus.Bus
	script  Script[C]
	log     zerolog.Logger
	metrics *Metrics
	queues  []*queue[C]
}

// NewBatcher returns a batcher with that many writers. Its Run must be running for Do to get answers.
func NewBatcher[C any](db *pg.DB, b bus.Bus, writers int, metrics *Metrics, log zerolog.Logger, s Script[C]) *Batcher[C] {
	w := &Batcher[C]{db: db, bus: b, script: s, metrics: metrics, log: log.With().Str("writes", s.Name).Logger()}
	for range writers {
		w.queues = append(w.queues, &queue[C]{wake: make(chan struct{}, 1)})
	}
	return w
}

// Do stores the change and returns when it is durable, with what Run wrote into it.
//
// Errors: fault.Unavailable when the queue is full or the deadline (the context's, or 5 s) passes; with an unknown
// outcome where the change may yet be stored, and then the change must not be looked at. Anything else is a failure of
// this change alone, and nothing of it was stored.
func (w *Batcher[C]) Do(ctx context.Context, change C) error {
	until, isLimited := ctx.Deadline()
	if latest := time.Now().Add(deadline); !isLimited || until.After(latest) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, latest)
		defer cancel()
		until = latest
	}
	p := &pending[C]{change: change, until: until, done: make(chan error, 1)}
	if w.script.Hold != nil {
		p.hold = w.script.Hold(change)
	}
	// #nosec G115 -- there is a queue per core
	q := w.queues[int(w.script.Shard(change)%uint32(len(w.queues)))]
	if !q.push(p) {
		w.metrics.refused.Inc()
		return fault.Busy(errors.New("the write queue is full"))
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
	}
	if q.remove(p) {
		return fault.Busy(ctx.Err())
	}
	select {
	case err := <-p.done: // it was answered at the last moment
		return err
	default:
		return fault.Doubtful(ctx.Err())
	}
}

// Run writes until ctx ends, then finishes what is queued within a grace of 10 s.
func (w *Batcher[C]) Run(ctx context.Context) error {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(shutdownGrace, cancel) })
	defer stop()
	var writers errgroup.Group
	for _, q := range w.queues {
		writers.Go(func() error {
			w.write(ctx, late, q)
			return nil
		})
	}
	return writers.Wait()
}

func (w *Batcher[C]) write(ctx, late context.Context, q *queue[C]) {
	for {
		batch := q.take()
		if len(batch) > 0 {
			w.settle(late, batch)
			continue
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			if q.isEmpty() {
				return
			}
		}
	}
}

// settle runs a batch until every change of it is answered.
func (w *Batcher[C]) settle(ctx context.Context, batch []*pending[C]) {
	pause, conflicts := firstPause, 0
	for len(batch) > 0 {
		began := time.Now()
		hints, err := w.attempt(ctx, batch)
		w.metrics.observe(w.script.Name, len(batch), time.Since(began), err)
		switch {
		case err == nil:
			for _, hint := range hints {
				w.bus.Publish(hint)
			}
			answer(batch, nil)
			return
		case pg.Conflicts(err) && conflicts < maxConflicts:
			conflicts++
		case fault.CodeOf(err) == fault.Unavailable:
			w.log.Warn().Err(err).Int("changes", len(batch)).Msg("store out of reach, trying again")
			sleep(ctx, pause)
			pause = min(2*pause, longestPause)
			batch = w.dropLate(ctx, batch, err)
		case len(batch) == 1:
			answer(batch, err)
			return
		default:
			// One bad change fails alone.
			w.log.Warn().Err(err).Int("changes", len(batch)).Msg("batch failed, halving it")
			half := len(batch) / 2
			w.settle(ctx, batch[:half])
			batch, conflicts = batch[half:], 0
		}
	}
}

func (w *Batcher[C]) attempt(ctx context.Context, batch []*pending[C]) (hints []bus.Hint, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	changes := make([]C, len(batch))
	for n, p := range batch {
		changes[n] = p.change
	}
	err = w.db.Tx(ctx, func(tx *pg.Tx) error {
		hints, err = w.script.Run(ctx, tx, changes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("write %d changes: %w", len(batch), err)
	}
	return hints, nil
}

// dropLate answers the changes whose deadline has passed, or all at the end of the process, and returns the others. A
// change for which the answer to a COMMIT was lost once stays doubtful until a later run resolves it.
func (w *Batcher[C]) dropLate(ctx context.Context, batch []*pending[C], err error) []*pending[C] {
	doubtful := false
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		doubtful = f.OutcomeUnknown
	}
	var rest []*pending[C]
	for _, p := range batch {
		p.doubtful = p.doubtful || doubtful
		switch {
		case ctx.Err() == nil && time.Now().Before(p.until):
			rest = append(rest, p)
		default:
			p.answer(fault.Busy(err))
		}
	}
	return rest
}

func answer[C any](batch []*pending[C], err error) {
	for _, p := range batch {
		p.answer(err)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// pending is a change on its way.
type pending[C any] struct {
	change   C
	hold     Hold
	until    time.Time
	doubtful bool
	done     chan error // one answer, buffered
}

// answer tells how it went. What is doubtful was not found stored by a later run if that one failed: it may be for all that.
func (p *pending[C]) answer(err error) {
	if err != nil && p.doubtful {
		err = fault.Doubtful(err)
	}
	p.done <- err
}

// queue is what waits for one writer, in order of arrival.
type queue[C any] struct {
	mu      sync.Mutex
	waiting []*pending[C]
	wasBulk bool // the last batch was of one change that had to be alone
	wake    chan struct{}
}

// push adds a change; false when the queue is full.
func (q *queue[C]) push(p *pending[C]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxQueue {
		return false
	}
	q.waiting = append(q.waiting, p)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return true
}

// remove takes a change out that no batch has taken yet.
func (q *queue[C]) remove(p *pending[C]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n, waiting := range q.waiting {
		if waiting == p {
			q.waiting = append(q.waiting[:n], q.waiting[n+1:]...)
			return true
		}
	}
	return false
}

// take makes a batch of what waits. What must not be in it stays first in the queue. A change that has to be alone waits for
// the others after another one that had to: somebody's large changes cost everybody else the time of one of them.
func (q *queue[C]) take() []*pending[C] {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, held := q.split(!q.wasBulk)
	if len(batch) == 0 && len(held) > 0 {
		batch, held = q.split(true)
	}
	q.waiting, q.wasBulk = held, len(batch) == 1 && batch[0].hold.Rows > maxRows
	return batch
}

func (q *queue[C]) split(bulk bool) (batch, held []*pending[C]) {
	f := filter{bulk: bulk, taken: map[any]bool{}, closed: map[any]bool{}, waiting: map[any]bool{}}
	for n, p := range q.waiting {
		if len(batch) == maxBatch {
			return batch, append(held, q.waiting[n:]...)
		}
		if f.admits(p.hold) {
			batch = append(batch, p)
		} else {
			held = append(held, p)
		}
	}
	return batch, held
}

// filter decides what one batch may hold.
type filter struct {
	bulk    bool         // it may be of one change that has to be alone
	rows    int          // that the batch writes
	taken   map[any]bool // keys in the batch
	closed  map[any]bool // groups that are closed for the rest of it
	waiting map[any]bool // groups of which something was held back
}

func (f *filter) admits(h Hold) bool {
	rows := max(h.Rows, 1)
	fits := f.rows+rows <= maxRows || f.rows == 0 && f.bulk
	if !fits || f.taken[h.Keys[0]] || f.taken[h.Keys[1]] || f.closed[h.Group] || h.Closes && f.waiting[h.Group] {
		f.waiting[h.Group] = true
		return false
	}
	f.rows += rows
	for _, key := range h.Keys {
		if key != nil {
			f.taken[key] = true
		}
	}
	if h.Closes {
		f.closed[h.Group] = true
	}
	return true
}

func (q *queue[C]) isEmpty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) == 0
}
