package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"chat/modules/id"
)

// users are the arguments and members of inputs that name a user. True: it is the actor, who has to be the caller.
var users = map[string]bool{
	"mutation createMessage.createMessageInput.senderId": true, "mutation updateMessage.userId": true, "mutation removeMessage.userId": true,
	"mutation markMessageAsRead.userId": true, "query unreadCount.userId": true, "query unreadCounts.userId": true, "query chatsByParticipant.userId": true,
	"subscription chatAdded.userId": true, "subscription chatUpdated.userId": true, "subscription unreadCountUpdated.userId": true,
	"subscription chatMessageNotification.userId": true, "subscription messageUpdateForChatList.userId": true,

	"mutation addParticipant.userId": false, "mutation addParticipants.userIds": false, "mutation removeParticipant.userId": false,
	"mutation openDirectChat.userId": false, "mutation createChat.createChatInput.participantIds": false, "mutation updateUser.updateUserInput.id": false,
}

// namesUser tells whether an argument or a member of an input names a user, by its own name.
func namesUser(name string) bool {
	lower := strings.ToLower(name)
	return strings.Contains(lower, "user") && strings.Contains(lower, "id") || strings.HasPrefix(lower, "sender") || strings.HasPrefix(lower, "participant") ||
		strings.HasPrefix(lower, "actor") || strings.HasPrefix(lower, "owner") || strings.HasPrefix(lower, "author") || strings.HasPrefix(lower, "creator")
}

// TestEveryUserArgumentIsReviewed: an argument that names a user without an entry fails.
func TestEveryUserArgumentIsReviewed(t *testing.T) {
	schema, found := sdlOf(t, All), map[string]bool{}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, field := range root.Fields {
			path := strings.ToLower(root.Name) + " " + field.Name + "."
			for _, arg := range field.Arguments {
				if input := schema.Types[arg.Type.Name()]; input.Kind == ast.InputObject {
					for _, member := range input.Fields {
						if name := path + arg.Name + "." + member.Name; namesUser(member.Name) || input.Name == "UpdateUserInput" && member.Name == "id" {
							found[name] = true
						}
					}
				} else if namesUser(arg.Name) {
					found[path+arg.Name] = true
				}
			}
		}
	}
	for name := range found {
		if _, ok := users[name]; !ok {
			t.Errorf("%s has no entry: is it the actor?", name)
		}
	}
	for name := range users {
		if !found[name] {
			t.Errorf("%s is none", name)
		}
	}
}

// actorDocuments call each field with its actor argument $u.
var actorDocuments = map[string]string{
	"mutation createMessage":                `mutation($c: String!, $u: String) { createMessage(createMessageInput: {chatId: $c, content: "x", senderId: $u}) { senderId } }`,
	"mutation updateMessage":                `mutation($m: ID!, $u: String) { updateMessage(id: $m, content: "x", userId: $u) { senderId } }`,
	"mutation removeMessage":                `mutation($m: ID!, $u: String) { removeMessage(id: $m, userId: $u) { senderId } }`,
	"mutation markMessageAsRead":            `mutation($m: ID!, $u: String) { markMessageAsRead(messageId: $m, userId: $u) { userId } }`,
	"query unreadCount":                     `query($c: ID!, $u: String) { unreadCount(chatId: $c, userId: $u) }`,
	"query unreadCounts":                    `query($u: String) { unreadCounts(userId: $u) { userId } }`,
	"query chatsByParticipant":              `query($u: String) { chatsByParticipant(userId: $u) { id } }`,
	"subscription chatAdded":                `subscription($u: String) { chatAdded(userId: $u) { id } }`,
	"subscription chatUpdated":              `subscription($u: String) { chatUpdated(userId: $u) { id } }`,
	"subscription unreadCountUpdated":       `subscription($u: String) { unreadCountUpdated(userId: $u) { userId } }`,
	"subscription chatMessageNotification":  `subscription($u: String) { chatMessageNotification(userId: $u) { id } }`,
	"subscription messageUpdateForChatList": `subscription($u: String) { messageUpdateForChatList(userId: $u) { id } }`,
}

