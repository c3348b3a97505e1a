package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"chat/modules/id"
)

// Bare is the floor of RunFanout: a server that does nothing but write what is published to the sockets of a topic. It knows no
// users, numbers, limits or slow readers; what it costs is what the kernel takes for a delivery.
type Bare struct {
	mu     sync.Mutex
	topics map[string]*bareTopic
}

// bareTopic is the sockets of a topic and what waits for them: what comes while others are written leaves together.
type bareTopic struct {
	sockets []int
	waiting []byte
	isBusy  bool
}

// Serve answers subscribers at one address and publishers at the other, until ctx ends.
func (b *Bare) Serve(ctx context.Context, subscribers, publishers string) error {
	b.topics = map[string]*bareTopic{}
	l, err := net.Listen("tcp4", subscribers)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s := &http.Server{Addr: publishers, Handler: http.HandlerFunc(b.publish), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _, _ = l.Close(), s.Close() })
	defer stop()
	var serving errgroup.Group
	serving.Go(func() error { return b.accept(l) })
	serving.Go(s.ListenAndServe)
	if err := serving.Wait(); ctx.Err() == nil {
		return err
	}
	return nil
}

func (b *Bare) accept(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go func() { _ = b.join(conn) }() // who is not there is missed by the crowd
	}
}

// join makes a connection a subscriber of the topic that its first message names.
func (b *Bare) join(conn net.Conn) error {
	defer func() { _ = conn.Close() }() // the socket that is kept is a copy
	if _, err := ws.Upgrade(conn); err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	name, err := wsutil.ReadClientText(conn)
	if err != nil {
		return fmt.Errorf("read a topic: %w", err)
	}
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return fmt.Errorf("take a socket: %w", err)
	}
	defer func() { _ = file.Close() }()
	fd, err := unix.Dup(int(file.Fd()))
	if err != nil {
		return fmt.Errorf("take a socket: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(string(name))
	t.sockets = append(t.sockets, fd)
	_, err = unix.Write(fd, ws.MustCompileFrame(ws.NewTextFrame([]byte("joined"))))
	return err
}

func (b *Bare) topic(name string) *bareTopic {
	t := b.topics[name]
	if t == nil {
		t = &bareTopic{}
		b.topics[name] = t
	}
	return t
}

// publish takes a message, whose path is its topic.
func (b *Bare) publish(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(strings.TrimPrefix(r.URL.Path, "/"))
	t.waiting = append(t.waiting, ws.MustCompileFrame(ws.NewTextFrame(body))...)
	if !t.isBusy {
		t.isBusy = true
		go b.write(t)
	}
}

func (b *Bare) write(t *bareTopic) {
	for {
		b.mu.Lock()
		data, sockets := t.waiting, t.sockets
		t.waiting, t.isBusy = nil, len(data) > 0
		b.mu.Unlock()
		if len(data) == 0 {
			return
		}
		for _, fd := range sockets {
			_, _ = unix.Write(fd, data) // what does not arrive is missed by the crowd
		}
	}
}

// bare is the floor as a contender.
func (g *ground) bare(ctx context.Context) (*contender, error) {
	var addresses [2]string
	for n := range addresses {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		addresses[n] = "127.0.0.1:" + strconv.Itoa(port)
	}
	cmd := exec.Command(g.bench.Binary, "bench", "bare", addresses[0], addresses[1])
	cmd.Stderr = g.bench.Out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the floor: %w", err)
	}
	if err := errors.Join(awaitListener(ctx, addresses[0]), awaitListener(ctx, addresses[1])); err != nil {
		end(cmd)
		return nil, fmt.Errorf("start the floor: %w", err)
	}
	c := &contender{
		name: "floor: the writes alone", address: addresses[0], server: cmd, waits: true, topics: newTopics,
		dialect: dialect{
			path: "/", subscribe: func(topic string, _ int64) string { return topic }, confirms: true, mark: []byte(`"extensions":{"seq":`),
		},
		stops: []func(){func() { end(cmd) }}, beside: func() float64 { return 0 },
	}
	c.publisher = func(ctx context.Context) (func(news) error, error) {
		conn, err := dial(ctx, "http://"+addresses[1])
		if err != nil {
			return nil, err
		}
		return func(n news) error {
			body := fmt.Appendf(nil, `{"id":"1","type":"next","payload":{"data":{"messageAdded":{"id":"%s","seq":"%d","content":"%s","senderId":"%s",`+
				`"createdAt":"2026-01-01T00:00:00.000000Z","isEdited":false}},"extensions":{"seq":%d}}}`, id.New[id.Message](), n.number, text, id.New[id.User](), n.number)
			return conn.exchange(fmt.Appendf(nil, "POST /%s HTTP/1.1\r\nHost: bare\r\nContent-Length: %d\r\n\r\n%s", n.topic, len(body), body))
		}, nil
	}
	c.opener = c.publisher
	return c, nil
}

// newTopics names topics that nobody has used.
func newTopics(_ context.Context, n int) (names []string, err error) {
	for range n {
		names = append(names, id.New[id.Chat]().String())
	}
	return names, nil
}
