package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chat/modules/id"
	"chat/modules/redistest"
)

// TestWhoHasLeftIsShownNothingNew: the answer to leaving, and to a send that is repeated after it, shows the chat's name and
// nothing that others have said.
func TestWhoHasLeftIsShownNothingNew(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann, bob := s.signUp("ann"), s.signUp("bob")
	tokens := map[id.User]string{ann: s.enter(ann), bob: s.enter(bob)}
	const send = `mutation($c: String!, $t: String!, $k: ID) { createMessage(createMessageInput: {chatId: $c, content: $t, clientMessageId: $k}) {
		content clientMessageId sender { username } chat { name participantIds participants { id } messages { content } lastMessage { content } unreadCount readSeq lastSeq } } }`
	const leave = `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) {
		name participantIds participants { id } messages { content } lastMessage { content } unreadCount readSeq lastSeq } }`
	const nothing = `"name":"x","participantIds":[],"participants":[],"messages":null,"lastMessage":null,"unreadCount":0,"readSeq":0,"lastSeq":3}`
	for _, door := range s.doors() {
		var made struct{ CreateChat struct{ ID id.Chat } }
		s.call(tokens[ann], &made, `mutation($p: [String!]!) { createChat(createChatInput: {name: "x", participantIds: $p}) { id } }`, vars{"p": []string{bob.String()}})
		chat := made.CreateChat.ID
		mine := vars{"c": chat.String(), "t": "mine", "k": "k"}
		if got := door.ask(tokens[bob], send, mine); !strings.Contains(got, `"messages":[{"content":"mine"}]`) {
			t.Errorf("a member's send over %s: %s", door.name, got)
		}
		s.call(tokens[ann], nil, sendDocument, sendVars(chat, ann, "secret", ""))
		if got := door.ask(tokens[bob], leave, vars{"c": chat.String(), "u": bob.String()}); got != `{"data":{"removeParticipant":{`+nothing+`}}` {
			t.Errorf("leaving over %s: %s", door.name, got)
		}
		s.call(tokens[ann], nil, `mutation($c: ID!) { updateChat(id: $c, name: "renamed") { id } }`, vars{"c": chat.String()})
		want := `{"data":{"createMessage":{"content":"mine","clientMessageId":"k","sender":{"username":"bob"},"chat":{` + nothing + `}}}`
		if got := door.ask(tokens[bob], send, mine); got != want {
			t.Errorf("a repeated send after leaving, over %s: %s", door.name, got)
		}
		if got := door.ask(tokens[bob], leave, vars{"c": chat.String(), "u": bob.String()}); codeIn(t, got) != notFound {
			t.Errorf("leaving twice over %s: %s", door.name, got)
		}
		if got := door.ask(tokens[bob], strings.Replace(send, "$k: ID", "$k: ID, $x: Int", 1), vars{"c": chat.String(), "t": "new", "k": "other"}); codeIn(t, got) != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s", got)
		}
		if got := door.ask(tokens[bob], send, vars{"c": chat.String(), "t": "new", "k": "other"}); codeIn(t, got) != notFound {
			t.Errorf("another send after leaving, over %s: %s", door.name, got)
		}
		// Back again, everything is there.
		s.call(tokens[ann], nil, `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": bob.String()})
		if got := door.ask(tokens[bob], send, mine); !strings.Contains(got, `"name":"renamed"`) || !strings.Contains(got, "secret") {
			t.Errorf("a repeated send after coming back, over %s: %s", door.name, got)
		}
	}
}

// TestARemovalEndsEveryStream on every node, at its seq, while everybody else goes on talking: with Redis at once, without
// within 3 s; and whoever is taken in again sees the whole history.
func TestARemovalEndsEveryStream(t *testing.T) {
	for _, way := range []string{"with Redis", "without Redis"} {
		limit, redis := time.Second, (*redistest.Server)(nil)
		if way == "with Redis" {
			redis = redistest.New(t)
		} else {
			limit = 3 * time.Second
		}
		f := serveFleet(t, redis)
		ann, bob, cid := f.signUp("ann"), f.signUp("bob"), f.signUp("cid")
		token := map[id.User]string{ann: f.enter(ann), bob: f.enter(bob), cid: f.enter(cid)}
		var made struct{ CreateChat struct{ ID id.Chat } }
		f.call(token[ann], &made, `mutation($p: [String!]!) { createChat(createChatInput: {name: "x", participantIds: $p}) { id } }`, vars{"p": []string{bob.String(), cid.String()}})
		chat := made.CreateChat.ID
		var first struct{ CreateMessage sent }
		f.sender.call(token[bob], &first, sendDocument, sendVars(chat, bob, "first", ""))
		v := vars{"c": chat.String(), "m": first.CreateMessage.ID.String()}
		logs := map[string]string{
			"chatEvents":   `subscription($c: ID!) { chatEvents(chatId: $c, afterSeq: 0) { seq kind userId message { content } chat { name participantIds lastMessage { content } } } }`,
			"messageAdded": `subscription($c: ID!) { messageAdded(chatId: $c, afterSeq: 0) { seq content } }`, "messageUpdated": `subscription($c: ID!) { messageUpdated(chatId: $c) { seq } }`,
			"messageDeleted": `subscription($c: ID!) { messageDeleted(chatId: $c) { seq } }`, "messageReadUpdated": `subscription($m: ID!) { messageReadUpdated(messageId: $m) { userId } }`,
		}
		wide := map[string]string{
			"chatMessageNotification": `subscription { chatMessageNotification { seq content } }`, "messageUpdateForChatList": `subscription { messageUpdateForChatList { seq content } }`,
			"unreadCountUpdated": `subscription { unreadCountUpdated { unreadCount } }`, "chatUpdated": `subscription { chatUpdated { name participantIds messages { id } lastMessage { id } unreadCount } }`,
		}
		streams := map[string]stream{}
		for name, node := range map[string]*served{"all": f.served, "receiver": f.receiver} {
			l := node.connect(token[bob])
			for field, query := range logs {
				streams[field+" at "+name] = l.follow(node, query, used(query, v))
			}
			for field, query := range wide {
				streams[field+" at "+name] = l.follow(node, query, nil)
			}
		}
		const most = 300
		stop, talked := make(chan struct{}), make(chan int)
		go func() {
			for n := 0; ; n++ {
				if n == most {
					<-stop
				}
				select {
				case <-stop:
					talked <- n
					return
				default:
					f.sender.call(token[cid], nil, sendDocument, sendVars(chat, cid, fmt.Sprint("message ", n), ""))
				}
			}
		}()
		streams["messageAdded at all"].count(20)
		f.sender.call(token[ann], nil, `mutation($c: ID!, $u: String!) { removeParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": bob.String()})
		removed := time.Now()
		var seq int64
		f.get(t, &seq, `SELECT seq FROM events WHERE chat_id = $1 AND kind = 5`, chat)
		completed := func(field string, within time.Duration) {
			t.Helper()
			for _, node := range []string{"all", "receiver"} {
				s := streams[field+" at "+node]
				// Where sweeps are dear they are further apart than a second: that of a busy machine is told.
				longer := time.Duration((f.nodes()[node].gauge("chat_live_sweep_interval_seconds") - 1) * float64(time.Second))
				s.within(within+longer-time.Since(removed), "the end of "+field, func() bool {
					all := s.frames[s.name]
					return len(all) > 0 && all[len(all)-1].Type == "complete"
				})
			}
		}
		completed("messageReadUpdated", limit+time.Second) // and this machine
		for field := range logs {
			completed(field, 20*time.Second) // as many rows as there are, to the last one
		}
		ended := time.Since(removed)
		f.sender.call(token[ann], nil, `mutation($c: ID!) { updateChat(id: $c, name: "secret") { id } }`, vars{"c": chat.String()})
		f.sender.call(token[ann], nil, `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 1000) { unreadCount } }`, vars{"c": chat.String()})
		for began := time.Now(); time.Since(began) < limit; time.Sleep(10 * time.Millisecond) { // what follows would have come by then
			if status, _, got := f.receiver.request(bearer(token[bob]), `query($c: ID!) { chat(id: $c) { id } }`, vars{"c": chat.String()}); codeIn(t, got) != notFound {
				t.Fatalf("%s: a removed member reads the chat: %d %s", way, status, got)
			}
		}
		close(stop)
		t.Logf("%s: every stream has ended after %s, beside %d messages", way, ended, <-talked)
		for name, s := range streams {
			field, _, _ := strings.Cut(name, " ")
			var seqs []string
			for _, one := range s.all() {
				text := string(one.Payload)
				if strings.Contains(text, "secret") || one.Type == "error" {
					t.Errorf("%s, %s: %s %s", way, name, one.Type, text)
				}
				if _, rest, ok := strings.Cut(text, `"seq":`); ok {
					number, _, _ := strings.Cut(rest, ",")
					seqs = append(seqs, number)
					var n int64
					if _, err := fmt.Sscan(number, &n); err != nil || n > seq {
						t.Errorf("%s, %s shows seq %s after the removal at %d", way, name, number, seq)
					}
				}
			}
			switch field {
			case "chatEvents":
				if len(seqs) != int(seq) || seqs[0] != "1" || seqs[len(seqs)-1] != fmt.Sprint(seq) {
					t.Errorf("%s, %s: %d rows up to the removal at %d", way, name, len(seqs), seq)
				}
			case "messageAdded":
				if len(seqs) != int(seq)-1 {
					t.Errorf("%s, %s: %d messages before the removal at %d", way, name, len(seqs), seq)
				}
			case "chatUpdated":
				all := s.all()
				if len(all) == 0 || !strings.Contains(string(all[len(all)-1].Payload), `{"name":"x","participantIds":[],"messages":null,"lastMessage":null,"unreadCount":0}`) {
					t.Errorf("%s, %s: %v", way, name, all)
				}
			}
			if wide[field] != "" && !s.isOpen() {
				t.Errorf("%s, %s has closed the socket", way, name)
			}
		}
		f.sender.call(token[ann], nil, `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": bob.String()})
		var last struct{ Chat struct{ LastSeq int } }
		f.receiver.call(token[bob], &last, `query($c: ID!) { chat(id: $c) { lastSeq } }`, vars{"c": chat.String()})
		again := f.receiver.connect(token[bob])
		whole := stream{again, again.subscribe(logs["chatEvents"], vars{"c": chat.String()})}
		if got := whole.count(last.Chat.LastSeq); len(got) != last.Chat.LastSeq || !strings.Contains(got[last.Chat.LastSeq-1], `"kind":"MEMBER_ADDED"`) {
			t.Errorf("%s: taken in again, %d rows of %d", way, len(got), last.Chat.LastSeq)
		}
	}
}