// TestActorsAreTheCaller: an actor argument that names somebody else, or nobody, is FORBIDDEN, whoever calls and whatever
// else is named, and nothing is written; one that names the caller, or none, is the caller.
func TestActorsAreTheCaller(t *testing.T) {
	for name, isActor := range users {
		field, _, _ := strings.Cut(name, ".")
		if _, ok := actorDocuments[field]; ok != isActor {
			t.Errorf("%s: a document %t, an actor %t", field, ok, isActor)
		}
	}
	for _, st := range stages(t) {
		if st.serve == nil {
			continue // the argument is who acts, there
		}
		s := newScene(t, st)
		before := s.everything(t)
		for field, query := range actorDocuments {
			if strings.HasPrefix(field, "subscription") && st.door.name == "HTTP" {
				continue
			}
			for _, r := range []relation{creator, author, stranger, operator} {
				for what, named := range map[string]string{
					"another member": s.who[member].String(), "the chat's creator": s.who[creator].String(), "nobody": id.New[id.User]().String(),
					"no id": "xyzzy", "nothing": "", "the zero id": "00000000-0000-0000-0000-000000000000", "an administrator": s.who[operator].String(),
				} {
					if named == s.who[r].String() {
						continue
					}
					v := used(query, s.vars(r))
					v["u"] = named
					code, errs := s.try(s.who[r], query, v)
					if code != forbidden || strings.Contains(errs, named) && named != "" {
						t.Errorf("%s by %s for %s, %s: %s", field, r, what, st.name, errs)
					}
				}
			}
		}
		if after := s.everything(t); after != before {
			t.Errorf("refused calls, %s, have changed the store", st.name)
		}
		for field, query := range actorDocuments {
			if strings.HasPrefix(field, "subscription") && st.door.name == "HTTP" {
				continue
			}
			me := s.who[author]
			for what, named := range map[string]any{"the caller": me.String(), "the caller in capitals": strings.ToUpper(me.String()), "null": nil} {
				v := used(query, s.vars(author))
				if v["u"] = named; field == "mutation updateMessage" {
					v["m"] = s.send(s.chat, me, "mine").ID.String() // the other document deletes the scene's
				}
				if code, errs := s.try(me, query, v); code != "" {
					t.Errorf("%s for %s, %s: %s", field, what, st.name, errs)
				}
			}
		}
	}
}

// everyField writes a selection of all fields of a type but some, nested so deep.
func everyField(schema *ast.Schema, name string, depth int, but ...string) string {
	var out strings.Builder
	for _, field := range schema.Types[name].Fields {
		target := schema.Types[field.Type.Name()]
		switch {
		case strings.HasPrefix(field.Name, "__"), slices.Contains(but, field.Name):
		case target.Kind != ast.Object:
			out.WriteString(field.Name + " ")
		case depth > 1:
			out.WriteString(field.Name + " { " + everyField(schema, target.Name, depth-1, but...) + "} ")
		}
	}
	return out.String()
}

// leaks finds, anywhere in an answer, what only somebody else may see.
func leaks(value any, viewer id.User) (found []string) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			found = append(found, leaks(e, viewer)...)
		}
	case map[string]any:
		if address, ok := v["email"]; ok && (address != nil) != (v["id"] == viewer.String()) {
			found = append(found, fmt.Sprintf("the address %v of %v", address, v["id"]))
		}
		if key, ok := v["clientMessageId"]; ok && key != nil && v["senderId"] != viewer.String() {
			found = append(found, fmt.Sprintf("the key %v of %v", key, v["senderId"]))
		}
		for _, e := range v {
			found = append(found, leaks(e, viewer)...)
		}
	}
	return found
}

