package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// fieldsOfOtherRoles are named with the role that has them and do nothing, over HTTP and over a socket.
func fieldsOfOtherRoles(s *scene) {
	people := s.users(2)
	chat := s.chat(people...)
	sender, receiver, user := s.of("sender")[0], s.of("receiver")[0], s.of("user")[0]
	variables := vars{"c": chat, "t": "never"}
	send := `mutation($c: String!, $t: String!) { createMessage(createMessageInput: {chatId: $c, content: $t}) { id } }`
	for _, c := range []struct {
		at         *process
		query      string
		vars       vars
		role, name string
	}{
		{receiver, send, variables, "sender", "a mutation at a receiver"},
		{user, send, variables, "sender", "a mutation on messages at the users"},
		{sender, `mutation { createUser(username: "never", email: "never@example.org") { id } }`, nil, "user", "a mutation on users at a sender"},
		{sender, `{ chats { id } }`, nil, "receiver", "a query at a sender"},
		{sender, `subscription($c: ID!) { messageAdded(chatId: $c) { id } }`, vars{"c": chat}, "receiver", "a subscription at a sender"},
		{receiver, `{ users { id } }`, nil, "user", "a query on users at a receiver"},
	} {
		err := s.client.call(s.t.Context(), c.at, people[0], c.query, c.vars, nil)
		if r, ok := errors.AsType[*refusal](err); !ok || r.Extensions.Code != "GRAPHQL_VALIDATION_FAILED" || r.Extensions.Role != c.role ||
			!strings.Contains(r.Message, "--role="+c.role) {
			s.t.Errorf("%s: %+v, want the role %s", c.name, err, c.role)
		}
	}
	b := s.tab(receiver, people[0])
	b.ask("1", send, variables)
	_, end := b.endOf("1", 5*time.Second)
	if text := string(end.Payload); end.Type != "error" || !strings.Contains(text, `"code":"GRAPHQL_VALIDATION_FAILED"`) || !strings.Contains(text, `"role":"sender"`) {
		s.t.Errorf("a mutation over a socket of a receiver: %s %s", end.Type, text)
	}
	b.settled() // the socket lives
	if status := s.upgrade(sender); status != http.StatusBadRequest {
		s.t.Errorf("a socket to a sender: %d, want 400", status)
	}
	if n := s.count(`SELECT last_seq + (SELECT count(*) FROM users WHERE username = 'never') FROM chats WHERE id = $1`, chat); n != 0 {
		s.t.Error("something of another role was executed")
	}
}

// upgrade asks for a socket and gives the status of the answer, 0 where there is none.
func (s *scene) upgrade(p *process) int {
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	ws, res, err := dialer.DialContext(s.t.Context(), fmt.Sprintf("ws://127.0.0.1:%d/graphql", p.port), nil)
	if err == nil {
		_ = ws.Close()
	}
	if res == nil {
		return 0
	}
	return res.StatusCode
}

// footprint is what clients may leave behind in a process and in Redis.
type footprint struct {
	subscriptions, sockets, goroutines float64
	heapBytes                          float64
	channels                           int
}

func (s *scene) footprint(p *process) footprint {
	s.t.Helper()
	_, err := p.get(s.t.Context(), p.inside, "/debug/pprof/heap?gc=1")
	s.must(err)
	channels, err := s.redis.Do("PUBSUB", "CHANNELS", "chat:*")
	if err != nil {
		channels = "" // Redis is down
	}
	return footprint{
		subscriptions: s.metric(p, "chat_live_subscriptions"), sockets: s.metric(p, "chat_sockets_open"),
		goroutines: s.metric(p, "go_goroutines"), heapBytes: s.metric(p, "go_memstats_heap_alloc_bytes"),
		channels: strings.Count(channels, "chat:{"),
	}
}

