package socket

import (
	"bytes"
	"errors"
	"io"

	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"
)

// frames puts messages together from what a client sends, in whatever pieces it comes. Between two messages it holds
// nothing.
type frames struct {
	limit int64 // of one message, its parts together

	pending []byte // of a frame that is not whole
	message []byte // of a message in parts, those that came
	opcode  ws.OpCode
	state   ws.State
}

func newFrames(limit int64) frames { return frames{limit: limit, state: ws.StateServerSide} }

// broken is how a client has broken the rules of WebSocket: what its connection is closed with.
type broken struct {
	code int
	text string
}

func (b *broken) Error() string { return b.text }

// take goes over data, which it changes, and gives every message and control frame that is whole. What it gives is valid
// until each returns; where that is false the rest is forgotten. Its error is a *broken.
func (f *frames) take(data []byte, each func(ws.OpCode, []byte) bool) error {
	if len(f.pending) > 0 {
		f.pending = append(f.pending, data...)
		data = f.pending
	}
	for {
		head, payload, rest, err := f.next(data)
		if err != nil {
			return err
		}
		if payload == nil {
			break
		}
		data = rest
		if !f.give(head, payload, each) {
			data = nil
			break
		}
	}
	if len(data) == 0 {
		f.pending = nil
	} else {
		f.pending = append(f.pending[:0], data...) // of which it may be the end
	}
	return nil
}

// next takes the first frame; a nil payload means that it is not whole.
func (f *frames) next(data []byte) (head ws.Header, payload, rest []byte, err error) {
	head, err = ws.ReadHeader(bytes.NewReader(data))
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return head, nil, data, nil
	case errors.Is(err, ws.ErrHeaderLengthMSB):
		return head, nil, nil, &broken{websocket.CloseMessageTooBig, "The message is too long"}
	case err != nil:
		return head, nil, nil, &broken{websocket.CloseProtocolError, "This is no frame of WebSocket"}
	}
	if err := ws.CheckHeader(head, f.state); err != nil {
		return head, nil, nil, &broken{websocket.CloseProtocolError, "This is no frame of WebSocket: " + err.Error()}
	}
	if !head.OpCode.IsControl() && head.Length > f.limit-int64(len(f.message)) {
		return head, nil, nil, &broken{websocket.CloseMessageTooBig, "The message is too long"}
	}
	begins, ends := ws.HeaderSize(head), ws.HeaderSize(head)+int(head.Length)
	if len(data) < ends {
		return head, nil, data, nil
	}
	payload = data[begins:ends:ends]
	ws.Cipher(payload, head.Mask, 0)
	return head, payload, data[ends:], nil
}

// give hands on a control frame, or a message when its last part is there.
func (f *frames) give(head ws.Header, payload []byte, each func(ws.OpCode, []byte) bool) bool {
	switch {
	case head.OpCode.IsControl():
		return each(head.OpCode, payload)
	case head.Fin && head.OpCode != ws.OpContinuation:
		return each(head.OpCode, payload)
	}
	if head.OpCode != ws.OpContinuation {
		f.opcode, f.state = head.OpCode, f.state.Set(ws.StateFragmented)
	}
	f.message = append(f.message, payload...)
	if !head.Fin {
		return true
	}
	message := f.message
	f.message, f.state = nil, f.state.Clear(ws.StateFragmented)
	return each(f.opcode, message)
}
