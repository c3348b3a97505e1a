package receiver

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"chat/modules/bus"
	"chat/modules/history"
	"chat/modules/id"
)

// watcher follows the feed of one user who is connected here: chats that the user comes into or leaves, and the user's
// own position on other devices.
type watcher struct {
	engine *Engine
	user   id.User
	users  int // guarded by Engine.mu

	opening sync.Mutex

	mu     sync.Mutex
	isOpen bool
	feed   int64 // what was acted upon
	want   int64 // what the feed is said to have reached, since it was last read
	subs   map[*Subscription]struct{}
}

// watch gives the watcher of a user, listening; every watch needs a leave of its subscription.
func (e *Engine) watch(ctx context.Context, user id.User) (*watcher, error) {
	e.mu.Lock()
	w := e.watchers[user]
	if w == nil {
		w = &watcher{engine: e, user: user, subs: map[*Subscription]struct{}{}}
		e.watchers[user] = w
	}
	w.users++
	e.mu.Unlock()
	err := e.listen(ctx, bus.Channel{User: user})
	if err == nil {
		err = w.open(ctx)
	}
	if err != nil {
		w.release()
		return nil, err
	}
	return w, nil
}

func (w *watcher) open(ctx context.Context) error {
	w.opening.Lock()
	defer w.opening.Unlock()
	w.mu.Lock()
	isOpen := w.isOpen
	w.mu.Unlock()
	if isOpen {
		return nil
	}
	feed, err := w.engine.feeds.Get(ctx, w.user)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.isOpen, w.feed = true, feed
	w.mu.Unlock()
	w.engine.watches.add(w) // for hints that came meanwhile
	return nil
}

func (w *watcher) join(s *Subscription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subs[s] = struct{}{}
}

func (w *watcher) joined() []*Subscription {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.subs))
}

func (w *watcher) leave(s *Subscription) {
	w.mu.Lock()
	delete(w.subs, s)
	w.mu.Unlock()
	w.release()
}

func (w *watcher) release() {
	e := w.engine
	e.mu.Lock()
	w.users--
	if w.users == 0 {
		delete(e.watchers, w.user)
	}
	e.mu.Unlock()
	e.unlisten(bus.Channel{User: w.user})
}

// hint takes note that the feed has reached a number, by positions that moved in those chats or, where none is named, by
// anything.
func (w *watcher) hint(feed int64, chats []id.Chat) {
	w.mu.Lock()
	next := w.isOpen && feed == w.feed+1 && len(chats) > 0
	if next {
		w.feed = feed
	} else {
		w.want = max(w.want, feed)
	}
	due := w.want > w.feed
	w.mu.Unlock()
	if next {
		for _, chat := range chats {
			w.touch(history.Topic{Chat: chat, Log: history.Changes})
		}
	}
	if due {
		w.engine.watches.add(w)
	}
}

// touch delivers the user's value in a chat to those who follow it.
func (w *watcher) touch(topic history.Topic) {
	w.engine.mu.Lock()
	h := w.engine.hubs[topic]
	w.engine.mu.Unlock()
	if h != nil {
		h.touchUser(w.user)
	}
}

// run acts upon what has happened to the user since.
func (w *watcher) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, executeTime)
	defer cancel()
	w.mu.Lock()
	from, want := w.feed, w.want
	due := w.isOpen && want > from
	if due {
		w.want = 0
	}
	w.mu.Unlock()
	if !due {
		return
	}
	feed, turns, err := w.read(ctx, from)
	subs := w.joined() // only now: who joins later reads what was read here, or more
	if err == nil {
		err = w.act(ctx, turns, from, subs)
	}
	if err != nil {
		w.engine.log.Warn().Err(err).Msg("a user's feed cannot be read, trying again")
		time.AfterFunc(retryWait, func() { w.hint(want, nil) })
		return
	}
	w.mu.Lock()
	w.feed = max(w.feed, feed)
	w.mu.Unlock()
	if !areTurns(turns, from, feed) {
		for topic := range topicsOf(subs) {
			w.touch(topic) // which position has moved is not known
		}
	}
}

