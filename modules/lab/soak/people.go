package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
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
	owner   *phone
	members []*account
	guests  []*account // come and go, once each
}

// run is everything that the people of one run share.
type run struct {
	fleet  *fleet
	client *client
	record *trace.Recorder
	rooms  []*room
	plan   plan

	ops    atomic.Int64
	failed chan error // the first thing that must never happen

	life    context.Context // of the sessions: to the end of the run
	keeping sync.WaitGroup  // those who refresh them

	mu    sync.Mutex
	keys  map[string]string // by message, of everything that was acknowledged
	subs  map[*subscriber]struct{}
	ended []pass // of sessions that were ended
}

// fail ends the run with an error that is no matter of the trace.
func (r *run) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// do calls a sender until the answer is known, from a phone, which signs in again where its session is over. It gives up
// when ctx ends.
func (r *run) do(ctx context.Context, by *phone, rng *rand.Rand, what trace.Entry, query string, v vars, read reader, out any) error {
	what.User = by.id
	for {
		shown, err := r.pass(ctx, by, rng)
		if err != nil {
			return err
		}
		err = r.insist(ctx, "sender", shown, rng, what, query, v, read, out)
		if !isRefused(err) || r.client.isOpen {
			return err
		}
		by.forget(shown.session)
	}
}

// reader takes what is noted of an answer that is a success; nil where nothing is.
type reader func() (message string, seq int64)

// insist calls any process of a role until the answer is known. It gives up when ctx ends. A refusal is an error.
func (r *run) insist(ctx context.Context, role string, by pass, rng *rand.Rand, what trace.Entry, query string, v vars, read reader, out any) error {
	for ctx.Err() == nil {
		answer, err := r.attempt(ctx, pick(rng, r.fleet.of(role)), by, what, query, v, read, out)
		switch answer.Code {
		case "":
			if answer.Outcome == trace.OK {
				return nil
			}
		case "UNAVAILABLE", "RATE_LIMITED": // too many sign in
		default:
			return err
		}
		pause(ctx, time.Duration(20+rng.IntN(200))*time.Millisecond)
	}
	return ctx.Err()
}

// attempt makes one call and notes it.
func (r *run) attempt(ctx context.Context, p *process, by pass, what trace.Entry, query string, v vars, read reader, out any) (trace.Entry, error) {
	what.Kind, what.Op, what.Session, what.Target = trace.Invoke, r.ops.Add(1), by.session, p.name
	r.record.Add(what)
	err := r.client.callBy(context.WithoutCancel(ctx), p, by, query, v, out)
	answer := trace.Entry{Kind: trace.Return, Op: what.Op}
	answer.Outcome, answer.Code = outcome(err)
	if answer.Outcome == trace.OK && read != nil {
		answer.Message, answer.Seq = read()
		if what.What == trace.Send {
			r.mu.Lock()
			r.keys[answer.Message] = what.Key
			r.mu.Unlock()
		}
	}
	r.record.Add(answer)
	r.noteRefusal(p, by, err)
	return answer, err
}

// noteRefusal notes that a session was refused as one that is over.
func (r *run) noteRefusal(p *process, by pass, err error) {
	if isRefused(err) && by.session != "" {
		r.record.Add(trace.Entry{Kind: trace.Refusal, Session: by.session, Target: p.name})
	}
}

// ask reads at a process, from a phone, which signs in again where its session is over.
func (r *run) ask(ctx context.Context, p *process, by *phone, rng *rand.Rand, query string, v vars, out any) error {
	for {
		shown, err := r.pass(ctx, by, rng)
		if err != nil {
			return err
		}
		err = r.client.callBy(ctx, p, shown, query, v, out)
		if !isRefused(err) || r.client.isOpen {
			return err
		}
		r.noteRefusal(p, shown, err)
		by.forget(shown.session)
	}
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
	by   *phone
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
			w.fail(fmt.Errorf("%s: %w", w.by.id, err))
			return
		}
		pause(ctx, time.Duration(float64(w.plan.think)*w.rng.ExpFloat64()))
	}
}

type stored struct {
	ID           string
	Seq, Version int64
}

func (w *writer) send(ctx context.Context, room *room) error {
	w.sent++
	key := fmt.Sprintf("%s-%d", w.by.id[len(w.by.id)-12:], w.sent)
	text := key + " " + strings.Repeat("x", w.rng.IntN(400))
	text = strings.TrimSpace(text)
	var out struct{ CreateMessage stored }
	err := w.do(ctx, w.by, w.rng, trace.Entry{What: trace.Send, Chat: room.id, Key: key, Text: text},
		`mutation($c: String!, $t: String!, $k: ID!, $u: String!) {
			createMessage(createMessageInput: {chatId: $c, content: $t, clientMessageId: $k, senderId: $u}) { id seq version } }`,
		vars{"c": room.id, "t": text, "k": key, "u": w.by.id},
		func() (string, int64) { return out.CreateMessage.ID, out.CreateMessage.Seq }, &out)
	if err == nil {
		w.mine = append(w.mine[max(0, len(w.mine)-20):], own{room.id, out.CreateMessage.ID})
	}
	return err
}

func (w *writer) edit(ctx context.Context) error {
	m := pick(w.rng, w.mine)
	text := fmt.Sprintf("%s edited %d", w.by.id[len(w.by.id)-12:], w.ops.Load())
	var out struct{ UpdateMessage stored }
	return w.do(ctx, w.by, w.rng, trace.Entry{What: trace.Edit, Chat: m.room, Message: m.id, Text: text},
		`mutation($m: ID!, $t: String!, $u: String!) { updateMessage(id: $m, content: $t, userId: $u) { id seq version } }`,
		vars{"m": m.id, "t": text, "u": w.by.id},
		func() (string, int64) { return m.id, out.UpdateMessage.Version }, &out)
}

