package socket

import (
	"bytes"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"
)

// maxBatchBytes is how much leaves in one write, as far as whole messages do not exceed it.
const maxBatchBytes = 64 << 10

// writeTo appends a frame as it goes over the wire. Writing to a buffer does not fail.
func (f *frame) writeTo(out *bytes.Buffer) {
	head := ws.Header{Fin: true, OpCode: ws.OpText, Length: int64(len(f.prefix))}
	if f.control != 0 {
		head.OpCode = f.control
	}
	if f.payload != nil {
		head.Length = int64(f.size())
	}
	_ = ws.WriteHeader(out, head)
	out.Write(f.prefix)
	if f.payload != nil {
		out.Write(f.payload)
		out.WriteByte('}')
	}
}

// writers write what waits on connections, one per core, so that a message to a thousand of them wakes no thousand
// goroutines: what comes meanwhile for a connection whose turn has not come leaves with the rest. They never wait for a
// client; where its socket takes no more, a goroutine of its own goes on.
type writers struct {
	mu      sync.Mutex
	ready   []*conn // in the order of their turns
	wake    *sync.Cond
	stopped bool
	running sync.WaitGroup
}

func (w *writers) start() {
	w.wake = sync.NewCond(&w.mu)
	for range runtime.GOMAXPROCS(0) {
		w.running.Go(w.write)
	}
}

func (w *writers) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.wake.Broadcast()
	w.running.Wait()
}

// add gives a connection a turn. It has one at a time.
func (w *writers) add(c *conn) {
	w.mu.Lock()
	w.ready = append(w.ready, c)
	w.mu.Unlock()
	w.wake.Signal()
}

// turn is how many connections a writer takes at a time.
const turn = 32

// take moves the first connections of the line to out; none where there will be none any more.
func (w *writers) take(out []*conn) []*conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.ready) == 0 {
		if w.stopped {
			return nil
		}
		w.wake.Wait()
	}
	n := min(turn, len(w.ready))
	out = append(out, w.ready[:n]...)
	if clear(w.ready[:n]); n < len(w.ready) {
		w.ready = w.ready[n:]
	} else {
		w.ready = w.ready[:0]
	}
	return out
}

func (w *writers) write() {
	a := &attempt{}
	a.run = a.write
	var batch bytes.Buffer
	var turns []*conn
	for {
		if turns = w.take(turns[:0]); len(turns) == 0 {
			return
		}
		for _, c := range turns {
			c.flush(&batch, a)
		}
	}
}

// attempt is a write that does not wait.
type attempt struct {
	data []byte
	n    int
	err  error
	run  func(fd uintptr) bool // write, made once
}

func (a *attempt) write(fd uintptr) bool {
	for {
		if a.n, a.err = syscall.Write(int(fd), a.data); a.err != syscall.EINTR {
			return true
		}
	}
}

// flush writes what waits, as much as leaves in one write.
func (c *conn) flush(batch *bytes.Buffer, a *attempt) {
	batch.Reset()
	if !c.next(batch) {
		return
	}
	rest, err := c.writeNow(batch.Bytes(), a)
	switch {
	case err != nil:
		c.failed(err)
	case len(rest) > 0:
		rest = bytes.Clone(rest)
		c.spawn(func() { c.writeOn(rest) })
	default:
		c.queue.written()
		if !c.queue.rest() {
			c.handler.writers.add(c) // behind the others
		}
	}
}

// next takes what waits, and ends the connection's turn where there is nothing.
func (c *conn) next(batch *bytes.Buffer) bool {
	for {
		frames := c.queue.take(batch)
		switch {
		case frames > 0:
			c.handler.metrics.frames.Add(float64(frames))
			c.handler.metrics.bytes.Add(float64(batch.Len()))
			return true
		case c.queue.drained():
			c.drained()
		case c.queue.rest():
			return false
		}
	}
}

// drained lets the subscriptions go on of which something was refused or dropped. The connection may fall behind again
// meanwhile: a subscription that has been resumed too early for that is still behind, and found by the next call.
func (c *conn) drained() {
	c.mu.Lock()
	operations := make([]*operation, 0, len(c.operations))
	for _, op := range c.operations {
		operations = append(operations, op)
	}
	c.mu.Unlock()
	for _, op := range operations {
		if sub := op.subscription(); sub != nil && (sub.IsBehind() || c.queue.isRefusing(op)) {
			sub.Drained()
		}
	}
}

// writeNow writes what the socket takes at once, and gives the rest.
func (c *conn) writeNow(data []byte, a *attempt) (rest []byte, err error) {
	if c.raw == nil {
		return data, nil
	}
	c.wire.Lock()
	defer c.wire.Unlock()
	if c.torn || c.ctx.Err() != nil {
		return nil, errClosed
	}
	a.data, a.n, a.err = data, 0, nil
	if err := c.raw.Write(a.run); err != nil {
		return nil, err
	}
	a.data = nil
	switch {
	case errors.Is(a.err, syscall.EAGAIN):
		return data, nil
	case a.err != nil:
		return nil, a.err
	}
	c.torn = a.n < len(data)
	return data[a.n:], nil
}

// writeOn writes what a socket did not take at once, and what comes meanwhile, waiting for the client.
func (c *conn) writeOn(rest []byte) {
	var batch bytes.Buffer
	for {
		if err := c.writeSlowly(rest); err != nil {
			c.failed(err)
			return
		}
		c.queue.written()
		batch.Reset()
		if !c.next(&batch) {
			return
		}
		rest = batch.Bytes()
	}
}

// writeSlowly gives each piece its own time: a client that reads steadily may take long for a large message.
func (c *conn) writeSlowly(data []byte) error {
	c.wire.Lock()
	defer c.wire.Unlock()
	if c.ctx.Err() != nil {
		return errClosed
	}
	c.torn = true
	for piece := range slices.Chunk(data, maxBatchBytes) {
		if err := c.allow(time.Now().Add(c.handler.limits.WriteWait)); err != nil {
			return err
		}
		if _, err := c.net.Write(piece); err != nil {
			return err
		}
		c.heard.Store(time.Now().UnixNano()) // our pings are behind what it has not read yet
	}
	c.torn = false
	if c.ctx.Err() != nil {
		return errClosed
	}
	return c.allow(time.Time{})
}

// allow sets the time that a write may take, unless the connection is closing: then that is set already.
func (c *conn) allow(until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return nil
	}
	return c.net.SetWriteDeadline(until)
}

// hurry has the connection end soon, and with it a write that holds the wire.
func (c *conn) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	_ = c.net.SetWriteDeadline(time.Now().Add(closeTime))
}

// failed ends a connection that cannot be written to: its client is gone, or takes nothing for too long. One that is closing
// ends by itself, when its client has had the time to read why.
func (c *conn) failed(err error) {
	var slow net.Error
	switch {
	case c.ctx.Err() != nil:
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		c.close(websocket.CloseTryAgainLater, "Too slow")
		c.end()
	default:
		c.end()
	}
}

// buffers are of one size, and live while something is read.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[]byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return buffer
	}
	buffer := make([]byte, readBytes)
	return &buffer
}

func (b *buffers) put(buffer *[]byte) { b.pool.Put(buffer) }
