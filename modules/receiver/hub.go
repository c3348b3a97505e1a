package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
	"unique"

	"chat/modules/history"
	"chat/modules/id"
)

// hub follows one log for all subscriptions here that watch it, and hands its events on in order.
type hub struct {
	engine *Engine
	topic  history.Topic
	users  int // guarded by Engine.mu

	opening sync.Mutex

	mu        sync.Mutex
	isOpen    bool
	head      int64 // every event up to it was handed on
	inbox     []history.Event
	ahead     map[int64]history.Event // came before one that is missing
	last      int64                   // what the log is known to have reached
	repair    bool                    // read the log: the missing hint did not come
	waiting   bool                    // for the missing hint
	followers []*follower
	pages     map[int64]*page // read for replays, by the place that they begin after
	values    values

	outgoing outgoing // for whoever runs the hub
}

// follower is the place of one subscription in one log. Its fields are guarded by the hub's lock.
type follower struct {
	sub    *Subscription
	hub    *hub
	at     int       // its place among the hub's followers
	member id.Member // whose end ends it; the zero id never ends
	since  int64     // removals up to this seq were before the subscription

	cursor  int64 // every event up to it was offered
	live    bool  // it gets events as they come; otherwise it catches up, or its connection is behind
	reading bool  // a replay is under way
	turn    int   // counts how often it was set back: an older replay then stops
	owes    bool  // the present state has to be shown, whatever the log says
	stated  int64 // the seq as of which it was shown last
	over    bool  // its membership has ended, and what it was shown last may be missing
	gone    bool

	told json.RawMessage // the value that it was told last; nil: none, or one that has changed since, whatever it is now

	bundle *bundle // what it is offered next, and as of which turn; for whoever runs the hub
	as     int
}

func newHub(e *Engine, topic history.Topic) *hub {
	h := &hub{
		engine: e, topic: topic, ahead: map[int64]history.Event{},
		pages: map[int64]*page{},
	}
	h.values.hub = h
	return h
}

// open reads where the log stands, where that is unknown. The engine listens to the chat's channel already, so that
// nothing falls between.
func (h *hub) open(ctx context.Context, head int64) error {
	h.opening.Lock()
	defer h.opening.Unlock()
	h.mu.Lock()
	isOpen := h.isOpen
	h.mu.Unlock()
	if isOpen {
		return nil
	}
	if head == unknown {
		var err error
		if head, err = h.engine.looks[h.topic.Log].Get(ctx, h.topic.Chat); err != nil {
			return err
		}
	}
	h.mu.Lock()
	h.isOpen, h.head = true, head
	h.mu.Unlock()
	h.engine.work.add(h) // for hints that came meanwhile
	return nil
}

// hint takes those of the events that are of the hub's log, from the bus: together, so that they are handed on together.
func (h *hub) hint(events []history.Event) {
	h.mu.Lock()
	for _, e := range events {
		switch {
		case e.Topic() != h.topic:
		case len(h.inbox) < maxInbox:
			h.inbox = append(h.inbox, e)
		default:
			h.last = max(h.last, e.Seq)
		}
	}
	h.mu.Unlock()
	h.engine.work.add(h)
}

// seen takes note of where the log stands in the store.
func (h *hub) seen(last int64) {
	h.mu.Lock()
	behind := h.isOpen && last > h.head
	h.last = max(h.last, last)
	h.mu.Unlock()
	if behind {
		h.engine.work.add(h)
	}
}

// run hands on what has come, in order.
func (h *hub) run(ctx context.Context) {
	h.mu.Lock()
	if !h.isOpen {
		h.mu.Unlock()
		return
	}
	inbox, repair := h.inbox, h.repair
	h.inbox, h.repair = nil, false
	for _, e := range inbox {
		switch {
		case e.Seq <= h.head:
		case len(h.ahead) < maxInbox:
			h.ahead[e.Seq] = e
		default:
			h.last = max(h.last, e.Seq)
		}
	}
	h.mu.Unlock()
	h.handOn(ctx)
	if repair && h.hasGap() {
		if err := h.catchUp(ctx); err != nil {
			h.engine.log.Warn().Err(err).Msg("the log of a chat cannot be read, trying again")
			h.later(retryWait, func() { h.repair = true })
		}
		h.handOn(ctx)
	}
	gap := h.hasGap()
	h.mu.Lock()
	arm := gap && !h.waiting
	h.waiting = h.waiting || arm
	h.mu.Unlock()
	if arm {
		h.later(gapWait, func() { h.waiting, h.repair = false, true })
	}
	h.values.flush(ctx)
}

