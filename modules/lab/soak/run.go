package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"chat/modules/lab/trace"
)

// plan is what a run does.
type plan struct {
	seed    uint64
	lasts   time.Duration
	quiet   time.Duration // between two faults, at most
	think   time.Duration // between two calls of a writer, on average
	refresh time.Duration // between two refreshes of a session, on average
	faults  []fault
	rooms   int
	writers int // all in every room
	readers int // subscribers of each room beside its guests

	patience time.Duration // for everybody to see everything, when nothing fails any more
}

func normal(seed uint64, lasts time.Duration) plan {
	return plan{
		seed: seed, lasts: lasts, quiet: 3 * time.Second, think: 60 * time.Millisecond, refresh: 10 * time.Second, faults: allFaults(),
		rooms: 4, writers: 8, readers: 5, patience: settleTime,
	}
}

const (
	settleTime = 30 * time.Second // the patience of a long run
	restTime   = 3 * settleTime   // for everything that is done at rest
	logRows    = 9_000            // of a log that are read at the end
	visitTime  = 4 * time.Second  // that a guest stays and is away, on average
)

// execute carries out a plan on a fleet and gives what happened. Its error is of a thing that must never happen, or of
// the run itself.
func execute(ctx context.Context, f *fleet, p plan) ([]trace.Entry, error) {
	rng := rand.New(rand.NewPCG(p.seed, 0))
	r := &run{
		fleet: f, client: f.client, record: trace.NewRecorder(), plan: p, failed: make(chan error, 1),
		keys: map[string]string{}, subs: map[*subscriber]struct{}{},
	}
	life, leave := context.WithCancel(ctx)
	r.life = life
	defer r.keeping.Wait()
	defer leave()
	town, err := r.client.gather(ctx, f, p.writers+p.rooms*p.visits())
	if err != nil {
		return nil, err
	}
	defer r.client.disperse(town)
	writers, err := r.settle(ctx, town, rng)
	if err != nil {
		return nil, err
	}
	var people, listeners sync.WaitGroup
	acting, stop := context.WithTimeout(ctx, p.lasts)
	defer stop()
	for _, room := range r.rooms {
		for n := range p.readers {
			name := fmt.Sprintf("reader %d in %s", n, room.id)
			s := r.subscriber(name, r.phone(room.members[n%len(room.members)], name, rng), room, 0, rng.Uint64())
			listeners.Go(s.follow)
		}
		h := &host{run: r, room: room, rng: rand.New(rand.NewPCG(rng.Uint64(), 3))}
		people.Go(func() { h.welcome(acting, &listeners) })
	}
	for _, w := range writers {
		people.Go(func() { w.write(acting) })
	}
	n := &nemesis{run: r, rng: rand.New(rand.NewPCG(rng.Uint64(), 4)), faults: p.faults, quiet: p.quiet, busy: map[string]bool{}}
	if len(p.faults) > 0 {
		people.Go(func() { n.rage(acting) })
	}
	select {
	case <-acting.Done():
	case err = <-r.failed:
	}
	stop()
	people.Wait()
	died := f.hasDied()
	err = errors.Join(err, died)
	if died == nil { // after a failure as well: what is there then tells more of it
		resting, cancel := context.WithTimeout(ctx, restTime)
		err = errors.Join(err, r.rest(resting, writers))
		cancel()
	}
	r.mu.Lock()
	for s := range r.subs {
		s.stop()
	}
	r.mu.Unlock()
	listeners.Wait()
	leave()
	r.keeping.Wait()
	select {
	case late := <-r.failed:
		err = errors.Join(err, late)
	default:
	}
	return r.record.Entries(), err
}

// visits is how many guests a room can have, one after the other.
func (p plan) visits() int { return 1 + int(p.lasts/visitTime) }

// settle gives the people of a town their parts, and makes the rooms.
func (r *run) settle(ctx context.Context, town []*account, rng *rand.Rand) ([]*writer, error) {
	members, guests := town[:r.plan.writers], town[r.plan.writers:]
	var writers []*writer
	for _, member := range members {
		r.keepSignedIn(member.main(), rng)
		writers = append(writers, &writer{run: r, by: member.main(), rng: rand.New(rand.NewPCG(rng.Uint64(), 5))})
	}
	for n := range r.plan.rooms {
		room := &room{owner: members[0].main(), members: members, guests: guests[n*r.plan.visits() : (n+1)*r.plan.visits()]}
		var ids []string
		for _, member := range members {
			ids = append(ids, member.id)
		}
		var out struct{ CreateChat struct{ ID string } }
		err := r.ask(ctx, pick(rng, r.fleet.of("sender")), room.owner, rng,
			`mutation($n: String!, $p: [String!]!) { createChat(createChatInput: {name: $n, participantIds: $p}) { id } }`,
			vars{"n": fmt.Sprint("room ", n), "p": ids}, &out)
		if err != nil {
			return nil, err
		}
		room.id = out.CreateChat.ID
		r.rooms = append(r.rooms, room)
	}
	return writers, nil
}

// rest waits until everybody has seen everything, lets everybody read, write and take back once more, and notes what every
// receiver then answers. What fails does not keep the rest from being noted.
func (r *run) rest(ctx context.Context, writers []*writer) error {
	r.probeEnded(ctx)
	return errors.Join(r.caughtUp(ctx), r.actAtRest(ctx, writers), r.caughtUp(ctx), r.note(ctx))
}

