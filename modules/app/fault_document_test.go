package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/pg"
)

// TestFaultsOfDocuments: documents that are too large, wrong, or made to be dear, over HTTP and over a socket.
func TestFaultsOfDocuments(t *testing.T) {
	t.Parallel() // as the other tests that wait for a built product
	p := runBuilt(t)
	for _, c := range []faultCase{
		{"25 depth", depths},
		{"26 aliases and roots", aliases},
		{"27 directives", directives},
		{"28 length", lengths},
		{"29 fragments and overlaps", overlaps},
		{"30 arguments", arguments},
		{"30 lists without a bound", unboundedLists},
		{"31 batches", batches},
		{"32 queries that take too long", longQueries},
	} {
		c.run(t, p)
	}
}

// document is one that must be answered with a code; "" is data.
type document struct {
	name, text string
	vars       vars
	code       string
	runs       bool          // it is refused by a resolver, or not at all
	within     time.Duration // 0: no bound
}

// runDocuments looks at the answers to each document: over HTTP in both media types, and over a socket, which lives on.
// What is refused before it runs asks the store nothing.
func (p *built) runDocuments(t *testing.T, documents []document) {
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			body := query(d.text, d.vars)
			refused := 200
			if !d.runs && d.code != "" {
				refused = 400
			}
			ask := func() {
				checkAnswer(t, p.ask("POST", "/graphql", body, withHeader("Accept", responseMedia)), refused, d.code)
				checkAnswer(t, p.ask("POST", "/graphql", body, asJSON), 200, d.code)
				kind, errs := p.tell(t, d.text, d.vars)
				if want := map[bool]string{true: "next", false: "error"}[refused == 200]; kind != want {
					t.Errorf("over a socket: %s, want %s", kind, want)
				}
				checkErrors(t, errs, d.code, "")
			}
			if d.runs {
				ask()
			} else {
				p.asksNothing(d.name, ask)
			}
			if d.within > 0 {
				checkQuick(t, d.within, func() { p.ask("POST", "/graphql", body, asJSON) })
			}
		})
	}
}

// envelope is a message of ours over a socket.
type envelope struct {
	ID, Type string
	Payload  json.RawMessage
}

// tell sends an operation over a socket of its own and gives the kind of its first answer, and its errors. Another operation
// must be answered beside it.
func (p *built) tell(t *testing.T, text string, v vars) (kind string, errs []shown) {
	t.Helper()
	return p.tellBeside(t, text, v, "{ health }")
}

func (p *built) tellBeside(t *testing.T, text string, v vars, other string) (kind string, errs []shown) {
	t.Helper()
	conn, _, err := p.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, m := range []string{hello, subscribe("7", text, v), subscribe("8", other, nil)} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(25 * time.Second)) // its end is seen by the next read
	for ended := 0; ended < 2; {
		var m envelope
		if err := conn.ReadJSON(&m); err != nil {
			t.Errorf("the socket: %v", err)
			return kind, errs
		}
		if m.Type == "error" || m.Type == "complete" {
			ended++
		}
		if m.ID == "8" && m.Type == "error" {
			t.Errorf("what came after it: %s", m.Payload)
		}
		if m.ID != "7" || kind != "" {
			continue
		}
		kind = m.Type
		var result struct{ Errors []shown }
		switch kind {
		case "error":
			err = json.Unmarshal(m.Payload, &errs)
		case "next":
			err = json.Unmarshal(m.Payload, &result)
			errs = result.Errors
		}
		if err != nil {
			t.Errorf("the payload of %s is %s", kind, m.Payload)
		}
	}
	return kind, errs
}

func subscribe(id, text string, v vars) string {
	return fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":%s}`, id, query(text, v))
}

func repeat(n int, f func(int) string) string {
	var out strings.Builder
	for k := range n {
		out.WriteString(f(k))
	}
	return out.String()
}