// hasGap tells whether the log is known to go on behind the head.
func (h *hub) hasGap() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ahead) > 0 || h.last > h.head
}

// later changes the hub after a while and runs it.
func (h *hub) later(d time.Duration, change func()) {
	time.AfterFunc(d, func() {
		h.mu.Lock()
		change()
		h.mu.Unlock()
		h.engine.work.add(h)
	})
}

// handOn delivers the events that follow the head without a hole.
func (h *hub) handOn(ctx context.Context) {
	defer h.send()
	for {
		h.mu.Lock()
		e, ok := h.ahead[h.head+1]
		delete(h.ahead, h.head+1)
		h.mu.Unlock()
		if !ok {
			return
		}
		h.deliver(ctx, e, nil)
	}
}

// catchUp reads the log from the head to its end. What was hinted at before and does not stand in it is no event: a hint
// comes after its commit.
func (h *hub) catchUp(ctx context.Context) error {
	h.mu.Lock()
	hinted := slices.Collect(maps.Keys(h.ahead))
	h.mu.Unlock()
	for {
		h.mu.Lock()
		from := h.head
		h.mu.Unlock()
		page, err := h.engine.pages[h.topic.Log].Get(ctx, history.Place{Chat: h.topic.Chat, After: from})
		if err != nil {
			return fmt.Errorf("read the log after %d: %w", from, err)
		}
		h.engine.metrics.repairs.Inc()
		removals, err := h.engine.removals(ctx, h.topic, page.Events)
		if err != nil {
			return fmt.Errorf("read the removals after %d: %w", from, err)
		}
		h.setAside(page.Events)
		for _, e := range page.Events {
			h.deliver(ctx, e, removals)
		}
		h.send()
		if len(page.Events) < pageSize {
			h.mu.Lock()
			h.last = h.head
			maps.DeleteFunc(h.ahead, func(seq int64, _ history.Event) bool { return seq <= h.head })
			for _, seq := range hinted {
				delete(h.ahead, seq)
			}
			h.mu.Unlock()
			return nil
		}
	}
}

// setAside lets members that a page removes catch up by themselves: its rows load their subjects as they are now, which
// may be newer than the removal.
func (h *hub) setAside(page []history.Event) {
	for _, e := range page {
		if e.Kind != history.MemberRemoved {
			continue
		}
		h.mu.Lock()
		var aside []*follower
		for _, f := range h.followers {
			if f.live && f.endsAt(e) {
				f.setBack(f.cursor)
				aside = append(aside, f)
			}
		}
		h.mu.Unlock()
		for _, f := range aside {
			f.catchUp()
		}
	}
}

// removals are those since the first of the events, where these show their subjects as they are now: then they may show
// what came after a removal.
func (e *Engine) removals(ctx context.Context, topic history.Topic, events []history.Event) ([]history.Removal, error) {
	if topic.Log != history.Changes || !slices.ContainsFunc(events, func(e history.Event) bool { return e.Late }) {
		return nil, nil
	}
	return history.RemovedSince(ctx, e.db, topic.Chat, events[0].Seq)
}

