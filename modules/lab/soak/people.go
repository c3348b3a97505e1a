package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/lab/trace"
)

// room is one chat and who is in it.
type room struct {
	id      string
	owner   string
	members []string
	guests  []string // come and go, once each
}

// run is everything that the people of one run share.
type run struct {
	fleet  *fleet
	client *client
	record *trace.Recorder
	rooms  []*room
	think  time.Duration // between two calls of a writer

	patience time.Duration // for everybody to see everything

	ops    atomic.Int64
	failed chan error // the first thing that must never happen

	mu   sync.Mutex
	keys map[string]string // by message, of everything that was acknowledged
	subs map[*subscriber]struct{}
}

// fail ends the run with an error that is no matter of the trace.
func (r *run) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// do calls until the answer is known, at any process of a role. It gives up when ctx ends.
func (r *run) do(ctx context.Context, rng *rand.Rand, what trace.Entry, query string, v vars, read func() (message string, seq int64), out any) error {
	for ctx.Err() == nil {
		what.Kind, what.Op = trace.Invoke, r.ops.Add(1)
		p := pick(rng, r.fleet.of("sender"))
		what.Target = p.name
		r.record.Add(what)
		err := r.client.call(context.WithoutCancel(ctx), p, what.User, query, v, out)
		answer := trace.Entry{Kind: trace.Return, Op: what.Op}
		answer.Outcome, answer.Code = outcome(err)
		if answer.Outcome == trace.OK {
			answer.Message, answer.Seq = read()
			if what.What == trace.Send {
				r.mu.Lock()
				r.keys[answer.Message] = what.Key
				r.mu.Unlock()
			}
		}
		r.record.Add(answer)
		switch answer.Code {
		case "":
			if answer.Outcome == trace.OK {
				return nil
			}
		case "UNAVAILABLE":
		default:
			return err
		}
		pause(ctx, time.Duration(20+rng.IntN(200))*time.Millisecond)
	}
	return ctx.Err()
}

// pause waits unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// writer is one person who sends, edits, deletes and reads.
type writer struct {
	*run
	user string
	rng  *rand.Rand
	mine []own
	sent int
}

// own is a message of the writer.
type own struct{ room, id string }

func (w *writer) write(ctx context.Context) {
	for ctx.Err() == nil {
		room := pick(w.rng, w.rooms)
		var err error
		switch what := w.rng.IntN(100); {
		case what < 75 || len(w.mine) == 0:
			err = w.send(ctx, room)
		case what < 84:
			err = w.edit(ctx)
		case what < 88:
			err = w.remove(ctx)
		default:
			err = w.mark(ctx, room, 0)
		}
		if err != nil && ctx.Err() == nil {
			w.fail(fmt.Errorf("%s: %w", w.user, err))
			return
		}
		pause(ctx, time.Duration(float64(w.think)*w.rng.ExpFloat64()))
	}
}

type stored struct {
	ID           string
	Seq, Version int64
}

func (w *writer) send(ctx context.Context, room *room) error {
	w.sent++
	key := fmt.Sprintf("%s-%d", w.user[len(w.user)-12:], w.sent)
	text := key + " " + strings.Repeat("x", w.rng.IntN(400))
	text = strings.TrimSpace(text)
	var out struct{ CreateMessage stored }
	err := w.do(ctx, w.rng, trace.Entry{What: trace.Send, Chat: room.id, User: w.user, Key: key, Text: text},
		`mutation($c: String!, $t: String!, $k: ID!, $u: String!) {
			createMessage(createMessageInput: {chatId: $c, content: $t, clientMessageId: $k, senderId: $u}) { id seq version } }`,
		vars{"c": room.id, "t": text, "k": key, "u": w.user},
		func() (string, int64) { return out.CreateMessage.ID, out.CreateMessage.Seq }, &out)
	if err == nil {
		w.mine = append(w.mine[max(0, len(w.mine)-20):], own{room.id, out.CreateMessage.ID})
	}
	return err
}

