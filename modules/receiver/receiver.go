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
	"fmt"
	"runtime"
	"sync"
	"time"
	"unique"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/fault"
	"chat/modules/gather"
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
	confirmTimeout = 250 * time.Millisecond // for the bus to confirm a channel; hints are not needed for correctness
	maxReplay      = 10_000                 // rows that a cursor may be behind
	pageSize       = 100
	maxInbox       = 1_024 // hints of one log that wait; beyond them the log is read
	crewSize       = 256   // subscriptions that are opened and replays that read or execute, at a time
	awaySize       = 64    // hubs whose events are read from the store as they are executed, at a time
	watchSize      = 16    // users whose feeds are acted upon, at a time
	maxGathered    = 1_000 // questions that one statement answers
	maxPlaces      = 32    // pages that one statement reads
)

// LogReader reads one of the logs of chats.
type LogReader interface {
	// Since returns for each place the events behind it, at most limit, with bodies where reading them spares a statement
	// for each. Numbers have no holes.
	Since(ctx context.Context, places []history.Place, limit int) (map[history.Place]*history.Page, error)
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

	looks map[history.Log]*gather.Reads[id.Chat, int64]
	pages map[history.Log]*gather.Reads[history.Place, *page]
	sees  *gather.Reads[history.Look, history.Sight]
	ends  *gather.Reads[id.Member, history.Ending]
	feeds *gather.Reads[id.User, int64]

	work    *work // of hubs
	watches *work // of watchers, apart: they wait for the bus, which news of chats must not
	crew    *crew
	ctx     context.Context
	stop    context.CancelFunc
	tasks   sync.WaitGroup

	mu       sync.Mutex
	hubs     map[history.Topic]*hub
	channels map[bus.Channel]*listening
	watchers map[id.User]*watcher

	missed chan struct{} // holds a token when hints may have been lost
}

// listening is one channel of the bus that somebody here wants.
type listening struct {
	users int
	open  chan struct{} // closed when the bus has confirmed it, or was given the time to
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
		work: newWork(runtime.GOMAXPROCS(0)), watches: newWork(watchSize), crew: newCrew(ctx), ctx: ctx, stop: stop,
		hubs: map[history.Topic]*hub{}, channels: map[bus.Channel]*listening{}, watchers: map[id.User]*watcher{},
		missed: make(chan struct{}, 1),
	}
	e.looks, e.pages = map[history.Log]*gather.Reads[id.Chat, int64]{}, map[history.Log]*gather.Reads[history.Place, *page]{}
	for log, reader := range c.Logs {
		e.looks[log] = gather.New(ctx, maxGathered, reader.Last)
		e.pages[log] = gather.New(ctx, maxPlaces, pages(reader, e.metrics.pages))
	}
	e.sees = gather.New(ctx, maxGathered, func(ctx context.Context, looks []history.Look) (map[history.Look]history.Sight, error) {
		return history.SeeEach(ctx, c.DB, looks)
	})
	e.ends = gather.New(ctx, maxGathered, func(ctx context.Context, members []id.Member) (map[id.Member]history.Ending, error) {
		return history.Ends(ctx, c.DB, members)
	})
	e.feeds = gather.New(ctx, maxGathered, func(ctx context.Context, users []id.User) (map[id.User]int64, error) {
		return history.Feeds(ctx, c.DB, users)
	})
	c.Bus.Attach(e)
	return e
}

// Run delivers until ctx ends, then stops every replay and waits for it.
func (e *Engine) Run(ctx context.Context) error {
	e.tasks.Go(func() { e.sweeps(ctx) })
	for range crewSize {
		e.tasks.Go(e.crew.work)
	}
	e.tasks.Go(func() { e.watches.run(ctx, e.ctx, watchSize) })
	e.work.run(ctx, e.ctx, runtime.GOMAXPROCS(0)+awaySize)
	e.stop()
	e.tasks.Wait()
	return nil
}

// spawn runs a task of a subscription beside the workers, until the engine stops.
func (e *Engine) spawn(task func()) {
	e.tasks.Go(task)
}

