package trace

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world makes a good trace: a system that keeps every promise, under faults that the clients see.
type world struct {
	rng      *rand.Rand
	entries  []Entry
	op       int64
	chats    []*simulated
	sessions map[string]string // of those who write
	begun    int               // sessions
}

type simulated struct {
	name     string
	log      []Entry // rows as a subscriber sees them
	messages []Message
	members  []string
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), sessions: map[string]string{}}
	for n := range 3 {
		w.chats = append(w.chats, &simulated{name: fmt.Sprint("chat", n), members: []string{"ann", "bob", "guest"}})
	}
	return w
}

func (w *world) add(e Entry) {
	e.At = time.Duration(len(w.entries)) * time.Millisecond
	w.entries = append(w.entries, e)
}

func (w *world) call(e Entry) int64 {
	w.op++
	e.Kind, e.Op, e.Target = Invoke, w.op, "sender"
	if e.Session == "" {
		e.Session = w.sessions[e.User]
	}
	w.add(e)
	return w.op
}

// signIn begins a session.
func (w *world) signIn(user string) (session string) {
	w.begun++
	session = fmt.Sprint(user, " #", w.begun)
	w.answer(w.call(Entry{What: SignIn, User: user, Session: session}), Entry{Outcome: OK})
	return session
}

// refresh goes on with a session by one token, which is used so often.
func (w *world) refresh(session string, outcomes ...Outcome) {
	token := fmt.Sprint("token ", w.op)
	for _, outcome := range outcomes {
		answer := Entry{Outcome: outcome}
		if outcome == OK {
			answer.Message = "successor of " + token
		}
		w.answer(w.call(Entry{What: Refresh, Session: session, Key: token}), answer)
	}
}

// end ends a session that a socket of a follower is open with; news may come meanwhile.
func (w *world) end(f *follower) {
	w.add(Entry{Kind: Ending, Session: f.session, What: "logout"})
	w.probe(f.session, Entry{Outcome: OK})
	w.add(Entry{Kind: Ended, Session: f.session})
	w.probe(f.session, Entry{Outcome: OK})
	w.add(Entry{Kind: End, Subscriber: f.name, Session: f.session, Chat: f.chat.name, Conn: f.conn, Reason: Revoked, Target: "receiver"})
	w.probe(f.session, Entry{Outcome: Refused, Code: "UNAUTHENTICATED"})
	w.add(Entry{Kind: Refusal, Session: f.session, Target: "receiver"})
	f.session = w.signIn(f.user)
}

func (w *world) probe(session string, answer Entry) {
	w.answer(w.call(Entry{What: Probe, Session: session}), answer)
}

func (w *world) answer(op int64, e Entry) {
	e.Kind, e.Op = Return, op
	w.add(e)
}

func (c *simulated) row(change, message, user, text string) int64 {
	seq := int64(len(c.log) + 1)
	c.log = append(c.log, Entry{Chat: c.name, Seq: seq, Change: change, Message: message, User: user, Text: text})
	return seq
}

// write does one thing; its first answer may be lost.
func (w *world) write(c *simulated) {
	user := c.members[w.rng.IntN(2)]
	var mine []*Message
	for n := range c.messages {
		if m := &c.messages[n]; m.Sender == user && !m.Deleted {
			mine = append(mine, m)
		}
	}
	switch what := w.rng.IntN(10); {
	case what < 7 || len(mine) == 0:
		key := fmt.Sprintf("%s-%d", c.name, len(c.messages))
		call := Entry{What: Send, Chat: c.name, User: user, Key: key, Text: "text of " + key}
		if w.rng.IntN(4) == 0 { // the answer is lost, and it may not have happened
			w.answer(w.call(call), Entry{Outcome: Unknown})
		}
		op := w.call(call)
		seq := c.row(Added, "id "+key, "", call.Text)
		c.messages = append(c.messages, Message{ID: "id " + key, Seq: seq, Version: seq, Sender: user, Key: key, Text: call.Text})
		w.answer(op, Entry{Outcome: OK, Message: "id " + key, Seq: seq})
	case what < 9:
		m := mine[w.rng.IntN(len(mine))]
		op := w.call(Entry{What: Edit, Chat: c.name, User: user, Message: m.ID, Text: fmt.Sprint("edit ", w.op)})
		m.Text = fmt.Sprint("edit ", op-1)
		m.Version = c.row(Updated, m.ID, "", m.Text)
		w.answer(op, Entry{Outcome: OK, Message: m.ID, Seq: m.Version})
	default:
		m := mine[w.rng.IntN(len(mine))]
		op := w.call(Entry{What: Delete, Chat: c.name, User: user, Message: m.ID})
		m.Text, m.Deleted = "", true
		m.Version = c.row(Deleted, m.ID, "", "")
		w.answer(op, Entry{Outcome: OK, Message: m.ID, Seq: m.Version})
	}
}