// nested is a query of that depth.
func nested(depth int) string {
	text := "id"
	for n := depth - 1; n > 1; n-- {
		text = map[bool]string{true: "messages", false: "chat"}[n%2 == 0] + " { " + text + " }"
	}
	return "{ chats { " + text + " } }"
}

// introspection is a query of the schema of that depth.
func introspection(depth int) string {
	text := "{ name }"
	for range depth - 6 {
		text = "{ ofType " + text + " }"
	}
	return "{ __schema { types { fields { args { type " + text + " } } } } }"
}

func depths(t *testing.T, p *built) {
	half := `fragment b on Chat { messages { chat { messages { chat { id } } } } }`
	p.runDocuments(t, []document{
		{name: "8 levels", text: nested(8), runs: true},
		{name: "9 levels", text: nested(9), code: "QUERY_TOO_COMPLEX"},
		{name: "9 levels in fragments", text: `{ chats { ...a } } fragment a on Chat { messages { chat { messages { ...c } } } } fragment c on Message { chat { ...b } } ` + half, code: "QUERY_TOO_COMPLEX"},
		{name: "9 levels in fragments in line", text: `{ ... on Query { chats { ... on Chat { messages { chat { messages { chat { messages { ... { chat { messages { id } } } } } } } } } } } }`, code: "QUERY_TOO_COMPLEX"},
		{name: "9 levels of a mutation", text: `mutation { removeChat(id: "x") ` + strings.TrimPrefix(nested(9), "{ chats") + ``, code: "QUERY_TOO_COMPLEX"},
		{name: "9 levels of a subscription", text: `subscription { chatAdded ` + strings.TrimPrefix(nested(9), "{ chats"), code: "QUERY_TOO_COMPLEX"},
		{name: "introspection of 16 levels", text: introspection(16), runs: true},
		{name: "introspection of 17 levels", text: introspection(17), code: "QUERY_TOO_COMPLEX"},
		{name: "introspection beside data", text: strings.Replace(introspection(16), "{ ", "{ health ", 1), code: "QUERY_TOO_COMPLEX"},
		{name: "introspection below the root", text: `{ chats { __schema { types { name } } } }`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "what GraphiQL asks", text: explorer(t), runs: true},
	})
}

