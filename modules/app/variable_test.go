package app

import (
	"strings"
	"testing"
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
