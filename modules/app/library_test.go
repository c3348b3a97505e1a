package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"pgregory.net/rapid"

	"chat/modules/id"
)

// utterance is something that a client says. {id} and {chat} in it are filled in.
type utterance struct {
	name, text string
	isBinary   bool
	awaits     string // the type of the message that answers it; "": nothing does
	follows    bool   // it subscribes to the chat, and is answered by every message there
}

func utterances() []utterance {
	operation := func(name, query, awaits string) utterance {
		return utterance{name: name, text: subscribe("{id}", query, nil), awaits: awaits}
	}
	follow := operation("follow", `subscription { messageAdded(chatId: "{chat}", afterSeq: 0) { seq content } }`, "next")
	follow.follows = true
	return []utterance{
		{name: "init", text: hello, awaits: "connection_ack"},
		{name: "init with a payload", text: `{"type":"connection_init","payload":{"a":[1]}}`, awaits: "connection_ack"},
		{name: "init with a payload that is no object", text: `{"type":"connection_init","payload":1}`},
		{name: "ping", text: `{"type":"ping","payload":{"a":1}}`, awaits: "pong"},
		{name: "ping without payload", text: `{"type":"ping"}`, awaits: "pong"},
		{name: "ping with a payload that is no object", text: `{"type":"ping","payload":[1]}`, awaits: "pong"},
		{name: "pong", text: `{"type":"pong"}`},
		{name: "pong with a payload that is no object", text: `{"type":"pong","payload":"x"}`},
		follow,
		operation("a query", `{ health }`, "complete"),
		operation("a query of two parts", `{ a: health b: health chat(id: "{chat}") { lastSeq } }`, "complete"),
		operation("a query that fails", `{ message(id: "{chat}") { id } }`, "complete"),
		operation("a mutation that fails", `mutation { createUser(username: "", email: "") { id } }`, "complete"),
		operation("no GraphQL", `{ health`, "error"),
		operation("an unknown field", `{ nothing }`, "error"),
		operation("a subscription that may not be", `subscription { messageAdded(chatId: "none") { id } }`, "error"),
		operation("two subscriptions in one", `subscription { a: chatAdded { id } b: chatAdded { id } }`, "error"),
		operation("an unknown operation", ``, "error"),
		{name: "complete", text: `{"id":"{id}","type":"complete"}`},
		{name: "complete without id", text: `{"type":"complete"}`},
		{name: "subscribe without id", text: `{"type":"subscribe","payload":{"query":"{ health }"}}`},
		{name: "subscribe with a number for an id", text: `{"id":1,"type":"subscribe","payload":{"query":"{ health }"}}`},
		{name: "subscribe without payload", text: `{"id":"{id}","type":"subscribe"}`},
		{name: "subscribe without query", text: `{"id":"{id}","type":"subscribe","payload":{}}`, awaits: "error"},
		{name: "subscribe with variables that are no object", text: `{"id":"{id}","type":"subscribe","payload":{"query":"{ health }","variables":[]}}`},
		{name: "an unknown type", text: `{"type":"start"}`},
		{name: "no type", text: `{"id":"1"}`},
		{name: "no JSON", text: `{`},
		{name: "no object", text: `[]`},
		{name: "a member twice", text: `{"type":"connection_init","type":"ping"}`, awaits: "pong"},
		{name: "a member in large letters", text: `{"TYPE":"ping"}`, awaits: "pong"},
		{name: "binary", text: `{"type":"ping"}`, isBinary: true, awaits: "pong"},
		{name: "no UTF-8", text: "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}", awaits: "pong"},
	}
}

// difference is where ours and the library's are known to differ, and why ours is as it is.
type difference struct {
	says         []string // names of utterances
	begun        []bool   // whether connection_init was said before
	ours, theirs string   // how the client sees it: "closed" with the code, or "open"
	why          string
}