// explorer is the question that GraphiQL asks at its start, as graphql-js writes it.
func explorer(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func aliases(t *testing.T, p *built) {
	twice := func(field string) document {
		return document{name: "two of " + field, text: fmt.Sprintf(`mutation { a: %s(x: 1) { id } b: %s(x: 2) { id } }`, field, field), code: "QUERY_TOO_COMPLEX"}
	}
	p.runDocuments(t, []document{
		{name: "10 aliases", text: `{ ` + repeat(10, func(n int) string { return fmt.Sprintf("a%d: health ", n) }) + ` }`, runs: true},
		{name: "16 aliases", text: `{ ` + repeat(16, func(n int) string { return fmt.Sprintf("a%d: health ", n) }) + ` }`, code: "QUERY_TOO_COMPLEX"},
		{name: "16 aliases below the root", text: `{ chats { ` + repeat(16, func(n int) string { return fmt.Sprintf("a%d: id ", n) }) + ` } }`, code: "QUERY_TOO_COMPLEX"},
		{name: "101 aliases of __typename", text: `{ chats { ` + repeat(101, func(n int) string { return fmt.Sprintf("a%d: __typename ", n) }) + ` } }`, code: "QUERY_TOO_COMPLEX"},
		{name: "11 root fields", text: `{ ` + repeat(11, func(int) string { return "health " }) + ` }`, code: "QUERY_TOO_COMPLEX"},
		{name: "998 root fields", text: `{ ` + repeat(998, func(int) string { return "health " }) + ` }`, code: "QUERY_TOO_COMPLEX"},
		{name: "1,000 root fields in fragments", text: `{ ` + repeat(10, func(int) string { return "...f " }) + ` } fragment f on Query { ` + repeat(100, func(int) string { return "health " }) + ` }`, code: "QUERY_TOO_COMPLEX"},
		twice("createUser"), twice("login"), twice("refreshToken"),
		{name: "two of login in fragments", text: `mutation { ...f a: login(x: 1) { id } } fragment f on Mutation { ... { login(x: 2) { id } } }`, code: "QUERY_TOO_COMPLEX"},
		{name: "a fragment of login, twice", text: `mutation { ...f ...f } fragment f on Mutation { login(x: 2) { id } }`, code: "QUERY_TOO_COMPLEX"},
	})
}

func directives(t *testing.T, p *built) {
	many := func(n int, text string) string { return `{ health ` + strings.Repeat(text, n) + ` }` }
	p.runDocuments(t, []document{
		{name: "one", text: many(1, "@include(if: true) "), runs: true},
		{name: "51", text: many(51, "@skip(if: false) "), code: "QUERY_TOO_COMPLEX", within: 5 * time.Millisecond},
		{name: "51 in places", text: `query @a { ` + strings.Repeat("health @a ... @b { health } ", 25) + ` }`, code: "QUERY_TOO_COMPLEX", within: 5 * time.Millisecond},
		{name: "20 that nobody knows", text: many(20, "@aa "), code: "GRAPHQL_VALIDATION_FAILED", within: 5 * time.Millisecond},
		{name: "50 that nobody knows", text: many(50, "@aa "), code: "GRAPHQL_VALIDATION_FAILED", within: 5 * time.Millisecond}, // 20 errors at most
		{name: "400", text: many(400, "@aa "), code: "QUERY_TOO_COMPLEX", within: 5 * time.Millisecond},
		{name: "10,000", text: many(10_000, "@aa"), code: "PAYLOAD_TOO_LARGE", within: 5 * time.Millisecond},
		{name: "10,000 of skip", text: many(10_000, "@skip"), code: "PAYLOAD_TOO_LARGE", within: 5 * time.Millisecond},
		{name: "10,000 in little room", text: `{ health ` + strings.Repeat("@a", 7_000) + ` }`, code: "GRAPHQL_VALIDATION_FAILED", within: 5 * time.Millisecond},
		{name: "100 fields that nobody knows", text: `{ chats { ` + repeat(100, func(n int) string { return fmt.Sprintf("none%d ", n) }) + ` } }`, code: "GRAPHQL_VALIDATION_FAILED"},
	})
}

func lengths(t *testing.T, p *built) {
	padded := func(n int, with string) string { return "{ health }" + strings.Repeat(with, n) }
	const most = 15_000 - len("{ health }")
	p.runDocuments(t, []document{
		{name: "15,000 bytes", text: padded(most, " "), runs: true},
		{name: "15,001 bytes", text: padded(most+1, " "), code: "PAYLOAD_TOO_LARGE"},
		{name: "1,000 tokens", text: "{ chats { " + strings.Repeat("id ", 995) + "} }", code: "GRAPHQL_VALIDATION_FAILED"}, // too many pairs that overlap
		{name: "1,001 tokens", text: "{ chats { " + strings.Repeat("id ", 996) + "} }", code: "GRAPHQL_VALIDATION_FAILED", within: 10 * time.Millisecond},
		{name: "1,000 root fields", text: `{ ` + strings.Repeat("a ", 1_000) + ` }`, code: "GRAPHQL_VALIDATION_FAILED", within: 10 * time.Millisecond},
		{name: "7,000 brackets", text: `{ health(x: ` + strings.Repeat("[", 7_000), code: "GRAPHQL_VALIDATION_FAILED", within: 10 * time.Millisecond},
		{name: "7,000 braces", text: strings.Repeat("{a", 7_000), code: "GRAPHQL_VALIDATION_FAILED", within: 10 * time.Millisecond},
		{name: "a byte of no token", text: "{ health \x7f }", code: "GRAPHQL_PARSE_FAILED"},
		{name: "nothing", text: "", code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "a comment alone", text: "#", code: "GRAPHQL_VALIDATION_FAILED"},
	})
	for name, with := range map[string]string{"spaces": " ", "commas": ",", "a comment": "#", "marks of the byte order": "\ufeff"} {
		body := query(padded(1_000_000/len(with), with), nil)
		t.Run("1 MB of "+name, func(t *testing.T) {
			p.asksNothing(name, func() {
				checkAnswer(t, p.ask("POST", "/graphql", body, withHeader("Accept", responseMedia)), 400, "PAYLOAD_TOO_LARGE")
			})
			checkQuick(t, 100*time.Millisecond, func() { p.ask("POST", "/graphql", body, asJSON) }) // most of it to send and read it
		})
	}
}

// overlaps: what costs a validator time and memory that do not stand in the document. CVE-2022-21708 is the cycle.
func overlaps(t *testing.T, p *built) {
	doubling := "fragment f0 on Query { health } " + repeat(20, func(n int) string {
		return fmt.Sprintf("fragment f%d on Query { ...f%d ...f%d } ", n+1, n, n)
	})
	for _, d := range []document{
		{name: "a cycle of one", text: `{ ...a } fragment a on Query { ...a }`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "a cycle of two", text: `{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "a cycle below the root", text: `{ chats { ...a } } fragment a on Chat { messages { ...b } } fragment b on Message { chat { ...a } }`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "a cycle that nobody enters", text: `{ health } fragment a on Query { ...b } fragment b on Query { ...a }`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "20 fragments that double", text: `{ ...f20 } ` + doubling, code: "QUERY_TOO_COMPLEX"},
		{name: "20 that double below the root", text: `{ chats { ...f20 } } ` + strings.NewReplacer("Query", "Chat", "health", "id").Replace(doubling), code: "QUERY_TOO_COMPLEX"},
		{name: "20 that double and nobody spreads", text: `{ health } ` + doubling, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "990 fields that overlap", text: `{ chats { ` + strings.Repeat("id ", 990) + `} }`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "3,000 fields that overlap", text: `{ chats { ` + repeat(10, func(int) string { return "...f " }) + `} } fragment f on Chat { ` + strings.Repeat("id ", 300) + `}`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "300 that overlap in nests", text: `{ chats { ` + strings.Repeat("messages { id } ", 240) + `} }`, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "fragments that overlap in pairs", text: `{ chats { ` + repeat(60, func(n int) string { return fmt.Sprintf("...f%d ", n) }) + `} } ` + repeat(60, func(n int) string { return fmt.Sprintf("fragment f%d on Chat { id name } ", n) }), code: "GRAPHQL_VALIDATION_FAILED"},
	} {
		d.within = 50 * time.Millisecond
		t.Run(d.name, func(t *testing.T) {
			allocated := p.allocates(func() {
				checkAnswer(t, p.ask("POST", "/graphql", query(d.text, nil), asJSON), 200, d.code)
			})
			if allocated > 10e6 {
				t.Errorf("%.1f MB are allocated", allocated/1e6)
			}
		})
		p.runDocuments(t, []document{d})
	}
}

// arguments: as literals and as variables.
func arguments(t *testing.T, p *built) {
	ann, bob := p.user("ann"), p.user("bob")
	chat := p.group(ann, bob)
	p.send(chat, ann, "one")
	var all []document
	add := func(name, text string, v vars, code string, runs bool) {
		all = append(all, document{name: name, text: text, vars: v, code: code, runs: runs})
	}
	const bad = "BAD_USER_INPUT"
	for _, a := range []struct {
		argument, literal string
		isNone            bool // it is no value of the type
	}{
		{"limit", "1000000", false},
		{"limit", "-1", false},
		{"limit", "0", false},
		{"limit", "1001", false},
		{"afterSeq", "-1", true},
		{"afterSeq", `"garbage"`, true},
		{"afterSeq", "2", false}, // the log ends at 1
		{"afterSeq", "9007199254740993", true},
		{"afterSeq", "1.5", true},
		{"afterSeq", "true", true},
		{"afterSeq", "[1]", true},
		{"beforeSeq", "-1", true},
		{"beforeSeq", `""`, true},
		{"afterSeq: 0, beforeSeq", "1", false},
	} {
		text := fmt.Sprintf(`{ messages(chatId: %q, %s: %s) { id } }`, chat, a.argument, a.literal)
		add(a.argument+" "+a.literal, text, nil, bad, true)
		var value any
		if err := json.Unmarshal([]byte(a.literal), &value); err != nil {
			t.Fatal(err)
		}
		kind := map[bool]string{true: "Int", false: "Seq"}[a.argument == "limit"]
		add(a.argument+" "+a.literal+" as a variable", fmt.Sprintf(`query($v: %s) { messages(chatId: %q, %s: $v) { id } }`, kind, chat, a.argument), vars{"v": value}, bad, !a.isNone)
	}
	for _, list := range []string{"users(limit: %s) { id }", "chatsByParticipant(limit: %s) { id }"} {
		for _, n := range []string{"1000000", "-1", "0"} {
			add(list+n, "{ "+fmt.Sprintf(list, n)+" }", nil, bad, true)
		}
	}
	for _, literal := range []string{"1e400", "-1e400", strings.Repeat("9", 20), "-" + strings.Repeat("9", 400)} {
		add("afterSeq "+literal, fmt.Sprintf(`{ messages(chatId: %q, afterSeq: %s) { id } }`, chat, literal), nil, "GRAPHQL_VALIDATION_FAILED", false)
		add("afterSeq "+literal+" by default", fmt.Sprintf(`query($v: Seq = %s) { messages(chatId: %q, afterSeq: $v) { id } }`, literal, chat), nil, "GRAPHQL_VALIDATION_FAILED", false)
	}
	for _, literal := range []string{"{a: 1e400}", "[[1e400]]"} {
		add("afterSeq "+literal, fmt.Sprintf(`{ messages(chatId: %q, afterSeq: %s) { id } }`, chat, literal), nil, "GRAPHQL_VALIDATION_FAILED", false)
	}
	add("a directive's number", `{ health @skip(if: 1e400) }`, nil, "GRAPHQL_VALIDATION_FAILED", false)
	add("an integer beyond Int", `{ users(limit: 3000000000) { id } }`, nil, "GRAPHQL_VALIDATION_FAILED", false)
	add("an integer far beyond", `{ users(limit: `+strings.Repeat("9", 400)+`) { id } }`, nil, "GRAPHQL_VALIDATION_FAILED", false)
	add("a text for an Int", `{ users(limit: "1") { id } }`, nil, "GRAPHQL_VALIDATION_FAILED", false)
	add("an integer beyond Int as a variable", `query($v: Int) { users(limit: $v) { id } }`, vars{"v": 3000000000}, bad, false)
	add("a text for an Int as a variable", `query($v: Int) { users(limit: $v) { id } }`, vars{"v": "1"}, bad, false)
	add("a variable that is missing", `query($v: ID!) { chat(id: $v) { id } }`, nil, bad, false)
	p.runDocuments(t, all)

	for _, c := range []struct {
		cursor any
		code   string
	}{
		{2, "RESYNC_REQUIRED"}, {1_000_000, "RESYNC_REQUIRED"}, {-1, bad}, {"garbage", bad}, {1.5, bad}, {9007199254740993, bad},
	} {
		for _, field := range []string{"chatEvents(chatId: %q, afterSeq: %s) { seq }", "messageAdded(chatId: %q, afterSeq: %s) { seq }"} {
			literal, err := json.Marshal(c.cursor)
			if err != nil {
				t.Fatal(err)
			}
			kind, errs := p.tell(t, "subscription { "+fmt.Sprintf(field, chat, literal)+" }", nil)
			if kind != "error" {
				t.Errorf("a subscription from %s: %s", literal, kind)
			}
			checkErrors(t, errs, c.code, "")
			kind, errs = p.tell(t, "subscription($v: Seq) { "+fmt.Sprintf(field, chat, "$v")+" }", vars{"v": c.cursor})
			if kind != "error" {
				t.Errorf("a subscription from the variable %s: %s", literal, kind)
			}
			checkErrors(t, errs, c.code, "")
		}
	}
}

// unboundedLists: those of the brief answer at most their documented number, and say that there is more.
func unboundedLists(t *testing.T, p *built) {
	cat := p.user("cat")
	chat := p.group(cat, p.user("dan"))
	if err := p.db.Tx(t.Context(), func(tx *pg.Tx) error {
		for _, statement := range []string{
			`INSERT INTO messages (id, chat_id, seq, number, version, sender_id, content, created_at)
				SELECT gen_random_uuid(), $1::uuid, n, n, n, $2::uuid, 'x', now() FROM generate_series(1, 10001) n`,
			`UPDATE chats SET last_seq = 10001, message_count = 10001 WHERE id = $1 AND $2::uuid IS NOT NULL`,
		} {
			if err := tx.Exec(t.Context(), statement, chat, cat); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var body struct {
		Data       struct{ Messages []struct{ Seq int } }
		Extensions struct{ Truncated []string }
	}
	a := p.ask("POST", "/graphql", query(`query($c: ID!) { messages(chatId: $c) { seq } }`, vars{"c": chat.String()}), asJSON)
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatal(err)
	}
	if n := len(body.Data.Messages); n != 10_000 || body.Data.Messages[0].Seq != 2 || fmt.Sprint(body.Extensions.Truncated) != "[messages]" {
		t.Errorf("of 10,001 messages %d come, cut off: %v", n, body.Extensions.Truncated)
	}
	p.runDocuments(t, []document{
		{name: "lists in lists", text: `query($c: ID!) { chat(id: $c) { messages(first: 1000) { chat { messages(first: 1000) { seq } } } } }`,
			vars: vars{"c": chat.String()}, code: "QUERY_TOO_COMPLEX", runs: true, within: 5 * time.Second},
		{name: "a list in a list", text: `query($c: ID!) { chat(id: $c) { messages(first: 100) { chat { messages(first: 100) { seq } } } } }`,
			vars: vars{"c": chat.String()}, runs: true},
	})
}

func batches(t *testing.T, p *built) {
	one := query(`{ health }`, nil)
	p.asksNothing("batches", func() {
		p.runRequests(t, []request{
			{name: "of two", method: "POST", body: "[" + one + "," + one + "]", header: asJSON, status: 400, code: "BAD_REQUEST"},
			{name: "of two sign-ups", method: "POST", body: "[" + signUp() + "," + signUp() + "]", header: asJSON, status: 400, code: "BAD_REQUEST"},
			{name: "of one", method: "POST", body: "[" + one + "]", header: asJSON, status: 400, code: "BAD_REQUEST"},
			{name: "of what is nothing", method: "POST", body: "[{},{}]", header: asJSON, status: 400, code: "BAD_REQUEST"},
			{name: "of none", method: "POST", body: "[]", header: asJSON, status: 400, code: "BAD_REQUEST"},
			{name: "a query that is persisted nowhere", method: "POST", body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("a", 64) + `"}}}`, header: asJSON, status: 400, code: "BAD_REQUEST"},
		})
		if _, code := p.talk(-1, hello, "["+subscribe("1", "{ health }", nil)+"]"); code != 4400 {
			t.Errorf("a batch over a socket: closed %d, want 4400", code)
		}
	})
}

