package socket

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

// TestFramesInAnyPieces: what comes out does not depend on how the bytes come in, and nothing is kept between messages.
func TestFramesInAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream bytes.Buffer
		var want []string
		write := func(op ws.OpCode, fin bool, payload []byte) {
			_ = ws.WriteFrame(&stream, ws.MaskFrame(ws.NewFrame(op, fin, slices.Clone(payload)))) // a buffer takes everything
		}
		for range rapid.IntRange(1, 5).Draw(t, "messages") {
			parts := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 4).Draw(t, "parts")
			for n, part := range parts {
				op := ws.OpContinuation
				if n == 0 {
					op = ws.OpText
				}
				write(op, n == len(parts)-1, part)
				if n < len(parts)-1 && rapid.Bool().Draw(t, "a ping between") {
					write(ws.OpPing, true, []byte("ping"))
					want = append(want, "9 ping")
				}
			}
			want = append(want, "1 "+string(slices.Concat(parts...)))
		}
		f := newFrames(2_000)
		var got []string
		data := stream.Bytes()
		for len(data) > 0 {
			n := rapid.IntRange(1, min(len(data), 200)).Draw(t, "piece")
			if err := f.take(slices.Clone(data[:n]), func(op ws.OpCode, payload []byte) bool {
				got = append(got, string('0'+rune(op))+" "+string(payload))
				return true
			}); err != nil {
				t.Fatal(err)
			}
			data = data[n:]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if f.pending != nil || f.message != nil {
			t.Fatalf("%d and %d bytes are kept", len(f.pending), len(f.message))
		}
	})
}