// awaitFootprint waits until nothing more is there than before.
func (s *scene) awaitFootprint(p *process, what string, before footprint) {
	s.t.Helper()
	var now footprint
	var took time.Duration
	defer func() { s.t.Logf("%s: before %+v, after %+v in %s", what, before, now, took) }()
	took = s.until(15*time.Second, what+" is gone", func() bool {
		now = s.footprint(p)
		return now.subscriptions == before.subscriptions && now.sockets == before.sockets && now.channels <= before.channels &&
			now.goroutines <= before.goroutines+10 && now.heapBytes <= before.heapBytes+8e6
	})
}

// leavesNothing: rounds of subscribing and completing, and sockets that are cut, end where they began.
func leavesNothing(s *scene) {
	const rounds, sockets, chats = 10_000, 1_000, 20
	receiver := s.of("receiver")[0]
	people := append(s.users(2), s.many(sockets/socketsEach)...)
	const wide = 4 // fields that are of no one chat
	fields := []string{
		`subscription { chatUpdated(current: true) { id } }`,
		`subscription { unreadCountUpdated { unreadCount } }`,
		`subscription { chatAdded { id } }`,
		`subscription { chatMessageNotification { id } }`,
	}
	for range chats {
		chat := s.chat(people...)
		message := s.send(s.of("sender")[0], people[0], chat, "hello")
		fields = append(fields, fmt.Sprintf(`subscription { chatEvents(chatId: %q, afterSeq: 0) { seq } }`, chat),
			fmt.Sprintf(`subscription { messageAdded(chatId: %q) { id } }`, chat),
			fmt.Sprintf(`subscription { messageReadUpdated(messageId: %q) { userId } }`, message.ID))
	}
	b := s.tab(receiver, people[1])
	round := func(n int) {
		id := fmt.Sprint(n)
		b.ask(id, fields[n%len(fields)], nil)
		if n%len(fields) == 0 { // some are shown something before they end
			b.until(5*time.Second, "an answer", func() bool { return len(b.of(id)) > 0 })
		}
		b.tell(frame{Type: "complete", ID: id})
	}
	for n := range 2 * len(fields) { // what is made at first use
		round(n)
	}
	b.settled()
	var before footprint
	s.until(5*time.Second, "an end of the first rounds", func() bool {
		before = s.footprint(receiver)
		return before.subscriptions == 0 && before.channels == 1 // one that every receiver hears
	})
	began := time.Now()
	for n := range rounds {
		round(n + 2*len(fields))
	}
	b.settled()
	s.t.Logf("%d rounds took %s", rounds, time.Since(began))
	s.awaitFootprint(receiver, "what the rounds made", before)

	// And a thousand sockets with three subscriptions each, half of which are cut with a reset.
	var all []*websocket.Conn
	var mu sync.Mutex
	var opening sync.WaitGroup
	places := make(chan struct{}, 50)
	for k := range sockets {
		opening.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			ws, err := s.client.dial(s.t.Context(), receiver, people[2+k%(len(people)-2)])
			if err != nil {
				s.t.Error(err)
				return
			}
			for n, query := range []string{fields[k%wide], fields[wide+k%(3*chats)], fields[wide+(k+1)%(3*chats)]} {
				if err := ws.WriteJSON(map[string]any{"type": "subscribe", "id": fmt.Sprint(n), "payload": vars{"query": query}}); err != nil {
					s.t.Error(err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, ws)
		})
	}
	opening.Wait()
	s.until(15*time.Second, "all subscriptions", func() bool { return s.metric(receiver, "chat_live_subscriptions") == 3*sockets })
	for n, ws := range all {
		if tcp, ok := ws.NetConn().(*net.TCPConn); ok && n%2 == 0 {
			s.must(tcp.SetLinger(0))
		}
		_ = ws.NetConn().Close()
	}
	s.awaitFootprint(receiver, "what the sockets made", before)
}