// follower is a subscriber that reconnects now and then.
type follower struct {
	name, user string
	session    string
	chat       *simulated
	conn       int
	seen       int64
	ended      bool
}

func (w *world) open(f *follower) {
	w.add(Entry{Kind: Open, Subscriber: f.name, Session: f.session, User: f.user, Chat: f.chat.name, Conn: f.conn, After: f.seen, Target: "receiver"})
}

func (w *world) close(f *follower, reason string) {
	w.add(Entry{Kind: End, Subscriber: f.name, Session: f.session, Chat: f.chat.name, Conn: f.conn, Reason: reason, Target: "receiver"})
	f.conn++
}

func (w *world) follow(f *follower, until int) {
	w.open(f)
	for int(f.seen) < until {
		row := f.chat.log[f.seen]
		f.seen++
		e := Entry{Kind: Event, Subscriber: f.name, Chat: f.chat.name, Conn: f.conn, Seq: row.Seq, Change: row.Change, Message: row.Message, Text: row.Text}
		w.add(e)
		if row.Change == MemberGone && row.User == f.user {
			w.close(f, Complete)
			f.ended = true
			return
		}
		switch w.rng.IntN(40) {
		case 0:
			w.close(f, Closed)
			w.open(f)
		case 1:
			w.end(f)
			f.conn++
			w.open(f)
		case 2:
			w.refresh(f.session, OK)
		}
	}
	w.close(f, Closed)
}

func good(seed uint64) []Entry {
	w := newWorld(seed)
	var followers []*follower
	for _, c := range w.chats {
		for _, user := range c.members {
			w.sessions[user] = w.signIn(user)
			followers = append(followers, &follower{name: c.name + " " + user, user: user, session: w.signIn(user), chat: c})
		}
	}
	first := followers[0] // what chance may not bring happens to this one
	w.refresh(first.session, OK, OK)
	w.refresh(first.session, Unknown, OK, OK)
	for round := range 6 {
		if round == 2 {
			w.add(Entry{Kind: Fault, Fault: "kill", Target: "another"})
		}
		if round == 4 {
			w.add(Entry{Kind: Heal, Fault: "kill", Target: "another"})
		}
		for _, c := range w.chats {
			for range 8 {
				w.write(c)
			}
			if round == 3 {
				c.row(MemberGone, "", "guest", "")
			}
		}
		for _, f := range followers {
			if f == first && round == 2 {
				w.open(f)
				w.end(f)
				f.conn++
			}
			if !f.ended {
				w.follow(f, len(f.chat.log))
			}
		}
	}
	for _, c := range w.chats {
		last := int64(len(c.log)) / 2
		w.answer(w.call(Entry{What: Mark, Chat: c.name, User: "bob", Seq: last}), Entry{Outcome: OK})
		for _, receiver := range []string{"r1", "r2"} {
			w.add(Entry{Kind: History, Receiver: receiver, Chat: c.name, Seq: int64(len(c.log)), Messages: slices.Clone(c.messages)})
			for _, row := range c.log {
				row.Kind, row.Receiver = Log, receiver
				w.add(row)
			}
			count := 0
			for _, m := range c.messages {
				if m.Seq > last && m.Sender != "bob" && !m.Deleted {
					count++
				}
			}
			w.add(Entry{Kind: Unread, Receiver: receiver, Chat: c.name, User: "bob", Count: count})
		}
	}
	return w.entries
}

func kinds(r Report) []string {
	var found []string
	for _, v := range r.Violations {
		found = append(found, v.Kind)
	}
	return found
}

func TestAGoodRunPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		report := Check(good(rapid.Uint64().Draw(t, "seed")))
		for _, v := range report.Violations {
			t.Errorf("%s: %s", v.Kind, v.Text)
		}
		if report.Sends == 0 || report.Deliveries == 0 || report.Delays["kill"].Count == 0 || report.Sessions == 0 || report.Refreshes == 0 || report.Closes.Count == 0 {
			t.Errorf("nothing was judged: %+v", report)
		}
	})
}

// areShown judges what each of the first violations shows, alone: few entries break the same promise.
func areShown(t rapid.TB, r Report) {
	for _, v := range r.Violations[:min(10, len(r.Violations))] {
		if again := kinds(Check(v.Slice)); len(v.Slice) > 12 || v.Text == "" || !slices.Contains(again, v.Kind) {
			t.Errorf("%s (%s) is shown by %d entries, which alone are judged as %v: %+v", v.Kind, v.Text, len(v.Slice), again, v.Slice)
		}
	}
}

// TestEveryDamageIsFound damages one entry of a good trace; the judgement names it, and shows what tells of it.
func TestEveryDamageIsFound(t *testing.T) {
	is := func(k Kind) func(Entry) bool { return func(e Entry) bool { return e.Kind == k } }
	drop := func(entries []Entry, n int) []Entry { return slices.Delete(entries, n, n+1) }
	isRevoked := func(e Entry) bool { return e.Kind == End && e.Reason == Revoked }
	later := func(entries []Entry, n int) { // what comes from here on comes too late for the end of a session
		for m := n; m < len(entries); m++ {
			entries[m].At += EndTime
		}
	}
	for name, c := range map[string]struct {
		choose func(Entry) bool
		damage func(entries []Entry, n int) []Entry
		want   []string
	}{
		"a socket lives on after the end of its session": {isRevoked, func(entries []Entry, n int) []Entry {
			later(entries, n)
			return drop(entries, n)
		}, []string{"outlived"}},
		"a socket is closed too late": {isRevoked, func(entries []Entry, n int) []Entry {
			later(entries, n)
			return entries
		}, []string{"outlived"}},
		"a delivery after the end of the session": {isRevoked, func(entries []Entry, n int) []Entry {
			later(entries, n)
			end := entries[n]
			return slices.Insert(entries, n, Entry{At: end.At, Kind: Event, Subscriber: end.Subscriber, Chat: end.Chat, Conn: end.Conn, Seq: 1, Change: MemberAdded})
		}, []string{"leaked"}},
		"a gap after the return": {isRevoked, func(entries []Entry, n int) []Entry {
			isHere := func(e Entry) bool { return e.Kind == Event && e.Subscriber == entries[n].Subscriber }
			if m := slices.IndexFunc(entries[n:], isHere); m >= 0 {
				return drop(entries, n+m)
			}
			return drop(entries, slices.IndexFunc(entries, isHere)) // it saw nothing more
		}, []string{"missed", "cursor"}},
		"a call after the end of the session": {func(e Entry) bool { return e.Kind == Return && e.Code == "UNAUTHENTICATED" },
			func(entries []Entry, n int) []Entry {
				later(entries, n-1)
				entries[n].Outcome, entries[n].Code = OK, ""
				return entries
			}, []string{"outlived"}},
		"a session is refused that nobody has ended": {is(Ending), drop, []string{"refused"}},
		"a socket is closed as if its session had ended": {func(e Entry) bool { return e.Kind == End && e.Reason == Closed },
			func(entries []Entry, n int) []Entry {
				entries[n].Reason, entries[n].Session = Revoked, "whole"
				return entries
			}, []string{"refused"}},
		"a refresh token has two successors": {func(e Entry) bool { return e.Kind == Return && e.Op == 20 }, func(entries []Entry, n int) []Entry {
			entries[n].Message = "another"
			return entries
		}, []string{"forked"}},
		"an event is missing": {is(Event), drop, []string{"missed", "cursor"}},
		"an event comes twice": {is(Event), func(entries []Entry, n int) []Entry {
			return slices.Insert(entries, n, entries[n])
		}, []string{"repeated"}},
		"two events change places": {is(Event), func(entries []Entry, n int) []Entry {
			for m := n + 1; m < len(entries); m++ {
				if e := entries[m]; e.Kind == Event && e.Subscriber == entries[n].Subscriber && e.Conn == entries[n].Conn {
					entries[n], entries[m] = entries[m], entries[n]
					entries[n].At, entries[m].At = entries[m].At, entries[n].At
					return entries
				}
			}
			return drop(entries, n) // it was the last of its connection
		}, []string{"missed", "disordered", "cursor"}},
		"an event shows another message": {func(e Entry) bool { return e.Kind == Event && e.Message != "" },
			func(entries []Entry, n int) []Entry {
				entries[n].Message = "other"
				return entries
			}, []string{"differing", "phantom"}},
		"an event shows another text": {func(e Entry) bool { return e.Kind == Event && e.Text != "" }, func(entries []Entry, n int) []Entry {
			entries[n].Text = "other"
			return entries
		}, []string{"wrong"}},
		"an event after a removal": {func(e Entry) bool { return e.Kind == End && e.Reason == Complete }, func(entries []Entry, n int) []Entry {
			e := entries[n-1]
			e.Seq++
			return slices.Insert(entries, n, e)
		}, []string{"foreign"}},
		"a removal that ends nothing": {func(e Entry) bool { return e.Kind == End && e.Reason == Complete }, drop, []string{"foreign"}},
		"an end without a removal": {func(e Entry) bool { return e.Kind == End && e.Reason == Closed }, func(entries []Entry, n int) []Entry {
			name := entries[n].Subscriber
			entries[n].Reason = Complete
			return append(entries[:n+1:n+1], slices.DeleteFunc(slices.Clone(entries[n+1:]), func(e Entry) bool {
				return e.Subscriber == name
			})...)
		}, []string{"missed"}},
		"an acknowledged message is gone": {is(History), func(entries []Entry, n int) []Entry {
			entries[n].Messages = entries[n].Messages[1:]
			return entries
		}, []string{"lost", "differing", "phantom"}},
		"a message twice": {is(History), func(entries []Entry, n int) []Entry {
			m := entries[n].Messages[0]
			m.ID, m.Seq, m.Version = "copy", entries[n].Seq+1, entries[n].Seq+1
			entries[n].Seq++
			entries[n].Messages = append(entries[n].Messages, m)
			return entries
		}, []string{"doubled"}},
		"a message that nobody sent": {is(History), func(entries []Entry, n int) []Entry {
			entries[n].Messages[0].Key = "nobody's"
			return entries
		}, []string{"phantom"}},
		"a message with another text": {is(History), func(entries []Entry, n int) []Entry {
			entries[n].Messages[0].Text += "x"
			return entries
		}, []string{"wrong", "differing"}},
		"a number twice": {is(History), func(entries []Entry, n int) []Entry {
			entries[n].Messages[1].Seq = entries[n].Messages[0].Seq
			return entries
		}, []string{"numbers"}},
		"two messages change places": {is(History), func(entries []Entry, n int) []Entry {
			m := entries[n].Messages
			m[0], m[1] = m[1], m[0]
			return entries
		}, []string{"numbers"}},
		"receivers differ": {func(e Entry) bool { return e.Kind == History && e.Receiver == "r2" }, func(entries []Entry, n int) []Entry {
			m := entries[n].Messages
			entries[n].Messages = m[:len(m)-1]
			return entries
		}, []string{"differing"}},
		"receivers differ in where a chat stands": {func(e Entry) bool { return e.Kind == History && e.Receiver == "r2" },
			func(entries []Entry, n int) []Entry {
				entries[n].Seq++
				return entries
			}, []string{"differing"}},
		"a row of the log names another message": {func(e Entry) bool { return e.Kind == Log && e.Message != "" },
			func(entries []Entry, n int) []Entry {
				entries[n].Message = "other"
				return entries
			}, []string{"differing"}},
		"a message stands where the log has another row": {is(History), func(entries []Entry, n int) []Entry {
			for m := range entries {
				if e := &entries[m]; e.Kind == Log && e.Chat == entries[n].Chat && e.Seq == entries[n].Messages[0].Seq {
					e.Change, e.Message = MemberAdded, ""
				}
				if e := &entries[m]; e.Kind == Event && e.Chat == entries[n].Chat && e.Seq == entries[n].Messages[0].Seq {
					e.Change, e.Message, e.Text = MemberAdded, "", ""
				}
			}
			return entries
		}, []string{"wrong"}},
		"two rows of the log change places": {func(e Entry) bool { return e.Kind == Log && e.Seq == 1 }, func(entries []Entry, n int) []Entry {
			entries[n].Seq, entries[n+1].Seq = entries[n+1].Seq, entries[n].Seq
			return entries
		}, []string{"differing"}},
		"a message whose call nobody made": {func(e Entry) bool { return e.Kind == Invoke && e.What == Send }, func(entries []Entry, n int) []Entry {
			calls := map[int64]bool{}
			for _, e := range entries {
				calls[e.Op] = calls[e.Op] || e.Kind == Invoke && e.Key == entries[n].Key && e.Key != ""
			}
			return slices.DeleteFunc(entries, func(e Entry) bool { return calls[e.Op] })
		}, []string{"phantom"}},
		"a subscriber asks for what it has seen": {func(e Entry) bool { return e.Kind == Open && e.After > 0 }, func(entries []Entry, n int) []Entry {
			entries[n].After--
			return entries
		}, []string{"cursor"}},
		"a delivery after long": {func(e Entry) bool { return e.Kind == Event && e.Change == Added && e.Seq <= 8 },
			func(entries []Entry, n int) []Entry {
				for m := n; m < len(entries); m++ {
					entries[m].At += Overdue
				}
				return entries
			}, []string{"delayed"}},
		"a row of the log is missing": {func(e Entry) bool { return e.Kind == Log && e.Seq > 1 }, drop, []string{"numbers"}},
		"a wrong unread count": {is(Unread), func(entries []Entry, n int) []Entry {
			entries[n].Count++
			return entries
		}, []string{"unread"}},
		"an answer names another message": {func(e Entry) bool { return e.Kind == Return && e.Outcome == OK && e.Seq > 0 },
			func(entries []Entry, n int) []Entry {
				entries[n].Message, entries[n].Seq = "another", 9_999
				return entries
			}, []string{"lost", "wrong"}},
		"a call without an answer for long": {is(Return), func(entries []Entry, n int) []Entry {
			for m := n; m < len(entries); m++ {
				entries[m].At += Patience
			}
			return entries
		}, []string{"late"}},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				entries := good(rapid.Uint64Range(0, 40).Draw(t, "seed"))
				var places []int
				for n, e := range entries {
					if c.choose(e) {
						places = append(places, n)
					}
				}
				n := rapid.SampledFrom(places).Draw(t, "place")
				report := Check(c.damage(entries, n))
				found := kinds(report)
				if !slices.ContainsFunc(found, func(kind string) bool { return slices.Contains(c.want, kind) }) {
					t.Errorf("found %v, want one of %v", found, c.want)
				}
				areShown(t, report)
			})
		})
	}
}

