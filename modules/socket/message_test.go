package socket

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/receiver"
)

// FuzzMessage: the decoder never panics, and what it takes has a known type and an id where the protocol asks for one.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"type":"connection_init"}`, `{"type":"connection_init","payload":{"user-id":"x"}}`, `{"type":"ping","payload":null}`,
		`{"id":"1","type":"subscribe","payload":{"query":"{ health }","variables":{}}}`, `{"id":"1","type":"complete"}`, `{"type":1}`, `[]`, `{`,
		`{"id":1,"type":"complete"}`, `{"type":"next","id":"1"}`, `{"id":"1","type":"subscribe","payload":{"query":"\ud800"}}`, `{"id":"\ud800","type":"subscribe","payload":{"query":""}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMessage(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is no JSON and was taken", data)
		}
		switch m.Type {
		case typeSubscribe:
			if m.ID == "" {
				t.Fatalf("%q has no id and was taken", data)
			}
			req, err := parseSubscribe(m.Payload)
			if err == nil && m.Payload == nil {
				t.Fatalf("%q has no payload and gave %+v", data, req)
			}
		case typeComplete:
			if m.ID == "" {
				t.Fatalf("%q has no id and was taken", data)
			}
		case typeInit, typePing, typePong:
		default:
			t.Fatalf("%q has the type %q and was taken", data, m.Type)
		}
	})
}

func testQueue() (*queue, *operation, *operation) {
	q := newQueue(Limits{Results: 4, ResultBytes: 1000, Answers: 4, AnswerBytes: 1000})
	return q, &operation{}, &operation{}
}

func result(op *operation, seq int64) frame {
	return frame{prefix: []byte("p"), payload: []byte("x"), op: op, cursor: receiver.Cursor{Seq: seq}}
}

// TestQueueDropsResultsAndKeepsAnswers: on overflow every waiting result is given back, and nothing is taken until the
// queue is written out and the subscription has resumed.
func TestQueueDropsResultsAndKeepsAnswers(t *testing.T) {
	q, a, b := testQueue()
	q.answer([]byte("answer"))
	for n := range int64(4) {
		if taken, _ := q.result(result([]*operation{a, b}[n%2], n+1)); !taken {
			t.Fatalf("result %d was not taken", n+1)
		}
	}
	taken, dropped := q.result(result(a, 5))
	if taken || len(dropped) != 4 {
		t.Fatalf("the fifth result: taken %t, %d dropped", taken, len(dropped))
	}
	if taken, _ := q.result(result(b, 6)); taken || !q.isRefusing(b) {
		t.Error("a result was taken while the connection is behind")
	}
	if q.drained() {
		t.Error("drained while an answer waits")
	}
	defer func() {
		if q.telling != 0 {
			t.Errorf("%d overflows are still being told", q.telling)
		}
	}()
	if q.isEmpty() {
		t.Error("empty while an answer waits")
	}
	var batch bytes.Buffer
	if frames := q.take(&batch); frames != 1 || batch.String() != "\x81\x06answer" {
		t.Errorf("what is left is %q", batch.String())
	}
	if q.isEmpty() {
		t.Error("empty while the answer is being written")
	}
	if q.written(); !q.isEmpty() {
		t.Error("not empty when everything is written")
	}
	if q.drained() {
		t.Error("drained before the subscriptions were told")
	}
	q.told()
	if !q.drained() || q.drained() {
		t.Error("drained is told once, when everything was written")
	}
	if taken, _ := q.result(result(a, 5)); taken {
		t.Error("a result was taken before its subscription resumed")
	}
	q.resume(a)
	if taken, _ := q.result(result(a, 5)); !taken {
		t.Error("a result was refused after its subscription had resumed")
	}
}

// TestQueueKeepsWhatNobodyReadsAgain: the last results of a log outlive an overflow, unless they were lost before.
func TestQueueKeepsWhatNobodyReadsAgain(t *testing.T) {
	q, a, b := testQueue()
	topic := history.Topic{Chat: id.New[id.Chat](), Log: history.Changes}
	last := result(a, 1)
	last.cursor.Topic = topic
	for _, f := range []frame{last, result(a, 2), result(b, 3), result(b, 4)} {
		if taken, _ := q.result(f); !taken {
			t.Fatalf("result %d was not taken", f.cursor.Seq)
		}
	}
	if !q.keep(a, topic) {
		t.Error("what waits cannot be kept")
	}
	if _, dropped := q.result(result(b, 5)); len(dropped) != 3 || len(q.frames) != 1 || q.frames[0].cursor != last.cursor {
		t.Errorf("%d results were dropped, and %d wait", len(dropped), len(q.frames))
	}
	if q.keep(b, history.Topic{}) {
		t.Error("what was dropped is kept")
	}
	if q.forget(a); len(q.frames) != 0 || q.results != 0 || q.bytes != 0 {
		t.Errorf("%d results of %d bytes wait, %d frames, when their client wants no more", q.results, q.bytes, len(q.frames))
	}
}

// TestQueueLetsNothingInThatIsUnwanted: after its client's complete an id may be another operation's, and what was on its way
// would be taken for that one's.
func TestQueueLetsNothingInThatIsUnwanted(t *testing.T) {
	q, a, b := testQueue()
	a.ctx = t.Context()
	q.forget(a)
	if taken, _ := q.result(result(a, 1)); !taken {
		t.Error("what nobody wants has to come again")
	}
	q.reply(a, []byte("complete"))
	if err := q.answerLater(a, frame{prefix: []byte("answer")}); err != nil {
		t.Error(err)
	}
	if len(q.frames) != 0 || q.results != 0 || q.bytes != 0 || q.answered != 0 {
		t.Errorf("%d frames wait of an operation that is unwanted", len(q.frames))
	}
	if q.reply(b, []byte("complete")); len(q.frames) != 1 {
		t.Error("what another has to say is gone")
	}
}

// TestQueueTakesOneResultOfAnySize, so that a large message is not refused for ever.
func TestQueueTakesOneResultOfAnySize(t *testing.T) {
	q, a, _ := testQueue()
	large := result(a, 1)
	large.payload = []byte(strings.Repeat("x", 5000))
	if taken, _ := q.result(large); !taken {
		t.Error("a result larger than the whole queue was refused")
	}
	if taken, dropped := q.result(result(a, 2)); taken || len(dropped) != 1 {
		t.Errorf("another one: taken %t, %d dropped", taken, len(dropped))
	}
}

// TestFramesAreReadable: what is put together for one write is what a client reads, of every length that is encoded
// otherwise.
func TestFramesAreReadable(t *testing.T) {
	sizes := []int{1, 124, 125, 126, 127, 65_533, 65_534, 65_535, 65_536, 200_000}
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = ours.Close() }()
		q, a, _ := testQueue()
		for _, size := range sizes {
			q.answer(bytes.Repeat([]byte("a"), size))
			q.pong([]byte("ping"))
			f := result(a, 1)
			f.payload = bytes.Repeat([]byte("p"), size)
			q.add(f)
		}
		for {
			var batch bytes.Buffer
			if q.take(&batch) == 0 {
				return
			}
			if _, err := ours.Write(batch.Bytes()); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	reader := wsutil.NewReader(theirs, ws.StateClientSide)
	for _, size := range sizes {
		for _, want := range []struct {
			op   ws.OpCode
			text string
		}{{ws.OpText, strings.Repeat("a", size)}, {ws.OpPong, "ping"}, {ws.OpText, "p" + strings.Repeat("p", size) + "}"}} {
			head, err := reader.NextFrame()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(reader)
			if err != nil || head.OpCode != want.op || !head.Fin || head.Masked || string(got) != want.text {
				t.Fatalf("after %v of %d bytes: %v, %v, %d bytes", want.op, size, err, head, len(got))
			}
		}
	}
}