// readersThatDoNotRead: one that reads on gets everything, in bounded memory of the process; one that does not is closed,
// and gets everything when it comes back.
func readersThatDoNotRead(s *scene) {
	const messages, more, bytes, slow, blocked = 1_000, 250, 16_000, 3, 3
	receiver := s.of("receiver")[1]
	people := s.users(2)
	chat := s.chat(people...)
	overflows, closes := s.metric(receiver, "chat_socket_overflows_total"), s.metric(receiver, `chat_socket_closes_total{code="1013"}`)
	brisk := s.devices(receiver, people[1:], chat, 1)
	late, stuck := s.unattached(people[1:], chat, slow), s.unattached(people[1:], chat, blocked)
	var readOn []func()
	for _, one := range append(slices.Clone(late.all), stuck.all...) {
		readOn = append(readOn, one.hold())
	}
	late.attach(receiver)
	stuck.attach(receiver)
	before := s.footprint(receiver)
	began := time.Now()
	s.flow(people[0], chat, messages, bytes)
	brisk.reach(messages, 10*time.Second)
	if n := s.metric(receiver, "chat_socket_overflows_total") - overflows; n < slow+blocked {
		s.t.Errorf("%v sockets fell behind, want the %d that do not read", n, slow+blocked)
	}
	now := s.footprint(receiver)
	const bound = 6e6 // what six queues share, and pages that were read for them
	if grown := now.heapBytes - before.heapBytes; grown > bound {
		s.t.Errorf("%d readers that do not read %.0f MB hold %.1f MB, want at most %.0f", slow+blocked, messages*bytes/1e6, grown/1e6, bound/1e6)
	}
	flowed := time.Since(began) // all six were blocked by then
	for _, read := range readOn[:slow] {
		read()
	}
	s.flow(people[0], chat, more, bytes) // and while they read on
	late.reach(messages+more, 20*time.Second)
	caughtUp := time.Since(began)
	s.until(flowed+13*time.Second-caughtUp, "a close of the sockets that stay blocked", func() bool {
		return s.metric(receiver, `chat_socket_closes_total{code="1013"}`) >= closes+blocked
	})
	closed := time.Since(began)
	for _, read := range readOn[slow:] {
		read()
	}
	stuck.awaitEnd(10 * time.Second) // after what was on its way
	for n, one := range stuck.all {
		if one.code != 0 && one.code != websocket.CloseTryAgainLater {
			s.t.Errorf("blocked socket %d was closed %d, want 1013 or a cut", n, one.code)
		}
	}
	stuck.attach(s.of("receiver")[0])
	stuck.reach(messages+more, 20*time.Second)
	s.t.Logf("%d messages in %s, heap %.1f to %.1f MB, slow readers whole after %s, blocked ones closed by %s and whole after %s", messages,
		flowed, before.heapBytes/1e6, now.heapBytes/1e6, caughtUp, closed, time.Since(began))
}

