package app

import (
	"encoding/json"
	"strings"
	"testing"

	"chat/modules/id"
)

// broken is the rule that stands against a request, as programs read it.
type broken struct {
	Code, Field, Reason string
	Limit               int
}

func brokenIn(t *testing.T, answer string) broken {
	t.Helper()
	var a struct {
		Errors []struct{ Extensions broken }
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil || len(a.Errors) == 0 {
		t.Fatalf("%q is no refusal: %v", answer, err)
	}
	return a.Errors[0].Extensions
}

// TestReasons: an error says which rule was broken, where the code stands for several, and at which bound. Every reason that
// there is comes up here.
func TestReasons(t *testing.T) {
	s := serveWorld(t, accounts(t))
	closed := s.beside(func(c *Config) {
		accounts(t)(c)
		c.Signup = "closed"
	})
	s.signUp("root")
	ann := s.signUp("ann")
	token, _ := s.signIn("ann")
	group, gone := s.group(ann), s.group(ann)
	s.call(token, nil, `mutation($c: ID!) { removeChat(id: $c) { id } }`, vars{"c": gone.String()})

	const (
		signUp   = signUpFlat
		show     = `mutation($u: ID!, $d: String) { updateUser(id: $u, updateUserInput: {displayName: $d}) { id } }`
		change   = `mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) }`
		name     = `mutation($c: ID!, $n: String, $d: String) { updateChat(id: $c, name: $n, description: $d) { id } }`
		say      = `mutation($c: String!, $t: String!) { createMessage(createMessageInput: {chatId: $c, content: $t}) { id } }`
		read     = `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 1) { unreadCount } }`
		search   = `query($s: String!) { users(search: $s) { id } }`
		conflict = "CONFLICT"
	)
	person := func(name, email, secret string) vars { return vars{"n": name, "e": email, "p": secret} }
	long := strings.Repeat("x ", 10_001)
	met := map[string]bool{}
	for _, c := range []struct {
		what  string
		token string
		query string
		v     vars
		want  broken
	}{
		{"no name", "", signUp, person(" ", "a@example.org", password), broken{badInput, "username", "EMPTY", 0}},
		{"a long name", "", signUp, person(strings.Repeat("x", 65), "a@example.org", password), broken{badInput, "username", "TOO_LONG", 64}},
		{"an invisible name", "", signUp, person("a\u200b", "a@example.org", password), broken{badInput, "username", "BAD_CHARACTER", 0}},
		{"an address for a name", "", signUp, person("b@example.org", "a@example.org", password), broken{badInput, "username", "FOREIGN_ADDRESS", 0}},
		{"a taken name", "", signUp, person("ANN", "a@example.org", password), broken{conflict, "username", "TAKEN", 0}},
		{"a taken address", "", signUp, person("bob", "ANN@example.org", password), broken{conflict, "email", "TAKEN", 0}},
		{"no address", "", signUp, person("bob", "bob", password), broken{badInput, "email", "NO_ADDRESS", 0}},
		{"a short password", "", signUp, person("bob", "a@example.org", "1234567"), broken{badInput, "password", "TOO_SHORT", 8}},
		{"a long password", "", signUp, person("bob", "a@example.org", strings.Repeat("x", 4_097)), broken{badInput, "password", "TOO_LONG", 0}},
		{"a common password", "", signUp, person("bob", "a@example.org", "password"), broken{badInput, "password", "COMMON_PASSWORD", 0}},
		{"the name as a password", "", signUp, person("barbara", "a@example.org", "barbara1"), broken{badInput, "password", "NAME_IN_PASSWORD", 0}},
		{"a long display name", token, show, vars{"u": ann.String(), "d": strings.Repeat("x", 101)}, broken{badInput, "displayName", "TOO_LONG", 100}},
		{"a long search", token, search, vars{"s": strings.Repeat("x", 101)}, broken{badInput, "search", "TOO_LONG", 100}},
		{"a wrong password", token, change, vars{"c": "not the password", "n": "another horse battery"}, broken{badInput, "current", "WRONG_PASSWORD", 0}},
		{"a short new password", token, change, vars{"c": password, "n": "short"}, broken{badInput, "new", "TOO_SHORT", 8}},
		{"a wrong login", "", `mutation { login(username: "ann", password: "not the password") { accessToken } }`, nil, broken{"UNAUTHENTICATED", "", "WRONG_LOGIN", 0}},
		{"a chat without a name", token, name, vars{"c": group.String(), "n": " "}, broken{badInput, "name", "EMPTY", 0}},
		{"a chat with a long name", token, name, vars{"c": group.String(), "n": strings.Repeat("x", 201)}, broken{badInput, "name", "TOO_LONG", 200}},
		{"a long description", token, name, vars{"c": group.String(), "d": strings.Repeat("x", 2_001)}, broken{badInput, "description", "TOO_LONG", 2_000}},
		{"an empty message", token, say, vars{"c": group.String(), "t": " \n"}, broken{badInput, "content", "EMPTY", 0}},
		{"a long message", token, say, vars{"c": group.String(), "t": long}, broken{badInput, "content", "TOO_LONG", 20_000}},
		{"a message of many bytes", token, say, vars{"c": group.String(), "t": "x" + strings.Repeat(" ", 100_000)}, broken{badInput, "content", "TOO_LONG", 0}},
		{"a message with U+0000", token, say, vars{"c": group.String(), "t": "a\x00"}, broken{badInput, "", "BAD_CHARACTER", 0}},
		{"a message to a chat that was removed", token, say, vars{"c": gone.String(), "t": "hi"}, broken{conflict, "", "CHAT_REMOVED", 0}},
		{"a name for a chat that was removed", token, name, vars{"c": gone.String(), "n": "x"}, broken{conflict, "", "CHAT_REMOVED", 0}},
		{"reading a chat that is not there", token, read, vars{"c": id.New[id.Chat]().String()}, broken{"NOT_FOUND", "", "", 0}}, // the code says it
	} {
		_, answer := s.post(c.token, c.query, c.v)
		if got := brokenIn(t, answer); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
		met[c.want.Reason] = true
	}
	_, answer := closed.post("", signUp, person("bob", "a@example.org", password))
	if got, want := brokenIn(t, answer), (broken{forbidden, "", "SIGNUP_CLOSED", 0}); got != want {
		t.Errorf("signing up where it is closed: %+v, want %+v", got, want)
	}
	met["SIGNUP_CLOSED"] = true
	for _, reason := range meantOf(t, "Reason") {
		if !met[reason.name] {
			t.Errorf("%s did not come up", reason.name)
		}
	}
}
