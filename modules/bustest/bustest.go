// Package bustest is the one suite that every bus passes.
package bustest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"chat/modules/bus"
	"chat/modules/history"
	"chat/modules/id"
)

// patience is how long a test waits for what has to come, quiet for what must not.
const (
	patience = 10 * time.Second
	quiet    = 100 * time.Millisecond
)

// Tape is a listener that keeps what it hears.
type Tape struct {
	mu     sync.Mutex
	hints  []bus.Hint
	missed int
	heard  chan struct{} // closed and replaced at each
}

// NewTape returns an empty tape.
func NewTape() *Tape { return &Tape{heard: make(chan struct{})} }

// Hint keeps the hint.
func (l *Tape) Hint(h bus.Hint) { l.note(func() { l.hints = append(l.hints, h) }) }

// Missed counts.
func (l *Tape) Missed() { l.note(func() { l.missed++ }) }

func (l *Tape) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.heard)
	l.heard = make(chan struct{})
}

// Await waits until the hints on a channel are as many, and gives them.
func (l *Tape) Await(t testing.TB, c bus.Channel, count int) []bus.Hint {
	t.Helper()
	var found []bus.Hint
	l.until(t, fmt.Sprintf("%d hints", count), func() bool {
		found = nil
		for _, h := range l.hints {
			if h.Channel == c {
				found = append(found, h)
			}
		}
		return len(found) >= count
	})
	return found
}

// AwaitMissed waits until Missed was called so often.
func (l *Tape) AwaitMissed(t testing.TB, count int) {
	t.Helper()
	l.until(t, fmt.Sprintf("%d calls of Missed", count), func() bool { return l.missed >= count })
}

func (l *Tape) until(t testing.TB, what string, done func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		l.mu.Lock()
		ok, heard := done(), l.heard
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-heard:
		case <-late:
			t.Fatalf("no %s within %s; %d hints in all", what, patience, len(l.hints))
		}
	}
}

// Run runs the suite. open gives two ends of a bus that has just been made, each running and with nothing attached; they
// may be the same.
func Run(t *testing.T, open func(t *testing.T) (here, there bus.Bus)) {
	for name, test := range map[string]func(*testing.T, bus.Bus, bus.Bus, *Tape){
		"a hint arrives as it was":         arrives,
		"in order":                         inOrder,
		"only what is wanted":              onlyWanted,
		"wanted, given up, wanted again":   again,
		"given up and wanted at once":      atOnce,
		"many channels at once":            many,
		"a long hint loses its bodies":     long,
		"publishing waits for nobody":      nobody,
		"confirmed means that hints come":  confirmed,
		"channels come and go in parallel": churn,
	} {
		t.Run(name, func(t *testing.T) {
			here, there := open(t)
			tape := NewTape()
			there.Attach(tape)
			if here != there {
				here.Attach(NewTape())
			}
			test(t, here, there, tape)
		})
	}
}

// Subscribe wants channels and waits for the confirmation.
func Subscribe(t testing.TB, b bus.Bus, channels ...bus.Channel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := b.Subscribe(ctx, channels...)
		if err == nil {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond): // it is still connecting
		case <-ctx.Done():
			t.Fatalf("subscribe: %v", err)
		}
	}
}

// Chat is a new chat's channel.
func Chat() bus.Channel { return bus.Channel{Chat: id.New[id.Chat]()} }

func feed(c bus.Channel, n int64) bus.Hint { return bus.Hint{Channel: c, Feed: n} }

func arrives(t *testing.T, here, there bus.Bus, tape *Tape) {
	chat := Chat()
	user := bus.Channel{User: id.New[id.User]()}
	Subscribe(t, there, chat, user)
	at := time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)
	news := bus.Hint{Channel: chat, Events: []history.Event{{
		Chat: chat.Chat, Seq: 7, Kind: history.MessageAdded, Subject: id.New[id.Any](), Actor: id.New[id.User](), At: at,
		Body: json.RawMessage(`{"content":"\u003cä \ud83d\ude00\u003e"}`),
	}, {Chat: chat.Chat, Seq: 8, Kind: history.MemberRemoved, Subject: id.New[id.Any](), At: at}}}
	moved := bus.Hint{Channel: user, Feed: 12, Chats: []id.Chat{chat.Chat, id.New[id.Chat]()}}
	here.Publish(news)
	here.Publish(moved)
	if got := tape.Await(t, chat, 1)[0]; !reflect.DeepEqual(got, news) {
		t.Errorf("heard %+v, want %+v", got, news)
	}
	if got := tape.Await(t, user, 1)[0]; !reflect.DeepEqual(got, moved) {
		t.Errorf("heard %+v, want %+v", got, moved)
	}
}