// removalEndsStreams on every receiver: the log's at the removal's seq, the others within a limit; nothing comes after.
func removalEndsStreams(s *scene, limit time.Duration) {
	people := s.users(13)
	ann, bob, cid, readers := people[0], people[1], people[2], people[3:]
	chat, other := s.chat(people...), s.chat(ann, bob)
	sender := s.of("sender")[0]
	message := s.send(sender, ann, chat, "before")
	var tabs []*tab
	for _, p := range s.of("receiver") {
		b := s.tab(p, bob)
		b.ask("log", `subscription($c: ID!, $s: Seq) { chatEvents(chatId: $c, afterSeq: $s) { seq kind userId } }`, vars{"c": chat, "s": 0})
		b.ask("added", `subscription($c: ID!) { messageAdded(chatId: $c, afterSeq: 0) { seq content } }`, vars{"c": chat})
		b.ask("reads", `subscription($m: ID!) { messageReadUpdated(messageId: $m) { userId } }`, vars{"m": message.ID})
		b.ask("updated", `subscription { chatUpdated(current: true) { id name participantIds unreadCount lastMessage { id } messages { id } } }`, nil)
		b.ask("list", `subscription { chatMessageNotification { chatId content } }`, nil)
		b.ask("counts", `subscription { unreadCountUpdated(current: true) { chatId unreadCount } }`, nil)
		tabs = append(tabs, b)
	}
	mark := func(user string) {
		s.must(s.client.call(s.t.Context(), s.of("sender")[1], user, `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id } }`, vars{"m": message.ID}, nil))
	}
	s.until(10*time.Second, "something of every subscription", func() bool { // then it is open
		s.send(sender, ann, other, "ready")
		mark(readers[0])
		readers = append(readers[1:], readers[0])
		pause(s.t.Context(), 300*time.Millisecond)
		return !slices.ContainsFunc(tabs, func(b *tab) bool { return len(b.ids()) < 6 || len(b.of("updated")) < 2 })
	})
	shownBefore := make([]int, len(tabs)) // of chatUpdated
	for n, b := range tabs {
		shownBefore[n] = len(b.of("updated"))
	}
	s.send(sender, ann, chat, "seen")
	s.must(s.client.call(s.t.Context(), sender, ann, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat, "u": bob}, nil))
	removed := time.Now()
	removal := s.count(`SELECT left_seq FROM chat_members WHERE chat_id = $1 AND user_id = $2`, chat, bob)
	s.must(s.client.call(s.t.Context(), sender, ann, `mutation($c: ID!) { updateChat(id: $c, name: "secret") { id } }`, vars{"c": chat}, nil))
	s.send(sender, ann, chat, "secret")
	for n, b := range tabs {
		last, end := b.endOf("log", 5*time.Second)
		if want := fmt.Sprintf(`"seq":%d,"kind":"MEMBER_REMOVED","userId":%q`, removal, bob); end.Type != "complete" || !strings.Contains(string(last.Payload), want) {
			s.t.Errorf("receiver %d: the log ended with %s %s after %s, want %s", n+1, end.Type, end.Payload, last.Payload, want)
		}
		s.ended(n, "log", end, removed, limit)
		last, end = b.endOf("added", 5*time.Second)
		if end.Type != "complete" || !strings.Contains(string(last.Payload), `"content":"seen"`) {
			s.t.Errorf("receiver %d: messageAdded ended with %s after %s", n+1, end.Type, last.Payload)
		}
		s.ended(n, "added", end, removed, limit)
		if _, end = b.endOf("reads", 5*time.Second); end.Type != "complete" {
			s.t.Errorf("receiver %d: receipts ended with %s", n+1, end.Type)
		}
		s.ended(n, "reads", end, removed, limit)
		b.until(5*time.Second, "the last chatUpdated", func() bool { return len(b.of("updated")) > shownBefore[n] })
		s.ended(n, "updated", b.of("updated")[shownBefore[n]], removed, limit)
	}
	mark(cid)
	s.send(sender, ann, other, "the end") // comes after everything that could have been shown to somebody who is gone
	for n, b := range tabs {
		for _, id := range []string{"list", "counts"} {
			b.until(5*time.Second, "news of the other chat in "+id, func() bool {
				got := b.of(id)
				return len(got) > 0 && got[len(got)-1].at.After(removed) && strings.Contains(string(got[len(got)-1].Payload), other)
			})
		}
		b.until(5*time.Second, "the last message of the other chat", func() bool { return strings.Contains(fmt.Sprint(payloads(b.of("list"))), "the end") })
		updated := payloads(b.of("updated"))[shownBefore[n]:]
		if want := fmt.Sprintf(`"id":%q,"name":"group","participantIds":[],"unreadCount":0,"lastMessage":null,"messages":null`, chat); len(updated) != 1 || !strings.Contains(updated[0], want) {
			s.t.Errorf("receiver %d: chatUpdated showed %q, want once %s", n+1, updated, want)
		}
		for _, id := range b.ids() {
			for _, f := range b.of(id) {
				text := string(f.Payload)
				if strings.Contains(text, "secret") || id == "counts" && f.at.After(removed.Add(limit)) && strings.Contains(text, chat) {
					s.t.Errorf("receiver %d: after the removal %s showed %s", n+1, id, text)
				}
			}
		}
		if reads := payloads(b.of("reads")); strings.Contains(fmt.Sprint(reads), cid) {
			s.t.Errorf("receiver %d: a receipt of after the removal: %v", n+1, reads)
		}
	}
}

