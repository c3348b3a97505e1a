package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

const executionsMetric = "chat_live_executions_total"

// slowTape is a tape whose connection takes one result after each go.
type slowTape struct {
	*tape
	waits chan struct{} // a token for each Wait that has begun
	goes  chan struct{}
}

func newSlowTape(t testing.TB) *slowTape {
	return &slowTape{tape: newTape(t), waits: make(chan struct{}, 1_000), goes: make(chan struct{})}
}

func (s *slowTape) Wait(ctx context.Context) error {
	s.waits <- struct{}{}
	select {
	case <-s.goes:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestAReplayExecutesLittleAhead: of rows that show much no more is executed than is about to be taken, and none is left
// out for it.
func TestAReplayExecutesLittleAhead(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	const rows, length = 30, 2_000 // 60 kB in a row: two rows are a piece
	for n := range rows {
		w.send(chat, ann, fmt.Sprint(n, strings.Repeat("x", length)))
	}
	before := metric(t, w, executionsMetric)
	s := newSlowTape(t)
	sub, errs := w.open(w.as(bob), `subscription($c: ID!) { chatEvents(chatId: $c, afterSeq: 0) { seq chat { messages { content } } } }`,
		vars{"c": chat.String()}, s)
	if errs != nil {
		t.Fatal(errs[0])
	}
	t.Cleanup(sub.Stop)
	sub.Start()
	for n := range rows {
		<-s.waits
		if ahead := metric(t, w, executionsMetric) - before - float64(n); ahead > 2 {
			t.Fatalf("%v rows were executed before row %d was taken", ahead, n+1)
		}
		s.goes <- struct{}{}
	}
	for n, payload := range s.count(rows) {
		if !strings.Contains(payload, fmt.Sprintf(`"seq":%d}`, n+1)) {
			t.Fatalf("result %d ends with %s", n, payload[max(0, len(payload)-200):])
		}
	}
}

// TestAReplayEndsWithItsSubscription: rows that nobody waits for any more are not executed.
func TestAReplayEndsWithItsSubscription(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann, bob)
	for n := range 50 {
		w.send(chat, ann, fmt.Sprint(n))
	}
	s := newTape(t)
	sub, errs := w.open(w.as(bob), `subscription($c: ID!) { chatEvents(chatId: $c, afterSeq: 0) { chat { participants { username } } } }`,
		vars{"c": chat.String()}, s)
	if errs != nil {
		t.Fatal(errs[0])
	}
	before := metric(t, w, executionsMetric)
	letGo := w.held(`LOCK TABLE users IN ACCESS EXCLUSIVE MODE`)
	sub.Start()
	w.waiting(1) // the first row
	sub.Stop()
	letGo()
	for deadline := time.Now().Add(300 * time.Millisecond); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if n := metric(t, w, executionsMetric) - before; n > 1 {
			t.Fatalf("%v rows were executed for a subscription that had ended at the first", n)
		}
	}
}
