package app

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chat/modules/bus"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/pgtest"
	"chat/modules/receiver"
)

const followAdded = `subscription($c: ID!, $a: Seq) { messageAdded(chatId: $c, afterSeq: $a) { content seq } }`

func contents(payloads []string) string {
	var out []string
	for _, p := range payloads {
		_, rest, _ := strings.Cut(p, `"content":"`)
		text, _, _ := strings.Cut(rest, `"`)
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// TestReplayLeavesOutWhatIsSuperseded: an addition by the deletion, an edit by a later edit or the deletion.
func TestReplayLeavesOutWhatIsSuperseded(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	one, two, three := w.send(chat, ann, "one"), w.send(chat, ann, "two"), w.send(chat, ann, "three")
	edit := func(m sent, text string) {
		w.must(w.as(ann), nil, `mutation($m: ID!, $t: String!) { updateMessage(id: $m, content: $t) { id } }`, vars{"m": m.ID.String(), "t": text})
	}
	edit(one, "one!")
	edit(one, "one!!")
	edit(two, "two!")
	w.must(w.as(ann), nil, `mutation($m: ID!) { removeMessage(id: $m) { id } }`, vars{"m": two.ID.String()})
	_ = three
	from := vars{"c": chat.String(), "a": 0}
	added, _ := w.subscribe(w.as(bob), followAdded, from)
	updated, _ := w.subscribe(w.as(bob), strings.ReplaceAll(followAdded, "messageAdded", "messageUpdated"), from)
	deleted, _ := w.subscribe(w.as(bob), `subscription($c: ID!, $a: Seq) { messageDeleted(chatId: $c, afterSeq: $a) { id isDeleted } }`, from)
	w.send(chat, ann, "live")
	if got := contents(added.count(3)); got != "one!! three live" {
		t.Errorf("messageAdded from the start: %q", got)
	}
	if got := contents(updated.count(1)); got != "one!!" {
		t.Errorf("messageUpdated from the start: %q", got)
	}
	if got := deleted.count(1); len(got) != 1 || !strings.Contains(got[0], two.ID.String()) {
		t.Errorf("messageDeleted from the start: %q", got)
	}
}

// TestResumeHasNoHoleAndNoRepeat: subscriptions that begin at every seq while messages are sent get exactly what follows.
func TestResumeHasNoHoleAndNoRepeat(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	const total = 60
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range total {
			w.must(w.as(ann), nil, sendDocument, sendVars(chat, ann, fmt.Sprint(n), ""))
		}
	}()
	var tapes []*tape
	for n := range 20 {
		s := newTape(t)
		sub, errs := w.open(w.as(bob), followAdded, vars{"c": chat.String(), "a": n}, s)
		for errs != nil && fmt.Sprint(errs[0].Extensions["code"]) == "RESYNC_REQUIRED" { // not sent yet
			sub, errs = w.open(w.as(bob), followAdded, vars{"c": chat.String(), "a": n}, s)
		}
		if errs != nil {
			t.Fatal(errs[0])
		}
		sub.Start()
		t.Cleanup(sub.Stop)
		tapes = append(tapes, s)
	}
	<-done
	for n, s := range tapes {
		got := s.count(total - n)
		for k, payload := range got {
			if !strings.Contains(payload, fmt.Sprintf(`"seq":%d}`, n+k+1)) {
				t.Fatalf("after %d, result %d is %s", n, k, payload)
			}
		}
	}
}

// TestRemovalEndsTheLogAtItsSeq: nothing committed after the removal arrives; the last chatUpdated shows only the name.
func TestRemovalEndsTheLogAtItsSeq(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	message := w.send(chat, ann, "before")
	events, _ := w.subscribe(w.as(bob), `subscription($c: ID!) { chatEvents(chatId: $c) { seq kind userId message { content } chat { name participantIds lastMessage { content } messages { id } unreadCount } } }`, vars{"c": chat.String()})
	added, _ := w.subscribe(w.as(bob), followAdded, vars{"c": chat.String()})
	reads, _ := w.subscribe(w.as(bob), `subscription($m: ID!) { messageReadUpdated(messageId: $m) { userId } }`, vars{"m": message.ID.String()})
	updated, _ := w.subscribe(w.as(bob), `subscription { chatUpdated { id name participantIds messages { id } lastMessage { id } unreadCount } }`, nil)
	list, _ := w.subscribe(w.as(bob), `subscription { chatMessageNotification { content } }`, nil)
	w.send(chat, ann, "seen")
	remove := vars{"c": chat.String(), "u": bob.String()}
	w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, remove)
	w.must(w.as(ann), nil, `mutation($c: ID!) { updateChat(id: $c, name: "secret") { id } }`, vars{"c": chat.String()})
	w.send(chat, ann, "after")

	completed := func(_ []string, ended string) bool { return ended == "complete" }
	got := events.await("the end of chatEvents", completed)
	if len(got) != 2 || !strings.Contains(got[1], `"kind":"MEMBER_REMOVED"`) || !strings.Contains(got[1], `"participantIds":[]`) ||
		!strings.Contains(got[1], `"name":"group"`) || !strings.Contains(got[1], `"lastMessage":null,"messages":null,"unreadCount":0`) {
		t.Errorf("chatEvents until the removal: %q", got)
	}
	if got := contents(added.await("the end of messageAdded", completed)); got != "seen" {
		t.Errorf("messageAdded until the removal: %q", got)
	}
	reads.await("the end of messageReadUpdated", completed)
	last := updated.count(1)
	if len(last) != 1 || !strings.Contains(last[0], `"name":"group","participantIds":[],"messages":null,"lastMessage":null,"unreadCount":0`) {
		t.Errorf("the last chatUpdated: %q", last)
	}
	w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`, remove)
	w.send(chat, ann, "again")
	if got := contents(list.count(2)); got != "seen again" {
		t.Errorf("chatMessageNotification around the removal: %q", got)
	}
	whole, _ := w.subscribe(w.as(bob), followAdded, vars{"c": chat.String(), "a": 0})
	if got := contents(whole.count(4)); got != "before seen after again" {
		t.Errorf("the history after coming back: %q", got)
	}
}

// doorBus is a bus over which somebody is told when the first channel of a kind is opened.
type doorBus struct {
	bus.Bus
	is    func(bus.Channel) bool
	opens func()
	once  sync.Once
}

func (b *doorBus) Subscribe(ctx context.Context, channels ...bus.Channel) error {
	err := b.Bus.Subscribe(ctx, channels...)
	if b.opens != nil && slices.ContainsFunc(channels, b.is) {
		b.once.Do(b.opens)
	}
	return err
}

// TestRemovedWhileReceiptsAreOpened: whenever in the opening the removal comes, receipts are refused or end.
func TestRemovedWhileReceiptsAreOpened(t *testing.T) {
	for name, is := range map[string]func(bus.Channel) bool{
		"as the chat's channel opens": func(c bus.Channel) bool { return !c.Chat.IsZero() },
		"as the user's channel opens": func(c bus.Channel) bool { return !c.User.IsZero() },
	} {
		t.Run(name, func(t *testing.T) {
			door := &doorBus{Bus: bus.NewMemory(), is: is}
			w := newWorldWith(t, pgtest.New(t), nil, door)
			ann, bob := w.user("ann"), w.user("bob")
			chat := w.group(ann, bob)
			message := w.send(chat, ann, "hello")
			door.opens = func() {
				w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`,
					vars{"c": chat.String(), "u": bob.String()})
			}
			s := newTape(t)
			sub, errs := w.open(w.as(bob), `subscription($m: ID!) { messageReadUpdated(messageId: $m) { userId } }`, vars{"m": message.ID.String()}, s)
			if errs != nil {
				if code := errs[0].Extensions["code"]; code != "NOT_FOUND" {
					t.Errorf("refused: %v", code)
				}
				return
			}
			t.Cleanup(sub.Stop)
			sub.Start()
			s.await("the end", func(_ []string, ended string) bool { return ended == "complete" })
		})
	}
}