// ended wants something shown within a limit after a removal.
func (s *scene) ended(receiver int, what string, f shown, removed time.Time, limit time.Duration) {
	s.t.Helper()
	took := f.at.Sub(removed)
	if took > limit {
		s.t.Errorf("receiver %d: %s ended %s after the removal, want at most %s", receiver+1, what, took, limit)
	}
	s.t.Logf("receiver %d: %s ended after %s", receiver+1, what, took)
}

func payloads(all []shown) []string {
	var texts []string
	for _, f := range all {
		texts = append(texts, string(f.Payload))
	}
	return texts
}

// row is a message's place.
type row struct {
	Seq int64
	ID  string
}

// hundredSenders send to one chat through both senders: its numbers have no hole, everybody sees the same order, and who
// polls skips nothing.
func hundredSenders(s *scene) {
	const senders, each = 100, 5
	people := s.many(senders)
	chat := s.chat(people...)
	var tabs []*tab
	for _, p := range s.of("receiver") {
		for range 2 {
			b := s.tab(p, people[0])
			b.ask("log", `subscription($c: ID!) { chatEvents(chatId: $c, afterSeq: 0) { seq message { id } } }`, vars{"c": chat})
			tabs = append(tabs, b)
		}
	}
	polled := make(chan []row, 1)
	go func() { polled <- s.poll(people[1], chat, senders*each) }()
	var all sync.WaitGroup
	for n, user := range people {
		all.Go(func() {
			for k := range each {
				if err := s.insist(s.of("sender")[(n+k)%2], user, chat, fmt.Sprint(n, " ", k)); err != nil {
					s.t.Error(err)
				}
			}
		})
	}
	all.Wait()
	want := <-polled
	for n, r := range want {
		if r.Seq != int64(n)+1 {
			s.t.Fatalf("message %d has seq %d: there is a hole", n+1, r.Seq)
		}
	}
	for n, p := range s.of("receiver") {
		if got := s.poll(people[n], chat, senders*each); !slices.Equal(got, want) {
			s.t.Errorf("%s answers another order than the one that was polled", p.name)
		}
	}
	for n, b := range tabs {
		b.until(5*time.Second, "all messages", func() bool { return len(b.of("log")) >= senders*each })
		for k, f := range b.of("log") {
			var payload struct {
				Data struct {
					ChatEvents struct {
						Seq     int64
						Message struct{ ID string }
					}
				}
			}
			s.must(json.Unmarshal(f.Payload, &payload))
			if got := (row{payload.Data.ChatEvents.Seq, payload.Data.ChatEvents.Message.ID}); k >= len(want) || got != want[k] {
				s.t.Fatalf("subscriber %d was shown %+v as number %d", n, got, k+1)
			}
		}
	}
}

// poll reads a chat page by page from both receivers in turn until it has so many messages.
func (s *scene) poll(user, chat string, count int) []row {
	var all []row
	for n := 0; len(all) < count && s.t.Context().Err() == nil; n++ {
		var out struct{ Messages []row }
		after := int64(0)
		if len(all) > 0 {
			after = all[len(all)-1].Seq
		}
		err := s.client.call(s.t.Context(), s.of("receiver")[n%2], user,
			`query($c: ID!, $a: Seq) { messages(chatId: $c, afterSeq: $a, limit: 1000) { seq id } }`, vars{"c": chat, "a": after}, &out)
		if err != nil {
			s.t.Error(err)
			return all
		}
		all = append(all, out.Messages...)
	}
	return all
}

