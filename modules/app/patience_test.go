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

// TestTheLastRowsOutliveAnOverflow: whoever was removed is shown the rows up to that, and then the end, also where the
// connection drops what waits for it before it has written them.
func TestTheLastRowsOutliveAnOverflow(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	loud, quiet := w.group(ann, bob), w.group(ann, bob)
	address, stats := impatient(t, w, func(*socket.Limits) {})
	s := &served{world: w, address: address}
	conn, _, err := s.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, m := range []string{
		fmt.Sprintf(`{"type":"connection_init","payload":{"user-id":%q}}`, bob),
		subscribe("loud", `subscription($c: ID!) { messageAdded(chatId: $c) { seq content } }`, vars{"c": loud}),
		subscribe("log", `subscription($c: ID!) { chatEvents(chatId: $c) { seq kind } }`, vars{"c": quiet}),
		subscribe("list", `subscription { chatUpdated { id participantIds } }`, nil),
	} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	for metric(t, w, "chat_live_subscriptions") != 3 {
		time.Sleep(time.Millisecond)
	}
	sent := 0
	shout := func() {
		w.send(loud, ann, strings.Repeat("x", 19_000))
		sent++
	}
	count := func(name string) float64 { return metric(t, &world{stats: stats}, name) }
	for written := -1.0; written != count("chat_socket_frames_total"); time.Sleep(100 * time.Millisecond) {
		written = count("chat_socket_frames_total") // until nothing is written any more, and less than half of a queue waits
		for range 10 {
			shout()
		}
	}
	w.send(quiet, ann, "last words")
	w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": quiet.String(), "u": bob.String()})
	for metric(t, w, "chat_live_subscriptions") != 2 {
		time.Sleep(time.Millisecond)
	}
	for count("chat_socket_overflows_total") == 0 {
		shout()
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // its end is seen by the next read
	var log []string
	for seq, listed := 0, false; seq < sent || len(log) < 3 || !listed; {
		var f frame
		if err := conn.ReadJSON(&f); err != nil {
			t.Fatalf("after %d of %d messages, the log %q, listed %t: %v", seq, sent, log, listed, err)
		}
		switch f.ID {
		case "loud":
			if seq++; !strings.Contains(string(f.Payload), fmt.Sprintf(`"seq":%d,`, seq)) {
				t.Fatalf("message %d is %.120s", seq, f.Payload)
			}
		case "list":
			listed = listed || strings.Contains(string(f.Payload), quiet.String()+`","participantIds":[]`)
		case "log":
			log = append(log, f.Type+string(f.Payload))
		}
	}
	if len(log) != 3 || !strings.Contains(log[0], "MESSAGE_ADDED") || !strings.Contains(log[1], "MEMBER_REMOVED") || log[2] != "complete" {
		t.Errorf("the log's subscription says %q", log)
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