// Missed makes the engine compare everything with the store soon. It never waits.
func (e *Engine) Missed() {
	select {
	case e.missed <- struct{}{}:
	default:
	}
}

// Hint takes note of news. It never waits.
func (e *Engine) Hint(h bus.Hint) {
	e.mu.Lock()
	watcher := e.watchers[h.Channel.User]
	changes := e.hubs[history.Topic{Chat: h.Channel.Chat, Log: history.Changes}]
	moves := e.hubs[history.Topic{Chat: h.Channel.Chat, Log: history.Moves}]
	e.mu.Unlock()
	if watcher != nil {
		watcher.hint(h.Feed, h.Chats)
	}
	for _, hub := range []*hub{changes, moves} {
		if hub != nil && len(h.Events) > 0 {
			hub.hint(h.Events)
		}
	}
}

// Subscribe opens a subscription: what it follows, whether the viewer may, and where it begins. Nothing is delivered
// before Start. ctx is of the whole subscription; the caller is in it. While the store is out of reach it waits.
//
// Errors are ready for the caller: those of the field's resolver, NOT_FOUND for a chat that the viewer may not see,
// RESYNC_REQUIRED for a cursor that cannot be served.
func (e *Engine) Subscribe(ctx context.Context, doc *gql.Document, sink Sink) (*Subscription, []*gql.Error) {
	p, refusal := newPlan(ctx, doc)
	if refusal != nil {
		return nil, []*gql.Error{refusal}
	}
	for {
		var s *Subscription
		var errs []*gql.Error
		if err := e.crew.do(ctx, func() { s, errs = e.subscribe(ctx, p, sink) }); err != nil {
			return nil, []*gql.Error{e.exec.Refuse(ctx, err)}
		}
		if gql.OutOfReach(errs) == nil {
			return s, e.placed(ctx, doc, errs)
		}
		// An error would end the subscription in the common clients for ever.
		select {
		case <-time.After(retryWait):
		case <-ctx.Done():
			return nil, errs
		case <-e.ctx.Done():
			return nil, errs
		}
	}
}

func (e *Engine) subscribe(ctx context.Context, p *plan, sink Sink) (*Subscription, []*gql.Error) {
	stream, errs := e.open(ctx, p)
	if errs != nil {
		return nil, errs
	}
	s := &Subscription{
		engine: e, plan: p, stream: stream, sink: sink, shown: unique.Make(p.key + "\x00" + stream.Share),
		followers: map[standing]*follower{},
	}
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
	if viewer := s.stream.Viewer; s.stream.Topic.Log == history.Moves && !viewer.All {
		w, err := e.watch(ctx, viewer.ID)
		if err != nil {
			return err
		}
		s.watcher = w
		w.join(s) // before the membership is read: its end is told to it
	}
	hubs, err := e.acquire(ctx, place{s.stream.Topic, unknown})
	if err != nil {
		return err
	}
	h := hubs[0]
	f := &follower{sub: s, hub: h}
	if err := e.begin(ctx, f); err != nil {
		e.release(h)
		return err
	}
	if !s.add(f) { // it has ended meanwhile
		e.release(h)
	}
	return nil
}