// awayForLong: who has missed more than is replayed is told once and shown nothing, and is whole after reading anew, while
// others send.
func awayForLong(s *scene) {
	const missed = 50_000
	people := s.users(2)
	chat := s.chat(people...)
	s.send(s.of("sender")[0], people[0], chat, "seen")
	s.do(`INSERT INTO messages (id, chat_id, seq, number, version, sender_id, content, created_at)
		SELECT gen_random_uuid(), $1, n, n, n, $2, 'missed', now() FROM generate_series(2, $3::integer) n`, chat, people[0], missed+1)
	s.do(`INSERT INTO events (chat_id, seq, kind, subject_id, actor_id, at)
		SELECT chat_id, seq, 1, id, sender_id, created_at FROM messages WHERE chat_id = $1 AND seq > 1`, chat)
	s.do(`UPDATE chats SET last_seq = $2, message_count = $2 WHERE id = $1`, chat, missed+1)
	sending, stop := context.WithCancel(s.t.Context())
	defer stop()
	var others sync.WaitGroup
	others.Go(func() {
		for sending.Err() == nil {
			if err := s.insist(s.of("sender")[1], people[0], chat, "meanwhile"); err != nil {
				s.t.Error(err)
			}
		}
	})
	for _, p := range s.of("receiver") {
		b := s.tab(p, people[1])
		b.ask("log", `subscription($c: ID!, $a: Seq) { chatEvents(chatId: $c, afterSeq: $a) { seq message { id } } }`, vars{"c": chat, "a": 1})
		last, end := b.endOf("log", 10*time.Second)
		if end.Type != "error" || !strings.Contains(string(end.Payload), `"code":"RESYNC_REQUIRED"`) || len(b.of("log")) != 1 {
			s.t.Fatalf("%s answers %s %s after %s, want one RESYNC_REQUIRED", p.name, end.Type, end.Payload, last.Payload)
		}
		var out struct{ Chat struct{ LastSeq int64 } }
		s.must(s.client.call(s.t.Context(), p, people[1], `query($c: ID!) { chat(id: $c) { lastSeq } }`, vars{"c": chat}, &out))
		cursor := out.Chat.LastSeq
		whole := s.poll(people[1], chat, int(cursor))
		b.ask("anew", `subscription($c: ID!, $a: Seq) { chatEvents(chatId: $c, afterSeq: $a) { seq message { id } } }`, vars{"c": chat, "a": cursor})
		b.until(5*time.Second, "live news", func() bool { return len(b.of("anew")) > 5 })
		for n, r := range whole {
			if r.Seq != int64(n)+1 {
				s.t.Fatalf("read anew at %s: message %d has seq %d", p.name, n+1, r.Seq)
			}
		}
		for n, f := range b.of("anew") {
			if want := fmt.Sprintf(`"seq":%d,`, cursor+int64(n)+1); !strings.Contains(string(f.Payload), want) {
				s.t.Fatalf("subscribed anew at %s: news %d is %s, want %s", p.name, n, f.Payload, want)
			}
		}
		if got := b.of("log"); len(got) != 1 {
			s.t.Errorf("%s showed %d messages of a subscription that was refused", p.name, len(got))
		}
	}
	stop()
	others.Wait()
}

// drains: a receiver with 500 sockets and a sender at work end in good order.
func drains(s *scene) {
	s.drainReceiver()
	s.drainSender()
}

// status is that of a page, 0 where nobody answers.
func (s *scene) status(p *process, path string) int {
	res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", p.port, path))
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (s *scene) drainReceiver() {
	const sockets = 500
	old, other := s.of("receiver")[0], s.of("receiver")[1]
	people := append(s.users(1), s.many(sockets/socketsEach+1)...)
	chat := s.chat(people...)
	d := s.devices(old, people[1:], chat, sockets)
	sending, stop := context.WithCancel(s.t.Context())
	defer stop()
	var senders sync.WaitGroup
	for n := range 2 {
		senders.Go(func() {
			for sending.Err() == nil {
				if err := s.insist(s.of("sender")[n], people[0], chat, "x"); err != nil {
					s.t.Error(err)
				}
				pause(sending, 20*time.Millisecond)
			}
		})
	}
	d.until(5*time.Second, "news", func() bool { return len(d.all[0].times()) > 5 })
	began := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- old.stop() }()
	unready := s.until(time.Second, "a process that says it is not ready", func() bool { return s.status(old, "/readyz") == http.StatusServiceUnavailable })
	if status := s.upgrade(old); status != http.StatusServiceUnavailable {
		s.t.Errorf("a new socket while it drains: %d, want 503", status)
	}
	var moving sync.WaitGroup
	for n, one := range d.all { // each comes back as soon as it is sent away
		moving.Go(func() {
			<-one.over
			if one.code != websocket.CloseServiceRestart {
				d.complain("socket %d was closed %d, want 1012", n, one.code)
			}
			if err := one.attach(s, other); err != nil {
				d.complain("%v", err)
			}
		})
	}
	s.must(<-stopped)
	exit := time.Since(began)
	moving.Wait()
	ends := d.ends(began)
	if spread := ends[len(ends)-1] - ends[0]; spread < 500*time.Millisecond || ends[len(ends)-1] > 6*time.Second {
		s.t.Errorf("the sockets were closed between %s and %s, want them spread over at most 5 s", ends[0], ends[len(ends)-1])
	}
	if exit > 15*time.Second {
		s.t.Errorf("it ended after %s", exit)
	}
	s.t.Logf("not ready after %s, sockets closed between %s and %s, exit 0 after %s", unready, ends[0], ends[len(ends)-1], exit)
	stop()
	senders.Wait()
	d.reach(s.count(`SELECT last_seq FROM chats WHERE id = $1`, chat), 10*time.Second)
	s.must(old.start(s.t.Context()))
}

