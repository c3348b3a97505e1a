package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// device is one client that follows the log of a chat, on one socket after the other, and knows whether every row was
// the next.
type device struct {
	user, chat string

	mu    sync.Mutex
	ws    *websocket.Conn
	seen  int64
	wrong string        // the first row that was not the next, or an end that must not be
	over  chan struct{} // closed at the end of the socket
	code  int           // of its close frame; 0: there was none
	ended time.Time
	held  chan struct{} // closed when it reads on; nil: it reads
	at    map[int64]time.Time
}

// attach opens a socket and follows the log from where the device is.
func (d *device) attach(s *scene, p *process) error {
	ws, err := dial(s.t.Context(), &net.Dialer{}, p, s.client.by(d.user))
	if err != nil {
		return err
	}
	ws.SetCloseHandler(func(code int, _ string) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.code = code
		return nil
	})
	d.mu.Lock()
	d.ws, d.over, d.code = ws, make(chan struct{}), 0
	seen, over := d.seen, d.over
	d.mu.Unlock()
	if err := subscribe(ws, d.chat, seen); err != nil {
		return fmt.Errorf("follow a chat: %w", err)
	}
	go func() {
		defer close(over)
		d.read(ws)
		d.mu.Lock()
		d.ended = time.Now()
		d.mu.Unlock()
	}()
	return nil
}

func (d *device) read(ws *websocket.Conn) {
	defer func() { _ = ws.Close() }()
	for {
		d.mu.Lock()
		held := d.held
		d.mu.Unlock()
		if held != nil {
			<-held
		}
		_, data, err := ws.ReadMessage()
		if err != nil {
			return
		}
		seq := rowOf(data)
		d.mu.Lock()
		switch {
		case d.wrong != "":
		case seq == 0:
			d.wrong = fmt.Sprintf("after %d came %s", d.seen, data)
		case seq != d.seen+1:
			d.wrong = fmt.Sprintf("after %d came %d", d.seen, seq)
		}
		d.seen = seq
		d.at[seq] = time.Now()
		d.mu.Unlock()
	}
}

// rowOf gives the seq of a row, without reading the rest of it, which may be long; 0: it is none.
func rowOf(data []byte) int64 {
	rest, ok := bytes.CutPrefix(data, []byte(`{"id":"`+logID+`","type":"next","payload":{"data":{"chatEvents":{"seq":`))
	number, _, _ := bytes.Cut(rest, []byte(","))
	seq, err := strconv.ParseInt(string(number), 10, 64)
	if !ok || err != nil {
		return 0
	}
	return seq
}

// state says whether the socket is open, or how it has ended. The caller holds the lock.
func (d *device) state() string {
	select {
	case <-d.over:
		return fmt.Sprintf("ended %s ago with code %d", time.Since(d.ended), d.code)
	default:
		return "open"
	}
}

// hold lets the device, from its next socket on, read nothing until the function that it gives is called.
func (d *device) hold() (read func()) {
	held := make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = held
	return func() {
		d.mu.Lock()
		d.held = nil
		d.mu.Unlock()
		close(held)
	}
}

// devices are those of one test.
type devices struct {
	*scene
	all  []*device
	told atomic.Int64
}

// complain fails the test; the first few complaints of many clients are enough.
func (d *devices) complain(text string, args ...any) {
	d.t.Helper()
	if d.told.Add(1) > 3 {
		d.t.Fail()
		return
	}
	d.t.Errorf(text, args...)
}

// devices makes clients of these users in turn that follow a chat from its start, on a process.
func (s *scene) devices(p *process, users []string, chat string, count int) *devices {
	s.t.Helper()
	d := s.unattached(users, chat, count)
	d.attach(p)
	return d
}

// unattached makes clients without sockets.
func (s *scene) unattached(users []string, chat string, count int) *devices {
	d := &devices{scene: s}
	for n := range count {
		d.all = append(d.all, &device{user: users[n%len(users)], chat: chat, at: map[int64]time.Time{}})
	}
	s.t.Cleanup(d.detach)
	return d
}