// TestAddressesAreShownToTheirOwners, at every edge of every field; and so are the keys of messages.
func TestAddressesAreShownToTheirOwners(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann, bob, cid := s.signUp("ann"), s.signUp("bob"), s.signUp("cid") // ann is the administrator
	tokens := map[id.User]string{ann: s.enter(ann), bob: s.enter(bob), cid: s.enter(cid)}
	var made struct{ CreateChat struct{ ID id.Chat } }
	s.call(tokens[ann], &made, `mutation($p: [String!]!) { createChat(createChatInput: {name: "x", participantIds: $p}) { id } }`, vars{"p": []string{bob.String(), cid.String()}})
	chat := made.CreateChat.ID
	var message id.Message
	for n, sender := range []id.User{ann, bob, cid, ann} {
		var out struct{ CreateMessage struct{ ID id.Message } }
		s.call(tokens[sender], &out, sendDocument, sendVars(chat, sender, "x", fmt.Sprint("key ", n)))
		message = out.CreateMessage.ID
	}
	schema := sdlOf(t, All)
	own := map[string]bool{"createUser": true, "login": true, "refreshToken": true, "removeUser": true, "removeChat": true, "removeMessage": true, "leaveChat": true, "removeParticipant": true, "logout": true, "logoutEverywhere": true}
	entries := crossings()
	for _, viewer := range []id.User{ann, bob, cid} {
		for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
			for _, field := range root.Fields {
				if schema.Types[field.Type.Name()].Kind != ast.Object || own[field.Name] || strings.HasPrefix(field.Name, "__") {
					continue
				}
				entry, _, _ := strings.Cut(entries[strings.ToLower(root.Name)+" "+field.Name].query, field.Name)
				call := strings.TrimPrefix(entries[strings.ToLower(root.Name)+" "+field.Name].query, entry)
				call, _, _ = strings.Cut(call, "{ id")
				call, _, _ = strings.Cut(call, "{ chatId")
				call, _, _ = strings.Cut(call, "{ messageId")
				call, _, _ = strings.Cut(call, "{ unreadCount")
				query := entry + call + "{ " + everyField(schema, field.Type.Name(), 4) + "} }"
				target := message
				if strings.Contains(query, "updateMessage") && viewer != ann {
					continue // only the sender
				}
				for _, door := range s.doors() {
					got := door.ask(tokens[viewer], query, used(query, vars{
						"c": chat.String(), "m": target.String(), "u": viewer.String(), "t": viewer.String(), "a": viewer.String(),
					}))
					if code := codeIn(t, got); code != "" && code != notFound && code != badInput {
						t.Errorf("%s: %s", field.Name, got)
					}
					var answer any
					if err := json.Unmarshal([]byte(got), &answer); err != nil {
						t.Fatal(err)
					}
					if found := leaks(answer, viewer); len(found) > 0 {
						t.Errorf("%s over %s shows %v", field.Name, door.name, found[0])
					}
					if strings.Contains(query, "email") && field.Name != "sessions" && !strings.Contains(got, "@example.org") && codeIn(t, got) == "" && field.Name != "user" {
						t.Errorf("%s over %s shows nobody's address, not the viewer's own: %.300s", field.Name, door.name, got)
					}
				}
			}
		}
	}
}

// TestSharedResultsAreEverybodysOwn: one document, one chat, three viewers, live and replayed: nobody is shown what is
// somebody else's, and everybody is shown what is his, also where that is the only thing of its kind in the document.
func TestSharedResultsAreEverybodysOwn(t *testing.T) {
	personal := []string{"email", "clientMessageId", "unreadCount", "readSeq"}
	sharedResults(t, nil)
	for _, only := range personal[:2] {
		sharedResults(t, slices.DeleteFunc(slices.Clone(personal), func(field string) bool { return field == only }))
	}
}

