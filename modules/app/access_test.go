package app

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"chat/modules/gql"
	"chat/modules/id"
)

// relation is how a caller stands to the chat and the message that a call names.
type relation string

const (
	creator  relation = "creator"  // of the chat
	author   relation = "sender"   // of the message, a member
	member   relation = "member"   // another member
	former   relation = "former"   // was a member
	stranger relation = "stranger" // never was
	operator relation = "operator" // an administrator who is in no chat
	nobody   relation = "nobody"   // no caller is named
)

func relations() []relation {
	return []relation{creator, author, member, former, stranger, operator, nobody}
}

// scene is one chat with everybody in it.
type scene struct {
	*world
	chat    id.Chat
	message id.Message
	who     map[relation]id.User
	spare   id.User // in no chat
}

func newScene(t *testing.T, w *world) *scene {
	t.Helper()
	s := &scene{world: w, who: map[relation]id.User{}}
	for _, r := range []relation{creator, author, member, former, stranger} {
		s.who[r] = w.user(string(r) + " " + id.New[id.Any]().String()[24:])
	}
	if s.who[operator] = w.administrator; w.administrator.IsZero() { // the first account is one
		s.who[operator] = w.user("operator " + id.New[id.Any]().String()[24:])
	}
	s.spare = w.user("spare " + id.New[id.Any]().String()[24:])
	s.chat = w.group(s.who[creator], s.who[author], s.who[member], s.who[former])
	s.message = w.send(s.chat, s.who[author], "hello").ID
	w.must(w.as(s.who[creator]), nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`,
		vars{"c": s.chat.String(), "u": s.who[former].String()})
	return s
}

// crossing is what a root field answers to each relation.
type crossing struct {
	query string
	// want gives the code for each relation where callers are believed; "" is a success. Missing: "".
	want map[relation]string
	// signed gives those that are different with accounts, where nobody is refused unless isPublic.
	signed   map[relation]string
	isPublic bool
}

// code is what a relation gets.
func (c crossing) code(isSigned bool, r relation) string {
	if code, ok := c.signed[r]; ok && isSigned {
		return code
	}
	if isSigned && r == nobody && !c.isPublic {
		return unknown
	}
	return c.want[r]
}

const (
	notFound  = "NOT_FOUND"
	forbidden = "FORBIDDEN"
	unknown   = "UNAUTHENTICATED"
	badInput  = "BAD_USER_INPUT"
)

// membersSee: reads of a chat. Nobody reads without restriction, as in the brief.
func membersSee() map[relation]string {
	return with(map[relation]string{}, notFound, former, stranger, operator)
}

// membersDo: writes that need to know who.
func membersDo() map[relation]string {
	return with(membersSee(), unknown, nobody)
}

// with changes some answers.
func with(want map[relation]string, code string, who ...relation) map[relation]string {
	for _, r := range who {
		want[r] = code
	}
	return want
}

// ofSession: what the caller does to its own sessions.
func ofSession(query, code string) crossing {
	signed := with(map[relation]string{}, code, relations()...)
	delete(signed, nobody)
	return crossing{query: query, want: with(map[relation]string{}, unknown, relations()...), signed: signed}
}

// crossings has an entry for every root field. $c is the chat, $m the message, $u a user in no chat, $t the caller.
func crossings() map[string]crossing {
	administratorsMay := map[relation]string{operator: ""}
	return map[string]crossing{
		"query health":         {query: `{ health }`, isPublic: true},
		"query users":          {query: `{ users { id } }`},
		"query user":           {query: `query($u: ID!) { user(id: $u) { id email } }`},
		"query userByUsername": {query: `{ userByUsername(username: "nobody at all") { id } }`, want: with(map[relation]string{}, notFound, relations()...)},
		"query me":             {query: `{ me { id } }`, want: map[relation]string{nobody: unknown}},
		"query sessions":       {query: `{ sessions { id } }`, want: map[relation]string{nobody: unknown}},

		"query chats":              {query: `{ chats { id } }`},
		"query chat":               {query: `query($c: ID!) { chat(id: $c) { id } }`, want: membersSee()},
		"query chatsByParticipant": {query: `{ chatsByParticipant { id } }`},
		"query messages":           {query: `query($c: ID!) { messages(chatId: $c) { id } }`, want: membersSee()},
		"query message":            {query: `query($m: ID!) { message(id: $m) { id } }`, want: membersSee()},
		"query messageReadStatus":  {query: `query($m: ID!) { messageReadStatus(messageId: $m) { messageId } }`, want: membersSee()},
		"query unreadCounts":       {query: `{ unreadCounts { chatId } }`},
		"query unreadCount":        {query: `query($c: ID!) { unreadCount(chatId: $c) }`, want: membersSee()},

		"mutation createUser": {
			query: `mutation($n: String!, $e: String!) { createUser(username: $n, email: $e, password: "correct horse") { id } }`, isPublic: true,
		},
		"mutation login": {
			query: `mutation { login(username: "administrator", password: "correct horse") { accessToken } }`,
			want:  with(map[relation]string{}, unknown, relations()...), signed: with(map[relation]string{}, "", relations()...),
		},
		"mutation refreshToken": {
			query: `mutation { refreshToken(refreshToken: "x") { accessToken } }`, want: with(map[relation]string{}, unknown, relations()...),
		},
		"mutation logout":           ofSession(`mutation { logout }`, ""),
		"mutation logoutEverywhere": ofSession(`mutation { logoutEverywhere }`, ""),
		"mutation changePassword":   ofSession(`mutation { changePassword(current: "x", new: "correct horse") }`, badInput),
		"mutation revokeSession":    ofSession(`mutation($u: ID!) { revokeSession(id: $u) }`, notFound),
		"mutation updateUser": {
			query: `mutation($u: ID!) { updateUser(id: $u, updateUserInput: {displayName: "x"}) { id } }`,
			want:  with(map[relation]string{}, forbidden, creator, author, member, former, stranger, operator), signed: administratorsMay,
		},
		"mutation removeUser": {
			query: `mutation($u: ID!) { removeUser(id: $u) { id } }`,
			want:  with(map[relation]string{}, forbidden, creator, author, member, former, stranger, operator), signed: administratorsMay,
		},

		"mutation createChat":     {query: `mutation($t: String!, $u: String!) { createChat(createChatInput: {name: "x", participantIds: [$t, $u]}) { id } }`},
		"mutation openDirectChat": {query: `mutation($u: ID!) { openDirectChat(userId: $u) { id } }`, want: map[relation]string{nobody: unknown}},
		"mutation updateChat":     {query: `mutation($c: ID!) { updateChat(id: $c, name: "renamed") { id } }`, want: membersDo()},
		"mutation addParticipant": {query: `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`, want: membersSee()},
		"mutation addParticipants": {
			query: `mutation($c: ID!, $u: String!) { addParticipants(chatId: $c, userIds: [$u]) { id } }`, want: membersSee(),
		},
		"mutation removeParticipant": {
			query: `mutation($c: ID!, $a: String!) { removeParticipant(chatId: $c, userId: $a) { id } }`,
			want:  with(membersSee(), forbidden, member), // the author may leave, the creator may remove
		},
		"mutation leaveChat":  {query: `mutation($c: ID!) { leaveChat(chatId: $c) }`, want: membersDo()},
		"mutation removeChat": {query: `mutation($c: ID!) { removeChat(id: $c) { id } }`, want: with(membersSee(), forbidden, author, member)},
		"mutation createMessage": {
			query: `mutation($c: String!) { createMessage(createMessageInput: {chatId: $c, content: "x"}) { id } }`, want: membersDo(),
		},
		"mutation updateMessage":     {query: `mutation($m: ID!) { updateMessage(id: $m, content: "x") { id } }`, want: with(membersDo(), forbidden, creator, member)},
		"mutation removeMessage":     {query: `mutation($m: ID!) { removeMessage(id: $m) { id } }`, want: with(membersDo(), forbidden, creator, member)},
		"mutation markMessageAsRead": {query: `mutation($m: ID!) { markMessageAsRead(messageId: $m) { id } }`, want: membersDo()},
		"mutation markChatRead":      {query: `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 1) { unreadCount } }`, want: membersDo()},

		"subscription chatEvents":               {query: `subscription($c: ID!) { chatEvents(chatId: $c) { seq } }`, want: membersSee()},
		"subscription messageAdded":             {query: `subscription($c: ID!) { messageAdded(chatId: $c) { id } }`, want: membersSee()},
		"subscription messageUpdated":           {query: `subscription($c: ID!) { messageUpdated(chatId: $c) { id } }`, want: membersSee()},
		"subscription messageDeleted":           {query: `subscription($c: ID!) { messageDeleted(chatId: $c) { id } }`, want: membersSee()},
		"subscription messageReadUpdated":       {query: `subscription($m: ID!) { messageReadUpdated(messageId: $m) { userId } }`, want: membersSee()},
		"subscription chatAdded":                {query: `subscription { chatAdded { id } }`},
		"subscription chatUpdated":              {query: `subscription { chatUpdated { id } }`},
		"subscription unreadCountUpdated":       {query: `subscription { unreadCountUpdated { unreadCount } }`},
		"subscription chatMessageNotification":  {query: `subscription { chatMessageNotification { id } }`},
		"subscription messageUpdateForChatList": {query: `subscription { messageUpdateForChatList { id } }`},
	}
}

func (s *scene) vars(r relation) vars {
	me := s.who[r]
	if me.IsZero() {
		me = s.who[creator]
	}
	return vars{
		"c": s.chat.String(), "m": s.message.String(), "u": s.spare.String(), "t": me.String(), "a": s.who[author].String(),
		"n": "new " + id.New[id.Any]().String()[24:], "e": id.New[id.Any]().String() + "@example.org",
	}
}

// used keeps the variables that a document declares.
func used(query string, all vars) vars {
	out := vars{}
	for name, value := range all {
		if strings.Contains(query, "$"+name+":") {
			out[name] = value
		}
	}
	return out
}

// try runs a document, a subscription as well, and gives the first error's code and the whole answer.
func (s *scene) try(ctx context.Context, query string, v vars) (string, string) {
	s.t.Helper()
	var errs []*gql.Error
	if strings.HasPrefix(query, "subscription") {
		sub, refusal := s.open(ctx, query, v, newTape(s.t))
		if refusal == nil {
			sub.Stop()
		}
		errs = refusal
	} else {
		errs = s.ask(ctx, query, v).Errors
	}
	text, err := json.Marshal(errs)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(errs) == 0 {
		return "", string(text)
	}
	code, _ := errs[0].Extensions["code"].(string)
	return code, string(text)
}

// TestEveryRootFieldCrossesEveryRelation: a field without an entry fails.
func TestEveryRootFieldCrossesEveryRelation(t *testing.T) {
	entries := crossings()
	schema := sdlOf(t, All)
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, field := range root.Fields {
			name := strings.ToLower(root.Name) + " " + field.Name
			if _, ok := entries[name]; !ok && !strings.HasPrefix(field.Name, "__") {
				t.Errorf("%s has no entry: who may call it?", name)
			}
		}
	}
	for _, w := range []*world{newWorld(t), newSignedWorld(t)} {
		for name, entry := range entries {
			for _, r := range relations() {
				s := newScene(t, w)
				want := entry.code(w.isSigned(), r)
				if got, _ := s.try(w.as(s.who[r]), entry.query, used(entry.query, s.vars(r))); got != want {
					t.Errorf("%s by %s, with accounts %t: %q, want %q", name, r, w.isSigned(), got, want)
				}
			}
		}
	}
}

var idPattern = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// TestWhatIsForeignDoesNotExist: the answer for a chat or message of others is byte for byte that for a random id, the id
// itself apart, and nothing is written.
func TestWhatIsForeignDoesNotExist(t *testing.T) {
	w := newWorld(t)
	s := newScene(t, w)
	for name, entry := range crossings() {
		if entry.want[stranger] != notFound || !strings.Contains(entry.query, "$") {
			continue
		}
		foreign := used(entry.query, s.vars(stranger))
		random := used(entry.query, s.vars(stranger))
		for _, key := range []string{"c", "m"} {
			if _, ok := random[key]; ok {
				random[key] = id.New[id.Any]().String()
			}
		}
		_, a := s.try(w.as(s.who[stranger]), entry.query, foreign)
		_, b := s.try(w.as(s.who[stranger]), entry.query, random)
		if idPattern.ReplaceAllString(a, "ID") != idPattern.ReplaceAllString(b, "ID") {
			t.Errorf("%s: foreign %s, random %s", name, a, b)
		}
	}
	var out struct {
		Message struct {
			Content string
			Version int
		}
	}
	w.must(w.as(s.who[author]), &out, `query($m: ID!) { message(id: $m) { content version } }`, vars{"m": s.message.String()})
	if out.Message.Content != "hello" || out.Message.Version != 1 {
		t.Errorf("after refused calls the message is %+v, want it untouched", out.Message)
	}
}

// TestEveryEdgeIsReviewed: an object that leads to another object must not lead a viewer to what it may not see. An edge
// without an entry fails.
func TestEveryEdgeIsReviewed(t *testing.T) {
	reviewed := map[string]string{
		"Chat.participants": "accounts are for everybody", "Chat.messages": "of the chat itself", "Chat.lastMessage": "of the chat itself",
		"Message.sender": "accounts are for everybody", "Message.chat": "the chat that it stands in",
		"AuthPayload.user":  "whose password or token it was",
		"ChatEvent.message": "of the chat itself", "ChatEvent.chat": "the chat itself", "MessageReadStatus.readByUsers": "no object of its own",
	}
	schema := sdlOf(t, All)
	var edges []string
	for name, definition := range schema.Types {
		if definition.BuiltIn || definition.Kind != ast.Object || slices.Contains([]string{"Query", "Mutation", "Subscription"}, name) {
			continue
		}
		for _, field := range definition.Fields {
			if target := schema.Types[field.Type.Name()]; target.Kind == ast.Object && !strings.HasPrefix(field.Name, "__") {
				edges = append(edges, name+"."+field.Name)
			}
		}
	}
	for _, edge := range edges {
		if reviewed[edge] == "" {
			t.Errorf("%s has no entry: where does it lead?", edge)
		}
	}
	w := newWorld(t)
	s := newScene(t, w)
	query := `query($m: ID!) { message(id: $m) { sender { username } chat { name participants { id } messages { content chat { lastMessage { content } } } lastMessage { content } } } }`
	if code := w.code(w.as(s.who[member]), query, vars{"m": s.message.String()}); code != "" {
		t.Errorf("a member along every edge: %s", code)
	}
	for _, r := range []relation{former, stranger} {
		if code := w.code(w.as(s.who[r]), query, vars{"m": s.message.String()}); code != notFound {
			t.Errorf("%s along every edge: %q, want %s", r, code, notFound)
		}
	}
}