// attach opens a socket for each, some at a time: a process takes no more of them that have not begun from one address.
func (d *devices) attach(p *process) {
	d.t.Helper()
	var all sync.WaitGroup
	places := make(chan struct{}, 50)
	for _, one := range d.all {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if err := one.attach(d.scene, p); err != nil {
				d.complain("%v", err)
			}
		})
	}
	all.Wait()
	if d.t.Failed() {
		d.t.FailNow()
	}
}

// awaitEnd waits until every socket has ended.
func (d *devices) awaitEnd(patience time.Duration) {
	d.t.Helper()
	late := time.After(patience)
	for n, one := range d.all {
		one.mu.Lock()
		over := one.over
		one.mu.Unlock()
		select {
		case <-over:
		case <-late:
			d.t.Fatalf("socket %d of %d did not end within %s", n, len(d.all), patience)
		}
	}
}

// reach waits until everybody has seen a row, and wants every row to have been the next.
func (d *devices) reach(seq int64, patience time.Duration) {
	d.t.Helper()
	arrived := func(one *device) bool {
		one.mu.Lock()
		defer one.mu.Unlock()
		return one.seen >= seq || one.wrong != ""
	}
	for began := time.Now(); time.Since(began) < patience && !all(d.all, arrived); {
		pause(d.t.Context(), 5*time.Millisecond)
	}
	for n, one := range d.all {
		one.mu.Lock()
		if one.wrong != "" || one.seen != seq {
			d.complain("client %d has seen up to %d of %d after %s: %s; its socket: %s", n, one.seen, seq, patience, one.wrong, one.state())
		}
		one.mu.Unlock()
	}
	if d.t.Failed() {
		d.t.FailNow()
	}
}

func all[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(x T) bool { return !holds(x) })
}

func (d *devices) detach() {
	for _, one := range d.all {
		one.mu.Lock()
		if one.ws != nil {
			_ = one.ws.Close()
		}
		one.mu.Unlock()
	}
}

// shown is one message on a socket.
type shown struct {
	frame
	at time.Time
}

// tab is a socket with many operations, which keeps what it is shown of each.
type tab struct {
	*scene
	ws *websocket.Conn

	writing sync.Mutex
	mu      sync.Mutex
	frames  map[string][]shown // by id
}

func (s *scene) tab(p *process, user string) *tab {
	s.t.Helper()
	ws, err := s.client.dial(s.t.Context(), p, user)
	s.must(err)
	s.t.Cleanup(func() { _ = ws.Close() })
	b := &tab{scene: s, ws: ws, frames: map[string][]shown{}}
	go func() {
		for {
			var f frame
			if ws.ReadJSON(&f) != nil {
				return
			}
			b.mu.Lock()
			b.frames[f.ID] = append(b.frames[f.ID], shown{f, time.Now()})
			b.mu.Unlock()
		}
	}()
	return b
}

// ask begins an operation.
func (b *tab) ask(id, query string, v vars) {
	b.t.Helper()
	payload, err := json.Marshal(map[string]any{"query": query, "variables": v})
	b.must(err)
	b.tell(frame{Type: "subscribe", ID: id, Payload: payload})
}

func (b *tab) tell(f frame) {
	b.t.Helper()
	b.writing.Lock()
	defer b.writing.Unlock()
	b.must(b.ws.WriteJSON(f))
}

// of gives what was shown of an operation so far.
func (b *tab) of(id string) []shown {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.frames[id])
}

// settled waits until everything that was asked so far has been taken up: a query is answered after them.
func (b *tab) settled() {
	b.t.Helper()
	id := fmt.Sprint("settled ", time.Now().UnixNano())
	b.ask(id, `{ health }`, nil)
	b.until(10*time.Second, "an answer to { health }", func() bool { return len(b.of(id)) > 1 })
}

// endOf waits for the end of an operation and gives the last message before it.
func (b *tab) endOf(id string, patience time.Duration) (last, end shown) {
	b.t.Helper()
	b.until(patience, "the end of "+id, func() bool {
		got := b.of(id)
		return len(got) > 0 && got[len(got)-1].Type != "next"
	})
	got := b.of(id)
	if end = got[len(got)-1]; len(got) > 1 {
		last = got[len(got)-2]
	}
	return last, end
}

// ids lists the operations of which something was shown.
func (b *tab) ids() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.frames))
}
