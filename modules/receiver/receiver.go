// Package receiver is the live engine: it follows the logs of the chats that somebody here watches and delivers their
// events to subscriptions.
//
// Every event of a followed log reaches every live subscription exactly once and in the order of the log. Hints from the
// bus bring the news; what they miss is read from the store: a number that jumps waits 10 ms for the missing hint, and a
// sweep compares counters every second. An event is executed once for all subscriptions that show the same. A
// subscription that begins with a cursor, or whose connection fell behind, catches up from the store and then goes live
// without a hole or a repeat. The engine knows no feature: resolvers of subscription fields state what they follow (Open)
// and make the value of an event (Delivered).
package receiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
)

const (
	executeTime    = 5 * time.Second
	gapWait        = 10 * time.Millisecond  // for a hint that is only late
	retryWait      = 250 * time.Millisecond // after the store was out of reach
	valueInterval  = 100 * time.Millisecond // between two readings of a chat's values
	sweepInterval  = time.Second
	confirmTimeout = 250 * time.Millisecond // for the bus to confirm a channel; hints are not needed for correctness
	maxReplay      = 10_000                 // rows that a cursor may be behind
	pageSize       = 200
	maxInbox       = 1_024 // hints of one log that wait; beyond them the log is read
	maxReads       = 32    // replays that read or execute at a time
)

// LogReader reads one of the logs of chats.
type LogReader interface {
	// Since returns the events with a number greater than after, oldest first, at most limit.
	Since(ctx context.Context, chat id.Chat, after int64, limit int) ([]history.Event, error)
	// Last maps each of the chats to the newest number; a chat without one is left out.
	Last(ctx context.Context, chats []id.Chat) (map[id.Chat]int64, error)
}

// Engine delivers events. Safe for concurrent use. Its Run must be running.
type Engine struct {
	db      *pg.DB
	bus     bus.Bus
	exec    *gql.Executor // of subscriptions as queries
	logs    map[history.Log]LogReader
	log     zerolog.Logger
	metrics *metrics

	work  *work
	reads chan struct{} // a place is held while a replay reads or executes
	ctx   context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu       sync.Mutex
	hubs     map[history.Topic]*hub
	channels map[bus.Channel]int // followers of a channel
	watchers map[id.User]*watcher
}

// Config is what an Engine is made of.
type Config struct {
	DB      *pg.DB
	Bus     bus.Bus
	Exec    *gql.Executor
	Logs    map[history.Log]LogReader
	Log     zerolog.Logger
	Metrics prometheus.Registerer
}

// New returns an engine that listens to the bus and follows nothing yet.
func New(c Config) *Engine {
	ctx, stop := context.WithCancel(context.Background())
	e := &Engine{
		db: c.DB, bus: c.Bus, exec: c.Exec, logs: c.Logs, log: c.Log, metrics: newMetrics(c.Metrics),
		work: newWork(), reads: make(chan struct{}, maxReads), ctx: ctx, stop: stop,
		hubs: map[history.Topic]*hub{}, channels: map[bus.Channel]int{}, watchers: map[id.User]*watcher{},
	}
	c.Bus.Attach(e)
	return e
}

// Changes reads the log of that name.
func Changes(db *pg.DB) LogReader { return changes{db} }

type changes struct{ db *pg.DB }

func (c changes) Since(ctx context.Context, chat id.Chat, after int64, limit int) ([]history.Event, error) {
	return history.Since(ctx, c.db, chat, after, limit)
}

func (c changes) Last(ctx context.Context, chats []id.Chat) (map[id.Chat]int64, error) {
	return history.Last(ctx, c.db, chats)
}

// Run delivers until ctx ends, then stops every replay and waits for it.
func (e *Engine) Run(ctx context.Context) error {
	e.work.run(ctx, e.ctx, e.sweep)
	e.stop()
	e.tasks.Wait()
	return nil
}

// spawn runs a task of a subscription beside the workers, until the engine stops.
func (e *Engine) spawn(task func()) {
	e.tasks.Go(task)
}

