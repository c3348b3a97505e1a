package socket

import (
	"bytes"
	"sync"

	"github.com/gobwas/ws"
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