// TestOutcomes: what an unknown outcome and a refusal allow.
func TestOutcomes(t *testing.T) {
	invoke := Entry{Kind: Invoke, Op: 1, What: Send, Chat: "c", User: "ann", Key: "k", Text: "x"}
	there := Entry{Kind: History, Receiver: "r", Chat: "c", Seq: 1, Messages: []Message{{ID: "m", Seq: 1, Version: 1, Sender: "ann", Key: "k", Text: "x"}}}
	empty := Entry{Kind: History, Receiver: "r", Chat: "c"}
	edit := Entry{Kind: Invoke, Op: 2, What: Edit, Chat: "c", User: "ann", Message: "m", Text: "y"}
	edited := there
	edited.Seq, edited.Messages = 2, []Message{{ID: "m", Seq: 1, Version: 2, Sender: "ann", Key: "k", Text: "y"}}
	sent := Entry{Kind: Return, Op: 1, Outcome: OK, Message: "m", Seq: 1}
	for name, c := range map[string]struct {
		entries []Entry
		want    []string
	}{
		"unknown and there":         {[]Entry{invoke, {Kind: Return, Op: 1, Outcome: Unknown}, there}, nil},
		"unknown and not there":     {[]Entry{invoke, {Kind: Return, Op: 1, Outcome: Unknown}, empty}, nil},
		"refused and there":         {[]Entry{invoke, {Kind: Return, Op: 1, Outcome: Refused}, there}, []string{"phantom"}},
		"no answer and there":       {[]Entry{invoke, there}, nil},
		"answered and not there":    {[]Entry{invoke, sent, empty}, []string{"lost"}},
		"an edit that may have":     {[]Entry{invoke, sent, edit, {Kind: Return, Op: 2, Outcome: Unknown}, edited}, nil},
		"an edit that may not have": {[]Entry{invoke, sent, edit, {Kind: Return, Op: 2, Outcome: Unknown}, there}, nil},
		"an edit that was refused":  {[]Entry{invoke, sent, edit, {Kind: Return, Op: 2, Outcome: Refused}, edited}, []string{"wrong"}},
		"an edit that is lost":      {[]Entry{invoke, sent, edit, {Kind: Return, Op: 2, Outcome: OK, Message: "m", Seq: 2}, there}, []string{"wrong"}},
		"answered with two messages": {[]Entry{invoke, sent, {Kind: Invoke, Op: 3, What: Send, Chat: "c", User: "ann", Key: "k", Text: "x"},
			{Kind: Return, Op: 3, Outcome: OK, Message: "n", Seq: 2}, there}, []string{"doubled"}},
	} {
		report := Check(c.entries)
		if got := kinds(report); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		areShown(t, report)
	}
}