// deliver gives one event to every live follower, executed once for each audience; send offers it. Those who were removed
// since are shown it on their own.
func (h *hub) deliver(ctx context.Context, e history.Event, removals []history.Removal) {
	if e.Kind == history.MemberRemoved { // it sets followers back
		h.send()
	}
	h.mu.Lock()
	if e.Seq <= h.head {
		h.mu.Unlock()
		return
	}
	h.head = e.Seq
	var ended []*follower
	audiences := map[audienceKey]*audience{}
	for _, f := range h.followers {
		if !f.live || f.cursor >= e.Seq {
			continue
		}
		switch {
		case f.endsAt(e):
			f.setBack(f.cursor) // its last event is its own
			ended = append(ended, f)
		case !f.sub.stream.wants(e):
			f.cursor = e.Seq
		case f.sub.stream.Values != nil:
			f.cursor = e.Seq
			if f.sub.stream.isChange(e) {
				f.told = nil
			}
			h.values.touch(f)
		default:
			f.cursor = e.Seq
			key, viewer := f.sub.audience(e)
			a := audiences[key]
			if a == nil {
				a = &audience{plan: f.sub.plan, delivery: Delivery{Event: e, Viewer: viewer}}
				audiences[key] = a
			}
			a.members = append(a.members, member{f, f.turn})
		}
	}
	h.mu.Unlock()
	for _, f := range ended {
		f.catchUp()
	}
	for _, a := range audiences {
		h.offer(ctx, a, removals)
	}
}

// endsAt tells whether an event is the end of the membership that the follower rests on.
func (f *follower) endsAt(e history.Event) bool {
	return e.Kind == history.MemberRemoved && e.Seq > f.since && !f.member.IsZero() &&
		id.User(e.Subject) == f.sub.stream.Viewer.ID
}

// join makes a follower one of the hub's. The caller holds the lock.
func (h *hub) join(f *follower) {
	f.at = len(h.followers)
	h.followers = append(h.followers, f)
}

// part undoes join; the last follower takes the place. The caller holds the lock.
func (h *hub) part(f *follower) {
	last := len(h.followers) - 1
	h.followers[f.at] = h.followers[last]
	h.followers[f.at].at = f.at
	h.followers[last] = nil
	h.followers = h.followers[:last]
}

// setBack makes the follower catch up from a place.
func (f *follower) setBack(to int64) {
	f.live, f.turn, f.cursor = false, f.turn+1, min(f.cursor, to)
}

// audienceKey is equal for subscriptions that are shown an event alike.
type audienceKey struct {
	shown  unique.Handle[string] // what is shown: two texts are compared once, and then their handles
	viewer id.User
}

// audience is the followers that are shown an event alike.
type audience struct {
	plan     *plan
	delivery Delivery
	members  []member
}

type member struct {
	*follower
	turn int
}

// offer executes an event for an audience, and has the result offered.
func (h *hub) offer(ctx context.Context, a *audience, removals []history.Removal) {
	away := absence{work: h.engine.work} // what one selection reads must not hold up the news of all other chats
	payload, loaded, err := h.engine.counted(ctx, a.plan, a.delivery, away.begin)
	var more []history.Removal
	if err == nil && loaded > 0 {
		more, err = h.engine.removedSince(ctx, a.delivery.Event)
	}
	away.end()
	seq := a.delivery.Event.Seq
	removals = append(removals[:len(removals):len(removals)], more...)
	isRemoved := func(user id.User) bool {
		return slices.ContainsFunc(removals, func(r history.Removal) bool { return r.User == user && r.Seq > seq })
	}
	if err != nil || len(removals) > 0 { // followers may be set back
		h.send()
	}
	part := &part{result: Result{Cursor: Cursor{h.topic, seq}, Payload: payload}}
	for _, m := range a.members {
		switch {
		case err != nil:
			m.retry(seq - 1)
		case isRemoved(m.sub.stream.Viewer.ID):
			m.replay(seq - 1)
		case payload != nil:
			h.outgoing.add(m, part)
		}
	}
	if err != nil {
		h.engine.log.Warn().Err(err).Msg("an event cannot be shown, trying again")
	}
	h.outgoing.bytes += len(payload)
	if loaded > 0 || h.outgoing.bytes > maxOutgoing { // the next may take its time as well; nobody needs a whole page at once
		h.send()
	}
}

// removedSince are the removals since an event that was executed for several viewers and read from the store: it may have
// seen what came after one.
func (e *Engine) removedSince(ctx context.Context, event history.Event) ([]history.Removal, error) {
	if event.Topic().Log != history.Changes {
		return nil, nil
	}
	return history.RemovedSince(ctx, e.db, event.Chat, event.Seq)
}
