package socket

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/gobwas/ws"

	"chat/modules/history"
	"chat/modules/receiver"
)

var errClosed = errors.New("the connection is closed")

// frame is one message that waits to be written. Of a result only the envelope is the connection's own.
type frame struct {
	prefix  []byte // with payload: what stands before it; without: the whole message
	payload []byte // shared, never changed
	op      *operation
	cursor  receiver.Cursor
	control ws.OpCode // of a control frame in the place of a message
	kept    bool      // a result that is not dropped: nobody would read it again
}

func (f *frame) isResult() bool { return f.op != nil }

func (f *frame) size() int { return len(f.prefix) + len(f.payload) + 1 }

// queue is what waits to be written on one connection: results of subscriptions, which may be dropped, and answers, which
// may not. Safe for concurrent use.
type queue struct {
	limits   Limits
	schedule func() // makes somebody write soon, until take finds nothing

	mu       sync.Mutex
	frames   []frame
	results  int
	bytes    int // of results
	answered int // bytes of the others
	behind   bool
	telling  int  // overflows whose subscriptions are still being told
	writing  bool // something was taken and is not written yet
	closed   bool
	turn     bool            // somebody writes, or will soon
	waiters  []chan struct{} // for room
}

func newQueue(l Limits) *queue { return &queue{limits: l, schedule: func() {}} }

// answer adds a message that is never dropped.
func (q *queue) answer(data []byte) { q.add(frame{prefix: data}) }

// reply is answer for an operation; nothing where its client wants no more of it.
func (q *queue) reply(op *operation, data []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed && !op.unwanted {
		q.push(frame{prefix: data})
	}
}

// answerLater adds an operation's answer when those before it are few enough. Only then whoever gave it is free: what clients ask for and
// do not read is as large as what they may ask for at a time.
func (q *queue) answerLater(op *operation, f frame) error {
	return q.wait(op.ctx, func() bool {
		isDue := q.fewAnswers()
		if isDue && !op.unwanted {
			q.push(f)
		}
		return isDue
	})
}

// ping adds a ping.
func (q *queue) ping() { q.add(frame{control: ws.OpPing}) }

// pong adds the answer to a ping.
func (q *queue) pong(data []byte) { q.add(frame{prefix: data, control: ws.OpPong}) }

func (q *queue) add(f frame) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.push(f)
	}
}

// push adds what is no result. The caller holds the lock.
func (q *queue) push(f frame) {
	q.frames = append(q.frames, f)
	q.answered += f.size()
	q.signal()
}

// signal has what waits written. The caller holds the lock.
func (q *queue) signal() {
	if !q.turn {
		q.turn = true
		q.schedule()
	}
}

// result adds a result. Not taken: the connection is behind, and what is in dropped will not be written either; told is
// to be called when their subscriptions know.
func (q *queue) result(f frame) (taken bool, dropped []frame) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed, f.op.unwanted:
		return true, nil // nobody will miss it
	case q.behind || f.op.refusing:
		f.op.refusing = true
		return false, nil
	case q.results < q.limits.Results && q.bytes+f.size() <= q.limits.ResultBytes || q.results == 0:
		q.frames = append(q.frames, f)
		q.results++
		q.bytes += f.size()
		q.signal()
		return true, nil
	}
	f.op.refusing, q.behind = true, true
	q.telling++
	dropped = q.drop(func(f *frame) bool { return f.isResult() && !f.kept })
	for _, d := range dropped {
		d.op.refusing = true
	}
	q.signal()
	return false, dropped
}

// keep keeps an operation's results of one log from being dropped; false where some may be missing already.
func (q *queue) keep(op *operation, topic history.Topic) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if op.refusing {
		return false
	}
	for n := range q.frames {
		if f := &q.frames[n]; f.op == op && f.cursor.Topic == topic {
			f.kept = true
		}
	}
	return true
}

// told ends an overflow. Only then may the connection be drained: a subscription that is told afterwards would wait for
// ever.
func (q *queue) told() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.telling--
	q.signal()
}

// drop takes results out. The caller holds the lock.
func (q *queue) drop(which func(*frame) bool) (dropped []frame) {
	q.frames = slices.DeleteFunc(q.frames, func(f frame) bool {
		if !which(&f) {
			return false
		}
		dropped = append(dropped, f)
		q.results--
		q.bytes -= f.size()
		return true
	})
	q.makeRoom()
	return dropped
}

// forget takes out what waits of an operation that its client wants no more of, and lets nothing in that is on its way: the id
// may be another operation's by then.
func (q *queue) forget(op *operation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	op.unwanted = true
	q.drop(func(f *frame) bool { return f.op == op })
}

// take removes the first frames, as many as fit in one write, and appends them to out as they go over the wire. What was
// taken is waited for until it is written.
func (q *queue) take(out *bytes.Buffer) (frames int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		return 0
	}
	for frames < len(q.frames) && (frames == 0 || out.Len()+q.frames[frames].size() <= maxBatchBytes) {
		f := &q.frames[frames]
		f.writeTo(out)
		if f.isResult() {
			q.results--
			q.bytes -= f.size()
		} else {
			q.answered -= f.size()
		}
		frames++
	}
	if q.frames = slices.Delete(q.frames, 0, frames); len(q.frames) == 0 && cap(q.frames) > keptFrames {
		q.frames = nil
	}
	q.writing = true
	q.makeRoom()
	return frames
}

// drained tells whether the connection was behind and has now written everything.
func (q *queue) drained() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.hasDrained() {
		return false
	}
	q.behind = false
	return true
}

// keptFrames is for how many frames there is room while a connection is in use.
const keptFrames = 32

// trim gives up the room of a queue in which nothing waits.
func (q *queue) trim() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		q.frames = nil
	}
}

// hasDrained: the same. The caller holds the lock.
func (q *queue) hasDrained() bool { return q.behind && q.telling == 0 && len(q.frames) == 0 }

// rest ends a turn in which there is nothing left to do: the next signal begins another. False: there is.
func (q *queue) rest() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn = len(q.frames) > 0 || q.hasDrained()
	return !q.turn
}

// written tells that what was taken is on its way.
func (q *queue) written() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writing = false
	q.makeRoom()
}

// hasRoom: a replay may offer more. The caller holds the lock.
func (q *queue) hasRoom() bool {
	return q.closed || q.behind || q.results <= q.limits.Results/2 && q.bytes <= q.limits.ResultBytes/2
}

// fewAnswers: more may be read from the client. The caller holds the lock.
func (q *queue) fewAnswers() bool {
	return q.closed || len(q.frames)-q.results < q.limits.Answers && q.answered < q.limits.AnswerBytes
}

// isEmpty: everything was written. The caller holds the lock.
func (q *queue) isEmpty() bool { return len(q.frames) == 0 && !q.writing }

func (q *queue) makeRoom() {
	if q.hasRoom() || q.fewAnswers() {
		for _, w := range q.waiters {
			close(w)
		}
		q.waiters = nil
	}
}

// wait returns when a condition holds.
func (q *queue) wait(ctx context.Context, holds func() bool) error {
	for {
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return errClosed
		}
		if holds() {
			q.mu.Unlock()
			return nil
		}
		w := make(chan struct{})
		q.waiters = append(q.waiters, w)
		q.mu.Unlock()
		select {
		case <-w:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resume lets an operation's results in again.
func (q *queue) resume(op *operation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	op.refusing = false
}

func (q *queue) isRefusing(op *operation) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return op.refusing
}

// close forgets everything.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.frames, q.results, q.bytes, q.answered = true, nil, 0, 0, 0
	q.makeRoom()
}