// TestDelays: what excuses a late delivery, and for how long.
func TestDelays(t *testing.T) {
	second := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	for name, c := range map[string]struct {
		open, sent, seen float64
		ills             []Entry // Seq is the second
		late             bool
	}{
		"in time":                       {0, 1, 3.9, nil, false},
		"late":                          {0, 1, 4.1, nil, true},
		"connected later":               {3, 1, 5.9, nil, false},
		"connected later, and late":     {3, 1, 6.1, nil, true},
		"Redis fails":                   {0, 1, 4.1, []Entry{{Kind: Fault, Fault: "f", Target: "redis", Seq: 1}}, true},
		"the sender fails":              {0, 1, 4.1, []Entry{{Kind: Fault, Fault: "f", Target: "sender1", Seq: 1}}, true},
		"the other receiver fails":      {0, 1, 4.1, []Entry{{Kind: Fault, Fault: "f", Target: "receiver2", Seq: 1}}, true},
		"another subscriber is slow":    {0, 1, 4.1, []Entry{{Kind: Pause, Subscriber: "t", Seq: 1}}, true},
		"PostgreSQL fails":              {0, 1, 60, []Entry{{Kind: Fault, Fault: "f", Target: Postgres, Seq: 1}}, false},
		"PostgreSQL fails afterwards":   {0, 1, 4.1, []Entry{{Kind: Fault, Fault: "f", Target: Postgres, Seq: 5}}, true},
		"the receiver fails":            {0, 1, 60, []Entry{{Kind: Fault, Fault: "f", Target: "receiver1", Seq: 1}}, false},
		"the subscriber is slow":        {0, 1, 60, []Entry{{Kind: Pause, Subscriber: "s", Seq: 1}}, false},
		"it has just recovered":         {0, 1, 10.9, []Entry{{Kind: Pause, Subscriber: "s", Seq: 1}, {Kind: Resume, Subscriber: "s", Seq: 5}}, false},
		"it has long recovered":         {0, 1, 11.1, []Entry{{Kind: Pause, Subscriber: "s", Seq: 1}, {Kind: Resume, Subscriber: "s", Seq: 5}}, true},
		"a fault begins before it hits": {0, 1, 10.9, []Entry{{Kind: Fault, Fault: "f", Seq: 2}, {Kind: Fault, Fault: "f", Target: Postgres, Seq: 5}, {Kind: Heal, Fault: "f", Target: Postgres, Seq: 5}}, false},
	} {
		entries := []Entry{
			{At: second(c.open), Kind: Open, Subscriber: "s", User: "bob", Chat: "c", Conn: 1, Target: "receiver1"},
			{At: second(c.sent), Kind: Invoke, Op: 1, What: Send, Chat: "c", User: "ann", Key: "k", Text: "x"},
			{At: second(c.sent), Kind: Return, Op: 1, Outcome: OK, Message: "m", Seq: 1},
			{At: second(c.seen), Kind: Event, Subscriber: "s", Chat: "c", Conn: 1, Seq: 1, Change: Added, Message: "m", Text: "x"},
		}
		for _, e := range c.ills {
			e.At, e.Seq = time.Duration(e.Seq)*time.Second, 0
			entries = append(entries, e)
		}
		slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
		report := Check(entries)
		if got := kinds(report); slices.Contains(got, "delayed") != c.late {
			t.Errorf("%s: %v", name, got)
		}
		areShown(t, report)
	}
}

