package app

import (
	"strings"
	"testing"

	"chat/modules/id"
)

// TestWrongVariablesChangeNothing: a variable that is not of its type refuses the whole call, whatever it is for, before anything
// of it runs: also where only what comes after the change needs it.
func TestWrongVariablesChangeNothing(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.signUp("ann")
	token := s.enter(ann)
	chat := s.group(ann, s.signUp("bob"))
	const send = `createMessage(createMessageInput: {chatId: $c, content: "A"})`
	before := s.everything(t)
	for _, c := range []struct {
		query, field string
		values       []any
	}{
		{`mutation($c: String!, $v: Int) { ` + send + ` { seq chat { messages(first: $v) { seq } } } }`, "first", []any{"x", 2147483648, 1.5, true, []int{1}}},
		{`mutation($c: String!, $v: Boolean!) { ` + send + ` { seq id @include(if: $v) } }`, "if", []any{"true", 1, nil}},
		{`mutation($c: String!, $v: Boolean = true) { ` + send + ` { seq id @include(if: $v) } }`, "if", []any{"true", nil}},
		{`mutation($c: String!, $v: String!) { a: ` + send + ` { seq } b: updateMessage(id: "x", content: $v) { seq } }`, "content", []any{1, nil, vars{}}},
		{`mutation($c: String!, $d: ID!, $v: Seq!) { a: ` + send + ` { seq } b: markChatRead(chatId: $d, upToSeq: $v) { unreadCount } }`, "upToSeq", []any{"x", -1, 1.5}},
		{`mutation($c: String!, $v: CreateMessageInput!) { a: ` + send + ` { seq } b: createMessage(createMessageInput: $v) { seq } }`, "content", []any{vars{"chatId": chat.String()}, vars{"chatId": chat.String(), "content": nil}}},
		{`mutation($c: String!, $v: ID) { a: ` + send + ` { seq } b: createMessage(createMessageInput: {chatId: $c, content: "B", clientMessageId: $v}) { seq } }`, "clientMessageId", []any{true, 1.5, []int{1}, vars{}}},
		{`query($c: ID!, $v: Int) { messages(chatId: $c, limit: $v) { id } }`, "limit", []any{"x"}},
		{`subscription($c: ID!, $v: Seq) { messageAdded(chatId: $c, afterSeq: $v) { id } }`, "afterSeq", []any{"x", -1}},
		{`subscription($c: ID!, $v: Int) { messageAdded(chatId: $c) { id chat { messages(first: $v) { id } } } }`, "first", []any{"x"}},
	} {
		for _, value := range c.values {
			v := vars{"c": chat.String(), "v": value}
			if strings.Contains(c.query, "$d:") {
				v["d"] = chat.String()
			}
			for _, door := range s.doors() {
				if strings.HasPrefix(c.query, "subscription") && door.name == "HTTP" {
					continue
				}
				got := door.ask(token, c.query, v)
				if codeIn(t, got) != "BAD_USER_INPUT" || !strings.Contains(got, "The variable $v") || !strings.Contains(got, `"field":"`+c.field+`"`) || strings.Contains(got, `"data"`) {
					t.Errorf("%s with %v over %s: %s", c.query, value, door.name, got)
				}
			}
		}
	}
	if s.everything(t) != before {
		t.Error("refused calls have changed the store")
	}
}

