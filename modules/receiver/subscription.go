package receiver

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/pg"
)

// Subscription is one subscription of one client.
type Subscription struct {
	engine  *Engine
	plan    *plan
	stream  *Stream
	sink    Sink
	shown   unique.Handle[string] // equal for those that show the same
	watcher *watcher              // of the viewer; nil where nothing beside the log ends or widens the subscription
	ctx     context.Context
	cancel  context.CancelFunc

	offering sync.Mutex  // held while something is offered, so that a result of before a setback is not offered after it
	behind   atomic.Bool // the connection takes nothing until Drained

	mu        sync.Mutex
	followers map[standing]*follower
	started   bool
	ended     bool
	counted   bool     // among the open subscriptions
	missed    []Cursor // arrivals that were refused
}

// standing is what a follower rests on: it stands in a log once for each membership.
type standing struct {
	hub    *hub
	member id.Member
}

// Start begins delivery: what came after the cursor first, then live.
func (s *Subscription) Start() {
	s.mu.Lock()
	s.started = true
	s.mu.Unlock()
	s.catchUp()
}

// count makes the subscription one of the open ones, unless it has ended while it was opened.
func (s *Subscription) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.counted = true
		s.engine.metrics.subscriptions.Inc()
	}
}

// Stop ends the subscription without a word to the client. It may be called more than once.
func (s *Subscription) Stop() { s.end(nil) }

// end ends the subscription once and then says goodbye.
func (s *Subscription) end(goodbye func()) {
	s.mu.Lock()
	first, counted := !s.ended, s.counted
	s.ended = true
	followers := s.followers
	s.followers = nil
	s.mu.Unlock()
	if !first {
		return
	}
	s.cancel()
	for _, f := range followers {
		f.leave()
	}
	if s.watcher != nil {
		s.watcher.leave(s)
	}
	if counted {
		s.engine.metrics.subscriptions.Dec()
	}
	if goodbye != nil {
		s.offering.Lock()
		goodbye()
		s.offering.Unlock()
	}
}

// Dropped tells that a result which Next had taken will not be written; it is read again later.
func (s *Subscription) Dropped(c Cursor) {
	// Behind comes last: a Drained of before, which may run at the same time, then either finds what was dropped or leaves
	// the subscription behind for the next one.
	defer s.behind.Store(true)
	if s.stream.Arrivals {
		s.miss(c)
		return
	}
	for _, f := range s.places(c.Topic) {
		f.hub.mu.Lock()
		f.refused(c.Seq)
		f.hub.mu.Unlock()
	}
}

// IsBehind tells whether something was refused or dropped since the last Drained.
func (s *Subscription) IsBehind() bool { return s.behind.Load() }

// Drained tells that the connection has written everything: what was refused or dropped comes again.
func (s *Subscription) Drained() {
	s.offering.Lock()
	s.sink.Resume()
	s.behind.Store(false)
	s.offering.Unlock()
	s.catchUp()
}

func (s *Subscription) catchUp() {
	s.mu.Lock()
	if !s.started || s.ended {
		s.mu.Unlock()
		return
	}
	followers := make([]*follower, 0, len(s.followers))
	for _, f := range s.followers {
		followers = append(followers, f)
	}
	missed := s.missed
	s.missed = nil
	s.mu.Unlock()
	for _, f := range followers {
		f.catchUp()
	}
	if len(missed) > 0 {
		s.engine.spawn(func() {
			for _, c := range missed {
				s.arrive(c)
			}
		})
	}
}

// add makes the follower a part of the subscription and of its hub; false when the subscription has ended or follows
// that membership already.
func (s *Subscription) add(f *follower) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	at := standing{f.hub, f.member}
	if s.followers[at] != nil {
		return false
	}
	s.followers[at] = f
	f.hub.mu.Lock()
	f.hub.join(f)
	f.hub.mu.Unlock()
	return true
}