// longQueries are cancelled in PostgreSQL too: after 10 s, and when their client is gone.
func longQueries(t *testing.T, p *built) {
	eve := p.user("eve")
	chat := p.group(eve, p.user("fay"))
	text := fmt.Sprintf(`{ messages(chatId: %q) { id } }`, chat)
	release := p.lock(t, "messages")
	defer release()

	t.Run("over HTTP", func(t *testing.T) {
		began := time.Now()
		a := p.ask("POST", "/graphql", query(text, nil), asJSON)
		checkTook(t, time.Since(began))
		checkAnswer(t, a, 200, "UNAVAILABLE")
		if a.header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to try again")
		}
		p.untilIdle(t)
	})
	t.Run("over a socket", func(t *testing.T) {
		began := time.Now()
		kind, errs := p.tell(t, text, nil)
		checkTook(t, time.Since(began))
		if kind != "next" {
			t.Errorf("it is answered by %s", kind)
		}
		checkErrors(t, errs, "UNAVAILABLE", "")
		p.untilIdle(t)
	})
	t.Run("whose client is gone", func(t *testing.T) {
		p.checkIdleSoon(t, func() {
			conn, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte(post(query(text, nil)))); err != nil {
				t.Fatal(err)
			}
			p.awaitWaiting(t, 1)
			_ = conn.Close()
		})
	})
	for name, leave := range map[string]func(*websocket.Conn) error{
		"that is completed": func(c *websocket.Conn) error {
			return c.WriteMessage(websocket.TextMessage, []byte(`{"id":"1","type":"complete"}`))
		},
		"whose socket ends": func(c *websocket.Conn) error { return c.NetConn().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			p.checkIdleSoon(t, func() {
				conn, _, err := p.dialWS(nil)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				for _, m := range []string{hello, subscribe("1", text, nil)} {
					if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
						t.Fatal(err)
					}
				}
				p.awaitWaiting(t, 1)
				if err := leave(conn); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func checkTook(t *testing.T, took time.Duration) {
	t.Helper()
	if took < 9*time.Second || took > 14*time.Second {
		t.Errorf("the answer takes %s, want 10 s", took)
	}
}

// lock keeps everybody from a table until release.
func (p *built) lock(t *testing.T, table string) (release func()) {
	t.Helper()
	tx, err := p.db.Pool().BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

// waiting counts the statements of the process that run in PostgreSQL.
func (p *built) waiting(t *testing.T) (n int) {
	t.Helper()
	p.get(t, &n, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 AND state <> 'idle'`, processName)
	return n
}

func (p *built) awaitWaiting(t *testing.T, want int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); p.waiting(t) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d statements run, want %d", p.waiting(t), want)
		}
	}
}

// untilIdle waits until nothing runs in PostgreSQL any more.
func (p *built) untilIdle(t *testing.T) (took time.Duration) {
	t.Helper()
	began := time.Now()
	p.awaitWaiting(t, 0)
	return time.Since(began)
}

// checkIdleSoon fails when something still runs in PostgreSQL a second after leave, whenever it is tried.
func (p *built) checkIdleSoon(t *testing.T, leave func()) {
	t.Helper()
	took := time.Hour
	for n := 0; n < 3 && took > time.Second; n++ {
		leave()
		took = p.untilIdle(t)
	}
	if took > time.Second {
		t.Errorf("it runs for another %s", took)
	}
}

// TestAPanicIsAnAnswer (case 32): of a product whose health panics, clients learn nothing, and it serves on.
func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	source, err := filepath.Abs("root.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const health = `func (health) Health() string { return "ok" }`
	if !strings.Contains(string(text), health) {
		t.Fatal("health is written otherwise now")
	}
	dir := t.TempDir()
	panicking := filepath.Join(dir, "root.go")
	text = []byte(strings.Replace(string(text), health, `func (health) Health() string { panic("canary 4711") }`, 1))
	if err := os.WriteFile(panicking, text, 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: panicking}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	p := run(t, build(t, "-overlay", filepath.Join(dir, "overlay.json")))
	p.forgives = true
	for range 3 {
		a := p.ask("POST", "/graphql", query(`{ health }`, nil), asJSON)
		checkAnswer(t, a, 200, "INTERNAL_SERVER_ERROR")
		if !strings.Contains(a.body, `"message":"Internal error"`) || strings.Contains(a.body, "canary") {
			t.Errorf("the client is told %s", a.body)
		}
		p.log.await(t, `"error":"panic: canary 4711","request":"`+a.header.Get("X-Request-Id"), 1)
		kind, errs := p.tellBeside(t, `{ health }`, nil, `{ users { id } }`)
		if kind != "next" || len(errs) != 1 || errs[0].Message != "Internal error" {
			t.Errorf("over a socket: %s %v", kind, errs)
		}
		checkErrors(t, errs, "INTERNAL_SERVER_ERROR", "")
	}
	checkAnswer(t, p.ask("POST", "/graphql", query(`{ users { id } }`, nil), asJSON), 200, "")
}

// TestTheSchemaInProduction is shown to whoever is signed in; where callers are believed, to nobody.
func TestTheSchemaInProduction(t *testing.T) {
	t.Parallel()
	hidden := func(t *testing.T, p *built) {
		p.asksNothing("a question about the schema", func() {
			for _, text := range []string{`{ __schema { types { name } } }`, `{ health __type(name: "Chat") { name } }`, `{ ...f } fragment f on Query { __schema { types { name } } }`, explorer(t)} {
				a := p.ask("POST", "/graphql", query(text, nil), withHeader("Accept", responseMedia))
				checkAnswer(t, a, 200, "UNAUTHENTICATED")
				if !strings.Contains(a.body, `"data":null`) {
					t.Errorf("%s: %s", text, a.body)
				}
				kind, errs := p.tell(t, text, nil)
				if kind != "next" {
					t.Errorf("over a socket: %s", kind)
				}
				checkErrors(t, errs, "UNAUTHENTICATED", "")
			}
			for _, text := range []string{`{ helth }`, `{ chats { idd } }`, `{ users(limt: 1) { id } }`, `{ chats }`, `subscription { chatAded { id } }`} {
				a := p.ask("POST", "/graphql", query(text, nil), asJSON)
				if kind, errs := p.tell(t, text, nil); kind != "error" || strings.Contains(errs[0].Message, "Did you mean") {
					t.Errorf("%s over a socket: %s %v", text, kind, errs)
				}
				if strings.Contains(a.body, "Did you mean") {
					t.Errorf("%s: %s", text, a.body)
				}
			}
			a := p.ask("POST", "/graphql", query(`{ __typename health }`, nil), asJSON)
			checkAnswer(t, a, 200, "")
		})
		if a := p.ask("GET", "/graphql", "", map[string]string{"Accept": "text/html"}); a.status != 405 {
			t.Errorf("the explorer: %d", a.status)
		}
	}
	t.Run("callers are believed", func(t *testing.T) {
		p := runBuilt(t, "--mode=production")
		hidden(t, p)
		ann := p.user("ann")
		a := p.ask("POST", "/graphql", query(`{ __schema { types { name } } }`, nil), withHeader("user-id", ann.String()))
		checkAnswer(t, a, 200, "UNAUTHENTICATED")
	})
	t.Run("callers sign in", func(t *testing.T) {
		p := runBuilt(t, "--mode=production", "--auth=accounts")
		var in struct {
			Data struct{ Login struct{ AccessToken string } }
		}
		checkAnswer(t, p.ask("POST", "/graphql", query(`mutation { createUser(username: "ann", email: "ann@example.org", password: "correct horse") { id } }`, nil), asJSON), 200, "")
		a := p.ask("POST", "/graphql", query(`mutation { login(username: "ann", password: "correct horse") { accessToken } }`, nil), asJSON)
		if err := json.Unmarshal([]byte(a.body), &in); err != nil || in.Data.Login.AccessToken == "" {
			t.Fatalf("%s %v", a.body, err)
		}
		hidden(t, p)
		signed := withHeader("Authorization", "Bearer "+in.Data.Login.AccessToken)
		checkAnswer(t, p.ask("POST", "/graphql", query(`{ __schema { types { name } } }`, nil), signed), 200, "")
		if a := p.ask("POST", "/graphql", query(`{ helth }`, nil), signed); !strings.Contains(a.body, "Did you mean") {
			t.Errorf("who may see the schema is not helped: %s", a.body)
		}
	})
}