func (w *writer) edit(ctx context.Context) error {
	m := pick(w.rng, w.mine)
	text := fmt.Sprintf("%s edited %d", w.user[len(w.user)-12:], w.ops.Load())
	var out struct{ UpdateMessage stored }
	return w.do(ctx, w.rng, trace.Entry{What: trace.Edit, Chat: m.room, User: w.user, Message: m.id, Text: text},
		`mutation($m: ID!, $t: String!, $u: String!) { updateMessage(id: $m, content: $t, userId: $u) { id seq version } }`,
		vars{"m": m.id, "t": text, "u": w.user},
		func() (string, int64) { return m.id, out.UpdateMessage.Version }, &out)
}

func (w *writer) remove(ctx context.Context) error {
	n := w.rng.IntN(len(w.mine))
	m := w.mine[n]
	w.mine = append(w.mine[:n:n], w.mine[n+1:]...)
	var out struct{ RemoveMessage stored }
	return w.do(ctx, w.rng, trace.Entry{What: trace.Delete, Chat: m.room, User: w.user, Message: m.id},
		`mutation($m: ID!, $u: String!) { removeMessage(id: $m, userId: $u) { id seq version } }`,
		vars{"m": m.id, "u": w.user},
		func() (string, int64) { return m.id, out.RemoveMessage.Version }, &out)
}

// mark reads a room up to a seq; 0 is up to wherever it stands.
func (w *writer) mark(ctx context.Context, room *room, upTo int64) error {
	if upTo == 0 {
		var err error
		if upTo, err = w.lastSeq(ctx, w.rng, room, w.user); err != nil || upTo == 0 {
			return err
		}
	}
	return w.do(ctx, w.rng, trace.Entry{What: trace.Mark, Chat: room.id, User: w.user, Seq: upTo},
		`mutation($c: ID!, $s: Seq!) { markChatRead(chatId: $c, upToSeq: $s) { unreadCount } }`,
		vars{"c": room.id, "s": upTo}, func() (string, int64) { return "", 0 }, nil)
}

// lastSeq asks receivers where a chat stands, until one answers.
func (r *run) lastSeq(ctx context.Context, rng *rand.Rand, room *room, user string) (int64, error) {
	for {
		var out struct{ Chat struct{ LastSeq int64 } }
		err := r.client.call(ctx, pick(rng, r.fleet.of("receiver")), user, `query($c: ID!) { chat(id: $c) { lastSeq } }`, vars{"c": room.id}, &out)
		var answered *refusal
		if err == nil || ctx.Err() != nil || errors.As(err, &answered) && answered.Extensions.Code != "UNAVAILABLE" {
			return out.Chat.LastSeq, err
		}
		pause(ctx, 100*time.Millisecond)
	}
}

// host lets guests come and go.
type host struct {
	*run
	room *room
	rng  *rand.Rand
}

func (h *host) welcome(ctx context.Context, people *sync.WaitGroup) {
	for visit := 0; ctx.Err() == nil && visit < len(h.room.guests); visit++ {
		guest := h.room.guests[visit] // a new one each time: a call whose answer was lost may yet move an earlier one
		if err := h.move(ctx, guest, trace.Add, "addParticipant"); err != nil {
			return
		}
		after, err := h.lastSeq(ctx, h.rng, h.room, guest)
		if err != nil {
			return
		}
		s := h.subscriber(fmt.Sprintf("%s in %s, visit %d", guest, h.room.id, visit), guest, h.room, after, h.rng.Uint64())
		people.Go(func() { s.follow() })
		pause(ctx, time.Duration(1000+h.rng.IntN(4000))*time.Millisecond)
		if err := h.move(context.WithoutCancel(ctx), guest, trace.Remove, "removeParticipant"); err != nil {
			return
		}
		pause(ctx, time.Duration(h.rng.IntN(2000))*time.Millisecond)
	}
}