// probeEnded asks every process once more after everything that was ended.
func (r *run) probeEnded(ctx context.Context) {
	for _, one := range r.ended {
		r.probe(ctx, one, func(trace.Entry) bool { return true })
	}
}

func (r *run) actAtRest(ctx context.Context, writers []*writer) error {
	for _, w := range writers {
		for _, room := range r.rooms {
			if err := w.mark(ctx, room, 0); err != nil {
				return fmt.Errorf("mark at rest: %w", err)
			}
		}
		for range 2 {
			if err := w.send(ctx, pick(w.rng, r.rooms)); err != nil {
				return fmt.Errorf("send at rest: %w", err)
			}
		}
		w.mine = w.mine[len(w.mine)-2 : len(w.mine)-1] // which nobody has read
		if err := w.remove(ctx); err != nil {
			return fmt.Errorf("delete at rest: %w", err)
		}
	}
	return nil
}

// note notes what every receiver answers.
func (r *run) note(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, p := range r.fleet.of("receiver") {
		for _, room := range r.rooms {
			if err := r.noteHistory(ctx, p, room); err != nil {
				return err
			}
			if err := r.noteLog(ctx, p, room); err != nil {
				return err
			}
			for _, member := range room.members {
				var out struct{ UnreadCount int }
				err := r.ask(ctx, p, member.main(), rng, `query($c: ID!) { unreadCount(chatId: $c) }`, vars{"c": room.id}, &out)
				if err != nil {
					return fmt.Errorf("count at rest: %w", err)
				}
				r.record.Add(trace.Entry{Kind: trace.Unread, Receiver: p.name, Chat: room.id, User: member.id, Count: out.UnreadCount})
			}
		}
	}
	return nil
}

// caughtUp waits until every subscriber has seen the end of its log. One that never does is for the judgement to find.
func (r *run) caughtUp(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(1, 1))
	last := map[*room]int64{}
	for _, room := range r.rooms {
		seq, err := r.lastSeq(ctx, rng, room, room.owner)
		if err != nil {
			return fmt.Errorf("find the end of a log: %w", err)
		}
		last[room] = seq
	}
	for began := time.Now(); time.Since(began) < r.plan.patience; pause(ctx, 50*time.Millisecond) {
		behind := 0
		r.mu.Lock()
		for s := range r.subs {
			if !s.over.Load() && s.seen.Load() < last[s.room] {
				behind++
			}
		}
		r.mu.Unlock()
		if behind == 0 {
			return ctx.Err()
		}
	}
	return nil
}

func (r *run) noteHistory(ctx context.Context, p *process, room *room) error {
	rng := rand.New(rand.NewPCG(1, 1))
	seq, err := r.lastSeq(ctx, rng, room, room.owner)
	if err != nil {
		return err
	}
	e := trace.Entry{Kind: trace.History, Receiver: p.name, Chat: room.id, Seq: seq}
	for after := int64(0); ; {
		var out struct {
			Messages []struct {
				ID, SenderID, Content string
				Seq, Version          int64
				IsDeleted             bool
			}
		}
		err := r.ask(ctx, p, room.owner, rng, `query($c: ID!, $s: Seq) {
			messages(chatId: $c, afterSeq: $s, limit: 1000, includeDeleted: true) { id senderId content seq version isDeleted } }`,
			vars{"c": room.id, "s": after}, &out)
		if err != nil {
			return fmt.Errorf("read the history at rest: %w", err)
		}
		for _, m := range out.Messages {
			after = m.Seq
			e.Messages = append(e.Messages, trace.Message{
				ID: m.ID, Seq: m.Seq, Version: m.Version, Sender: m.SenderID, Key: r.keyOf(m.ID, m.Content), Text: m.Content, Deleted: m.IsDeleted,
			})
		}
		if len(out.Messages) < 1000 {
			break
		}
	}
	r.record.Add(e)
	return nil
}

// keyOf finds the key of a message: every text but that of an edit begins with it, and who edits has been answered.
func (r *run) keyOf(message, text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key, ok := r.keys[message]; ok {
		return key
	}
	key, _, _ := strings.Cut(text, " ")
	return key
}

func (r *run) noteLog(ctx context.Context, p *process, room *room) error {
	rng := rand.New(rand.NewPCG(1, 1))
	last, err := r.lastSeq(ctx, rng, room, room.owner)
	if err != nil {
		return err
	}
	shown, err := r.pass(ctx, room.owner, rng)
	if err != nil {
		return err
	}
	ws, err := dial(ctx, &net.Dialer{Control: narrow}, p, shown)
	if err != nil {
		return err
	}
	defer func() { _ = ws.Close() }()
	if err := ws.SetReadDeadline(time.Now().Add(settleTime)); err != nil {
		return fmt.Errorf("read the log at rest: %w", err)
	}
	if err := subscribe(ws, room.id, max(0, last-logRows)); err != nil {
		return fmt.Errorf("read the log at rest: %w", err)
	}
	for seen := int64(0); seen < last; {
		e, reason, err := next(ws)
		if err != nil || reason != "" {
			return fmt.Errorf("read the log at rest: it ended after %d of %d (%s): %w", seen, last, reason, err)
		}
		seen = e.Seq
		entry := e.entry(trace.Log)
		entry.Receiver, entry.Chat = p.name, room.id
		r.record.Add(entry)
	}
	return nil
}