func inOrder(t *testing.T, here, there bus.Bus, tape *Tape) {
	chat := Chat()
	Subscribe(t, there, chat)
	const count = 1_000
	for n := range int64(count) {
		here.Publish(feed(chat, n))
	}
	for n, h := range tape.Await(t, chat, count) {
		if h.Feed != int64(n) {
			t.Fatalf("hint %d came as number %d", h.Feed, n)
		}
	}
}

func onlyWanted(t *testing.T, here, there bus.Bus, tape *Tape) {
	wanted, other := Chat(), Chat()
	Subscribe(t, there, wanted)
	here.Publish(feed(other, 1))
	here.Publish(feed(wanted, 2))
	tape.Await(t, wanted, 1)
	if len(tape.hints) != 1 {
		t.Errorf("heard %d hints, want the one that was wanted", len(tape.hints))
	}
}

func again(t *testing.T, here, there bus.Bus, tape *Tape) {
	chat, last := Chat(), Chat()
	Subscribe(t, there, chat)
	there.Unsubscribe(chat)
	Subscribe(t, there, last) // comes after
	for deadline := time.Now().Add(patience); ; {
		before := len(tape.Await(t, chat, 0))
		here.Publish(feed(chat, 1))
		here.Publish(feed(last, 1))
		time.Sleep(quiet)
		if len(tape.Await(t, chat, 0)) == before {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("hints of a channel that was given up keep coming")
		}
	}
	before := len(tape.Await(t, chat, 0))
	Subscribe(t, there, chat)
	here.Publish(feed(chat, 2))
	tape.Await(t, chat, before+1)
}

func atOnce(t *testing.T, here, there bus.Bus, tape *Tape) {
	chat := Chat()
	Subscribe(t, there, chat)
	for n := range 50 {
		there.Unsubscribe(chat)
		Subscribe(t, there, chat)
		here.Publish(feed(chat, int64(n)))
		tape.Await(t, chat, n+1)
	}
}

func many(t *testing.T, here, there bus.Bus, tape *Tape) {
	channels := make([]bus.Channel, 3_000)
	for n := range channels {
		channels[n] = Chat()
	}
	Subscribe(t, there, channels...)
	for _, c := range channels {
		here.Publish(feed(c, 1))
	}
	for _, c := range channels {
		tape.Await(t, c, 1)
	}
}

func long(t *testing.T, here, there bus.Bus, tape *Tape) {
	if here == there {
		return // nothing is encoded
	}
	chat := Chat()
	Subscribe(t, there, chat)
	body, err := json.Marshal(strings.Repeat("x", 20<<10))
	if err != nil {
		t.Fatal(err)
	}
	var events []history.Event
	for n := range int64(4) {
		events = append(events, history.Event{Chat: chat.Chat, Seq: n, Kind: history.MessageAdded, Body: body})
	}
	here.Publish(bus.Hint{Channel: chat, Events: events[:1]})
	here.Publish(bus.Hint{Channel: chat, Events: events})
	got := tape.Await(t, chat, 2)
	if string(got[0].Events[0].Body) != string(body) {
		t.Error("a hint within the bound lost its body")
	}
	if len(got[1].Events) != 4 || got[1].Events[3].Body != nil || got[1].Events[3].Seq != 3 {
		t.Errorf("a long hint: %d events, want 4 names without bodies", len(got[1].Events))
	}
	if events[3].Body == nil {
		t.Error("publishing has changed what it was given")
	}
}

func nobody(t *testing.T, here, _ bus.Bus, _ *Tape) {
	chat, began := Chat(), time.Now()
	for n := range int64(20_000) {
		here.Publish(feed(chat, n))
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("publishing 20,000 hints that nobody wants took %s", took)
	}
}

func confirmed(t *testing.T, here, there bus.Bus, tape *Tape) {
	for range 300 {
		chat := Chat()
		Subscribe(t, there, chat)
		here.Publish(feed(chat, 1))
		tape.Await(t, chat, 1)
		there.Unsubscribe(chat)
	}
}

func churn(t *testing.T, here, there bus.Bus, tape *Tape) {
	kept := Chat()
	Subscribe(t, there, kept)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				c := Chat()
				Subscribe(t, there, c)
				there.Unsubscribe(c)
			}
		})
	}
	for n := range int64(200) {
		here.Publish(feed(kept, n))
	}
	wg.Wait()
	tape.Await(t, kept, 200)
}