// begin finds the membership that a follower rests on, and the place that it begins after.
func (e *Engine) begin(ctx context.Context, f *follower) error {
	stream, topic := f.sub.stream, f.hub.topic
	sight, err := e.sees.Get(ctx, history.Look{Viewer: stream.Viewer, Chat: topic.Chat})
	if err != nil {
		return err
	}
	if sight, err = sight.OrNone(topic.Chat); err != nil {
		return err
	}
	f.member, f.since, f.cursor = sight.Member, sight.LastSeq, sight.LastSeq
	if topic.Log == history.Moves {
		if f.cursor, err = e.looks[topic.Log].Get(ctx, topic.Chat); err != nil {
			return err
		}
	}
	f.hub.seen(f.cursor) // what is replayed is as new as this
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
	entries, chats := make([]entry, len(sights)), make([]id.Chat, len(sights))
	for n, sight := range sights {
		entries[n], chats[n] = entry{sight, sight.LastSeq}, sight.Chat
	}
	if err := e.follow(ctx, s, entries...); err != nil {
		return err
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

// entry is a chat that a user-wide subscription comes into, and the seq from which on it shows it.
type entry struct {
	history.Sight
	from int64
}

// follow adds chats to a user-wide subscription. What their logs reach meanwhile is for compare.
func (e *Engine) follow(ctx context.Context, s *Subscription, entries ...entry) error {
	places := make([]place, len(entries))
	for n, entry := range entries {
		places[n] = place{history.Topic{Chat: entry.Chat, Log: history.Changes}, entry.LastSeq}
	}
	hubs, err := e.acquire(ctx, places...)
	if err != nil {
		return err
	}
	for n, h := range hubs {
		// #nosec G602 -- there are as many hubs as places, and as many of those as entries
		from := entries[n].from
		// #nosec G602 -- likewise
		f := &follower{sub: s, hub: h, member: entries[n].Member, since: from, cursor: from, owes: s.stream.Current}
		if !s.add(f) {
			e.release(h)
		}
	}
	return nil
}

// place is a log and where it stands.
type place struct {
	topic history.Topic
	head  int64
}

// unknown, as the head of a log, is to be read.
const unknown = -1

// Following counts the logs and users that are followed here.
func (e *Engine) Following() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.hubs) + len(e.watchers)
}

// acquire gives the hubs of logs, listening; each needs a release. A hub that is new begins after the head that is
// given.
func (e *Engine) acquire(ctx context.Context, places ...place) ([]*hub, error) {
	hubs := make([]*hub, len(places))
	channels := make([]bus.Channel, len(places))
	e.mu.Lock()
	for n, p := range places {
		h := e.hubs[p.topic]
		if h == nil {
			h = newHub(e, p.topic)
			e.hubs[p.topic] = h
		}
		h.users++
		hubs[n], channels[n] = h, bus.Channel{Chat: p.topic.Chat}
	}
	e.mu.Unlock()
	err := e.listen(ctx, channels...)
	for n, h := range hubs {
		if err == nil {
			// #nosec G602 -- there are as many hubs as places
			err = h.open(ctx, places[n].head)
		}
	}
	if err != nil {
		for _, h := range hubs {
			e.release(h)
		}
		return nil, fmt.Errorf("follow a log: %w", err)
	}
	return hubs, nil
}

func (e *Engine) release(h *hub) {
	e.mu.Lock()
	h.users--
	if h.users == 0 {
		delete(e.hubs, h.topic)
	}
	e.mu.Unlock()
	e.unlisten(bus.Channel{Chat: h.topic.Chat})
}

// listen wants channels of the bus, each of which needs an unlisten, also after an error: ctx has ended. A bus that does
// not confirm is no error: the sweep serves until it does.
func (e *Engine) listen(ctx context.Context, channels ...bus.Channel) error {
	var fresh []bus.Channel
	opened := make(chan struct{})
	var others []<-chan struct{}
	e.mu.Lock()
	for _, channel := range channels {
		l := e.channels[channel]
		if l == nil {
			l = &listening{open: opened}
			e.channels[channel] = l
			fresh = append(fresh, channel)
		} else {
			others = append(others, l.open)
		}
		l.users++
	}
	e.mu.Unlock()
	if len(fresh) > 0 {
		// Not bound to ctx: others wait for the same.
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmTimeout)
		_ = e.bus.Subscribe(short, fresh...) // see above
		cancel()
	}
	close(opened)
	for _, open := range others {
		select {
		case <-open:
		case <-ctx.Done():
			return fault.Busy(ctx.Err())
		}
	}
	return nil
}

func (e *Engine) unlisten(channels ...bus.Channel) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, channel := range channels {
		l := e.channels[channel]
		l.users--
		if l.users == 0 {
			delete(e.channels, channel)
			e.bus.Unsubscribe(channel)
		}
	}
}
