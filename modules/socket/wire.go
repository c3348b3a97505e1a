package socket

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"
)

// maxBatchBytes is how much leaves in one write, as far as whole messages do not exceed it.
const maxBatchBytes = 64 << 10

// buffers live while something is being written. What was once larger than usual is not kept.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *bytes.Buffer {
	if buffer, ok := b.pool.Get().(*bytes.Buffer); ok {
		return buffer
	}
	return new(bytes.Buffer)
}

func (b *buffers) put(buffer *bytes.Buffer) {
	if buffer.Cap() <= 2*maxBatchBytes {
		buffer.Reset()
		b.pool.Put(buffer)
	}
}

// writeTo appends a frame as it goes over the wire. Writing to a buffer does not fail.
func (f *frame) writeTo(out *bytes.Buffer) {
	head := ws.Header{Fin: true, OpCode: ws.OpText, Length: int64(len(f.prefix))}
	if f.isPong {
		head.OpCode = ws.OpPong
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

// write writes what waits, and pings. gorilla writes control frames alone.
func (c *conn) write() {
	limits := c.handler.limits
	ping := time.NewTicker(limits.PingInterval)
	defer ping.Stop()
	for {
		wrote, err := c.put()
		if err != nil {
			c.broken(err)
			return
		}
		if wrote {
			continue
		}
		if c.queue.drained() {
			c.drained()
			continue
		}
		select {
		case <-c.queue.wake:
		case <-ping.C:
			if err := c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(limits.WriteWait)); err != nil {
				c.broken(err)
				return
			}
		case <-c.ctx.Done():
			return
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

// put writes what waits, as much as leaves in one write, and tells whether there was anything.
func (c *conn) put() (wrote bool, err error) {
	batch := c.handler.buffers.get()
	defer c.handler.buffers.put(batch)
	frames := c.queue.take(batch)
	if frames == 0 {
		return false, nil
	}
	defer c.queue.written()
	c.wire.Lock()
	defer c.wire.Unlock()
	if c.ctx.Err() != nil {
		return true, errClosed
	}
	c.handler.metrics.frames.Add(float64(frames))
	c.handler.metrics.bytes.Add(float64(batch.Len()))
	if err := c.ws.NetConn().SetWriteDeadline(time.Now().Add(c.handler.limits.WriteWait)); err != nil {
		return true, err
	}
	_, err = c.ws.NetConn().Write(batch.Bytes()) // beside whole control frames: each is one write as well
	return true, err
}

// broken ends a connection that cannot be written to: its client is gone, or takes nothing for too long. One that is closing
// ends by itself, when its client has had the time to read why.
func (c *conn) broken(err error) {
	if c.ctx.Err() != nil {
		return
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		c.close(websocket.CloseTryAgainLater, "Too slow")
	}
	c.cancel()
	_ = c.ws.Close()
}