// TestRemovedWhileAwayIsShownNothingNewer: a connection that was behind over a removal gets the rows up to it, and of them
// no message as it became later.
func TestRemovedWhileAwayIsShownNothingNewer(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	s := newTape(t)
	s.room = 1
	sub, errs := w.open(w.as(bob), `subscription($c: ID!) { chatEvents(chatId: $c) { seq kind message { content } chat { name } } }`, vars{"c": chat.String()}, s)
	if errs != nil {
		t.Fatal(errs[0])
	}
	sub.Start()
	defer sub.Stop()
	w.send(chat, ann, "one")
	s.count(1)
	two := w.send(chat, ann, "two")
	s.refusal() // the connection is behind
	w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": bob.String()})
	w.must(w.as(ann), nil, `mutation($m: ID!) { updateMessage(id: $m, content: "secret") { id } }`, vars{"m": two.ID.String()})
	sub.Drained()
	got := strings.Join(s.await("the end", func(_ []string, ended string) bool { return ended == "complete" }), "\n")
	if strings.Contains(got, "secret") || strings.Count(got, "\n") != 2 || !strings.Contains(got, `"seq":2,"kind":"MESSAGE_ADDED","message":null`) {
		t.Errorf("what was shown: %s", got)
	}
}

// TestAnArrivalThatIsOverIsNotTold: a connection that was behind as its user came into a chat, and left it again, is not
// shown what the chat has become.
func TestAnArrivalThatIsOverIsNotTold(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	over, lasting := w.group(ann), w.group(ann)
	s := newTape(t)
	s.room = 0
	sub, errs := w.open(w.as(bob), `subscription { chatAdded { id messages { content } } }`, nil, s)
	if errs != nil {
		t.Fatal(errs[0])
	}
	t.Cleanup(sub.Stop)
	sub.Start()
	executions := metric(t, w, executionsMetric)
	const add = `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`
	for _, chat := range []id.Chat{over, lasting} {
		w.must(w.as(ann), nil, add, vars{"c": chat.String(), "u": bob.String()})
	}
	for metric(t, w, executionsMetric) < executions+2 {
		time.Sleep(time.Millisecond)
	}
	w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": over.String(), "u": bob.String()})
	w.send(over, ann, "secret")
	s.refusal()
	sub.Drained() // both are told of in their order
	if got := s.count(1); len(got) != 1 || !strings.Contains(got[0], lasting.String()) {
		t.Errorf("after the removal: %q", got)
	}
}