// read gives what has happened to the user since, and the number that this reaches: what a hint says may not be true, and
// whoever believed it would take all that comes until then for old.
func (w *watcher) read(ctx context.Context, from int64) (feed int64, turns []history.Turn, err error) {
	if feed, err = w.engine.feeds.Get(ctx, w.user); err != nil {
		return 0, nil, err
	}
	if turns, err = history.TurnsSince(ctx, w.engine.db, w.user, from); err != nil {
		return 0, nil, err
	}
	for _, turn := range turns { // some of them may have come since
		feed = max(feed, turn.JoinedFeed, turn.LeftFeed)
	}
	return feed, turns, nil
}

// areTurns tells whether all numbers of a feed behind one and up to another are those of memberships: then no position has
// moved.
func areTurns(turns []history.Turn, from, to int64) bool {
	numbers := map[int64]struct{}{}
	for _, turn := range turns {
		for _, n := range [...]int64{turn.JoinedFeed, turn.LeftFeed} {
			if n > from && n <= to {
				numbers[n] = struct{}{}
			}
		}
	}
	return int64(len(numbers)) == to-from
}

// act lets subscriptions end, and widens them. What is tried again when it fails comes before what is told.
func (w *watcher) act(ctx context.Context, turns []history.Turn, from int64, subs []*Subscription) error {
	var came []history.Turn
	for _, turn := range turns {
		switch {
		case turn.LeftFeed > 0:
			for _, s := range subs {
				s.endIn(turn.Chat)
			}
		case turn.JoinedFeed > from:
			came = append(came, turn)
		}
	}
	if len(came) == 0 {
		return nil
	}
	for _, s := range subs {
		if err := s.enter(ctx, came); err != nil {
			return err
		}
	}
	if err := w.compare(ctx, came); err != nil {
		return err
	}
	for _, s := range subs {
		s.greet(came)
	}
	return nil
}

// compare looks at the chats that the user has come into once more, now that they are listened to.
func (w *watcher) compare(ctx context.Context, turns []history.Turn) error {
	chats := make([]id.Chat, len(turns))
	for n, turn := range turns {
		chats[n] = turn.Chat
	}
	return w.engine.compare(ctx, history.Changes, chats)
}

// endIn ends a subscription to the Moves of a chat that its viewer has left. Those to Changes end by themselves, at the
// removal's seq.
func (s *Subscription) endIn(chat id.Chat) {
	if s.stream.Topic == (history.Topic{Chat: chat, Log: history.Moves}) {
		s.end(s.sink.Complete)
	}
}

// enter widens a user-wide subscription by chats that the user has come into: by all at once, because each may have to be
// listened to first.
func (s *Subscription) enter(ctx context.Context, turns []history.Turn) error {
	if !s.stream.isWide() || s.stream.Arrivals {
		return nil
	}
	entries := make([]entry, len(turns))
	for n, turn := range turns {
		entries[n] = entry{turn.Sight, turn.JoinedSeq}
	}
	if err := s.engine.follow(ctx, s, entries...); err != nil {
		return err
	}
	s.catchUp()
	return nil
}

// greet tells a subscription to arrivals of the chats that the user has come into.
func (s *Subscription) greet(turns []history.Turn) {
	if !s.stream.Arrivals {
		return
	}
	for _, turn := range turns {
		s.arrive(Cursor{history.Topic{Chat: turn.Chat, Log: arrivals}, turn.JoinedFeed})
	}
}

// topicsOf are the logs in which subscriptions follow values.
func topicsOf(subs []*Subscription) map[history.Topic]struct{} {
	topics := map[history.Topic]struct{}{}
	for _, s := range subs {
		if s.stream.Values == nil {
			continue
		}
		s.mu.Lock()
		for _, f := range s.followers {
			topics[f.hub.topic] = struct{}{}
		}
		s.mu.Unlock()
	}
	return topics
}