// remove takes one follower out whose end was reached in a turn; a subscription to one log ends with it. False: what it was
// shown last is not sure to be written, and nobody would show it again.
func (s *Subscription) remove(f *follower, turn int) bool {
	isKept := s.sink.Keep(f.hub.topic)
	f.hub.mu.Lock()
	isKept = isKept && f.turn == turn
	f.over = !isKept
	f.hub.mu.Unlock()
	if !isKept {
		return false
	}
	if !s.stream.isWide() {
		s.end(s.sink.Complete)
		return true
	}
	s.mu.Lock()
	at := standing{f.hub, f.member}
	mine := s.followers[at] == f
	if mine {
		delete(s.followers, at)
	}
	s.mu.Unlock()
	if mine {
		f.leave()
	}
	return true
}

func (s *Subscription) places(topic history.Topic) []*follower {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*follower
	for _, f := range s.followers {
		if f.hub.topic == topic {
			found = append(found, f)
		}
	}
	return found
}

// offer gives a result to the sink unless the follower was set back since that turn. False: it was not taken.
func (s *Subscription) offer(f *follower, turn int, r Result) bool {
	s.offering.Lock()
	defer s.offering.Unlock()
	f.hub.mu.Lock()
	valid := !f.gone && f.turn == turn
	f.hub.mu.Unlock()
	return valid && s.next(f, r)
}

// offerAll gives the sink what the follower's hub has for it.
func (s *Subscription) offerAll(f *follower) {
	bundle, turn := f.bundle, f.as
	f.bundle = nil
	s.offering.Lock()
	defer s.offering.Unlock()
	f.hub.mu.Lock()
	valid := !f.gone && f.turn == turn
	f.hub.mu.Unlock()
	for n := 0; valid && n < len(bundle.results); n++ {
		valid = s.next(f, bundle.results[n])
	}
}

// next gives the sink one result; false: it was not taken, and will have to come again. The caller holds offering.
func (s *Subscription) next(f *follower, r Result) bool {
	if r.value != nil {
		f.hub.mu.Lock()
		f.told = r.value // before it is dropped again
		f.hub.mu.Unlock()
	}
	if s.sink.Next(r) {
		return true
	}
	s.behind.Store(true)
	f.hub.mu.Lock()
	f.refused(r.Cursor.Seq)
	f.hub.mu.Unlock()
	return false
}

// refused takes note that an event will have to be offered again: as a state, where it was one.
func (f *follower) refused(seq int64) {
	f.setBack(seq - 1)
	f.owes = f.owes || f.sub.stream.Values != nil || seq == f.stated
	f.told = nil
}

// leave takes the follower out of its hub.
func (f *follower) leave() {
	f.hub.mu.Lock()
	f.gone = true
	f.hub.part(f)
	f.hub.mu.Unlock()
	f.hub.engine.release(f.hub)
}

// replay sets the follower back and lets it catch up at once.
func (f *follower) replay(from int64) {
	f.hub.mu.Lock()
	f.setBack(from)
	f.hub.mu.Unlock()
	f.catchUp()
}

// retry does the same after a while.
func (f *follower) retry(from int64) {
	f.hub.mu.Lock()
	f.setBack(from)
	f.hub.mu.Unlock()
	time.AfterFunc(retryWait, f.catchUp)
}

// catchUp brings a follower that is not live back to the head of the log, and then makes it live. While the connection
// is behind it does nothing: Drained comes.
func (f *follower) catchUp() {
	f.hub.mu.Lock()
	due := !f.live && !f.reading && !f.gone && !f.sub.behind.Load()
	f.reading = f.reading || due
	f.hub.mu.Unlock()
	if due {
		f.sub.engine.spawn(f.read)
	}
}

// read pages through the log until the follower is live, its membership has ended, or something was not taken.
func (f *follower) read() {
	for {
		from, turn, due := f.place()
		if !due {
			return
		}
		switch outcome, err := f.page(f.sub.ctx, from, turn); {
		case outcome == endReached && f.sub.remove(f, turn):
			return
		case outcome == endReached, outcome == notTaken:
			f.hub.mu.Lock()
			f.reading = false
			f.hub.mu.Unlock()
			f.catchUp() // Drained may have come before reading was false
			return
		case err != nil:
			f.pause()
		}
	}
}

