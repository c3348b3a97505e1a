package trace

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Violation is one promise that was not kept.
type Violation struct {
	// Kind is lost, phantom, doubled, numbers, missed, repeated, disordered, foreign, wrong, differing, unread, cursor, late,
	// delayed; of sessions refused, outlived, leaked, forked.
	Kind  string
	Text  string  // one line
	Slice []Entry // what shows it: judged alone, it breaks the same promise
}

// Report is the judgement on a trace.
type Report struct {
	Violations []Violation
	Sends      int // that were answered with a success
	Unknown    int // calls whose outcome was unknown at first
	Deliveries int
	Delays     map[string]Delay // by fault, "" where there was none

	Sessions  int           // that were ended
	Closes    Delay         // of the sockets of sessions that were ended
	Accepted  time.Duration // the longest that a call was accepted after the end of its session
	Refreshes int           // refresh tokens that gave the next
	Repeats   int           // of them those that were used more than once, by two at a time or after a lost answer
}

// Delay is how long something took: deliveries after the send was answered, closes after the session was ended.
type Delay struct {
	Count         int
	P50, P99, Max time.Duration
}

const (
	// aftermath is how long after its end a fault still counts for a delay.
	aftermath = 3 * time.Second
	// Patience is how long a call may take to be answered by a process that runs.
	Patience = 6 * time.Second
)