// TestBehindGoesOnFromTheStore: what a full connection refused comes again after it has drained, in order and once.
func TestBehindGoesOnFromTheStore(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	s := newTape(t)
	s.room = 3
	sub, errs := w.open(w.as(bob), followAdded, vars{"c": chat.String()}, s)
	if errs != nil {
		t.Fatal(errs[0])
	}
	sub.Start()
	defer sub.Stop()
	want := ""
	for n := range 300 {
		w.send(chat, ann, fmt.Sprint(n))
		if want += fmt.Sprint(n); n < 299 {
			want += " "
		}
	}
	// What it took but will not write any more is dropped, as a transport does.
	s.mu.Lock()
	dropped := s.results[1:]
	s.results = s.results[:1]
	s.mu.Unlock()
	for _, r := range dropped {
		sub.Dropped(r.Cursor)
	}
	sub.Drained()
	w.send(chat, ann, "live")
	if got := contents(s.count(301)); got != want+" live" {
		t.Errorf("after a drained queue: %s", got)
	}
}

// TestWhatIsCurrentIsShown also where the connection did not take it at first, dropped it, or where it could not be read.
func TestWhatIsCurrentIsShown(t *testing.T) {
	w := newWorld(t)
	ann, bob, cid := w.user("ann"), w.user("bob"), w.user("cid")
	w.send(w.group(ann, bob), ann, "hello")
	w.group(ann, cid)
	open := func(t *testing.T, who id.User, s *tape) *receiver.Subscription {
		t.Helper()
		sub, errs := w.open(w.as(who), `subscription { chatUpdated(current: true) { name } }`, nil, s)
		if errs != nil {
			t.Fatal(errs[0])
		}
		t.Cleanup(sub.Stop)
		return sub
	}
	t.Run("refused", func(t *testing.T) {
		s := newTape(t)
		s.room = 0
		sub := open(t, bob, s)
		sub.Start()
		s.refusal()
		sub.Drained()
		s.count(1)
	})
	t.Run("dropped", func(t *testing.T) {
		s := newTape(t)
		sub := open(t, bob, s)
		sub.Start()
		s.count(1)
		sub.Dropped(s.results[0].Cursor)
		sub.Drained()
		s.count(2)
	})
	t.Run("failed", func(t *testing.T) {
		s := newTape(t)
		sub := open(t, cid, s)
		letGo := w.held(`LOCK TABLE chat_members IN ACCESS EXCLUSIVE MODE`)
		sub.Start()
		w.waiting(1) // for the chat as it is
		var cancelled bool
		w.get(t, &cancelled, `SELECT bool_and(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		letGo()
		s.count(1)
	})
}

// dropping is a tape whose connection drops what waits as a log comes to its end.
type dropping struct {
	*tape
	lose    func(*tape) []receiver.Result // what is lost; once
	dropped chan []receiver.Result
}

func (s *dropping) Keep(topic history.Topic) bool {
	s.mu.Lock()
	lose := s.lose
	s.lose = nil
	s.mu.Unlock()
	if lose == nil {
		return s.tape.Keep(topic)
	}
	s.dropped <- lose(s.tape)
	return false
}

// TestTheLastRowsComeAgain where they were dropped before the end was told, once, and the end after them; it comes as well where
// what was dropped is of another chat.
func TestTheLastRowsComeAgain(t *testing.T) {
	for _, c := range []struct {
		name, query string
		lost, want  int
		follows     int // after the end
	}{
		{"one log", `subscription($c: ID!) { chatEvents(chatId: $c) { kind } }`, 2, 2, 0},
		{"a chat of all", `subscription { chatUpdated { participantIds } }`, 1, 1, 2},
		{"another chat", `subscription { chatUpdated { participantIds } }`, 0, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			ann, bob := w.user("ann"), w.user("bob")
			chat := w.group(ann, bob)
			w.group(ann, bob)
			s := &dropping{tape: newTape(t), dropped: make(chan []receiver.Result, 1)}
			s.lose = func(all *tape) []receiver.Result {
				all.mu.Lock()
				defer all.mu.Unlock()
				all.room = 0 // nothing is taken until the connection is drained
				all.refused.Store(true)
				kept := len(all.results) - c.lost
				lost := all.results[kept:]
				all.results = all.results[:kept:kept]
				return lost
			}
			v := vars{"c": chat.String()}
			if !strings.Contains(c.query, "$c") {
				v = nil
			}
			sub, errs := w.open(w.as(bob), c.query, v, s)
			if errs != nil {
				t.Fatal(errs[0])
			}
			sub.Start()
			defer sub.Stop()
			w.send(chat, ann, "last words")
			w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": bob.String()})
			for _, r := range <-s.dropped {
				sub.Dropped(r.Cursor)
			}
			sub.Drained()
			for deadline := time.Now().Add(10 * time.Second); w.stack.Live.Following() != c.follows; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d logs and users are followed, want %d", w.stack.Live.Following(), c.follows)
				}
			}
			if got := s.count(c.want); len(got) != c.want {
				t.Errorf("what was shown: %s", got)
			}
			if s.mu.Lock(); c.follows == 0 && s.ended != "complete" {
				t.Errorf("it ended with %q", s.ended)
			}
			s.mu.Unlock()
		})
	}
}

// TestCursorsThatCannotBeServed are one error each, and leave nothing behind.
func TestCursorsThatCannotBeServed(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	chat := w.group(ann, w.user("bob"))
	w.send(chat, ann, "one")
	for _, c := range []struct {
		name   string
		cursor any
		code   string
	}{
		{"from the future", 2, "RESYNC_REQUIRED"},
		{"negative", -1, "BAD_USER_INPUT"},
		{"text", "garbage", "BAD_USER_INPUT"},
		{"a fraction", 1.5, "BAD_USER_INPUT"},
		{"beyond 2^53", 1e17, "BAD_USER_INPUT"},
	} {
		_, errs := w.open(w.as(ann), followAdded, vars{"c": chat.String(), "a": c.cursor}, newTape(t))
		if errs == nil || errs[0].Extensions["code"] != c.code {
			t.Errorf("a cursor %s: %v, want %s", c.name, errs, c.code)
		}
	}
	if err := w.db.Tx(t.Context(), func(tx *pg.Tx) error {
		if err := tx.Exec(t.Context(), `INSERT INTO events (chat_id, seq, kind, subject_id, at) SELECT $1, n, 6, $1, now() FROM generate_series(2, 10003) n`, chat); err != nil {
			return err
		}
		return tx.Exec(t.Context(), `UPDATE chats SET last_seq = 10003 WHERE id = $1`, chat)
	}); err != nil {
		t.Fatal(err)
	}
	log := `subscription($c: ID!, $a: Seq) { chatEvents(chatId: $c, afterSeq: $a) { seq } }`
	if _, errs := w.open(w.as(ann), log, vars{"c": chat.String(), "a": 1}, newTape(t)); errs == nil || errs[0].Extensions["code"] != "RESYNC_REQUIRED" {
		t.Errorf("10,002 rows behind: %v", errs)
	}
	whole, _ := w.subscribe(w.as(ann), log, vars{"c": chat.String(), "a": 3})
	whole.count(10_000)
	one, _ := w.subscribe(w.as(ann), followAdded, vars{"c": chat.String(), "a": 0}) // one row of its kind
	one.count(1)
}

// TestASubscriptionKeepsWhatItUses: what else its client sent along is gone when it is open.
func TestASubscriptionKeepsWhatItUses(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	chat := w.group(ann, w.user("bob"))
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for n := range 200 {
		w.subscribe(w.as(ann), followAdded, vars{"c": chat.String(), "unknown": strings.Repeat(fmt.Sprint(n%10), 250_000)})
	}
	if held := heap() - before; held > 20e6 {
		t.Errorf("200 subscriptions hold %d MB", held/1e6)
	}
}

// TestAnEventIsExecutedOnce for everybody who is shown the same, whatever their own arguments are called.
func TestAnEventIsExecutedOnce(t *testing.T) {
	w := newWorld(t)
	ann, bob, cid := w.user("ann"), w.user("bob"), w.user("cid")
	chat := w.group(ann, bob, cid)
	executions := func() float64 { return metric(t, w, "chat_live_executions_total") }
	var tapes []*tape
	for n := range 30 {
		who := []id.User{ann, bob, cid}[n%3]
		s, _ := w.subscribe(w.as(who), fmt.Sprintf(`subscription S%d($x%d: ID!) { messageAdded(chatId: $x%d) { id content } }`, n, n, n), vars{fmt.Sprintf("x%d", n): chat.String()})
		tapes = append(tapes, s)
	}
	before := executions()
	w.send(chat, ann, "hello")
	for _, s := range tapes {
		s.count(1)
	}
	if n := executions() - before; n != 1 {
		t.Errorf("30 subscriptions to the same took %v executions, want 1", n)
	}
	keyed := `subscription($c: ID!) { messageAdded(chatId: $c) { clientMessageId } }`
	mine, _ := w.subscribe(w.as(ann), keyed, vars{"c": chat.String()})
	theirs, _ := w.subscribe(w.as(bob), keyed, vars{"c": chat.String()})
	other, _ := w.subscribe(w.as(cid), keyed, vars{"c": chat.String()})
	before = executions()
	w.must(w.as(ann), nil, sendDocument, sendVars(chat, ann, "with a key", "k1"))
	if got := mine.count(1)[0]; !strings.Contains(got, `"clientMessageId":"k1"`) {
		t.Errorf("the sender is shown %s", got)
	}
	for _, s := range []*tape{theirs, other} {
		if got := s.count(1)[0]; !strings.Contains(got, `"clientMessageId":null`) {
			t.Errorf("somebody else is shown %s", got)
		}
	}
	if n := executions() - before; n != 3 { // one for the 30, one for the sender, one for the others
		t.Errorf("took %v executions, want 3", n)
	}
	personal := `subscription { chatMessageNotification { chat { unreadCount } } }`
	a, _ := w.subscribe(w.as(bob), personal, nil)
	b, _ := w.subscribe(w.as(cid), personal, nil)
	w.must(w.as(cid), nil, `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 2) { unreadCount } }`, vars{"c": chat.String()})
	w.send(chat, ann, "third")
	if x, y := a.count(1)[0], b.count(1)[0]; !strings.Contains(x, `"unreadCount":3`) || !strings.Contains(y, `"unreadCount":1`) {
		t.Errorf("counts of two viewers: %s and %s", x, y)
	}
}

// TestASelectionThatWaitsHoldsOnlyItsChat: what one reads from the store as its events come holds up the news of no other
// chat.
func TestASelectionThatWaitsHoldsOnlyItsChat(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	quiet := w.group(ann)
	light, _ := w.subscribe(w.as(ann), followAdded, vars{"c": quiet.String()})
	var heavy []*tape
	var chats []id.Chat
	for range runtime.GOMAXPROCS(0) + 2 {
		chat := w.group(ann)
		s, _ := w.subscribe(w.as(ann), `subscription($c: ID!) { messageAdded(chatId: $c) { content seq chat { readSeq } } }`, vars{"c": chat.String()})
		heavy, chats = append(heavy, s), append(chats, chat)
	}
	letGo := w.held(`LOCK TABLE read_positions IN ACCESS EXCLUSIVE MODE`)
	for _, chat := range chats {
		w.send(chat, ann, "one")
		w.send(chat, ann, "two")
	}
	w.comesAtOnce(quiet, ann, light)
	letGo()
	for _, s := range heavy {
		if got := contents(s.count(2)); got != "one two" {
			t.Errorf("a chat that had to wait: %q", got)
		}
	}
}

// TestReplaysShareReads: clients that come back to a chat at once cost readings and executions by the rows they have
// missed, not by how many they are.
func TestReplaysShareReads(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	const clients, missed = 200, 150 // two pages
	var people []id.User
	for n := range clients {
		people = append(people, w.user(fmt.Sprint("p", n)))
	}
	chat := w.group(ann, people...)
	for n := range missed {
		w.send(chat, ann, fmt.Sprint(n))
	}
	readings, executions := metric(t, w, "chat_live_page_reads_total"), metric(t, w, "chat_live_executions_total")
	tapes := make([]*tape, clients)
	var all sync.WaitGroup
	for n, who := range people {
		tapes[n] = newTape(t)
		all.Go(func() {
			sub, errs := w.open(w.as(who), followAdded, vars{"c": chat.String(), "a": n % 10}, tapes[n])
			if errs != nil {
				t.Error(errs[0])
				return
			}
			sub.Start()
			t.Cleanup(sub.Stop)
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for n, s := range tapes {
		got := s.count(missed - n%10)
		for k, payload := range got {
			if !strings.Contains(payload, fmt.Sprintf(`"seq":%d}`, n%10+k+1)) {
				t.Fatalf("client %d, result %d is %s", n, k, payload)
			}
		}
	}
	if got := metric(t, w, "chat_live_page_reads_total") - readings; got > clients/4 {
		t.Errorf("%d clients that missed two pages took %v readings", clients, got)
	}
	if got := metric(t, w, "chat_live_executions_total") - executions; got > clients*missed/4 {
		t.Errorf("%d clients that missed %d rows took %v executions", clients, missed, got)
	}
}

// TestAPageServesWhileTheLogStands: whoever comes a moment later costs nothing, and is shown everything as it is then.
func TestAPageServesWhileTheLogStands(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	one, two := w.send(chat, ann, "one"), w.send(chat, ann, "two")
	w.send(chat, ann, "three")
	from := vars{"c": chat.String(), "a": 0}
	costs := func() float64 {
		return metric(t, w, "chat_live_page_reads_total") + metric(t, w, "chat_live_executions_total")
	}
	shows := func(want ...string) {
		t.Helper()
		s, _ := w.subscribe(w.as(bob), followAdded, from)
		if got := contents(s.count(len(want))); got != strings.Join(want, " ") {
			t.Errorf("shown %q, want %q", got, want)
		}
	}
	shows("one", "two", "three")
	for try := 0; ; try++ {
		before := costs()
		shows("one", "two", "three")
		if costs() == before {
			break
		}
		if try == 20 { // a page is kept for a second, which a busy machine may take for one try
			t.Fatal("every subscription reads its page anew")
		}
	}
	w.must(w.as(ann), nil, `mutation($m: ID!) { removeMessage(id: $m) { id } }`, vars{"m": one.ID.String()})
	shows("two", "three")
	w.must(w.as(ann), nil, `mutation($m: ID!) { updateMessage(id: $m, content: "two!") { id } }`, vars{"m": two.ID.String()})
	shows("two!", "three")
}

// TestReceiptsComeOncePerReader: one move over many messages is one receipt for each that is watched.
func TestReceiptsComeOncePerReader(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	var messages []sent
	for n := range 10 {
		messages = append(messages, w.send(chat, ann, fmt.Sprint(n)))
	}
	watch := `subscription($m: ID!) { messageReadUpdated(messageId: $m) { messageId userId } }`
	var tapes []*tape
	for _, m := range messages {
		s, _ := w.subscribe(w.as(ann), watch, vars{"m": m.ID.String()})
		tapes = append(tapes, s)
	}
	mark := func(who id.User, m sent) {
		w.must(w.as(who), nil, `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id } }`, vars{"m": m.ID.String()})
	}
	mark(bob, messages[4])
	mark(bob, messages[2])
	mark(bob, messages[4])
	mark(ann, messages[9]) // never for the sender
	mark(bob, messages[9])
	for n, s := range tapes {
		got := s.count(1)
		if len(got) != 1 || !strings.Contains(got[0], messages[n].ID.String()) || !strings.Contains(got[0], bob.String()) {
			t.Errorf("receipts of message %d: %q", n, got)
		}
	}
}

// TestUnreadCountsFollow messages, deletions, the user's own marks and the chat's removal, on every device, and end exact.
func TestUnreadCountsFollow(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	counts, _ := w.subscribe(w.as(bob), `subscription { unreadCountUpdated { unreadCount } }`, nil)
	first, _ := w.subscribe(w.as(bob), `subscription { unreadCountUpdated(current: true) { unreadCount } }`, nil)
	if got := first.count(1)[0]; !strings.Contains(got, `"unreadCount":0`) || !strings.Contains(got, `"extensions":{"seq":0}`) {
		t.Errorf("current value: %s", got)
	}
	var last sent
	for n := range 25 {
		last = w.send(chat, ann, fmt.Sprint(n))
	}
	until := func(n int) {
		counts.await(fmt.Sprintf("a count of %d", n), func(p []string, _ string) bool {
			return len(p) > 0 && strings.Contains(p[len(p)-1], fmt.Sprintf(`"unreadCount":%d}`, n))
		})
	}
	until(25)
	w.must(w.as(ann), nil, `mutation($m: ID!) { removeMessage(id: $m) { id } }`, vars{"m": last.ID.String()})
	until(24)
	w.must(w.as(bob), nil, `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id } }`, vars{"m": last.ID.String()})
	until(0)
	w.send(chat, ann, "last")
	until(1)
	w.must(w.as(ann), nil, `mutation($c: ID!) { removeChat(id: $c) { id } }`, vars{"c": chat.String()})
	until(0)
}

// TestAPositionMovesWhileItsCountWaits: a count that was read before, and waits for a slow connection, is not the last
// word.
func TestAPositionMovesWhileItsCountWaits(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	w.send(chat, ann, "hello")
	const query = `subscription { unreadCountUpdated(current: true) { unreadCount } }`
	other, _ := w.subscribe(w.as(bob), query, nil)
	other.count(1)
	s := newSlowTape(t)
	sub, errs := w.open(w.as(bob), query, nil, s)
	if errs != nil {
		t.Fatal(errs[0])
	}
	t.Cleanup(sub.Stop)
	sub.Start()
	<-s.waits
	w.must(w.as(bob), nil, `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 1) { unreadCount } }`, vars{"c": chat.String()})
	none := func(p []string, _ string) bool {
		return len(p) > 0 && strings.Contains(p[len(p)-1], `"unreadCount":0}`)
	}
	other.await("the count on the other device", none)
	close(s.goes)
	s.await("the count after the wait", none)
}

// TestUnreadCountsThatStayAreNotTold: coming into a chat, leaving it and coming back changes no count, nor does it that a
// message is deleted which was read.
func TestUnreadCountsThatStayAreNotTold(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	var chats []id.Chat
	for range 5 {
		chats = append(chats, w.group(ann, bob))
	}
	sixth := w.group(ann)
	counts, _ := w.subscribe(w.as(bob), `subscription { unreadCountUpdated { chatId unreadCount } }`, nil)
	come, _ := w.subscribe(w.as(bob), `subscription { chatAdded { id } }`, nil)
	var want []string
	told := func(chat id.Chat, n int) { // it is, and nothing else
		t.Helper()
		want = append(want, fmt.Sprintf(`{"data":{"unreadCountUpdated":{"chatId":"%s","unreadCount":%d}}`, chat, n))
		got := counts.count(len(want))
		for i := range got {
			if i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
				t.Fatalf("told %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	change := func(field string) {
		t.Helper()
		w.must(w.as(ann), nil, fmt.Sprintf(`mutation($c: ID!, $u: String!) { %s(chatId: $c, userId: $u) { id } }`, field), vars{"c": sixth.String(), "u": bob.String()})
	}
	change("addParticipant")
	come.count(1)
	w.send(sixth, ann, "welcome")
	told(sixth, 1)
	change("removeParticipant")
	change("addParticipant")
	come.count(2)
	w.send(sixth, ann, "welcome back")
	told(sixth, 1)
	message := w.send(chats[0], ann, "read and deleted")
	told(chats[0], 1)
	w.must(w.as(bob), nil, `mutation($c: ID!, $s: Seq!) { markChatRead(chatId: $c, upToSeq: $s) { unreadCount } }`, vars{"c": chats[0].String(), "s": message.Seq})
	told(chats[0], 0)
	w.must(w.as(ann), nil, `mutation($m: ID!) { removeMessage(id: $m) { id } }`, vars{"m": message.ID.String()})
	w.send(chats[1], ann, "another")
	told(chats[1], 1)
	w.must(w.as(ann), nil, `mutation($c: ID!) { removeChat(id: $c) { id } }`, vars{"c": chats[0].String()})
	w.must(w.as(ann), nil, `mutation($c: ID!) { removeChat(id: $c) { id } }`, vars{"c": chats[1].String()})
	told(chats[1], 0)
}

// TestSubscriptionsLeaveNothing: rounds of subscribe and stop end where they began.
func TestSubscriptionsLeaveNothing(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	chat := w.group(ann, w.user("bob"))
	message := w.send(chat, ann, "x")
	for range 300 {
		for _, query := range []string{followAdded, `subscription { chatUpdated { id } }`, `subscription($m: ID!) { messageReadUpdated(messageId: $m) { userId } }`} {
			sub, errs := w.open(w.as(ann), query, used(query, vars{"c": chat.String(), "m": message.ID.String()}), newTape(t))
			if errs != nil {
				t.Fatal(errs[0])
			}
			sub.Start()
			sub.Stop()
		}
	}
	for range 100 { // stopped replays end by themselves
		if w.stack.Live.Following() == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := w.stack.Live.Following(); n != 0 {
		t.Errorf("%d logs and users are still followed", n)
	}
	if n := metric(t, w, "chat_live_subscriptions"); n != 0 {
		t.Errorf("%v subscriptions are still counted", n)
	}
}

// TestSubscriptionsAreOneField: what PROTOCOL and specification ask of a subscription document.
func TestSubscriptionsAreOneField(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	chat := w.group(ann, w.user("bob"))
	for _, query := range []string{
		`subscription($c: ID!) { a: messageAdded(chatId: $c) { id } b: messageAdded(chatId: $c) { id } }`,
		`subscription { __typename }`,
		`subscription($c: ID!) { messageAdded(chatId: $c) { nothing } }`,
		`subscription { messageAdded { id } }`,
	} {
		_, errs := w.open(w.as(ann), query, used(query, vars{"c": chat.String()}), newTape(t))
		if errs == nil || errs[0].Extensions["code"] != string(gql.ValidationFailed) {
			t.Errorf("%s: %v", query, errs)
		}
	}
}

// comesAtOnce wants the messages of a chat to reach a client of it that has seen none, whatever holds up others.
func (w *world) comesAtOnce(chat id.Chat, sender id.User, client *tape) {
	w.t.Helper()
	began := time.Now()
	for n := range 10 {
		w.send(chat, sender, "hello")
		client.count(n + 1)
	}
	if took := time.Since(began); took > time.Second {
		w.t.Errorf("ten messages of a chat that nothing holds up took %s", took)
	}
}