// place gives where to read on from. Not due: there is nothing to read, and the follower is live from here on.
func (f *follower) place() (from int64, turn int, due bool) {
	h := f.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case f.gone, f.sub.ctx.Err() != nil, f.sub.engine.ctx.Err() != nil:
		f.reading = false
		return 0, 0, false
	case f.cursor >= h.head && !f.owes && !f.over:
		f.live, f.reading = true, false
		return 0, 0, false
	}
	return f.cursor, f.turn, true
}

func (f *follower) pause() {
	select {
	case <-time.After(retryWait):
	case <-f.sub.ctx.Done():
	case <-f.sub.engine.ctx.Done():
	}
}

// outcome is what became of a page.
type outcome int

const (
	offered    outcome = iota
	notTaken           // the connection is behind, or the follower was set back
	endReached         // the membership has ended, and its last event was offered
)

// piece is what executing a part of a page gave.
type piece struct {
	results []Result
	last    int64 // the seq that they reach
	more    bool  // the page goes on behind it
	end     bool  // the membership has ended there
	isState bool  // everything is shown as it is there, as the follower owed
}

// maxPiece is how many bytes of results a replay gathers before it offers them. What a row shows may be long, and the
// connection may take its time.
const maxPiece = 64 << 10

// page reads one page of the log, and executes and offers it piece by piece.
func (f *follower) page(ctx context.Context, from int64, turn int) (outcome, error) {
	e := f.sub.engine
	var shared *page
	for {
		var p piece
		var err error
		if away := e.crew.do(ctx, func() {
			if shared == nil {
				if shared, err = f.hub.page(ctx, from); err != nil {
					return
				}
				e.metrics.replays.Add(float64(len(shared.after(from))))
			}
			p, err = f.piece(ctx, shared, from)
		}); away != nil {
			return offered, away
		}
		if err != nil {
			return offered, err
		}
		for _, r := range p.results {
			if err := f.sub.sink.Wait(ctx); err != nil {
				return offered, err
			}
			if !f.sub.offer(f, turn, r) {
				return notTaken, nil
			}
			f.advance(turn, r.Cursor.Seq)
		}
		f.settle(turn, p)
		switch {
		case p.end:
			return endReached, nil
		case !p.more:
			return offered, nil
		}
		from = p.last
	}
}

// advance moves the cursor of a replay that was not set back meanwhile.
func (f *follower) advance(turn int, to int64) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	if f.turn == turn && f.cursor < to {
		f.cursor = to
	}
}

// settle takes note of a piece that was taken whole. Only now the state is no longer owed: it might have been refused.
func (f *follower) settle(turn int, p piece) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	if f.turn != turn {
		return
	}
	f.cursor = max(f.cursor, p.last)
	if p.isState {
		f.owes, f.stated = false, p.last
	}
}

// piece executes the rows of a page after a place.
func (f *follower) piece(ctx context.Context, shared *page, from int64) (piece, error) {
	e := f.sub.engine
	rows, last, alone, err := f.rows(ctx, shared, from)
	if err != nil {
		return piece{}, err
	}
	p, err := f.executeAll(ctx, rows, last, func(row history.Event) ([]byte, error) {
		if !alone {
			return shared.execute(ctx, f.sub, row)
		}
		_, viewer := f.sub.audience(row)
		return e.execute(ctx, f.sub.plan, Delivery{Event: row, Viewer: viewer})
	})
	p.isState = alone && !p.more
	if err != nil || f.member.IsZero() {
		return p, err
	}
	// Only now: whatever was loaded above is older than this answer.
	left, err := e.ends.Get(ctx, f.member)
	if err != nil || left.Seq == 0 {
		return p, err
	}
	if f.hub.topic.Log == history.Moves {
		return piece{last: last, end: true}, nil
	}
	p, err = f.executeAll(ctx, upTo(rows, left.Seq), min(last, left.Seq), func(row history.Event) ([]byte, error) {
		_, viewer := f.sub.audience(row)
		return e.execute(ctx, f.sub.plan, Delivery{Event: row, Viewer: viewer, Left: &left})
	})
	p.end, p.isState = p.last >= left.Seq, alone && !p.more
	return p, err
}

func upTo(rows []history.Event, seq int64) []history.Event {
	for n, e := range rows {
		if e.Seq > seq {
			return rows[:n]
		}
	}
	return rows
}

