package trace

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

const (
	// EndTime is how long a session that was ended may go on while PostgreSQL, the process and the subscriber are well; where
	// they were not it may go on for 3 s after that.
	EndTime = time.Second
	// Grace is how long a used refresh token gives its successor once more. Used again later it ends its session.
	Grace = 10 * time.Second
)

// session is one signing in.
type session struct {
	ending, ended Entry              // the first of each; of no kind where there is none
	refusals      []Entry            // Refusal, and End for that reason
	refreshes     map[string][]Entry // Return, by the token that was used
}

func (r *run) session(name string) *session {
	s := r.sessions[name]
	if s == nil {
		s = &session{refreshes: map[string][]Entry{}}
		r.sessions[name] = s
	}
	return s
}

func (r *run) sessionEntry(e Entry) {
	s := r.session(e.Session)
	switch {
	case e.Kind == Ending && s.ending.Kind == "":
		s.ending = e
	case e.Kind == Ended && s.ended.Kind == "":
		s.ended = e
		r.report.Sessions++
	case e.Kind == Refusal, e.Kind == End:
		s.refusals = append(s.refusals, e)
	}
}

// checkSessions: a session is good until it is ended, and for nothing after that.
func (r *run) checkSessions() {
	for _, name := range slices.Sorted(maps.Keys(r.sessions)) {
		s := r.sessions[name]
		for _, e := range s.refusals {
			if !r.mayBeOver(s, e.At) {
				r.fail("refused", []Entry{e}, "session %s was refused by %s, and nobody had ended it", name, e.Target)
			}
		}
		for _, token := range slices.Sorted(maps.Keys(s.refreshes)) {
			r.checkRefresh(name, s.refreshes[token])
		}
	}
	r.checkSockets()
	r.checkAccepted()
}

// mayBeOver tells whether somebody had begun to end a session at a time, or one of its refresh tokens was repeated too late.
func (r *run) mayBeOver(s *session, at time.Duration) bool {
	if s.ending.Kind != "" && s.ending.At <= at {
		return true
	}
	for _, answers := range s.refreshes {
		used := Entry{} // the first call that may have used the token
		for _, answer := range slices.SortedFunc(slices.Values(answers), r.byCall) {
			call := r.invoked[answer.Op]
			switch {
			case used.Kind != "" && answer.At-used.At > Grace && call.At <= at:
				return true
			case used.Kind == "" && answer.Outcome != Refused:
				used = call
			}
		}
	}
	return false
}

// byCall puts answers into the order of their calls.
func (r *run) byCall(a, b Entry) int { return cmp.Compare(r.invoked[a.Op].At, r.invoked[b.Op].At) }

// checkRefresh: a refresh token has one successor, however often it is asked for.
func (r *run) checkRefresh(name string, answers []Entry) {
	first, used := Entry{}, 0
	for _, answer := range answers {
		if answer.Outcome != Refused {
			used++
		}
		switch {
		case answer.Outcome != OK:
		case first.Kind == "":
			first = answer
			r.report.Refreshes++
		case answer.Message != first.Message:
			r.fail("forked", r.calls(first, answer), "a refresh token of session %s has two successors", name)
		}
	}
	if first.Kind != "" && used > 1 {
		r.report.Repeats++
	}
}

// goodUntil is how long a session that was ended may go on for somebody at a process.
func (r *run) goodUntil(ended Entry, now time.Duration, names ...string) time.Duration {
	return max(ended.At+EndTime, r.ills.wellSince(ended.At, now, append(names, Postgres)...))
}

// checkSockets: those of a session that was ended are closed in time, and nothing is delivered to them later.
func (r *run) checkSockets() {
	var closes []time.Duration
	for _, name := range slices.Sorted(maps.Keys(r.subscribers)) {
		s := r.subscribers[name]
		for _, open := range s.opens {
			ended := r.endOf(open.Session)
			if ended.Kind == "" {
				continue
			}
			end, ok := s.ends[open.Conn]
			if !ok {
				end = r.entries[len(r.entries)-1] // it is open still
			}
			if end.At > r.goodUntil(ended, end.At, open.Target, name) {
				r.fail("outlived", []Entry{ended, open, end}, "the socket of session %s to %s lived on for %s", open.Session, open.Target, end.At-ended.At)
			}
			if ok && end.Reason == Revoked {
				closes = append(closes, max(0, end.At-max(ended.At, open.At)))
			}
			for _, e := range s.events[open.Conn] {
				if e.At > r.goodUntil(ended, e.At, open.Target, name) {
					r.fail("leaked", []Entry{ended, open, e}, "%s was shown row %d, %s after its session %s was ended", name, e.Seq, e.At-ended.At, open.Session)
					break // one is enough
				}
			}
		}
	}
	r.report.Closes = newDelay(closes)
}

// endOf is the end of a session; of no kind where it was not ended.
func (r *run) endOf(name string) Entry {
	if s := r.sessions[name]; s != nil && name != "" {
		return s.ended
	}
	return Entry{}
}

// checkAccepted: no call of a session that was ended succeeds.
func (r *run) checkAccepted() {
	for _, answer := range r.entries {
		if answer.Kind != Return || answer.Outcome != OK {
			continue
		}
		call := r.invoked[answer.Op]
		ended := r.endOf(call.Session)
		if ended.Kind == "" || call.At < ended.At {
			continue
		}
		r.report.Accepted = max(r.report.Accepted, call.At-ended.At)
		if call.At > r.goodUntil(ended, call.At, call.Target) {
			r.fail("outlived", []Entry{ended, call, answer}, "%s accepted a call of session %s %s after that was ended", call.Target, call.Session, call.At-ended.At)
		}
	}
}
