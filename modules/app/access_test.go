package app

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

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

// stage is where scenes play: callers who are believed, or who sign in, and the door that they come through.
type stage struct {
	*world
	name  string
	serve *served // nil: the resolvers themselves
	door  door
	// tokens of those who are signed in
	tokens map[id.User]string
}

// stages are the product with callers who are believed, and a served one where they sign in, over HTTP and WebSocket.
func stages(t *testing.T) []*stage {
	t.Helper()
	s := serveWorld(t, accounts(t))
	s.administrator = s.signUp("administrator")
	all := []*stage{{world: newWorld(t), name: "believed"}}
	for _, d := range s.doors() {
		all = append(all, &stage{world: s.world, name: "signed in, over " + d.name, door: d, serve: s})
	}
	return all
}

// token is that of a caller; "" is nobody's.
func (st *stage) token(caller id.User) string {
	if caller.IsZero() {
		return ""
	}
	if st.tokens[caller] == "" {
		st.tokens[caller] = st.serve.enter(caller)
	}
	return st.tokens[caller]
}

// scene is one chat with everybody in it.
type scene struct {
	*stage
	chat    id.Chat
	message id.Message
	who     map[relation]id.User
	spare   id.User // in no chat
}

func newScene(t *testing.T, st *stage) *scene {
	t.Helper()
	st.tokens = map[id.User]string{} // some may have ended
	s := &scene{stage: st, who: map[relation]id.User{}}
	w := st.world
	if s.who[operator] = w.administrator; w.administrator.IsZero() { // the first account is one
		s.who[operator] = w.user("operator " + id.New[id.Any]().String()[24:])
	}
	for _, r := range []relation{creator, author, member, former, stranger} {
		s.who[r] = w.user(string(r) + " " + id.New[id.Any]().String()[24:])
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

// try runs a document by somebody, a subscription as well, and gives the first error's code and the errors.
func (s *scene) try(caller id.User, query string, v vars) (code, errs string) {
	s.t.Helper()
	isSubscription := strings.HasPrefix(strings.TrimLeft(query, "# \n"), "subscription")
	var answer string
	switch {
	case s.serve == nil && isSubscription:
		sub, refusal := s.open(s.as(caller), query, v, newTape(s.t))
		if refusal == nil {
			sub.Stop()
		}
		text, err := json.Marshal(vars{"errors": refusal})
		if err != nil {
			s.t.Fatal(err)
		}
		answer = string(text)
	case s.serve == nil:
		text, err := json.Marshal(s.ask(s.as(caller), query, v).Response)
		if err != nil {
			s.t.Fatal(err)
		}
		answer = string(text)
	case isSubscription:
		answer = s.subscribes(s.token(caller), query, v)
	default:
		answer = s.door.ask(s.token(caller), query, v)
	}
	var out struct{ Errors json.RawMessage }
	if err := json.Unmarshal([]byte(answer), &out); err != nil {
		s.t.Fatalf("%q is no answer: %v", answer, err)
	}
	return codeIn(s.t, answer), string(out.Errors)
}

// subscribes tries a subscription over a socket and ends it, and gives its refusal or an empty answer.
func (s *scene) subscribes(token, query string, v vars) string {
	s.t.Helper()
	const open = "chat_live_subscriptions"
	l := s.serve.connect(token)
	f := stream{l, l.subscribe(query, v)}
	eventually := func(what string, ok func() bool) {
		s.t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				s.t.Fatalf("%s does not %s", query, what)
			}
		}
	}
	eventually("open or fail", func() bool { return len(f.all()) > 0 || s.serve.gauge(open) > 0 })
	l.close()
	eventually("end", func() bool { return s.serve.gauge(open) == 0 })
	if all := f.all(); len(all) > 0 {
		return all[0].answer()
	}
	return `{}`
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
	for n, st := range stages(t) {
		for name, entry := range entries {
			if strings.HasPrefix(name, "subscription") && st.door.name == "HTTP" {
				continue
			}
			// A document is compiled when it has been executed once. Here it is refused first, there it succeeds first.
			query, order := strings.Repeat("\n", n)+entry.query, relations()
			if st.door.name == "WebSocket" {
				slices.Reverse(order)
			}
			s := newScene(t, st)
			for k, r := range order {
				if k > 0 && strings.HasPrefix(name, "mutation") { // the one before may have changed everything
					s = newScene(t, st)
				}
				want := entry.code(st.serve != nil, r)
				if got, errs := s.try(s.who[r], query, used(query, s.vars(r))); got != want {
					t.Errorf("%s by %s, %s: %q, want %q: %s", name, r, st.name, got, want, errs)
				}
			}
		}
	}
}

var idPattern = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// TestWhatIsForeignDoesNotExist: the answer for a chat or message of others is byte for byte that for a random id, the id
// itself and the request's apart, and nothing is written.
func TestWhatIsForeignDoesNotExist(t *testing.T) {
	for _, st := range stages(t) {
		s := newScene(t, st)
		before := s.everything(t)
		for name, entry := range crossings() {
			if entry.want[stranger] != notFound || !strings.Contains(entry.query, "$") || strings.HasPrefix(name, "subscription") && st.door.name == "HTTP" {
				continue
			}
			for _, r := range []relation{former, stranger, operator} {
				var answers []string
				foreign := used(entry.query, s.vars(r))
				random, nothing, spelt := maps.Clone(foreign), maps.Clone(foreign), maps.Clone(foreign)
				for _, key := range []string{"c", "m"} {
					if text, ok := foreign[key].(string); ok {
						random[key], nothing[key], spelt[key] = id.New[id.Any]().String(), "", strings.ToUpper(text)
					}
				}
				for what, v := range map[string]vars{"foreign": foreign, "random": random, "nothing": nothing, "in capitals": spelt} {
					code, errs := s.try(s.who[r], entry.query, v)
					if code != notFound {
						t.Errorf("%s by %s of an id that is %s, %s: %s", name, r, what, st.name, errs)
					}
					if what != "nothing" { // which the text repeats as well
						answers = append(answers, requestPattern.ReplaceAllString(idPattern.ReplaceAllString(errs, "ID"), ""))
					}
				}
				for _, answer := range answers {
					if answer != answers[0] {
						t.Errorf("%s by %s, %s: %q", name, r, st.name, answers)
					}
				}
			}
		}
		if after := s.everything(t); after != before {
			t.Errorf("refused calls, %s, have changed the store", st.name)
		}
	}
}

// everything is a digest of all that the store knows of chats.
func (w *world) everything(t *testing.T) (sum string) {
	t.Helper()
	for _, table := range []string{
		"users", "chats", "chat_members", "direct_chats", "messages", "events", "read_positions", "read_counters", "message_reads",
	} {
		var one string
		w.get(t, &one, `SELECT md5(coalesce(string_agg(r::text, ',' ORDER BY r::text), '')) FROM `+table+` r`)
		sum += one
	}
	return sum
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
	s := newScene(t, &stage{world: w})
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
