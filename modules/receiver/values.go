package receiver

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"chat/modules/history"
	"chat/modules/id"
)

// values delivers, of one chat, values that have changed: the first at once, then at most every 100 ms, in one statement
// for everybody here. Its fields are guarded by the hub's lock.
type values struct {
	hub     *hub
	changed map[*follower]int // and the turn of each
	read    time.Time
	waiting bool
}

// touch takes note that a follower's value may have changed. The caller holds the hub's lock and runs the hub.
func (v *values) touch(f *follower) {
	if v.changed == nil {
		v.changed = map[*follower]int{}
	}
	v.changed[f] = f.turn
}

// touchUser does so for the followers of one user. Those that are not live may have read the value of before, in which no
// row of the log shows a change: they read it again.
func (h *hub) touchUser(user id.User) {
	h.mu.Lock()
	for _, f := range h.followers {
		switch {
		case f.sub.stream.Values == nil || f.sub.stream.Viewer.ID != user:
		case f.live:
			h.values.touch(f)
		default:
			f.setBack(f.cursor)
			f.owes = true
		}
	}
	h.mu.Unlock()
	h.engine.work.add(h)
}

// flush delivers what has changed, unless the last reading was just now.
func (v *values) flush(ctx context.Context) {
	h := v.hub
	h.mu.Lock()
	wait := valueInterval - time.Since(v.read)
	if len(v.changed) == 0 || v.waiting {
		h.mu.Unlock()
		return
	}
	if wait > 0 {
		v.waiting = true
		h.mu.Unlock()
		h.later(wait, func() { v.waiting = false })
		return
	}
	changed, seq := v.changed, h.head
	v.changed, v.read = nil, time.Now()
	h.mu.Unlock()
	for valuer, followers := range byValuer(changed) {
		v.deliver(ctx, valuer, seq, followers, changed)
	}
}

// hasHeard tells whether a value is what the follower was told last.
func (f *follower) hasHeard(value json.RawMessage) bool {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	return bytes.Equal(value, f.told)
}

func byValuer(changed map[*follower]int) map[Valuer][]*follower {
	groups := map[Valuer][]*follower{}
	for f := range changed {
		groups[f.sub.stream.Values] = append(groups[f.sub.stream.Values], f)
	}
	return groups
}

func (v *values) deliver(ctx context.Context, valuer Valuer, seq int64, followers []*follower, turns map[*follower]int) {
	ctx, cancel := context.WithTimeout(ctx, executeTime)
	defer cancel()
	users := make([]id.User, len(followers))
	for n, f := range followers {
		users[n] = f.sub.stream.Viewer.ID
	}
	bodies, err := valuer.Values(ctx, v.hub.topic.Chat, users)
	for _, f := range followers {
		body := bodies[f.sub.stream.Viewer.ID]
		if err == nil && (body == nil || f.hasHeard(body)) { // no member any more, or nothing new
			continue
		}
		e := history.Event{Chat: v.hub.topic.Chat, Seq: seq, Kind: f.sub.stream.Kinds[0], Body: body}
		var payload []byte
		if err == nil {
			payload, err = f.sub.engine.execute(ctx, f.sub.plan, Delivery{Event: e, Viewer: f.sub.stream.Viewer})
		}
		if err != nil {
			f.hub.mu.Lock()
			f.owes = true
			f.hub.mu.Unlock()
			f.retry(seq)
			continue
		}
		f.sub.offer(f, turns[f], Result{Cursor: Cursor{v.hub.topic, seq}, Payload: payload, value: body})
	}
}
