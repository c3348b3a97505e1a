package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const (
	stormChats  = 500
	stormEach   = 20 // subscriptions of a client
	stormMissed = 2  // rows of each chat that everybody has missed
	stormTime   = 15 * time.Second
)

// storm is many clients who all come back at once, each with several subscriptions to resume.
type storm struct {
	t     *testing.T
	fleet *fleet
	users []string
	chats []string
	of    [][]int // the chats of each user

	whole   atomic.Int64 // subscriptions that have what they had missed
	refused atomic.Int64 // connections that were put off
}

func newStorm(t *testing.T, f *fleet, clients int) *storm {
	t.Helper()
	s := &storm{t: t, fleet: f, of: make([][]int, clients)}
	var err error
	if s.users, err = f.crowd(t.Context(), clients); err != nil {
		t.Fatal(err)
	}
	members := make([][]string, stormChats)
	for n, user := range s.users {
		for k := range stormEach {
			c := (n*stormEach + k) % stormChats
			members[c] = append(members[c], user)
			s.of[n] = append(s.of[n], c)
		}
	}
	s.chats = parallel(t, stormChats, func(n int) (string, error) {
		var out struct{ CreateChat struct{ ID string } }
		err := f.client.call(t.Context(), f.of("sender")[n%2], members[n][0],
			`mutation($n: String!, $p: [String!]!) { createChat(createChatInput: {name: $n, participantIds: $p}) { id } }`,
			vars{"n": fmt.Sprint("chat ", n), "p": members[n]}, &out)
		return out.CreateChat.ID, err
	})
	parallel(t, stormChats, func(n int) (string, error) {
		for range stormMissed {
			if err := s.send(t.Context(), n, members[n][0]); err != nil {
				return "", err
			}
		}
		return "", nil
	})
	return s
}

// parallel calls make for each number, eight at a time.
func parallel(t *testing.T, count int, make func(n int) (string, error)) []string {
	t.Helper()
	out := slices.Repeat([]string{""}, count)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < count; n = int(next.Add(1)) - 1 {
				var err error
				if out[n], err = make(n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return out
}

func (s *storm) send(ctx context.Context, chat int, user string) error {
	return s.fleet.client.call(ctx, s.fleet.of("sender")[chat%2], user,
		`mutation($c: String!, $u: String!) { createMessage(createMessageInput: {chatId: $c, content: "hello", senderId: $u}) { id } }`,
		vars{"c": s.chats[chat], "u": user}, nil)
}

// chatter sends now and then until ctx ends: often enough for a 99th percentile.
func (s *storm) chatter(ctx context.Context) {
	var people sync.WaitGroup
	for n := range 4 {
		people.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			for ctx.Err() == nil {
				user := rng.IntN(len(s.users))
				if err := s.send(context.WithoutCancel(ctx), pick(rng, s.of[user]), s.users[user]); err != nil {
					s.t.Errorf("a send: %v", err)
				}
				pause(ctx, 50*time.Millisecond)
			}
		})
	}
	people.Wait()
}

// answers is how many calls the senders have answered within each bound, as they count themselves: the clients of a storm
// are too busy to measure what others wait for.
type answers map[time.Duration]float64

func (s *storm) answers() answers {
	s.t.Helper()
	counted := answers{}
	for _, p := range s.fleet.of("sender") {
		for bound := 500 * time.Microsecond; bound < 10*time.Second; bound *= 2 {
			n, err := p.metric(s.t.Context(), fmt.Sprintf(`chat_http_request_seconds_bucket{route="graphql",status="200",le="%v"}`, bound.Seconds()))
			if err != nil {
				s.t.Fatal(err)
			}
			counted[bound] += n
		}
	}
	return counted
}

// within gives the bound within which that share of the calls since was answered, and how many those are.
func (a answers) within(share float64, since answers) (bound time.Duration, calls float64) {
	bounds := slices.Sorted(maps.Keys(a))
	last := bounds[len(bounds)-1]
	calls = a[last] - since[last]
	for _, bound := range bounds {
		if a[bound]-since[bound] >= share*calls {
			return bound, calls
		}
	}
	return last, calls
}