func (w *writer) remove(ctx context.Context) error {
	n := w.rng.IntN(len(w.mine))
	m := w.mine[n]
	w.mine = append(w.mine[:n:n], w.mine[n+1:]...)
	var out struct{ RemoveMessage stored }
	return w.do(ctx, w.by, w.rng, trace.Entry{What: trace.Delete, Chat: m.room, Message: m.id},
		`mutation($m: ID!, $u: String!) { removeMessage(id: $m, userId: $u) { id seq version } }`,
		vars{"m": m.id, "u": w.by.id},
		func() (string, int64) { return m.id, out.RemoveMessage.Version }, &out)
}

// mark reads a room up to a seq; 0 is up to wherever it stands.
func (w *writer) mark(ctx context.Context, room *room, upTo int64) error {
	if upTo == 0 {
		var err error
		if upTo, err = w.lastSeq(ctx, w.rng, room, w.by); err != nil || upTo == 0 {
			return err
		}
	}
	return w.do(ctx, w.by, w.rng, trace.Entry{What: trace.Mark, Chat: room.id, Seq: upTo},
		`mutation($c: ID!, $s: Seq!) { markChatRead(chatId: $c, upToSeq: $s) { unreadCount } }`,
		vars{"c": room.id, "s": upTo}, nil, nil)
}

// lastSeq asks receivers where a chat stands, until one answers.
func (r *run) lastSeq(ctx context.Context, rng *rand.Rand, room *room, by *phone) (int64, error) {
	for {
		var out struct{ Chat struct{ LastSeq int64 } }
		err := r.ask(ctx, pick(rng, r.fleet.of("receiver")), by, rng, `query($c: ID!) { chat(id: $c) { lastSeq } }`, vars{"c": room.id}, &out)
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
		name := fmt.Sprintf("%s in %s, visit %d", guest.id, h.room.id, visit)
		d := h.phone(guest, name, h.rng)
		after, err := h.lastSeq(ctx, h.rng, h.room, d)
		if err != nil {
			return
		}
		s := h.subscriber(name, d, h.room, after, h.rng.Uint64())
		people.Go(func() { s.follow() })
		pause(ctx, time.Duration(1000+h.rng.IntN(4000))*time.Millisecond)
		if err := h.move(context.WithoutCancel(ctx), guest, trace.Remove, "removeParticipant"); err != nil {
			return
		}
		pause(ctx, time.Duration(h.rng.IntN(2000))*time.Millisecond)
	}
}

func (h *host) move(ctx context.Context, guest *account, what, field string) error {
	err := h.do(ctx, h.room.owner, h.rng, trace.Entry{What: what, Chat: h.room.id},
		`mutation($c: ID!, $u: String!) { `+field+`(chatId: $c, userId: $u) { id } }`, vars{"c": h.room.id, "u": guest.id}, nil, nil)
	if err != nil && ctx.Err() == nil {
		h.fail(fmt.Errorf("%s %s: %w", what, guest.id, err))
	}
	return err
}

// subscriber follows the log of a room from a cursor, on one receiver after the other.
type subscriber struct {
	*run
	name string
	by   *phone
	room *room
	rng  *rand.Rand
	life context.Context
	stop context.CancelFunc

	slow atomic.Bool // reads nothing for a while
	away atomic.Bool // does not connect for a while
	seen atomic.Int64
	over atomic.Bool // its membership has ended

	mu sync.Mutex
	ws *websocket.Conn
}

func (r *run) subscriber(name string, by *phone, room *room, after int64, seed uint64) *subscriber {
	s := &subscriber{run: r, name: name, by: by, room: room, rng: rand.New(rand.NewPCG(seed, 2))}
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
		shown, err := s.pass(s.life, s.by, s.rng)
		if err != nil {
			if s.life.Err() == nil {
				s.fail(fmt.Errorf("%s: %w", s.name, err))
			}
			return
		}
		ws, err := dial(s.life, &net.Dialer{Control: narrow}, p, shown)
		if err != nil {
			if isRefused(err) {
				s.noteRefusal(p, shown, err)
				s.by.forget(shown.session)
			}
			pause(s.life, time.Duration(50+s.rng.IntN(300))*time.Millisecond)
			continue
		}
		s.mu.Lock()
		s.ws = ws
		s.mu.Unlock()
		stop := context.AfterFunc(s.life, func() { _ = ws.Close() })
		open := trace.Entry{
			Kind: trace.Open, Subscriber: s.name, Session: shown.session, User: s.by.id, Chat: s.room.id, Conn: conn, After: s.seen.Load(), Target: p.name,
		}
		s.record.Add(open)
		reason := s.read(ws, conn)
		s.record.Add(trace.Entry{
			Kind: trace.End, Subscriber: s.name, Session: shown.session, Chat: s.room.id, Conn: conn, Reason: reason, Target: p.name,
		})
		stop()
		_ = ws.Close()
		switch reason {
		case trace.Complete, trace.Denied:
			s.over.Store(true)
		case trace.Revoked:
			s.by.forget(shown.session)
		case trace.Resync:
			if last, err := s.lastSeq(s.life, s.rng, s.room, s.by); err == nil {
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