func sharedResults(t *testing.T, but []string) {
	s := serveWorld(t, accounts(t))
	schema := sdlOf(t, All)
	ann, bob, cid := s.signUp("ann"), s.signUp("bob"), s.signUp("cid")
	people := []id.User{ann, bob, cid}
	tokens, lines := map[id.User]string{}, map[id.User]*line{}
	for _, user := range people {
		tokens[user] = s.enter(user)
		lines[user] = s.connect(tokens[user])
	}
	var made struct{ CreateChat struct{ ID id.Chat } }
	s.call(tokens[ann], &made, `mutation($p: [String!]!) { createChat(createChatInput: {name: "x", participantIds: $p}) { id } }`, vars{"p": []string{bob.String(), cid.String()}})
	chat := made.CreateChat.ID
	documents := map[string]string{}
	for _, field := range schema.Subscription.Fields {
		if field.Name == "messageReadUpdated" || field.Name == "unreadCountUpdated" || field.Name == "chatAdded" || strings.HasPrefix(field.Name, "__") {
			continue
		}
		selection := "{ " + everyField(schema, field.Type.Name(), 4, but...) + "}"
		if field.Arguments.ForName("chatId") == nil {
			documents[field.Name] = `subscription { ` + field.Name + ` ` + selection + ` }`
			continue
		}
		documents[field.Name] = `subscription($c: ID!) { ` + field.Name + `(chatId: $c) ` + selection + ` }`
		documents[field.Name+" again"] = `subscription($c: ID!) { ` + field.Name + `(chatId: $c, afterSeq: 0) ` + selection + ` }`
	}
	streams := map[string]map[id.User]stream{}
	follow := func(name string) {
		streams[name] = map[id.User]stream{}
		for _, user := range people {
			streams[name][user] = lines[user].follow(s, documents[name], used(documents[name], vars{"c": chat.String()}))
		}
	}
	for name := range documents {
		if !strings.HasSuffix(name, "again") {
			follow(name)
		}
	}
	for n, sender := range []id.User{ann, bob, cid} {
		var out struct{ CreateMessage struct{ ID string } }
		s.call(tokens[sender], &out, sendDocument, sendVars(chat, sender, "x", fmt.Sprint("key ", n)))
		s.call(tokens[sender], nil, `mutation($m: ID!) { updateMessage(id: $m, content: "y") { id } }`, vars{"m": out.CreateMessage.ID})
		if n == 2 {
			s.call(tokens[sender], nil, `mutation($m: ID!) { removeMessage(id: $m) { id } }`, vars{"m": out.CreateMessage.ID})
		}
	}
	s.call(tokens[bob], nil, `mutation($c: ID!) { updateChat(id: $c, name: "renamed") { id } }`, vars{"c": chat.String()})
	for name := range documents {
		if strings.HasSuffix(name, "again") {
			follow(name)
		}
	}
	want := map[string]int{
		"chatEvents": 8, "chatEvents again": 8, "messageAdded": 3, "messageAdded again": 2, "messageUpdated": 3, "messageUpdated again": 2, "messageDeleted": 1, "messageDeleted again": 1,
		"chatUpdated": 1, "chatMessageNotification": 2, "messageUpdateForChatList": 2 + 3 + 1,
	}
	for name, byUser := range streams {
		keys := map[string]bool{}
		for user, f := range byUser {
			if want[name] == 0 {
				t.Fatalf("%s has no entry: how many events?", name)
			}
			isOwn := false
			for _, payload := range f.count(want[name]) {
				var answer map[string]any
				if err := json.Unmarshal([]byte(payload), &answer); err != nil || answer["errors"] != nil {
					t.Fatalf("%s: %s", name, payload)
				}
				if found := leaks(answer, user); len(found) > 0 {
					t.Errorf("%s shows %v", name, found)
				}
				isOwn = isOwn || strings.Contains(payload, "@example.org")
				for n := range 3 {
					if key := fmt.Sprintf("key %d", n); strings.Contains(payload, key) && people[n] == user {
						keys[key] = true
					}
				}
			}
			if !isOwn && !slices.Contains(but, "email") {
				t.Errorf("%s shows somebody not even his own address", name)
			}
		}
		if !strings.HasPrefix(name, "messageDeleted") && name != "chatMessageNotification" && name != "messageUpdateForChatList" && !slices.Contains(but, "clientMessageId") && len(keys) < 2 {
			t.Errorf("%s shows keys %v to their senders", name, keys)
		}
	}
}