// TestSessions: what excuses a session that goes on after its end, and one that is refused before it.
func TestSessions(t *testing.T) {
	second := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	frozen := func(target string, from, to float64) []Entry {
		return []Entry{{At: second(from), Kind: Fault, Fault: "f", Target: target}, {At: second(to), Kind: Heal, Fault: "f", Target: target}}
	}
	socket := func(opened, shown, closed float64) []Entry {
		return []Entry{
			{At: second(opened), Kind: Open, Subscriber: "s", Session: "ann #1", User: "ann", Chat: "c", Conn: 1, Target: "receiver1"},
			{At: second(shown), Kind: Event, Subscriber: "s", Chat: "c", Conn: 1, Seq: 1, Change: MemberAdded},
			{At: second(closed), Kind: End, Subscriber: "s", Session: "ann #1", Chat: "c", Conn: 1, Reason: Revoked, Target: "receiver1"},
		}
	}
	ended := func(from, to float64) []Entry {
		return []Entry{{At: second(from), Kind: Ending, Session: "ann #1"}, {At: second(to), Kind: Ended, Session: "ann #1"}}
	}
	call := func(op int64, what string, from, to float64, outcome Outcome) []Entry {
		return []Entry{
			{At: second(from), Kind: Invoke, Op: op, What: what, Session: "ann #1", Key: "token", Target: "sender1"},
			{At: second(to), Kind: Return, Op: op, Outcome: outcome, Message: "next"},
		}
	}
	refusal := []Entry{{At: second(20), Kind: Refusal, Session: "ann #1", Target: "sender1"}}
	for name, c := range map[string]struct {
		entries []Entry
		want    []string
	}{
		"closed in time":                {slices.Concat(ended(1, 2), socket(0, 2.9, 2.9)), nil},
		"closed before the answer":      {slices.Concat(ended(1, 2), socket(0, 1.2, 1.5)), nil},
		"closed too early":              {slices.Concat(ended(1, 2), socket(0, 0.2, 0.5)), []string{"refused"}},
		"closed too late":               {slices.Concat(ended(1, 2), socket(0, 2.5, 3.1)), []string{"outlived"}},
		"shown too late":                {slices.Concat(ended(1, 2), socket(0, 3.05, 3.1)), []string{"outlived", "leaked"}},
		"opened too late":               {slices.Concat(ended(1, 2), socket(7, 7, 7)), []string{"outlived", "leaked"}},
		"the end is not acknowledged":   {slices.Concat(ended(1, 99), socket(0, 10, 10)), nil},
		"PostgreSQL was frozen":         {slices.Concat(ended(1, 2), socket(0, 7.9, 7.9), frozen(Postgres, 2, 5)), nil},
		"PostgreSQL has long recovered": {slices.Concat(ended(1, 2), socket(0, 5, 8.1), frozen(Postgres, 2, 5)), []string{"outlived"}},
		"the receiver was frozen":       {slices.Concat(ended(1, 2), socket(0, 7.9, 7.9), frozen("receiver1", 2, 5)), nil},
		"another receiver was frozen":   {slices.Concat(ended(1, 2), socket(0, 2, 7.9), frozen("receiver2", 2, 5)), []string{"outlived"}},
		"Redis was frozen":              {slices.Concat(ended(1, 2), socket(0, 2, 7.9), frozen("redis", 2, 5)), []string{"outlived"}},
		"the subscriber did not read": {slices.Concat(ended(1, 2), socket(0, 7.9, 7.9), []Entry{
			{At: second(2), Kind: Pause, Subscriber: "s"}, {At: second(5), Kind: Resume, Subscriber: "s"}}), nil},
		"a call in time":                      {slices.Concat(ended(1, 2), call(1, Probe, 2.9, 3.5, OK)), nil},
		"a call too late":                     {slices.Concat(ended(1, 2), call(1, Probe, 3.1, 3.5, OK)), []string{"outlived"}},
		"a call too late, and refused":        {slices.Concat(ended(1, 2), call(1, Probe, 3.1, 3.5, Refused)), nil},
		"a call to a process that was frozen": {slices.Concat(ended(1, 2), call(1, Probe, 7.9, 7.9, OK), frozen("sender1", 2, 5)), nil},
		"nobody has ended it":                 {refusal, []string{"refused"}},
		"somebody may have ended it":          {slices.Concat(ended(19, 30), refusal), nil},
		"a token is used twice":               {slices.Concat(call(1, Refresh, 0, 1, OK), call(2, Refresh, 1, 2, OK), refusal), []string{"refused"}},
		"a token is repeated in time":         {slices.Concat(call(1, Refresh, 3, 4, Unknown), call(2, Refresh, 4, 12.9, Refused), refusal), []string{"refused"}},
		"a token is repeated too late":        {slices.Concat(call(1, Refresh, 3, 4, Unknown), call(2, Refresh, 4, 13.1, Refused), refusal), nil},
		"a token that was not used":           {slices.Concat(call(1, Refresh, 3, 4, Refused), call(2, Refresh, 4, 13.1, Refused), refusal), []string{"refused"}},
	} {
		slices.SortStableFunc(c.entries, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
		report := Check(c.entries)
		if got := kinds(report); !slices.Equal(slices.DeleteFunc(got, func(kind string) bool { return kind == "late" }), c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		areShown(t, report)
	}
}

// TestWhatIsWithheld: somebody who was removed is not shown a message that was changed after that; others are.
func TestWhatIsWithheld(t *testing.T) {
	trace := func(end, version int64) []Entry {
		entries := []Entry{
			{Kind: Invoke, Op: 1, What: Send, Chat: "c", User: "ann", Key: "k", Text: "x"},
			{Kind: Return, Op: 1, Outcome: OK, Message: "m", Seq: 1},
			{Kind: Invoke, Op: 2, What: Edit, Chat: "c", User: "ann", Message: "m", Text: "y"},
			{Kind: Return, Op: 2, Outcome: OK, Message: "m", Seq: version},
			{Kind: Open, Subscriber: "s", User: "guest", Chat: "c", Conn: 1},
			{Kind: Event, Subscriber: "s", Chat: "c", Conn: 1, Seq: 1, Change: Added},
			{Kind: Event, Subscriber: "s", Chat: "c", Conn: 1, Seq: 2, Change: MemberGone},
			{Kind: End, Subscriber: "s", Chat: "c", Conn: 1, Reason: Complete},
			{Kind: History, Receiver: "r", Chat: "c", Seq: version, Messages: []Message{{ID: "m", Seq: 1, Version: version, Sender: "ann", Key: "k", Text: "y"}}},
			{Kind: Log, Receiver: "r", Chat: "c", Seq: 1, Change: Added, Message: "m"},
			{Kind: Log, Receiver: "r", Chat: "c", Seq: 2, Change: MemberGone, User: "guest"},
			{Kind: Log, Receiver: "r", Chat: "c", Seq: 3, Change: Updated, Message: "m"},
		}
		if end == 0 {
			entries[10].User = "somebody else"
			entries[7].Reason = Closed
		}
		return entries
	}
	if got := kinds(Check(trace(2, 3))); len(got) > 0 {
		t.Errorf("a message that was changed after the removal: %v", got)
	}
	if got := kinds(Check(trace(0, 3))); !slices.Contains(got, "differing") {
		t.Errorf("nothing was removed, and a message is not shown: %v", got)
	}
}

func TestATraceIsReadAsItWasWritten(t *testing.T) {
	want := good(7)
	var text bytes.Buffer
	if err := Write(&text, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%d entries were read as %d: %v", len(want), len(got), err)
	}
}
