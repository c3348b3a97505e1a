// Package lab measures the product from outside: it starts the built binary with a PostgreSQL of its own and puts load on
// it. Floors are measured in the same run, because machines are noisy and only ratios last.
package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"
)

// Bench is one run of the benchmark.
type Bench struct {
	// Binary is the product. PGBench is PostgreSQL's own benchmark, the floor.
	Binary, PGBench string
	// Seconds each load lasts.
	Seconds int
	Out     io.Writer
}

const clients = 64

// Run prints one table: sends, their cost, the latency of a lone client, starts and memory, each beside its floor.
func (b *Bench) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "chat-bench-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		return fmt.Errorf("open the directory: %w", err)
	}
	first, err := b.start(ctx, dir)
	if err != nil {
		return err
	}
	if err := first.stop(); err != nil {
		return err
	}
	p, err := b.start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	atRest := p.memory()

	w := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	row("what\tmessages/s\tCPU s per 1,000: chat\tPostgreSQL\tp50 ms\tp99 ms\tbeside the floor")
	floor, err := b.floor(ctx, p, clients)
	if err != nil {
		return err
	}
	row("pgbench, plain single-row INSERT, %d clients\t%.0f\t\t%.3f\t%.1f\t\t1", clients, floor.rate, floor.database, floor.p50)
	show := func(name string, got load, beside string) {
		row("%s, %d clients\t%.0f\t%.3f\t%.3f\t%.1f\t%.1f\t%s", name, clients, got.rate, got.server, got.database, got.p50, got.p99, beside)
	}
	for _, l := range []struct {
		name           string
		chats, members int
	}{{"sends, one chat of 64", 1, clients}, {"sends, 100 chats of 2", 100, 2}} {
		got, err := b.sends(ctx, p, l.chats, l.members, clients)
		if err != nil {
			return err
		}
		show(l.name, got, fmt.Sprintf("%.2f of pgbench", got.rate/floor.rate))
	}
	// A machine's speed drifts: the two groups are measured in the order A B B A.
	var groups [4]load
	for n, members := range []int{2, 1000, 1000, 2} {
		if groups[n], err = b.sends(ctx, p, 1, members, clients); err != nil {
			return err
		}
	}
	show("sends, one group of 2", groups[0], fmt.Sprintf("%.2f of pgbench", groups[0].rate/floor.rate))
	show("sends, one group of 1,000", groups[1], fmt.Sprintf("%.2f of a group of 2",
		(groups[1].rate+groups[2].rate)/(groups[0].rate+groups[3].rate)))
	lone, err := b.floor(ctx, p, 1)
	if err != nil {
		return err
	}
	row("pgbench, the same, 1 client\t%.0f\t\t%.3f\t%.2f\t\t1", lone.rate, lone.database, lone.p50)
	got, err := b.sends(ctx, p, 1, 2, 1)
	if err != nil {
		return err
	}
	row("sends, 1 client\t%.0f\t%.3f\t%.3f\t%.2f\t%.2f\t%.1f times pgbench's p50", got.rate, got.server, got.database, got.p50, got.p99, got.p50/lone.p50)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	_, err = fmt.Fprintf(b.Out, "ready after %d ms at the first start (a new database), %d ms at a later one; %d MB resident at rest\n",
		first.ready.Milliseconds(), p.ready.Milliseconds(), atRest>>20)
	return err
}

// process is the product under load.
type process struct {
	cmd   *exec.Cmd
	url   string
	dir   string
	ready time.Duration
}

func (b *Bench) start(ctx context.Context, dir string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{url: fmt.Sprintf("http://127.0.0.1:%d", port), dir: filepath.Join(dir, "data")}
	p.cmd = exec.Command(b.Binary, "serve", "--port", fmt.Sprint(port), "--data-dir", p.dir, "--log-level", "error")
	p.cmd.Stderr = b.Out
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Binary, err)
	}
	for time.Since(began) < time.Minute {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
		if err != nil {
			return nil, fmt.Errorf("ask for readiness: %w", err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				p.ready = time.Since(began)
				return p, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.stop())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil, errors.Join(errors.New("the product does not become ready"), p.stop())
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the product: %w", err)
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the product stopped badly: %w", err)
	}
	return nil
}

// load is what a load reached.
type load struct {
	rate             float64 // messages per second
	server, database float64 // CPU seconds per 1,000 messages
	p50, p99         float64 // milliseconds
}