// TestWhoIsInANewChat: the caller, named or not, and everybody named, once.
func TestWhoIsInANewChat(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann, bob, cid := s.signUp("ann"), s.signUp("bob"), s.signUp("cid")
	token := s.enter(ann)
	type made struct {
		CreateChat struct {
			ID             id.Chat
			ParticipantIds []id.User
			CreatedBy      id.User
			ChatType       string
		}
	}
	const create = `mutation($t: String, $n: String!, $p: [String!]!) { createChat(createChatInput: {name: $n, chatType: $t, participantIds: $p}) { id participantIds createdBy chatType } }`
	for _, c := range []struct {
		kind string
		name []id.User
		want []id.User // nil: refused
	}{
		{"group", []id.User{bob, cid}, []id.User{bob, cid, ann}}, {"group", []id.User{ann, bob}, []id.User{ann, bob}}, {"group", nil, []id.User{ann}},
		{"group", []id.User{bob, bob, ann, bob}, []id.User{bob, ann}}, {"direct", []id.User{bob}, []id.User{bob, ann}}, {"direct", []id.User{ann, bob}, []id.User{ann, bob}},
		{"direct", []id.User{bob, cid}, nil}, {"direct", nil, nil}, {"direct", []id.User{ann}, nil}, {"group", []id.User{id.New[id.User]()}, nil}, {"group", []id.User{{}}, nil},
	} {
		names := []string{}
		for _, user := range c.name {
			names = append(names, user.String())
		}
		for _, door := range s.doors() {
			var before, after int
			s.get(t, &before, `SELECT count(*) FROM chats`)
			got := door.ask(token, create, vars{"t": c.kind, "n": "x", "p": names})
			s.get(t, &after, `SELECT count(*) FROM chats`)
			if c.want == nil {
				if said := saidIn(t, got); said.Code != badInput || said.Field != "participantIds" || after != before {
					t.Errorf("%s of %v over %s: %s", c.kind, names, door.name, got)
				}
				continue
			}
			var answer struct{ Data made }
			if err := json.Unmarshal([]byte(got), &answer); err != nil {
				t.Fatal(err)
			}
			chat := answer.Data.CreateChat
			if !slices.Equal(chat.ParticipantIds, c.want) || chat.CreatedBy != ann || chat.ChatType != c.kind {
				t.Errorf("%s of %v over %s: %+v", c.kind, names, door.name, chat)
			}
		}
	}
	// One direct chat of a pair, from either side; a third sees neither.
	var one, other struct{ OpenDirectChat struct{ ID id.Chat } }
	s.call(token, &one, `mutation($u: ID!) { openDirectChat(userId: $u) { id } }`, vars{"u": cid.String()})
	s.call(s.enter(cid), &other, `mutation($u: ID!) { openDirectChat(userId: $u) { id } }`, vars{"u": ann.String()})
	if one != other {
		t.Errorf("two direct chats of one pair: %v and %v", one, other)
	}
	if _, got := s.post(s.enter(bob), `query($c: ID!) { chat(id: $c) { id } }`, vars{"c": one.OpenDirectChat.ID.String()}); codeIn(t, got) != notFound {
		t.Errorf("a direct chat of others: %s", got)
	}
}

// TestInputsTakeNothingElse: a member that an input does not have is refused, in a literal and in variables.
func TestInputsTakeNothingElse(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.signUp("ann")
	token := s.enter(ann)
	chat := s.group(ann, s.signUp("bob"))
	inputs := map[string]struct{ call, kind, base string }{
		"createUser":    {`mutation%s { createUser(createUserInput: %s) { id } }`, "CreateUserInput", `"username": "eve", "email": "eve@x", "password": "correct horse"`},
		"updateUser":    {`mutation%s { updateUser(updateUserInput: %s) { id } }`, "UpdateUserInput", `"id": "` + ann.String() + `"`},
		"createChat":    {`mutation%s { createChat(createChatInput: %s) { id } }`, "CreateChatInput", `"name": "x", "participantIds": []`},
		"createMessage": {`mutation%s { createMessage(createMessageInput: %s) { id } }`, "CreateMessageInput", `"content": "x", "chatId": "` + chat.String() + `"`},
	}
	for _, kind := range []string{"CreateUserInput", "UpdateUserInput", "CreateChatInput", "CreateMessageInput"} {
		if !slices.ContainsFunc([]string{"createUser", "updateUser", "createChat", "createMessage"}, func(f string) bool { return inputs[f].kind == kind }) {
			t.Errorf("%s has no entry", kind)
		}
	}
	for name, definition := range sdlOf(t, All).Types {
		if definition.Kind == ast.InputObject && !slices.Contains([]string{"CreateUserInput", "UpdateUserInput", "CreateChatInput", "CreateMessageInput"}, name) {
			t.Errorf("%s has no entry: what does it take?", name)
		}
	}
	before := s.everything(t)
	for field, in := range inputs {
		for member, value := range map[string]string{
			"isActive": "false", "id": `"` + ann.String() + `"`, "createdAt": `"2020-01-01T00:00:00Z"`, "role": `"admin"`, "isAdministrator": "true", "is_administrator": "true",
			"createdBy": `"` + ann.String() + `"`, "seq": "1", "__proto__": "{}", "passwordHash": `"x"`, "userId": `"` + ann.String() + `"`,
		} {
			if in.kind == "UpdateUserInput" && member == "id" {
				continue // it has that one
			}
			object := "{" + in.base + `, "` + member + `": ` + value + "}"
			literal := fmt.Sprintf(in.call, "", unquoted(object))
			var variable map[string]any
			if err := json.Unmarshal([]byte(object), &variable); err != nil {
				t.Fatal(err)
			}
			inVariable := fmt.Sprintf(in.call, "($i: "+in.kind+"!)", "$i")
			for _, door := range s.doors() {
				if got := door.ask(token, literal, nil); codeIn(t, got) != "GRAPHQL_VALIDATION_FAILED" {
					t.Errorf("%s with %s in a literal over %s: %s", field, member, door.name, got)
				}
				if got := door.ask(token, inVariable, vars{"i": variable}); codeIn(t, got) != "GRAPHQL_VALIDATION_FAILED" || !strings.Contains(got, "The variable $i."+member+" is no field of "+in.kind) {
					t.Errorf("%s with %s in a variable over %s: %s", field, member, door.name, got)
				}
			}
		}
	}
	if s.everything(t) != before {
		t.Error("refused calls have changed the store")
	}
}