// Check judges a trace. It takes time in proportion to its length, but for sorting.
func Check(entries []Entry) Report {
	r := &run{
		entries: entries, invoked: map[int64]Entry{}, returned: map[int64]Entry{}, sends: map[string]*send{}, changes: map[string][]Entry{},
		chats: map[string]*chat{}, marks: map[place]Entry{}, subscribers: map[string]*subscriber{}, sessions: map[string]*session{},
		report: Report{Delays: map[string]Delay{}},
	}
	r.read()
	for _, key := range slices.Sorted(maps.Keys(r.sends)) {
		r.checkSend(key, r.sends[key])
	}
	for _, name := range slices.Sorted(maps.Keys(r.chats)) {
		r.checkChat(r.chats[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.subscribers)) {
		r.checkSubscriber(r.subscribers[name])
	}
	r.checkUnread()
	r.checkCalls()
	r.ills = r.findIlls()
	r.checkSessions()
	r.measure()
	return r.report
}

type run struct {
	entries     []Entry
	invoked     map[int64]Entry    // by Op
	returned    map[int64]Entry    // likewise
	sends       map[string]*send   // by key
	changes     map[string][]Entry // edits and deletions that were or may have been done, by message, as Return with What, Text
	chats       map[string]*chat
	marks       map[place]Entry // the furthest that succeeded
	subscribers map[string]*subscriber
	sessions    map[string]*session
	ills        ills
	unread      []Entry
	report      Report
}

type place struct{ chat, user string }

// send is everything that was tried under one key.
type send struct {
	first    Entry
	answers  []Entry // OK
	possible int     // attempts that were not refused
}

type chat struct {
	histories []Entry
	messages  map[string]Message // of the first history, by id
	keys      map[string]Message
	rows      map[string]map[int64]Entry // the log at rest, by receiver
	seen      map[int64]Entry            // an event that somebody saw with a seq
	first     map[int64]time.Duration    // and when anybody saw it first
	removals  map[string][]int64         // by user
	arrivals  map[string][]int64
}

type subscriber struct {
	name, chat, user string
	opens            []Entry
	events           map[int][]Entry // by connection
	ends             map[int]Entry
}

func (r *run) chat(name string) *chat {
	c := r.chats[name]
	if c == nil {
		c = &chat{
			messages: map[string]Message{}, keys: map[string]Message{}, rows: map[string]map[int64]Entry{},
			seen: map[int64]Entry{}, first: map[int64]time.Duration{}, removals: map[string][]int64{}, arrivals: map[string][]int64{},
		}
		r.chats[name] = c
	}
	return c
}

// read sorts the entries by what they are about.
func (r *run) read() {
	for _, e := range r.entries {
		switch e.Kind {
		case Invoke:
			r.invoked[e.Op] = e
			if e.What == Send {
				s := r.sends[e.Key]
				if s == nil {
					s = &send{first: e}
					r.sends[e.Key] = s
				}
				s.possible++
			}
		case Return:
			r.answered(e)
		case Open, Event, End:
			r.subscription(e)
		case History:
			c := r.chat(e.Chat)
			c.histories = append(c.histories, e)
			if len(c.histories) == 1 {
				for _, m := range e.Messages {
					c.messages[m.ID], c.keys[m.Key] = m, m
				}
			}
		case Log:
			c := r.chat(e.Chat)
			if c.rows[e.Receiver] == nil {
				c.rows[e.Receiver] = map[int64]Entry{}
			}
			c.rows[e.Receiver][e.Seq] = e
			switch e.Change {
			case MemberGone:
				c.removals[e.User] = append(c.removals[e.User], e.Seq)
			case MemberAdded:
				c.arrivals[e.User] = append(c.arrivals[e.User], e.Seq)
			}
		case Unread:
			r.unread = append(r.unread, e)
		case Ending, Ended, Refusal:
			r.sessionEntry(e)
		}
	}
}

func (r *run) answered(e Entry) {
	call := r.invoked[e.Op]
	r.returned[e.Op] = e
	if e.Outcome == Unknown && call.What != Probe {
		r.report.Unknown++
	}
	switch call.What {
	case Send:
		s := r.sends[call.Key]
		switch e.Outcome {
		case Refused:
			s.possible--
		case OK:
			s.answers = append(s.answers, e)
			if len(s.answers) == 1 {
				r.report.Sends++
			}
		}
	case Edit, Delete:
		if e.Outcome != Refused {
			e.What, e.Text, e.Message, e.Chat = call.What, call.Text, call.Message, call.Chat
			r.changes[call.Message] = append(r.changes[call.Message], e)
		}
	case Mark:
		if at := (place{call.Chat, call.User}); e.Outcome == OK && call.Seq >= r.marks[at].Seq {
			r.marks[at] = call
		}
	case Refresh:
		s := r.session(call.Session)
		s.refreshes[call.Key] = append(s.refreshes[call.Key], e)
	}
}

func (r *run) subscription(e Entry) {
	s := r.subscribers[e.Subscriber]
	if s == nil {
		s = &subscriber{name: e.Subscriber, chat: e.Chat, events: map[int][]Entry{}, ends: map[int]Entry{}}
		r.subscribers[e.Subscriber] = s
	}
	switch e.Kind {
	case Open:
		s.user = e.User
		s.opens = append(s.opens, e)
	case Event:
		s.events[e.Conn] = append(s.events[e.Conn], e)
		if c := r.chat(e.Chat); c.first[e.Seq] == 0 {
			c.first[e.Seq] = e.At
		}
		r.report.Deliveries++
	case End:
		s.ends[e.Conn] = e
		if e.Reason == Revoked {
			r.sessionEntry(e)
		}
	}
}

// checkSend: what was answered with a success is there once, as it was answered.
func (r *run) checkSend(key string, s *send) {
	c := r.chat(s.first.Chat)
	if len(s.answers) == 0 || len(c.histories) == 0 {
		return
	}
	first := s.answers[0]
	for _, other := range s.answers[1:] {
		if other.Message != first.Message || other.Seq != first.Seq {
			r.fail("doubled", append(r.calls(first, other), c.atRest()...), "key %s was answered with two messages", key)
		}
	}
	m, ok := c.messages[first.Message]
	switch {
	case !ok:
		r.fail("lost", append(r.calls(first), c.atRest()...), "message %s of key %s was acknowledged and is not there", first.Message, key)
	case m.Seq != first.Seq || m.Key != key || m.Sender != s.first.User:
		r.fail("wrong", append(r.calls(first), c.atRest(m)...), "message %s was acknowledged with seq %d and key %s, and is there as %+v", first.Message, first.Seq, key, m)
	default:
		r.checkContent(s, m)
	}
}

// checkContent: a message shows its newest change that was acknowledged, or one that may have come after it.
func (r *run) checkContent(s *send, m Message) {
	newest := Entry{Op: s.answers[0].Op, Seq: m.Seq, What: Send, Text: s.first.Text}
	possible := []Entry{}
	for _, change := range r.changes[m.ID] {
		if change.Outcome == Unknown {
			possible = append(possible, change)
		} else if change.Seq >= newest.Seq {
			newest = change
		}
	}
	fits := func(change Entry) bool {
		if change.What == Delete || m.Deleted {
			return change.What == Delete && m.Deleted && m.Text == ""
		}
		return m.Text == change.Text
	}
	switch {
	case fits(newest) && (m.Version == newest.Seq || len(possible) > 0):
	case m.Version > newest.Seq && slices.ContainsFunc(possible, fits):
	default:
		calls := r.calls(append([]Entry{s.answers[0]}, possible...)...)
		if newest.What != Send {
			calls = append(calls, r.calls(newest)...)
		}
		r.fail("wrong", append(calls, r.chat(s.first.Chat).atRest(m)...), "message %s is there as %+v", m.ID, m)
	}
}

// checkChat: every message was sent, numbers are dense, and all receivers answer alike.
func (r *run) checkChat(c *chat) {
	for _, h := range c.histories {
		previous, keys := Message{}, map[string]Message{}
		for _, m := range h.Messages {
			if m.Seq <= previous.Seq || m.Version < m.Seq || m.Version > h.Seq {
				r.fail("numbers", []Entry{excerpt(h, previous, m)}, "in %s message %s has seq %d and version %d after seq %d",
					h.Receiver, m.ID, m.Seq, m.Version, previous.Seq)
			}
			if other, ok := keys[m.Key]; ok {
				r.fail("doubled", append(r.sent(m.Key), excerpt(h, other, m)), "key %s is there as messages %s and %s", m.Key, other.ID, m.ID)
			}
			if s := r.sends[m.Key]; s == nil || s.possible == 0 || s.first.Chat != h.Chat {
				r.fail("phantom", append(r.sent(m.Key), excerpt(h, m)), "message %s was never sent", m.ID)
			}
			previous, keys[m.Key] = m, m
		}
		if first := c.histories[0]; first.Seq != h.Seq || !slices.Equal(first.Messages, h.Messages) {
			r.fail("differing", []Entry{excerpt(first, differing(first, h)...), excerpt(h, differing(h, first)...)}, "receivers %s and %s answer different histories of %s", first.Receiver, h.Receiver, h.Chat)
		}
	}
	for receiver, rows := range c.rows {
		r.checkLog(c, receiver, rows)
	}
}

// checkLog: from its first row on a log has no hole, and fits the history.
func (r *run) checkLog(c *chat, receiver string, rows map[int64]Entry) {
	if len(c.histories) == 0 {
		return
	}
	last := c.histories[0].Seq
	for seq := slices.Min(slices.Collect(maps.Keys(rows))); seq <= last; seq++ {
		row, ok := rows[seq]
		if !ok {
			r.fail("numbers", append(c.atRest(), c.rowsAt(seq-1, seq+1)...), "the log of %s at %s has no row %d", c.histories[0].Chat, receiver, seq)
			continue
		}
		if m, ok := c.messages[row.Message]; row.Change == Added && (!ok || m.Seq != seq) {
			r.fail("wrong", append(c.atRest(), row), "row %d adds message %s, which the history does not have there", seq, row.Message)
		}
	}
	for _, m := range c.histories[0].Messages {
		if row, ok := rows[m.Seq]; ok && (row.Change != Added || row.Message != m.ID) {
			r.fail("wrong", append(c.atRest(m), row), "message %s has seq %d, which is another row of the log at %s", m.ID, m.Seq, receiver)
		}
	}
}

// checkSubscriber: over all of its connections a subscriber saw every row after its first cursor exactly once, in order,
// up to the end of the log or of its membership.
func (r *run) checkSubscriber(s *subscriber) {
	c := r.chat(s.chat)
	next, end := int64(-1), int64(0)
	var last, seen, before Entry // the last entry, event and opening
	for _, open := range s.opens {
		resynced := last.Kind == End && last.Reason == Resync
		if next > 0 && !resynced && open.After != next-1 {
			r.fail("cursor", append(r.seenBy(append(upTo(seen, last), before)...), open), "%s has seen up to %d and asks for what came after %d", s.name, next-1, open.After)
		}
		next, before = open.After+1, open
		if end == 0 {
			end = c.removalAfter(s.user, open.After)
		}
		for _, e := range s.events[open.Conn] {
			if e.Seq == end && c.returned(s.user, end) && c.first[end] < open.At {
				end = c.removalAfter(s.user, end) // this is a later membership, which sees the end of the earlier one
			}
			r.checkEvent(c, s, e, end)
			switch {
			case end > 0 && e.Seq > end:
				r.fail("foreign", append(append(r.seenBy(e), c.rowsAt(end)...), c.atRest()...), "%s saw row %d, after its removal at %d", s.name, e.Seq, end)
			case next <= 0: // live only: the first decides
			case e.Seq < next && last.Kind == Event && e.Seq == last.Seq:
				r.fail("repeated", r.seenBy(last, e), "%s saw row %d twice", s.name, e.Seq)
			case e.Seq < next:
				r.fail("disordered", r.seenBy(seen, e), "%s saw row %d after row %d", s.name, e.Seq, next-1)
			case e.Seq > next:
				r.fail("missed", r.seenBy(seen, e), "%s missed rows %d to %d", s.name, next, e.Seq-1)
			}
			next, last, seen = max(next, e.Seq+1), e, e
		}
		if e, ok := s.ends[open.Conn]; ok {
			last = e
		}
	}
	slice := append(append(r.seenBy(upTo(seen, last)...), c.rowsAt(end)...), c.atRest()...)
	r.checkEnd(c, s, next, end, last, slice)
}

func (r *run) checkEnd(c *chat, s *subscriber, next, end int64, last Entry, slice []Entry) {
	completed := last.Kind == End && last.Reason == Complete
	denied := last.Kind == End && last.Reason == Denied
	switch {
	case len(c.histories) == 0 || next <= 0:
	case denied && end == 0:
		r.fail("missed", slice, "%s was denied, and its membership never ended", s.name)
	case denied:
	case completed && (end == 0 || next-1 != end):
		r.fail("missed", slice, "%s was ended after row %d, and its membership ended at %d (0: never)", s.name, next-1, end)
	case !completed && end > 0:
		r.fail("foreign", slice, "%s was not ended, though its membership ended at %d", s.name, end)
	case !completed && next <= c.histories[0].Seq:
		r.fail("missed", slice, "%s saw rows up to %d of %d", s.name, next-1, c.histories[0].Seq)
	}
}

// returned tells whether a user came back after a removal.
func (c *chat) returned(user string, removal int64) bool {
	return slices.ContainsFunc(c.arrivals[user], func(seq int64) bool { return seq > removal })
}

// removalAfter is the seq at which a membership that had not ended at a seq did end; 0: it did not.
func (c *chat) removalAfter(user string, after int64) int64 {
	first := int64(0)
	for _, seq := range c.removals[user] {
		if seq > after && (first == 0 || seq < first) {
			first = seq
		}
	}
	return first
}

// checkEvent: everybody sees the same in a row, and what was sent. Somebody who was removed at end sees no message that
// was changed after that.
func (r *run) checkEvent(c *chat, s *subscriber, e Entry, end int64) {
	if r.isWithheld(c, e, end) {
		return
	}
	if other, ok := c.seen[e.Seq]; !ok {
		c.seen[e.Seq] = e
	} else if other.Change != e.Change || other.Message != e.Message {
		r.fail("differing", r.seenBy(other, e), "row %d of %s was shown as different things", e.Seq, s.chat)
	}
	for receiver, rows := range c.rows {
		if row, ok := rows[e.Seq]; ok && (row.Change != e.Change || row.Message != e.Message) {
			r.fail("differing", append(r.seenBy(e), row), "row %d of %s was shown as one thing and stands in %s as another", e.Seq, s.chat, receiver)
		}
	}
	if e.Message == "" {
		return
	}
	m, ok := c.messages[e.Message]
	switch {
	case !ok && len(c.histories) > 0:
		r.fail("phantom", append(r.seenBy(e), c.atRest()...), "%s was shown message %s, which is not there", s.name, e.Message)
	case ok && e.Text != "" && !r.wasWritten(m, e.Text):
		r.fail("wrong", append(append(r.sent(m.Key), r.seenBy(e)...), c.atRest(m)...), "%s was shown message %s with a text that it never had", s.name, e.Message)
	}
}

// isWithheld tells whether a row rightly shows no message.
func (r *run) isWithheld(c *chat, e Entry, end int64) bool {
	if e.Message != "" || end == 0 {
		return false
	}
	for _, rows := range c.rows {
		if c.messages[rows[e.Seq].Message].Version > end {
			return true
		}
	}
	return false
}

func (r *run) wasWritten(m Message, text string) bool {
	if s := r.sends[m.Key]; s != nil && s.first.Text == text {
		return true
	}
	return slices.ContainsFunc(r.changes[m.ID], func(change Entry) bool { return change.Text == text })
}

// checkUnread: at rest a count is the number of live messages by others after the position.
func (r *run) checkUnread() {
	for _, e := range r.unread {
		mark := r.marks[place{e.Chat, e.User}]
		var unread []Message
		for _, m := range r.chat(e.Chat).messages {
			if m.Seq > mark.Seq && m.Sender != e.User && !m.Deleted {
				unread = append(unread, m)
			}
		}
		if e.Count != len(unread) {
			slices.SortFunc(unread, func(a, b Message) int { return cmp.Compare(a.Seq, b.Seq) })
			slice := append(append(r.calls(mark), r.chat(e.Chat).atRest(unread...)...), e)
			r.fail("unread", slice, "%s answers %d unread of %s for %s, want %d", e.Receiver, e.Count, e.Chat, e.User, len(unread))
		}
	}
}

// checkCalls: a call to a process that runs is answered in time.
func (r *run) checkCalls() {
	frozen := map[string]bool{}
	thawed := map[string]time.Duration{}
	for _, e := range r.entries {
		switch e.Kind {
		case Fault:
			frozen[e.Target] = true
		case Heal:
			frozen[e.Target], thawed[e.Target] = false, e.At
		case Return:
			call := r.invoked[e.Op]
			if took := e.At - call.At; took > Patience && !frozen[call.Target] && thawed[call.Target] <= call.At {
				r.fail("late", []Entry{call, e}, "%s answered a call after %s", call.Target, took)
			}
		}
	}
}

// measure finds how long deliveries took, by the faults of their time, and whether any took too long.
func (r *run) measure() {
	acknowledged := map[string]Entry{}
	for _, s := range r.sends {
		for _, answer := range s.answers {
			if other, ok := acknowledged[answer.Message]; !ok || answer.At < other.At {
				acknowledged[answer.Message] = answer
			}
		}
	}
	active, delays := r.periods(), map[string][]time.Duration{}
	for _, name := range slices.Sorted(maps.Keys(r.subscribers)) {
		s := r.subscribers[name]
		for _, open := range s.opens {
			for _, e := range s.events[open.Conn] {
				answer, ok := acknowledged[e.Message]
				if !ok || e.Change != Added {
					continue
				}
				from := max(answer.At, open.At)
				name := active.during(from, e.At)
				delays[name] = append(delays[name], max(0, e.At-from))
				if took := e.At - r.ills.wellSince(from, e.At, Postgres, open.Target, s.name); took > Overdue {
					r.fail("delayed", append(r.calls(answer), open, e), "%s saw row %d %s after it could have", s.name, e.Seq, took)
				}
			}
		}
	}
	for name, all := range delays {
		r.report.Delays[name] = newDelay(all)
	}
}

func newDelay(all []time.Duration) Delay {
	if len(all) == 0 {
		return Delay{}
	}
	slices.Sort(all)
	return Delay{Count: len(all), P50: all[len(all)/2], P99: all[len(all)*99/100], Max: all[len(all)-1]}
}

// period is one fault and its aftermath.
type period struct {
	fault    string
	from, to time.Duration
}

type periods []period

func (r *run) periods() periods {
	var all periods
	for _, e := range r.entries {
		switch e.Kind {
		case Fault:
			all = append(all, period{e.Fault, e.At, forever})
		case Heal:
			for n := range all {
				if all[n].fault == e.Fault && all[n].to == forever {
					all[n].to = e.At + aftermath
				}
			}
		}
	}
	return all
}

// Several stands for more than one fault in a Report's delays.
const Several = "several at once"

// during names the fault that reaches into a time.
func (p periods) during(from, to time.Duration) string {
	found := ""
	for n := p.until(to) - 1; n >= 0; n-- {
		switch {
		case p[n].from > to || p[n].to < from || p[n].fault == found:
		case found != "":
			return Several
		default:
			found = p[n].fault
		}
	}
	return found
}

// until counts the periods that began before a time.
func (p periods) until(at time.Duration) int {
	n, _ := slices.BinarySearchFunc(p, at, func(x period, at time.Duration) int { return cmp.Compare(x.from, at) })
	return n
}