func differences() []difference {
	before, after := []bool{false}, []bool{true}
	return []difference{
		{[]string{"ping", "ping without payload", "pong", "complete"}, before, "open", "closed 4401",
			"PROTOCOL.md lets either side ping and pong at any time, and complete is no operation"},
		{[]string{"no type", "an unknown type", "complete without id", "subscribe without id", "pong with a payload that is no object", "ping with a payload that is no object"},
			before, "closed 4400", "closed 4401", "a message that is none is one whenever it comes; the library looks at the type first"},
		{[]string{"ping with a payload that is no object", "pong with a payload that is no object"}, after, "closed 4400", "open",
			"PROTOCOL.md: the payload is a Record"},
		{[]string{"init with a payload that is no object"}, after, "closed 4400", "closed 4429", "it is no connection_init; the library does not read a second one"},
		{[]string{"subscribe without query"}, after, "closed 4400", "open", "PROTOCOL.md: the query is required"},
		{[]string{"a member twice", "a member in large letters"}, after, "closed 4400", "open",
			"two readers of such a message may understand two things; the library reads JSON as encoding/json does"},
		{[]string{"a member twice", "a member in large letters"}, before, "closed 4400", "closed 4401", "likewise"},
		{[]string{"binary"}, before, "closed 4400", "closed 4401", "PROTOCOL.md: messages are text"},
		{[]string{"binary"}, after, "closed 4400", "open", "PROTOCOL.md: messages are text"},
		{[]string{"no UTF-8"}, before, "closed 1007", "closed 4401", "RFC 6455, 8.1"},
		{[]string{"no UTF-8"}, after, "closed 1007", "open", "RFC 6455, 8.1"},
	}
}

func (d difference) isAbout(u utterance, begun bool) bool {
	return slices.Contains(d.says, u.name) && slices.Contains(d.begun, begun)
}

// judge is a test, or one of many that are generated.
type judge interface {
	Fatal(...any)
	Fatalf(string, ...any)
	Logf(string, ...any)
}

// party is one of two servers that a client says the same to.
type party struct {
	*served
	chat   id.Chat
	conn   *websocket.Conn
	closed int
}

const spoken = 2 // messages in the chat

// party opens a connection and a chat with messages in it.
func (s *served) party(t judge, ann id.User) *party {
	p := &party{served: s, chat: s.group(ann, ann)}
	for n := range spoken {
		s.send(p.chat, ann, fmt.Sprint("message ", n))
	}
	var err error
	if p.conn, _, err = s.dialWS(nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// read gives what a client sees until so many messages of a type have come, or the close. Of an error it is the messages:
// more does not pass through the library's Subscriber, whose errors are Go's.
func (p *party) read(t judge, kind string, count int) (seen []string) {
	_ = p.conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // its end is an error below
	for count > 0 && p.closed == 0 {
		_, data, err := p.conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			p.closed = closed.Code
			break
		}
		if err != nil {
			t.Fatalf("after %q: %v", seen, err)
		}
		var m struct {
			ID, Type string
			Payload  json.RawMessage
		}
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if m.Type == kind || m.Type == "error" && kind == "complete" || m.Type == "complete" && kind == "error" {
			count--
		}
		seen = append(seen, fmt.Sprint(m.ID, " ", m.Type, " ", p.shown(m.Type, m.Payload)))
	}
	return seen
}

// shown is a payload without what differs between two databases.
func (p *party) shown(kind string, payload []byte) string {
	var value any
	if len(payload) == 0 || json.Unmarshal(payload, &value) != nil {
		return ""
	}
	var errs []any
	switch shown := value.(type) {
	case []any:
		errs = shown
	case map[string]any:
		errs, _ = shown["errors"].([]any)
	}
	for n, e := range errs {
		if kind != "next" && kind != "error" {
			break
		}
		text := e.(map[string]any)["message"]
		errs[n] = strings.ReplaceAll(fmt.Sprint(text), p.chat.String(), "{chat}")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// hears says something to a party, and gives what comes of it.
func (p *party) hears(t judge, u utterance, operation string, begun bool) []string {
	kind, text := websocket.TextMessage, strings.ReplaceAll(strings.ReplaceAll(u.text, "{id}", operation), "{chat}", p.chat.String())
	if u.isBinary {
		kind = websocket.BinaryMessage
	}
	if err := p.conn.WriteMessage(kind, []byte(text)); err != nil {
		t.Fatal(err)
	}
	count := 1
	if u.follows {
		count = spoken
	}
	if u.awaits != "" {
		return p.read(t, u.awaits, count)
	}
	// What says nothing has been heard when the next is answered.
	next, answer := `{"type":"ping"}`, "pong"
	if !begun {
		next, answer = hello, "connection_ack"
	}
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(next)); err != nil && !strings.Contains(err.Error(), "closed") {
		t.Logf("the connection has ended: %v", err)
	}
	return p.read(t, answer, 1)
}

// state is how a client sees the connection.
func (p *party) state() string {
	if p.closed != 0 {
		return fmt.Sprint("closed ", p.closed)
	}
	return "open"
}

// TestTransportsAgreeOnSessions drives our transport and the library's with the same sessions. What a client sees is the
// same, step by step, up to the first known difference.
func TestTransportsAgreeOnSessions(t *testing.T) {
	own := serveWorld(t, nil)
	library := serveWorld(t, func(c *Config) { c.Transport = "library" })
	ann, anne := own.user("ann"), library.user("ann")
	found := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		var says []utterance
		if rapid.IntRange(0, 5).Draw(t, "begins as it should") > 0 {
			says = utterances()[:1]
		}
		says = append(says, rapid.SliceOfN(rapid.SampledFrom(utterances()), 1, 6).Draw(t, "says")...)
		converse(t, own.party(t, ann), library.party(t, anne), says, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "id") }, found)
	})
	if found[""] == 0 {
		t.Error("no session was the same to its end")
	}
}

