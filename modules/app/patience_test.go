package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/socket"
)

// impatient serves the world's sockets with limits that a test can wait for.
func impatient(t *testing.T, w *world, change func(*socket.Limits)) (address string, stats *prometheus.Registry) {
	t.Helper()
	limits := socket.OpenLimits()
	change(&limits)
	stats = prometheus.NewRegistry()
	h := socket.New(socket.Config{
		Exec: w.stack.Exec, Live: w.stack.Live, Identify: w.stack.Who.FromInit, Limits: limits,
		Origin: func(*http.Request) bool { return true }, Log: zerolog.Nop(), Metrics: stats,
	})
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		if err := h.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("shutdown: %v", err)
		}
		s.Close()
	})
	return strings.TrimPrefix(s.URL, "http://"), stats
}

// awaitGone waits until no socket is open.
func awaitGone(t *testing.T, stats *prometheus.Registry) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); metric(t, &world{stats: stats}, "chat_sockets_open") != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the socket stays open")
		}
	}
}

// TestASilentSocketIsClosed: 4408 without connection_init, whatever else is said.
func TestASilentSocketIsClosed(t *testing.T) {
	w := newWorld(t)
	address, stats := impatient(t, w, func(l *socket.Limits) { l.InitWait = 100 * time.Millisecond })
	s := &served{world: w, address: address}
	began := time.Now()
	if _, code := s.talk(-1, `{"type":"ping"}`); code != 4408 || time.Since(began) < 100*time.Millisecond {
		t.Errorf("closed %d after %s, want 4408 after 100 ms", code, time.Since(began))
	}
	awaitGone(t, stats)
}

// TestADeadPeerIsDropped: no pong, no socket.
func TestADeadPeerIsDropped(t *testing.T) {
	w := newWorld(t)
	address, stats := impatient(t, w, func(l *socket.Limits) { l.PingInterval, l.PongWait = 50*time.Millisecond, 50*time.Millisecond })
	s := &served{world: w, address: address}
	conn, _, err := s.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, stats) // this client answers pings only while it reads
}

// TestABlockedSocketIsClosed: a client that takes nothing costs a bounded queue, and then nothing.
func TestABlockedSocketIsClosed(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	address, stats := impatient(t, w, func(l *socket.Limits) { l.WriteWait = 200 * time.Millisecond })
	s := &served{world: w, address: address}
	conn, _, err := s.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, m := range []string{hello, fmt.Sprintf(`{"id":"1","type":"subscribe","payload":{"query":"subscription { messageAdded(chatId: \"%s\", afterSeq: 0) { content } }"}}`, chat)} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	big := strings.Repeat("x", 20_000)
	for range 600 {
		w.send(chat, ann, big)
	}
	awaitGone(t, stats)
	for w.stack.Live.Following() != 0 {
		time.Sleep(time.Millisecond)
	}
}

// TestPollingAfterASeqSkipsNothing while a hundred people send.
func TestPollingAfterASeqSkipsNothing(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	const senders, each = 100, 3
	for range senders {
		go func() {
			for n := range each {
				w.ask(w.as(ann), sendDocument, sendVars(chat, ann, fmt.Sprint(n), ""))
			}
		}()
	}
	for last := int64(0); last < senders*each; {
		var out struct{ Messages []sent }
		w.must(w.as(bob), &out, `query($c: ID!, $a: Seq) { messages(chatId: $c, afterSeq: $a) { seq } }`, vars{"c": chat.String(), "a": last})
		for _, m := range out.Messages {
			if m.Seq != last+1 {
				t.Fatalf("after %d comes %d", last, m.Seq)
			}
			last = m.Seq
		}
	}
}