// ends are the times at which the sockets before the present ones ended, in order.
func (d *devices) ends(began time.Time) []time.Duration {
	var all []time.Duration
	for _, one := range d.all {
		one.mu.Lock()
		all = append(all, one.ended.Sub(began))
		one.mu.Unlock()
	}
	slices.Sort(all)
	return all
}

// times are those at which rows came.
func (d *device) times() map[int64]time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[int64]time.Time, len(d.at))
	for seq, at := range d.at {
		out[seq] = at
	}
	return out
}

// drainSender holds up what a sender is writing, lets it be told to stop, and wants every call that it had taken answered
// with its message; what others send meanwhile is answered by the other sender.
func (s *scene) drainSender() {
	const running = 20
	old, other := s.of("sender")[0], s.of("sender")[1]
	people := s.users(2)
	chat, elsewhere := s.chat(people...), s.chat(people...)
	d := s.devices(s.of("receiver")[1], people[1:], chat, 2)
	tx, err := s.db.BeginTx(s.t.Context(), nil)
	s.must(err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(s.t.Context(), `SELECT FROM chats WHERE id = $1 FOR UPDATE`, chat)
	s.must(err)
	answers := make(chan error, running)
	for n := range running {
		go func() {
			_, err := s.trySend(old, people[0], chat, fmt.Sprint(n), fmt.Sprint(n))
			answers <- err
		}()
	}
	s.until(5*time.Second, "calls that wait", func() bool { return s.appending(old) == running && s.waiting() > 0 })
	began := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- old.stop() }()
	s.until(time.Second, "a sender that takes no more", func() bool { return s.status(old, "/readyz") != http.StatusOK })
	pause(s.t.Context(), 500*time.Millisecond) // it waits for what it has taken
	select {
	case err := <-stopped:
		s.t.Fatalf("it ended with calls unanswered: %v", err)
	default:
	}
	if _, err := s.trySend(other, people[0], elsewhere, "x", ""); err != nil {
		s.t.Errorf("a send through the other sender: %v", err)
	}
	s.must(tx.Rollback())
	for range running {
		if err := <-answers; err != nil {
			s.t.Errorf("a call that was running: %v", err)
		}
	}
	s.must(<-stopped)
	s.t.Logf("the sender answered %d calls and ended after %s", running, time.Since(began))
	d.reach(running, 5*time.Second)
	s.must(old.start(s.t.Context()))
}

// waiting counts the product's transactions that wait for a lock.
func (s *scene) waiting() int64 {
	s.t.Helper()
	return s.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = 'chat' AND wait_event_type = 'Lock'`)
}

// appending counts the calls that a sender has taken and not answered.
func (s *scene) appending(p *process) int {
	s.t.Helper()
	stacks, err := p.get(s.t.Context(), p.inside, "/debug/pprof/goroutine?debug=2")
	s.must(err)
	return strings.Count(stacks, "modules/sender.(*Engine).Append(")
}