// resume makes one client's subscriptions whole. It tries again when it is put off, and stays connected until ctx ends.
func (s *storm) resume(ctx context.Context, n int) {
	rng := rand.New(rand.NewPCG(uint64(n), 2))
	seen, missing := map[int]int64{}, map[int]bool{}
	for _, c := range s.of[n] {
		seen[c], missing[c] = 0, true
	}
	for ctx.Err() == nil {
		ws, err := s.fleet.client.dial(ctx, s.fleet.of("receiver")[rng.IntN(2)], s.users[n])
		if err != nil {
			s.refused.Add(1)
			wait := time.Duration(rng.IntN(500)) * time.Millisecond
			if l, ok := errors.AsType[*later](err); ok {
				wait += l.wait
			}
			pause(ctx, wait)
			continue
		}
		s.follow(ctx, ws, seen, missing)
		_ = ws.Close()
	}
}

func (s *storm) follow(ctx context.Context, ws *websocket.Conn, seen map[int]int64, missing map[int]bool) {
	stop := context.AfterFunc(ctx, func() { _ = ws.Close() })
	defer stop()
	for c, seq := range seen {
		if err := ws.WriteJSON(map[string]any{"type": "subscribe", "id": strconv.Itoa(c), "payload": map[string]any{
			"query":     `subscription($c: ID!, $s: Seq) { chatEvents(chatId: $c, afterSeq: $s) { seq kind message { id content senderId } } }`,
			"variables": vars{"c": s.chats[c], "s": seq},
		}}); err != nil {
			return
		}
	}
	for {
		_, text, err := ws.ReadMessage()
		if err != nil {
			return
		}
		c, seq := number(text, `"id":"`), number(text, `"chatEvents":{"seq":`)
		if seq != seen[int(c)]+1 {
			s.t.Errorf("a client that has seen %d was sent %s", seen[int(c)], text)
			return
		}
		if seen[int(c)] = seq; seq >= stormMissed && missing[int(c)] {
			delete(missing, int(c))
			s.whole.Add(1)
		}
	}
}

// number finds a number behind a text, without decoding all of a message; 0 where there is none.
func number(text []byte, after string) int64 {
	_, rest, _ := bytes.Cut(text, []byte(after))
	end := max(0, bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }))
	n, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// TestReconnectStorm: clients with 20 subscriptions each come back all at once and are whole within 15 s on two cores, each
// a user with a session of its own, and as well where everybody is believed. STORM_CLIENTS says how many; 5,000 are what the
// product promises.
func TestReconnectStorm(t *testing.T) {
	clients := 1_000
	if n, err := strconv.Atoi(os.Getenv("STORM_CLIENTS")); err == nil {
		clients = n
	}
	dir := newDir(t)
	binary, err := build(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("accounts", func(t *testing.T) { reconnect(t, binary, kind{isDirect: true}, clients) })
	t.Run("--auth=none", func(t *testing.T) { reconnect(t, binary, kind{isDirect: true, isOpen: true}, clients) })
}

func reconnect(t *testing.T, binary string, k kind, clients int) {
	f, err := newFleet(t.Context(), newDir(t), binary, k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	}()
	s := newStorm(t, f, clients)
	start := s.answers()
	calm, stop := context.WithTimeout(t.Context(), 3*time.Second)
	s.chatter(calm)
	stop()
	before := s.answers()

	ctx, cancel := context.WithCancel(t.Context())
	sending, hush := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { s.chatter(sending) })
	began, want := time.Now(), int64(clients*stormEach)
	for n := range clients {
		all.Go(func() { s.resume(ctx, n) })
	}
	for s.whole.Load() < want && time.Since(began) < 2*stormTime {
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began)
	after := s.answers()
	hush()
	cancel()
	all.Wait()
	t.Logf("%d of %d subscriptions were whole after %s; %d connections were put off", s.whole.Load(), want, took, s.refused.Load())
	for _, share := range []float64{0.5, 0.99} {
		calm, calls := before.within(share, start)
		stormy, meanwhile := after.within(share, before)
		t.Logf("%v of the sends were answered within %s before (%v) and %s meanwhile (%v)", share, calm, calls, stormy, meanwhile)
	}
	if s.whole.Load() < want || took > stormTime {
		t.Errorf("%d of %d subscriptions were whole after %s, want all within %s", s.whole.Load(), want, took, stormTime)
	}
}
