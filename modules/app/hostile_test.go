package app

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"chat/modules/bus"
	"chat/modules/history"
	"chat/modules/id"
)

// TestHintsThatLie: whoever writes to Redis can name rows that do not stand in the log. They are neither waited for nor kept,
// and what is true comes as before.
func TestHintsThatLie(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	got, _ := w.subscribe(w.as(bob), followAdded, vars{"c": chat.String(), "a": 0})
	body, err := json.Marshal(strings.Repeat("x", 10_000))
	if err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	const lies = 20_000 // 200 MB
	for n := range int64(lies) {
		w.stack.Live.Hint(bus.Hint{Channel: bus.Channel{Chat: chat}, Events: []history.Event{{
			Chat: chat, Seq: 1_000 + n, Kind: history.MessageAdded, Subject: id.New[id.Any](), Actor: ann, At: time.Now(), Body: append(json.RawMessage(nil), body...),
		}}})
	}
	if after := heap(); after > before+60e6 {
		t.Errorf("%d hints that lie hold %d MB", lies, (after-before)/1e6)
	}
	for n := range 5 {
		w.send(chat, ann, fmt.Sprint(n))
	}
	if all := contents(got.count(5)); all != "0 1 2 3 4" {
		t.Errorf("after the lies: %q", all)
	}
	for deadline := time.Now().Add(10 * time.Second); heap() > before+5e6; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the lies are kept: %d MB more", (heap()-before)/1e6)
		}
	}
}
