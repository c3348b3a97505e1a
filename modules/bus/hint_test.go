package bus

import (
	"encoding/json"
	"fmt"
	runtimemetrics "runtime/metrics"
	"strings"
	"testing"
	"time"

	"chat/modules/history"
	"chat/modules/id"
)

func event(chat id.Chat, seq int64, body string) history.Event {
	e := history.Event{Chat: chat, Seq: seq, Kind: history.MessageAdded, Subject: id.New[id.Any](), Actor: id.New[id.User](), At: time.Unix(1_800_000_000, 0).UTC()}
	if body != "" {
		e.Body = json.RawMessage(body)
	}
	return e
}

// TestHintsFitTheirBound: what does not fit is left out, first the subjects and then all but the newest event of each log.
func TestHintsFitTheirBound(t *testing.T) {
	chat := id.New[id.Chat]()
	for _, c := range []struct {
		name           string
		events, body   int
		kept           int
		bodies, decode bool
	}{
		{"a few", 3, 100, 3, true, true},
		{"with subjects that are too long", 100, 1_000, 100, false, true},
		{"a batch's worth of names", 256, 1_000, 256, false, true},
		{"more than that", 5_000, 0, 2, false, true},
	} {
		h := Hint{Channel: Channel{Chat: chat}}
		for n := range c.events {
			e := event(chat, 1<<52+int64(n), `"`+strings.Repeat("x", c.body)+`"`)
			if n == c.events-2 {
				e.Kind = history.PositionMoved
			}
			h.Events = append(h.Events, e)
		}
		text, err := encode(h)
		if err != nil || len(text) > maxBytes {
			t.Errorf("%s: %d bytes, %v", c.name, len(text), err)
		}
		got, ok := decode(h.Channel.name(), text)
		if !ok || c.kept != 2 && len(got.Events) != c.kept || c.kept == 2 && (len(got.Events) != 2 || got.Events[0].Seq+got.Events[1].Seq != 2*h.Events[c.events-1].Seq-1) {
			t.Errorf("%s: %t, %d events", c.name, ok, len(got.Events))
			continue
		}
		if hasBodies := got.Events[0].Body != nil; hasBodies != c.bodies {
			t.Errorf("%s: subjects are brought along: %t", c.name, hasBodies)
		}
	}
}

// TestLongMessages cost what is in proportion to a hint, or nothing.
func TestLongMessages(t *testing.T) {
	chat := id.New[id.Chat]()
	for _, events := range []int{20_000, 10_000_000} {
		text := fmt.Sprintf(`{"Channel":{"Chat":%q},"Events":[%s{}]}`, chat, strings.Repeat("{},", events))
		before := allocated()
		_, ok := decode(Channel{Chat: chat}.name(), text)
		if took := allocated() - before; ok || took > 300*maxBytes {
			t.Errorf("%d events that are none: taken %t, %d bytes", events, ok, took)
		}
	}
}

// FuzzHint: whoever may write to Redis can send what they like. It is decoded in bounded memory, and what is taken for a hint
// belongs to its channel and holds nothing that the listener could not take.
func FuzzHint(f *testing.F) {
	chat, user := id.Parse[id.Chat]("01a2180c-2ab0-7018-b3a2-13b04c87a01d"), id.Parse[id.User]("01a2180c-2ab0-7018-b3a2-13b04c87a01e")
	ofChat, ofUser := Channel{Chat: chat}, Channel{User: user}
	for _, h := range []Hint{
		{Channel: ofChat, Events: []history.Event{event(chat, 1, `{"a":1}`), event(chat, 2, "")}},
		{Channel: ofUser, Feed: 7, Chats: []id.Chat{chat}}, {Channel: ofUser, Feed: -1}, {Channel: ofChat, Feed: 7}, {Channel: Channel{Chat: chat, User: user}},
		{Channel: ofChat, Events: []history.Event{event(id.New[id.Chat](), 1, "")}}, {Channel: ofChat, Events: []history.Event{event(chat, -1, "")}},
		{Channel: ofUser, Events: []history.Event{event(chat, 1, "")}}, {},
	} {
		text, err := encode(h)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ofChat.name(), text)
		f.Add(ofUser.name(), text)
	}
	for _, text := range []string{"", "null", "[]", "{}", `{"Events":[{"kind":99}]}`, `{"Events":[{"seq":1e400}]}`, `{"Channel":{"Chat":1}}`, strings.Repeat("[", 1_000)} {
		f.Add(ofChat.name(), text)
	}
	f.Fuzz(func(t *testing.T, channel, text string) {
		before := allocated()
		h, ok := decode(channel, text)
		if took := allocated() - before; took > 300*maxBytes {
			t.Fatalf("%d bytes took %d", len(text), took)
		}
		if !ok {
			return
		}
		if h.Channel.name() != channel || h.Channel.Chat.IsZero() == h.Channel.User.IsZero() {
			t.Fatalf("a hint for %+v was taken on %q", h.Channel, channel)
		}
		for _, e := range h.Events {
			if e.Chat != h.Channel.Chat || e.Kind.String() == "" {
				t.Fatalf("an event that cannot be: %+v", e)
			}
		}
		again, err := encode(h)
		if err != nil {
			t.Fatalf("%q was taken and cannot be given on: %v", text, err)
		}
		if _, ok := decode(channel, again); !ok {
			t.Fatalf("%q was taken, and not when it is given on as %q", text, again)
		}
	})
}

// allocated is how many bytes this process has allocated so far.
func allocated() uint64 {
	sample := []runtimemetrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	runtimemetrics.Read(sample)
	return sample[0].Value.Uint64()
}