// rows are the events of a page to show after a place, and the seq that they reach. They are the viewer's alone where one
// of them is a state.
func (f *follower) rows(ctx context.Context, shared *page, from int64) (rows []history.Event, last int64, alone bool, err error) {
	h, stream := f.hub, f.sub.stream
	last = from
	for _, e := range shared.after(from) {
		last = e.Seq
		if stream.Values == nil && stream.wants(e) {
			rows = append(rows, e)
		}
	}
	h.mu.Lock()
	owes := f.owes || stream.Values != nil && slices.ContainsFunc(shared.after(from), stream.wants)
	h.mu.Unlock()
	if !owes {
		return rows, last, false, nil
	}
	state, err := f.state(ctx, last)
	return append(rows, state...), last, true, err
}

// state is an event that shows how things are, in the place of all that is not shown of a log up to a seq.
func (f *follower) state(ctx context.Context, seq int64) ([]history.Event, error) {
	stream := f.sub.stream
	e := history.Event{Chat: f.hub.topic.Chat, Seq: seq, Kind: stream.Kinds[0]}
	if stream.Values == nil {
		return []history.Event{e}, nil
	}
	values, err := stream.Values.Values(ctx, e.Chat, []id.User{stream.Viewer.ID})
	e.Body = values[stream.Viewer.ID]
	if err != nil || e.Body == nil || f.hasHeard(e.Body) {
		return nil, err
	}
	return []history.Event{e}, nil
}

// executeAll executes rows, whose page ends at last, until their payloads make a piece.
func (f *follower) executeAll(
	ctx context.Context, rows []history.Event, last int64, execute func(history.Event) ([]byte, error),
) (piece, error) {
	p := piece{last: last}
	bytes := 0
	for n, e := range rows {
		if err := ctx.Err(); err != nil { // what is shared goes on without this subscription
			return piece{}, err
		}
		payload, err := execute(e)
		if err != nil {
			return piece{}, err
		}
		if payload != nil {
			r := Result{Cursor: Cursor{f.hub.topic, e.Seq}, Payload: payload}
			if f.sub.stream.Values != nil {
				r.value = e.Body
			}
			p.results = append(p.results, r)
		}
		if bytes += len(payload); bytes >= maxPiece && n+1 < len(rows) {
			p.last, p.more = e.Seq, true
			break
		}
	}
	return p, nil
}

// arrivals is the log, in cursors only, of a user's memberships: their number is that of the user's feed.
const arrivals history.Log = 1<<8 - 1

// miss takes note of a chat that the user has come into and was not told of yet.
func (s *Subscription) miss(c Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed = append(s.missed, c)
}

// arrive tells of a chat that the user has come into.
func (s *Subscription) arrive(c Cursor) {
	e := history.Event{
		Chat: c.Topic.Chat, Kind: history.MemberAdded, Subject: id.Any(s.stream.Viewer.ID), At: time.Now(),
	}
	_, viewer := s.audience(e)
	payload, err := s.engine.execute(s.ctx, s.plan, Delivery{Event: e, Viewer: viewer})
	var sight history.Sight
	if err == nil { // only now: whatever was loaded above is older than this answer
		sight, err = s.engine.sees.Get(s.ctx, history.Look{Viewer: identity.Viewer{ID: s.stream.Viewer.ID}, Chat: e.Chat})
	}
	if err != nil {
		s.miss(c)
		time.AfterFunc(retryWait, s.catchUp)
		return
	}
	if payload == nil || sight.Chat.IsZero() { // it is left out, or the user has left again
		return
	}
	s.offering.Lock()
	defer s.offering.Unlock()
	if s.behind.Load() || !s.sink.Next(Result{Cursor: c, Payload: payload}) {
		s.behind.Store(true)
		s.miss(c)
	}
}

// counted executes an event and counts the statements that it took; first is called before the first of them.
func (e *Engine) counted(ctx context.Context, p *plan, d Delivery, first func()) (payload []byte, statements int64, err error) {
	ctx, n := pg.WithCount(ctx, first)
	payload, err = e.execute(ctx, p, d)
	return payload, n.Load(), err
}