// Hint takes note of news. It never waits.
func (e *Engine) Hint(h bus.Hint) {
	e.mu.Lock()
	watcher := e.watchers[h.Channel.User]
	changes := e.hubs[history.Topic{Chat: h.Channel.Chat, Log: history.Changes}]
	moves := e.hubs[history.Topic{Chat: h.Channel.Chat, Log: history.Moves}]
	e.mu.Unlock()
	if watcher != nil {
		watcher.hint(h.Feed, h.Chat)
	}
	for _, event := range h.Events {
		if hub := changes; hub != nil && event.Topic().Log == history.Changes {
			hub.hint(event)
		} else if hub := moves; hub != nil && event.Topic().Log == history.Moves {
			hub.hint(event)
		}
	}
}

// Subscribe opens a subscription: what it follows, whether the viewer may, and where it begins. Nothing is delivered
// before Start. ctx is of the whole subscription; the caller is in it.
//
// Errors are ready for the caller: those of the field's resolver, NOT_FOUND for a chat that the viewer may not see,
// RESYNC_REQUIRED for a cursor that cannot be served.
func (e *Engine) Subscribe(ctx context.Context, doc *gql.Document, sink Sink) (*Subscription, []*gql.Error) {
	p, refusal := newPlan(ctx, doc)
	if refusal != nil {
		return nil, []*gql.Error{refusal}
	}
	stream, errs := e.open(ctx, p)
	if errs != nil {
		return nil, errs
	}
	s := &Subscription{engine: e, plan: p, stream: stream, sink: sink, followers: map[*follower]struct{}{}}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	var err error
	if stream.isWide() {
		err = e.followAll(ctx, s)
	} else {
		err = e.followOne(ctx, s)
	}
	if err != nil {
		s.Stop()
		return nil, []*gql.Error{e.exec.Refuse(ctx, err)}
	}
	s.count()
	return s, nil
}

// followOne follows the one log of a stream. The hub listens before the store is read: what is committed after that is
// handed on by the hub, and what was committed before the follower stands in it is caught up.
func (e *Engine) followOne(ctx context.Context, s *Subscription) error {
	h, err := e.acquire(ctx, s.stream.Topic, unknown)
	if err != nil {
		return err
	}
	f := &follower{sub: s, hub: h}
	if err := e.begin(ctx, f); err != nil {
		e.release(h)
		return err
	}
	if viewer := s.stream.Viewer; s.stream.Topic.Log == history.Moves && !viewer.All {
		if s.watcher, err = e.watch(ctx, viewer.ID); err != nil {
			e.release(h)
			return err
		}
		s.watcher.join(s)
	}
	if !s.add(f) { // it has ended meanwhile
		e.release(h)
	}
	return nil
}

// begin finds the membership that a follower rests on, and the place that it begins after.
func (e *Engine) begin(ctx context.Context, f *follower) error {
	stream, topic := f.sub.stream, f.hub.topic
	sight, err := history.See(ctx, e.db, stream.Viewer, topic.Chat)
	if err != nil {
		return err
	}
	f.member, f.since, f.cursor = sight.Member, sight.LastSeq, sight.LastSeq
	if topic.Log == history.Moves {
		counters, err := e.logs[topic.Log].Last(ctx, []id.Chat{topic.Chat})
		if err != nil {
			return err
		}
		f.cursor = counters[topic.Chat]
	}
	if stream.After == nil {
		return nil
	}
	if err := e.checkCursor(ctx, stream, *stream.After, f.cursor); err != nil {
		return err
	}
	f.cursor = *stream.After
	return nil
}

// checkCursor refuses a cursor from the future, and one that is too far behind to be replayed whole.
func (e *Engine) checkCursor(ctx context.Context, s *Stream, after, last int64) error {
	if after > last {
		return resync("is above the chat's lastSeq")
	}
	if last-after <= maxReplay {
		return nil
	}
	rows, err := history.CountSince(ctx, e.db, s.Topic.Chat, after, s.Kinds, maxReplay+1)
	if err != nil {
		return err
	}
	if rows > maxReplay {
		return resync("is more than 10,000 rows behind")
	}
	return nil
}

func resync(why string) error {
	return fault.New(fault.ResyncRequired, "afterSeq %s: read the chat anew and subscribe again", why)
}

