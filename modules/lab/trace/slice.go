package trace

import (
	"cmp"
	"fmt"
	"slices"
)

// What a violation shows is as little as shows it again when it is judged alone.

// fail notes a violation with what shows it, in order of time.
func (r *run) fail(kind string, slice []Entry, text string, args ...any) {
	slices.SortStableFunc(slice, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	r.report.Violations = append(r.report.Violations, Violation{Kind: kind, Text: fmt.Sprintf(text, args...), Slice: slice})
}

// calls are what was asked and answered in calls, given by any entry of each.
func (r *run) calls(entries ...Entry) []Entry {
	var slice []Entry
	for _, e := range entries {
		if call, ok := r.invoked[e.Op]; ok {
			slice = append(slice, call)
		}
		if answer, ok := r.returned[e.Op]; ok {
			slice = append(slice, answer)
		}
	}
	return slice
}

// sent is how a message came to be: the calls of its key that were answered with a success, else the first.
func (r *run) sent(key string) []Entry {
	s := r.sends[key]
	switch {
	case s == nil:
		return nil
	case len(s.answers) == 0:
		return r.calls(s.first)
	}
	return r.calls(s.answers...)
}

// seenBy is what subscribers saw, with how they had subscribed.
func (r *run) seenBy(entries ...Entry) []Entry {
	var slice []Entry
	for _, e := range entries {
		if s := r.subscribers[e.Subscriber]; s != nil {
			n := slices.IndexFunc(s.opens, func(open Entry) bool { return open.Conn == e.Conn })
			if n >= 0 && !slices.ContainsFunc(slice, func(other Entry) bool {
				return other.Kind == Open && other.Subscriber == e.Subscriber && other.Conn == e.Conn
			}) {
				slice = append(slice, s.opens[n])
			}
		}
		if e.Kind != "" && e.Kind != Open {
			slice = append(slice, e)
		}
	}
	return slice
}

// upTo is the last event of a subscriber and what came after it.
func upTo(seen, last Entry) []Entry {
	if last.Kind == Event {
		return []Entry{seen}
	}
	return []Entry{seen, last}
}

// excerpt is a history with no messages but these.
func excerpt(history Entry, messages ...Message) Entry {
	history.Messages = messages
	return history
}

// differing are the messages of a history that the other has not, or not like this; at most one.
func differing(history, other Entry) []Message {
	for n, m := range history.Messages {
		if n >= len(other.Messages) || other.Messages[n] != m {
			return []Message{m}
		}
	}
	return nil
}

// rowsAt are the rows of a chat's log with a seq.
func (c *chat) rowsAt(seqs ...int64) []Entry {
	var slice []Entry
	for _, rows := range c.rows {
		for _, seq := range seqs {
			if row, ok := rows[seq]; ok {
				slice = append(slice, row)
			}
		}
	}
	return slice
}

// atRest is the end of a chat, where it is known.
func (c *chat) atRest(messages ...Message) []Entry {
	if len(c.histories) == 0 {
		return nil
	}
	return []Entry{excerpt(c.histories[0], messages...)}
}