// unquoted writes an object in JSON as a literal of GraphQL.
func unquoted(object string) string {
	var out strings.Builder
	for n, part := range strings.Split(object, `"`) {
		isText := n%2 == 1
		rest := strings.Split(object, `"`)
		if isText && n+1 < len(rest) && strings.HasPrefix(rest[n+1], ":") {
			out.WriteString(part) // a name
		} else if isText {
			out.WriteString(`"` + part + `"`)
		} else {
			out.WriteString(part)
		}
	}
	return out.String()
}

// TestRolesDoTheirOwn: a mutation at the receiver and a subscription at the sender are refused by the name of the role that
// has them, and nothing is executed; a role with everything does everything.
func TestRolesDoTheirOwn(t *testing.T) {
	f := serveFleet(t, nil)
	ann := f.signUp("ann")
	token := f.enter(ann)
	chat := f.group(ann, f.signUp("bob"))
	before := f.everything(t)
	v := vars{"c": chat.String(), "u": ann.String(), "t": "x"}
	for query, role := range map[string]string{
		sendDocument: "sender", `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 0) { unreadCount } }`: "sender", `mutation { logout }`: "user",
		`mutation { createUser(username: "x", email: "x@x", password: "correct horse") { id } }`: "user", `{ me { id } }`: "user", `{ users { id } }`: "user",
		`query($c: ID!) { messages(chatId: $c) { id } }`: "receiver", `subscription($c: ID!) { messageAdded(chatId: $c) { id } }`: "receiver",
		`mutation($c: String!, $u: String!, $t: String!) { a: createMessage(createMessageInput: {chatId: $c, senderId: $u, content: $t}) { id } logout }`: "",
	} {
		for name, node := range f.nodes() {
			if name == "all" || name == role {
				continue
			}
			doors := node.doors()
			if name != "receiver" {
				doors = doors[:1]
			}
			for _, door := range doors {
				got := door.ask(token, query, used(query, v))
				code, hint := codeIn(t, got), `"role":"`+role+`"`
				if role == "" {
					hint = `"role":"`
				}
				if code != "GRAPHQL_VALIDATION_FAILED" || !strings.Contains(got, hint) || strings.Contains(got, `"data":{`) {
					t.Errorf("%s at --role=%s over %s: %s", query, name, door.name, got)
				}
			}
		}
	}
	if f.everything(t) != before {
		t.Error("something was executed")
	}
	for name, node := range map[string]*served{"user": f.user, "sender": f.sender} {
		if _, res, err := node.dialWS(nil); err == nil || res.StatusCode != 400 {
			t.Errorf("a WebSocket at --role=%s: %v", name, res)
		}
	}
	if got := f.receiver.connect(token).ask(`{ unreadCounts { chatId } }`, nil); codeIn(t, got) != "" {
		t.Errorf("the receiver's own: %s", got)
	}
	f.sender.call(token, nil, sendDocument, sendVars(chat, ann, "x", ""))
	f.call(token, nil, sendDocument, sendVars(chat, ann, "x", ""))
}