// TestKeysMayBeNumbers: an ID takes whole numbers, which act as their text; what is neither is no ID.
func TestKeysMayBeNumbers(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.signUp("ann")
	token := s.enter(ann)
	chat := s.group(ann, s.signUp("bob"))
	var first id.Message
	for n, call := range []struct {
		query string
		key   any
	}{
		{`mutation($c: String!, $k: ID) { createMessage(createMessageInput: {chatId: $c, content: "A", clientMessageId: $k}) { id clientMessageId } }`, "77"},
		{`mutation($c: String!, $k: ID) { createMessage(createMessageInput: {chatId: $c, content: "A", clientMessageId: $k}) { id clientMessageId } }`, 77},
		{`mutation($i: CreateMessageInput!) { createMessage(createMessageInput: $i) { id clientMessageId } }`, 77},
		{`mutation($c: String!) { createMessage(createMessageInput: {chatId: $c, content: "A", clientMessageId: 77}) { id clientMessageId } }`, nil},
		{`mutation($c: String!) { createMessage(createMessageInput: {chatId: $c, content: "A", clientMessageId: 77}) { id clientMessageId } }`, nil},
	} {
		v := vars{"c": chat.String()}
		if call.key != nil {
			v["k"] = call.key
		}
		if strings.Contains(call.query, "$i") {
			v = vars{"i": vars{"chatId": chat.String(), "content": "A", "clientMessageId": call.key}}
		}
		var out struct {
			CreateMessage struct {
				ID              id.Message
				ClientMessageID string
			}
		}
		s.call(token, &out, call.query, v)
		if n == 0 {
			first = out.CreateMessage.ID
		}
		if out.CreateMessage.ID != first || out.CreateMessage.ClientMessageID != "77" {
			t.Errorf("%s with %v: message %s with the key %q, want %s again", call.query, call.key, out.CreateMessage.ID, out.CreateMessage.ClientMessageID, first)
		}
	}
	for _, field := range []string{"user", "chat", "message"} {
		for _, literal := range []string{"true", "1.5", "[1]", "{}", "RED"} {
			if _, got := s.post(token, "{ "+field+"(id: "+literal+") { id } }", nil); codeIn(t, got) != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("%s with %s: %s", field, literal, got)
			}
		}
		for _, value := range []any{true, 1.5, []int{1}, vars{}} {
			if _, got := s.post(token, "query($v: ID!) { "+field+"(id: $v) { id } }", vars{"v": value}); codeIn(t, got) != "BAD_USER_INPUT" {
				t.Errorf("%s with %v: %s", field, value, got)
			}
		}
	}
}

// TestPlacesAreInTheDocument: an error says where in the caller's document it is.
func TestPlacesAreInTheDocument(t *testing.T) {
	s := serveWorld(t, accounts(t))
	token := s.enter(s.signUp("ann"))
	for _, c := range []struct {
		query string
		v     vars
		want  string
	}{
		{`{ health nothing }`, nil, `[{"line":1,"column":10}]`},
		{"# é\n{\n  users(search: \"\\/\") { nothing } }", nil, `[{"line":3,"column":25}]`},
		{`mutation($i: CreateMessageInput!) { createMessage(createMessageInput: $i) { id } }`, vars{"i": vars{"chatId": "x"}}, `[{"line":1,"column":10}]`},
		{`mutation($i: CreateMessageInput!) { createMessage(createMessageInput: $i) { id } }`, vars{"i": vars{"chatId": "x", "content": "x", "role": 1}}, `[{"line":1,"column":10}]`},
		{`subscription($c: ID!) { messageAdded(chatId: $c) { nothing } }`, vars{"c": "x"}, `[{"line":1,"column":52}]`},
		{`subscription($c: ID!) { messageAdded(chatId: $c) { id } }`, nil, `[{"line":1,"column":14}]`},
		{`subscription($c: ID!, $n: Int) { messageAdded(chatId: $c) { chat { messages(first: $n) { id } } } }`, vars{"c": "x", "n": "x"}, `[{"line":1,"column":23}]`},
		{"# é\n\n  subscription { messageAdded(chatId: \"x\") {\n id ...f } } fragment f on Message { nothing }", nil, `[{"line":4,"column":38}]`},
	} {
		for _, door := range s.doors() {
			if strings.Contains(c.query, "subscription") && door.name == "HTTP" {
				continue
			}
			got := door.ask(token, c.query, c.v)
			if want := `"locations":` + c.want; codeIn(t, got) == "" || strings.Count(got, "locations") != 1 || !strings.Contains(got, want) {
				t.Errorf("%s over %s: %s, want %s", c.query, door.name, got, c.want)
			}
		}
	}
}
