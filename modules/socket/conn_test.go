package socket

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/gql"
)

const hello = `{"type":"connection_init"}`

// root answers with as much as it is asked for.
type root struct{ executed atomic.Int64 }

func (r *root) Large(args struct{ Bytes int32 }) string {
	r.executed.Add(1)
	return strings.Repeat("x", int(args.Bytes))
}

// peer is the client of a connection that holds nothing on its way: what is not read is not written.
type peer struct {
	net.Conn
	t    *testing.T
	conn *conn
	root *root
	sent atomic.Int64
}

func newPeer(t *testing.T, change func(*Limits)) *peer {
	t.Helper()
	p := &peer{t: t, root: &root{}}
	exec, err := gql.NewExecutor(gql.Config{
		SDL: `type Query { large(bytes: Int!): String! }`, Root: p.root, Introspection: func(context.Context) bool { return false },
		Limits: gql.DefaultLimits(), Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	limits := OpenLimits()
	change(&limits)
	h := New(Config{
		Exec: exec, Identify: func(ctx context.Context, _ map[string]any) (context.Context, error) { return ctx, nil },
		Limits: limits, Portable: true, Log: zerolog.Nop(), Metrics: prometheus.NewRegistry(),
	})
	if _, refusal := h.admit("here"); refusal != nil {
		t.Fatal(refusal)
	}
	var ours net.Conn
	ours, p.Conn = net.Pipe()
	p.conn = newConn(context.Background(), h, ours, "here")
	p.conn.begin()
	t.Cleanup(func() {
		_ = p.Close()
		if err := h.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return p
}

// send says something, which waits until it is taken.
func (p *peer) send(op ws.OpCode, payload string) {
	if err := wsutil.WriteClientMessage(p, op, []byte(payload)); err != nil {
		p.t.Error(err)
		return
	}
	p.sent.Add(1)
}

// ask sends a query for so many bytes.
func (p *peer) ask(n, bytes int) {
	p.send(ws.OpText, fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"{ large(bytes: %d) }"}}`, n, bytes))
}

// read gives the next message.
func (p *peer) read() string {
	p.t.Helper()
	data, err := wsutil.ReadServerText(p)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

// waits is how many bytes wait to be written.
func (p *peer) waits() (bytes int) {
	q := p.conn.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, f := range q.frames {
		bytes += f.size()
	}
	return bytes
}

// TestAnswersThatNobodyReads are bounded by their size: the operations that have them keep their places, and nothing more
// is read. All are given once the client reads.
func TestAnswersThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queries, size = 60, 300 << 10
		p := newPeer(t, func(l *Limits) { l.Operations = 4 })
		go func() {
			p.send(ws.OpText, hello)
			for n := range queries {
				p.ask(n, size)
			}
		}()
		synctest.Wait()
		limits := p.conn.handler.limits
		if n := p.waits(); n > limits.AnswerBytes+size+1000 {
			t.Errorf("%d bytes of answers wait", n)
		}
		if n := int(p.root.executed.Load()); n > limits.AnswerBytes/size+2+limits.Operations {
			t.Errorf("%d queries were executed for a client that reads nothing", n)
		}
		for answered := 0; answered < queries; {
			if strings.Contains(p.read(), `"type":"complete"`) {
				answered++
			}
		}
		if n := p.conn.queue.answered; n != 0 {
			t.Errorf("%d bytes are counted when nothing waits", n)
		}
	})
}

// TestPongsThatNobodyReads are answers like others. Who reads them gets every one, in order.
func TestPongsThatNobodyReads(t *testing.T) {
	for _, c := range []struct {
		name       string
		op, answer ws.OpCode
		ping, pong string
	}{
		{"of WebSocket", ws.OpPing, ws.OpPong, "%d", "%d"},
		{"of the protocol", ws.OpText, ws.OpText, `{"type":"ping","payload":{"n":%d}}`, `{"type":"pong","payload":{"n":%d}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const pings = 5_000
				p := newPeer(t, func(*Limits) {})
				go func() {
					for n := range pings {
						p.send(c.op, fmt.Sprintf(c.ping, n))
					}
				}()
				synctest.Wait()
				// Those that wait, and as many that did and are being written.
				if taken := int(p.sent.Load()); taken > 2*(p.conn.handler.limits.Answers+2) {
					t.Errorf("%d pings were taken from a client that reads nothing", taken)
				}
				for n := range pings {
					op, payload := readFrame(t, p)
					if want := fmt.Sprintf(c.pong, n); op != c.answer || string(payload) != want {
						t.Fatalf("instead of pong %d: %v %q", n, op, payload)
					}
				}
			})
		})
	}
}

// TestASteadyReaderIsNotTooSlow, however long it takes for one message, nor is it taken for dead because it does not see our
// pings behind it. Who stops reading is too slow.
func TestASteadyReaderIsNotTooSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(*Limits) {})
		go func() {
			p.send(ws.OpText, hello)
			for n := range 3 {
				p.ask(n, 5<<20)
			}
		}()
		steps := make([]byte, 60<<10)
		for range 2 * (5 << 20) / len(steps) {
			if _, err := io.ReadFull(p, steps); err != nil {
				t.Fatalf("after %d: %v", p.sent.Load(), err)
			}
			time.Sleep(4 * time.Second) // a piece takes two steps
		}
		time.Sleep(12 * time.Second)
		if p.conn.ctx.Err() == nil {
			t.Error("who stops reading is not too slow")
		}
	})
}

// TestReasonsAreWholeCharacters: clients refuse a close frame that is not UTF-8, and would not learn the code.
func TestReasonsAreWholeCharacters(t *testing.T) {
	for shift := range 4 {
		p := newPeer(t, func(*Limits) {})
		go p.conn.close(closeSubscriberExists, strings.Repeat("x", shift)+strings.Repeat("😀", 60))
		_, payload := readFrame(t, p)
		code, reason := ws.ParseCloseFrameData(payload)
		if err := ws.CheckCloseFrameData(code, reason); err != nil || code != closeSubscriberExists || len(reason) < maxReason-3 {
			t.Errorf("closed %d with %q: %v", code, reason, err)
		}
	}
}

func readFrame(t *testing.T, from io.Reader) (ws.OpCode, []byte) {
	t.Helper()
	header, err := ws.ReadHeader(from)
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, header.Length)
	if _, err := io.ReadFull(from, payload); err != nil {
		t.Fatal(err)
	}
	return header.OpCode, payload
}