func (h *host) move(ctx context.Context, guest, what, field string) error {
	err := h.do(ctx, h.rng, trace.Entry{What: what, Chat: h.room.id, User: h.room.owner},
		`mutation($c: ID!, $u: String!) { `+field+`(chatId: $c, userId: $u) { id } }`, vars{"c": h.room.id, "u": guest},
		func() (string, int64) { return "", 0 }, nil)
	if err != nil && ctx.Err() == nil {
		h.fail(fmt.Errorf("%s %s: %w", what, guest, err))
	}
	return err
}

// subscriber follows the log of a room from a cursor, on one receiver after the other.
type subscriber struct {
	*run
	name, user string
	room       *room
	rng        *rand.Rand
	life       context.Context
	stop       context.CancelFunc

	slow atomic.Bool // reads nothing for a while
	away atomic.Bool // does not connect for a while
	seen atomic.Int64
	over atomic.Bool // its membership has ended

	mu sync.Mutex
	ws *websocket.Conn
}

func (r *run) subscriber(name, user string, room *room, after int64, seed uint64) *subscriber {
	s := &subscriber{run: r, name: name, user: user, room: room, rng: rand.New(rand.NewPCG(seed, 2))}
	s.life, s.stop = context.WithCancel(context.Background())
	s.seen.Store(after)
	r.mu.Lock()
	r.subs[s] = struct{}{}
	r.mu.Unlock()
	return s
}

// follow goes on until stop, or until the membership has ended.
func (s *subscriber) follow() {
	for conn := 1; s.life.Err() == nil && !s.over.Load(); conn++ {
		for s.away.Load() && s.life.Err() == nil {
			pause(s.life, 50*time.Millisecond)
		}
		p := pick(s.rng, s.fleet.of("receiver"))
		ws, err := dial(s.life, p, s.user)
		if err != nil {
			pause(s.life, time.Duration(50+s.rng.IntN(300))*time.Millisecond)
			continue
		}
		s.mu.Lock()
		s.ws = ws
		s.mu.Unlock()
		stop := context.AfterFunc(s.life, func() { _ = ws.Close() })
		s.record.Add(trace.Entry{Kind: trace.Open, Subscriber: s.name, User: s.user, Chat: s.room.id, Conn: conn, After: s.seen.Load(), Target: p.name})
		reason := s.read(ws, conn)
		s.record.Add(trace.Entry{Kind: trace.End, Subscriber: s.name, Chat: s.room.id, Conn: conn, Reason: reason})
		stop()
		_ = ws.Close()
		switch reason {
		case trace.Complete, trace.Denied:
			s.over.Store(true)
		case trace.Resync:
			if last, err := s.lastSeq(s.life, s.rng, s.room, s.user); err == nil {
				s.seen.Store(last)
			}
		}
	}
}

// read takes events from one socket until it ends, and gives the reason.
func (s *subscriber) read(ws *websocket.Conn, conn int) string {
	if err := errors.Join(subscribe(ws, s.room.id, s.seen.Load()), fill(ws, s.room.id)); err != nil {
		return trace.Closed
	}
	for {
		if s.slow.Load() {
			s.sleep()
		}
		e, reason, err := next(ws)
		if err != nil {
			s.fail(fmt.Errorf("%s: %w", s.name, err))
			return trace.Closed
		}
		if reason != "" {
			return reason
		}
		entry := e.entry(trace.Event)
		entry.Subscriber, entry.Chat, entry.Conn = s.name, s.room.id, conn
		s.record.Add(entry)
		s.seen.Store(e.Seq)
	}
}

// sleep reads nothing as long as the subscriber is slow.
func (s *subscriber) sleep() {
	s.record.Add(trace.Entry{Kind: trace.Pause, Subscriber: s.name})
	for s.slow.Load() && s.life.Err() == nil {
		pause(s.life, 50*time.Millisecond)
	}
	s.record.Add(trace.Entry{Kind: trace.Resume, Subscriber: s.name})
}

// drop ends the subscriber's socket as a network does.
func (s *subscriber) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws != nil {
		_ = s.ws.NetConn().Close()
	}
}
