package app

import (
	"strings"
	"testing"

	"chat/modules/id"
)

func TestMessagesArriveInOrder(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	live, _ := w.subscribe(w.as(bob), `subscription($c: ID!) { messageAdded(chatId: $c) { id content seq chat { name } } }`, vars{"c": chat.String()})
	events, _ := w.subscribe(w.as(bob), `subscription($c: ID!) { chatEvents(chatId: $c, afterSeq: 0) { seq kind message { content } } }`, vars{"c": chat.String()})
	list, _ := w.subscribe(w.as(bob), `subscription { chatMessageNotification { content chatId } }`, nil)
	unread, _ := w.subscribe(w.as(bob), `subscription { unreadCountUpdated { chatId unreadCount } }`, nil)
	for _, text := range []string{"one", "two", "three"} {
		w.send(chat, ann, text)
	}
	got := live.count(3)
	for n, text := range []string{"one", "two", "three"} {
		if !strings.Contains(got[n], `"content":"`+text+`"`) {
			t.Errorf("message %d: %s", n, got[n])
		}
	}
	t.Log(got, events.count(3), list.count(3), unread.count(1))
	var out struct {
		Chats []struct {
			ID          id.Chat
			UnreadCount int
			LastMessage struct{ Content string }
			Messages    []struct{ Content string }
		}
	}
	w.must(w.as(bob), &out, `{ chats { id unreadCount readSeq lastMessage { content } participants { username } messages { content sender { username } } } }`, nil)
	if out.Chats[0].UnreadCount != 3 || out.Chats[0].LastMessage.Content != "three" {
		t.Errorf("chats: %+v", out)
	}
}

// TestOwnMessagesReachOtherDevices: in the list of chats they are news to whoever asks for them, and only to the sender.
func TestOwnMessagesReachOtherDevices(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	own, _ := w.subscribe(w.as(ann), `subscription { messageUpdateForChatList(own: true) { content } }`, nil)
	others, _ := w.subscribe(w.as(ann), `subscription { messageUpdateForChatList { content } }`, nil)
	bobs, _ := w.subscribe(w.as(bob), `subscription { messageUpdateForChatList(own: true) { content } }`, nil)
	w.send(chat, ann, "mine")
	w.send(chat, bob, "yours")
	for _, c := range []struct {
		name string
		tape *tape
		want string
	}{{"ann, with own", own, "mine yours"}, {"bob, with own", bobs, "mine yours"}, {"ann", others, "yours"}} {
		if got := contents(c.tape.count(len(strings.Fields(c.want)))); got != c.want {
			t.Errorf("%s is told of %q, want %q", c.name, got, c.want)
		}
	}
}