// sends lets clients send for a while, each to one chat after another, and waits for every answer.
func (b *Bench) sends(ctx context.Context, p *process, chats, members, senders int) (load, error) {
	users, rooms, err := p.populate(ctx, chats, members, senders)
	if err != nil {
		return load{}, err
	}
	var calls [][]byte // one for each chat, and again, so that every client begins at another
	for n := range len(rooms) + senders {
		room := rooms[n%len(rooms)]
		call, err := encodeCall(p.url, sendMessage, map[string]any{"c": room, "u": users[room][n%len(users[room])], "t": text})
		if err != nil {
			return load{}, err
		}
		calls = append(calls, call)
	}
	began, server, database := time.Now(), p.serverCPU(), p.databaseCPU()
	var failed atomic.Pointer[error]
	durations := make([][]time.Duration, senders)
	until := began.Add(time.Duration(b.Seconds) * time.Second)
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			times, err := p.send(ctx, until, calls[n:])
			durations[n] = times
			if err != nil {
				failed.Store(&err)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return load{}, *err
	}
	all := slices.Concat(durations...)
	slices.Sort(all)
	took, sent := time.Since(began).Seconds(), float64(len(all))
	return load{
		rate:   sent / took,
		server: (p.serverCPU() - server) / sent * 1000, database: (p.databaseCPU() - database) / sent * 1000,
		p50: ms(all[len(all)/2]), p99: ms(all[len(all)*99/100]),
	}, nil
}

// send makes calls one after another, each when the one before is answered.
func (p *process) send(ctx context.Context, until time.Time, calls [][]byte) (times []time.Duration, err error) {
	c, err := dial(ctx, p.url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.conn.Close() }()
	for k := 0; time.Now().Before(until); k++ {
		start := time.Now()
		if err := c.call(calls[k%len(calls)], nil); err != nil {
			return times, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

const (
	sendMessage = `mutation($c: String!, $u: String!, $t: String!) {
		createMessage(createMessageInput: {chatId: $c, senderId: $u, content: $t}) { id seq content senderId createdAt isEdited }
	}`
	createUser = `mutation($n: String!, $e: String!) { createUser(username: $n, email: $e) { id } }`
	createChat = `mutation($p: [String!]!) { createChat(createChatInput: {name: "bench", participantIds: $p}) { id } }`
	text       = "About a hundred bytes of text, as people write it: neither very short nor very long, with some words."
)

// populate makes users and chats: the members of each chat, by chat.
func (p *process) populate(ctx context.Context, chats, members, senders int) (map[string][]string, []string, error) {
	var people []string
	for n := range max(members, min(senders, members)) {
		var out struct{ CreateUser struct{ ID string } }
		name := fmt.Sprintf("%d %d", time.Now().UnixNano(), n)
		if err := p.call(ctx, createUser, map[string]any{"n": name, "e": fmt.Sprintf("%s@example.org", name[:19]+"x"+fmt.Sprint(n))}, &out); err != nil {
			return nil, nil, err
		}
		people = append(people, out.CreateUser.ID)
	}
	users := map[string][]string{}
	var rooms []string
	for range chats {
		var out struct{ CreateChat struct{ ID string } }
		if err := p.call(ctx, createChat, map[string]any{"p": people[:members]}, &out); err != nil {
			return nil, nil, err
		}
		rooms = append(rooms, out.CreateChat.ID)
		users[out.CreateChat.ID] = people[:members]
	}
	return users, rooms, nil
}

// call makes one call on a connection of its own kind: as little work as a client can have, since it shares the machine
// with what it measures.
func (p *process) call(ctx context.Context, query string, variables map[string]any, out any) error {
	c, err := dial(ctx, p.url)
	if err != nil {
		return err
	}
	defer func() { _ = c.conn.Close() }()
	request, err := encodeCall(p.url, query, variables)
	if err != nil {
		return err
	}
	return c.call(request, out)
}

// encodeCall is a whole HTTP request.
func encodeCall(url, query string, variables map[string]any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, fmt.Errorf("encode a call: %w", err)
	}
	return fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		strings.TrimPrefix(url, "http://"), len(body), body), nil
}

// connection is a keep-alive connection that makes one call at a time.
type connection struct {
	conn   net.Conn
	reader *bufio.Reader
	body   []byte
}

func dial(ctx context.Context, url string) (*connection, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &connection{conn: conn, reader: bufio.NewReader(conn)}, nil
}

func (c *connection) call(request []byte, out any) error {
	if _, err := c.conn.Write(request); err != nil {
		return fmt.Errorf("call: %w", err)
	}
	length := 0
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read an answer: %w", err)
		}
		if text, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(text))); err != nil {
				return fmt.Errorf("read an answer's length: %w", err)
			}
		}
		if len(line) == 2 {
			break
		}
	}
	c.body = slices.Grow(c.body[:0], length)[:length]
	if _, err := io.ReadFull(c.reader, c.body); err != nil {
		return fmt.Errorf("read an answer: %w", err)
	}
	if !bytes.HasPrefix(c.body, []byte(`{"data":`)) {
		return fmt.Errorf("%w: %s", errCall, c.body)
	}
	if out == nil {
		return nil
	}
	var answer struct{ Data json.RawMessage }
	if err := json.Unmarshal(c.body, &answer); err != nil {
		return fmt.Errorf("read an answer: %w", err)
	}
	return json.Unmarshal(answer.Data, out)
}

var errCall = errors.New("the call failed")