// followAll follows every chat of a stream's user. Nobody has no chats, and the subscription stays silent.
func (e *Engine) followAll(ctx context.Context, s *Subscription) error {
	user := s.stream.Viewer.ID
	if user.IsZero() {
		return nil
	}
	w, err := e.watch(ctx, user)
	if err != nil {
		return err
	}
	s.watcher = w
	w.join(s) // before the memberships are read: what comes later is told to it
	if s.stream.Arrivals {
		return nil
	}
	sights, err := history.SeeAll(ctx, e.db, user)
	if err != nil {
		return err
	}
	chats := make([]id.Chat, len(sights))
	for n, sight := range sights {
		chats[n] = sight.Chat
		if err := e.follow(ctx, s, sight, sight.LastSeq); err != nil {
			return err
		}
	}
	return e.compare(ctx, history.Changes, chats)
}

// compare tells hubs where their logs stand in the store.
func (e *Engine) compare(ctx context.Context, log history.Log, chats []id.Chat) error {
	if len(chats) == 0 {
		return nil
	}
	last, err := e.logs[log].Last(ctx, chats)
	if err != nil {
		return err
	}
	for chat, n := range last {
		e.mu.Lock()
		h := e.hubs[history.Topic{Chat: chat, Log: log}]
		e.mu.Unlock()
		if h != nil {
			h.seen(n)
		}
	}
	return nil
}

// follow adds a chat to a user-wide subscription, from that seq on. What its log reaches meanwhile is for compare.
func (e *Engine) follow(ctx context.Context, s *Subscription, sight history.Sight, from int64) error {
	h, err := e.acquire(ctx, history.Topic{Chat: sight.Chat, Log: history.Changes}, sight.LastSeq)
	if err != nil {
		return err
	}
	f := &follower{sub: s, hub: h, member: sight.Member, since: from, cursor: from, owes: s.stream.Current}
	if !s.add(f) {
		e.release(h)
	}
	return nil
}

// unknown, as the head of a log, is to be read.
const unknown = -1

// Following counts the logs and users that are followed here.
func (e *Engine) Following() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.hubs) + len(e.watchers)
}

// acquire gives the hub of a log, listening; every acquire needs a release. A hub that is new begins after head.
func (e *Engine) acquire(ctx context.Context, topic history.Topic, head int64) (*hub, error) {
	e.mu.Lock()
	h := e.hubs[topic]
	if h == nil {
		h = newHub(e, topic)
		e.hubs[topic] = h
	}
	h.users++
	e.mu.Unlock()
	if err := h.open(ctx, head); err != nil {
		e.release(h)
		return nil, fmt.Errorf("follow a log: %w", err)
	}
	return h, nil
}

func (e *Engine) release(h *hub) {
	e.mu.Lock()
	h.users--
	last := h.users == 0
	if last {
		delete(e.hubs, h.topic)
	}
	e.mu.Unlock()
	if last {
		h.close()
	}
}

// listen subscribes to a channel of the bus once for all who want it. A bus that does not confirm is no error: the sweep
// serves until it does.
func (e *Engine) listen(ctx context.Context, channel bus.Channel) error {
	e.mu.Lock()
	e.channels[channel]++
	e.mu.Unlock()
	short, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	if err := e.bus.Subscribe(short, channel); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (e *Engine) unlisten(channel bus.Channel) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.channels[channel]--
	if e.channels[channel] == 0 {
		delete(e.channels, channel)
		e.bus.Unsubscribe(channel)
	}
}

// sweep compares the counters of everything followed with the store, for hints that were lost.
func (e *Engine) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, executeTime)
	defer cancel()
	e.mu.Lock()
	chats := map[history.Log][]id.Chat{}
	for topic := range e.hubs {
		chats[topic.Log] = append(chats[topic.Log], topic.Chat)
	}
	var users []id.User
	for user := range e.watchers {
		users = append(users, user)
	}
	e.mu.Unlock()
	for log, ids := range chats {
		if err := e.compare(ctx, log, ids); err != nil {
			e.log.Warn().Err(err).Msg("sweep: store out of reach")
			return
		}
	}
	if len(users) == 0 {
		return
	}
	feeds, err := history.Feeds(ctx, e.db, users)
	if err != nil {
		e.log.Warn().Err(err).Msg("sweep: store out of reach")
		return
	}
	for user, n := range feeds {
		e.mu.Lock()
		w := e.watchers[user]
		e.mu.Unlock()
		if w != nil {
			w.hint(n, id.Chat{})
		}
	}
}
