// Package trace is the log of a fault run, and the judgement on it.
//
// Clients, subscribers and the nemesis write down what they did and saw; Check, a pure function of that, tells whether
// every promise was kept. It trusts nothing but what stands in the trace.
package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// Kind says what an entry is, and which of its fields are set.
type Kind string

// The kinds of entries.
const (
	Invoke  Kind = "invoke"  // somebody calls: Op, What, Session, Chat, User, Key, Text, Message, Seq (of a mark: up to where), Target (the process)
	Return  Kind = "return"  // and is answered: Op, Outcome, Message, Seq (of a send: its seq; of an edit or deletion: the version), Code
	Open    Kind = "open"    // a subscriber subscribes: Subscriber, Session, User, Chat, Conn, After, Target (the process)
	Event   Kind = "event"   // and is sent a row of the log: Subscriber, Chat, Conn, Seq, Change, Message, Text
	End     Kind = "end"     // and its subscription ends: Subscriber, Session, Chat, Conn, Reason, Target
	Ending  Kind = "ending"  // a session is being ended: Session, What; from here on it may be over
	Ended   Kind = "ended"   // and that has been acknowledged: Session
	Refusal Kind = "refusal" // a call or a socket is refused, because its session is over: Session, Target
	Pause   Kind = "pause"   // a subscriber reads nothing from here on: Subscriber
	Resume  Kind = "resume"  // and reads again
	Fault   Kind = "fault"   // the nemesis begins: Fault, Target
	Heal    Kind = "heal"    // and ends
	History Kind = "history" // at rest, what a receiver answers: Receiver, Chat, Seq (the last), Messages
	Log     Kind = "log"     // likewise a row of the chat's log: Receiver, Chat, Seq, Change, Message, User (added or removed)
	Unread  Kind = "unread"  // likewise: Receiver, Chat, User, Count
)

// What somebody does.
const (
	Send    = "send"
	Edit    = "edit"
	Delete  = "delete"
	Mark    = "mark"
	Add     = "add"
	Remove  = "remove"
	SignIn  = "sign in"
	Refresh = "refresh" // Key names the refresh token that is used, Message the one that comes next
	Leave   = "leave"   // it ends sessions, of which Ending and Ended tell
	Probe   = "probe"   // whether a session that was ended is still good for anything
)

// Outcome is how a call ended.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused" // nothing has happened
	Unknown Outcome = "unknown" // it may have happened
)

// Changes of a log, as the API names them.
const (
	Added       = "MESSAGE_ADDED"
	Updated     = "MESSAGE_UPDATED"
	Deleted     = "MESSAGE_DELETED"
	MemberGone  = "MEMBER_REMOVED"
	MemberAdded = "MEMBER_ADDED"
)

// Why a subscription ended.
const (
	Complete = "complete" // access has ended
	Resync   = "resync"   // the client was told to read the chat anew
	Denied   = "denied"   // access had ended while nobody was subscribed
	Closed   = "closed"   // the connection is gone
	Revoked  = "revoked"  // the connection was closed because the session is over
)

// Entry is one line of a trace.
type Entry struct {
	At   time.Duration `json:"at"` // since the run began
	Kind Kind          `json:"kind"`

	Op      int64   `json:"op,omitempty"`
	What    string  `json:"what,omitempty"`
	Chat    string  `json:"chat,omitempty"`
	User    string  `json:"user,omitempty"`
	Key     string  `json:"key,omitempty"` // of a send, and unique: what is sent again has the same
	Text    string  `json:"text,omitempty"`
	Message string  `json:"message,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Code    string  `json:"code,omitempty"`
	Seq     int64   `json:"seq,omitempty"`
	Session string  `json:"session,omitempty"` // one signing in of a user, by a name of the harness

	Subscriber string `json:"subscriber,omitempty"` // of one user in one chat, over all of its connections
	Conn       int    `json:"conn,omitempty"`
	After      int64  `json:"after,omitempty"`
	Change     string `json:"change,omitempty"`
	Reason     string `json:"reason,omitempty"`

	Fault  string `json:"fault,omitempty"`
	Target string `json:"target,omitempty"`

	Receiver string    `json:"receiver,omitempty"`
	Messages []Message `json:"messages,omitempty"`
	Count    int       `json:"count,omitempty"`
}

// Message is one of a chat's messages at rest, with the deleted ones, in order.
type Message struct {
	ID      string `json:"id"`
	Seq     int64  `json:"seq"`
	Version int64  `json:"version"`
	Sender  string `json:"sender"`
	Key     string `json:"key"`
	Text    string `json:"text"`
	Deleted bool   `json:"deleted"`
}

// Recorder gathers entries from many goroutines.
type Recorder struct {
	began time.Time

	mu      sync.Mutex
	entries []Entry
}

// NewRecorder returns a recorder whose clock starts now.
func NewRecorder() *Recorder { return &Recorder{began: time.Now()} }

// Add notes an entry with the time.
func (r *Recorder) Add(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.At = time.Since(r.began)
	r.entries = append(r.entries, e)
}

// Entries gives what was noted so far, in order of time.
func (r *Recorder) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entries[:len(r.entries):len(r.entries)]
}

// Write writes entries as lines of JSON.
func Write(w io.Writer, entries []Entry) error {
	buffered := bufio.NewWriter(w)
	lines := json.NewEncoder(buffered)
	for _, e := range entries {
		if err := lines.Encode(e); err != nil {
			return fmt.Errorf("write a trace: %w", err)
		}
	}
	return buffered.Flush()
}

// Read reads what Write has written.
func Read(r io.Reader) ([]Entry, error) {
	var entries []Entry
	for lines := json.NewDecoder(r); lines.More(); {
		var e Entry
		if err := lines.Decode(&e); err != nil {
			return nil, fmt.Errorf("read line %d of a trace: %w", len(entries)+1, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}