// TestKnownDifferences: each of them is there.
func TestKnownDifferences(t *testing.T) {
	own := serveWorld(t, nil)
	library := serveWorld(t, func(c *Config) { c.Transport = "library" })
	ann, anne := own.user("ann"), library.user("ann")
	for _, d := range differences() {
		for _, name := range d.says {
			for _, begun := range d.begun {
				t.Run(fmt.Sprintf("%s, begun %t", name, begun), func(t *testing.T) {
					n := slices.IndexFunc(utterances(), func(u utterance) bool { return u.name == name })
					says := utterances()[n : n+1]
					if begun {
						says = []utterance{utterances()[0], says[0]}
					}
					found := map[string]int{}
					converse(t, own.party(t, ann), library.party(t, anne), says, func(int) int { return 0 }, found)
					if found[d.why] == 0 {
						t.Errorf("there is no difference any more: %s", d.why)
					}
				})
			}
		}
	}
}

// converse says the same to both, and counts which known difference has ended it, or none.
func converse(t judge, ours, theirs *party, says []utterance, choose func(n int) int, found map[string]int) {
	defer func() { _, _ = ours.conn.Close(), theirs.conn.Close() }()
	begun := false
	ids := []string{"1", "2", `\"é`}
	for n, u := range says {
		// The library frees an id a moment after it has said complete, and then also where it was taken again.
		operation := fmt.Sprint("once ", n)
		if k := choose(len(ids)); u.follows {
			operation = ids[k]
		} else if u.name == "complete" && len(ids) > 1 {
			operation = ids[k]
			ids = slices.Delete(ids, k, k+1)
		}
		mine, other := ours.hears(t, u, operation, begun), theirs.hears(t, u, operation, begun)
		for _, d := range differences() {
			if d.isAbout(u, begun) {
				if ours.state() != d.ours || theirs.state() != d.theirs {
					t.Fatalf("%s: ours %s, the library's %s; known is %s and %s: %s", u.name, ours.state(), theirs.state(), d.ours, d.theirs, d.why)
				}
				found[d.why]++
				return
			}
		}
		if !slices.Equal(mine, other) || ours.closed != theirs.closed {
			t.Fatalf("%s, begun %t: ours %q %s, the library's %q %s", u.name, begun, mine, ours.state(), other, theirs.state())
		}
		if ours.closed != 0 {
			break
		}
		begun = begun || u.awaits == "connection_ack" || u.awaits == ""
	}
	found[""]++
}
