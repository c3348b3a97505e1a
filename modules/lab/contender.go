package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/history"
	"chat/modules/id"
)

// contender is a server that delivers, started for one measurement. Its crowd and its publishers are of this process.
type contender struct {
	name    string
	address string // of the subscribers
	dialect dialect
	topics  func(ctx context.Context, n int) ([]string, error)
	// publisher opens a way to publish. What it gives publishes a message and returns when it is taken.
	publisher func(ctx context.Context) (func(news) error, error)
	opener    func(ctx context.Context) (func(news) error, error) // the same for the first message of a topic, which everybody has to get
	waits     bool                                                // publishing is a request with its answer, so that many have to be under way at a time
	server    *exec.Cmd                                           // whose CPU and memory count
	beside    func() float64                                      // CPU of what else it takes
	stops     []func()
}

// news is one message to publish. Its number is the publisher's where the server gives none.
type news struct {
	topic  string
	number int64
}

func (c *contender) stop() {
	for n := len(c.stops) - 1; n >= 0; n-- {
		c.stops[n]()
	}
}

// ground is what contenders stand on: a PostgreSQL and a Redis that run throughout.
type ground struct {
	bench    *Bench
	dir      string
	database *database
	url      string // of the database
	redis    *exec.Cmd
	address  string // of Redis
	stops    []func()
}

func (g *ground) besides() float64 { return g.database.cpu() + cpu(g.redis.Process.Pid, false) }

// product starts one process of the product.
func (g *ground) product(ctx context.Context, env []string, flags ...string) (*process, error) {
	env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + g.dir, "DATABASE_URL=" + g.url}, env...)
	return g.bench.start(ctx, env, append([]string{"--auth=none", "--migrate"}, flags...)...)
}

// alone is the product in one process, its hints handed on in memory; messages are sent.
func (g *ground) alone(name string, flags ...string) func(context.Context) (*contender, error) {
	return func(ctx context.Context) (*contender, error) {
		p, err := g.product(ctx, nil, flags...)
		if err != nil {
			return nil, err
		}
		return g.sending(ctx, name, p, p, nil)
	}
}

// apart is the product with the subscribers on a process of their own, behind Redis. Messages are sent at the other or, as
// hints alone, published as a sender does when it has committed them: then nothing but delivery is measured.
func (g *ground) apart(name string, hints bool) func(context.Context) (*contender, error) {
	return func(ctx context.Context) (*contender, error) {
		env := []string{"REDIS_URL=redis://" + g.address}
		front, err := g.product(ctx, env)
		if err != nil {
			return nil, err
		}
		back, err := g.product(ctx, env, "--role=receiver")
		if err != nil {
			return nil, errors.Join(err, front.stop())
		}
		beside := func() float64 { return front.cpu() }
		c, err := g.sending(ctx, name, front, back, beside)
		if err != nil || !hints {
			return c, err
		}
		return c, g.hinting(ctx, c)
	}
}

// sending is a product that gets messages at one process and delivers them at another, or the same.
func (g *ground) sending(ctx context.Context, name string, front, back *process, more func() float64) (*contender, error) {
	s := &system{users: []string{front.url}, senders: []string{front.url}}
	c := &contender{
		name: name, address: strings.TrimPrefix(back.url, "http://"), waits: true, server: back.cmd,
		stops: []func(){func() { _ = front.stop() }},
	}
	if back != front {
		c.stops = append(c.stops, func() { _ = back.stop() })
	}
	c.beside = func() float64 {
		if more != nil {
			return g.besides() + more()
		}
		return g.besides()
	}
	rooms, err := s.populate(ctx, 1, 1)
	if err != nil {
		c.stop()
		return nil, err
	}
	member := rooms[0].members[0]
	c.dialect = ours(member.id)
	c.topics = func(ctx context.Context, n int) (names []string, err error) {
		rooms, err := s.populate(ctx, n, 1)
		for _, r := range rooms {
			names = append(names, r.id)
		}
		return names, err
	}
	c.publisher = func(ctx context.Context) (func(news) error, error) {
		conn, err := dial(ctx, front.url)
		if err != nil {
			return nil, err
		}
		return func(n news) error {
			call, err := encodeCall(front.url, "", sendMessage, map[string]any{"c": n.topic, "u": member.id, "t": text})
			if err != nil {
				return err
			}
			return conn.call(call, nil)
		}, nil
	}
	c.opener = c.publisher
	return c, nil
}

// hinting makes a contender's publishers say what a sender says. The first message of a chat is sent all the same: who has not
// subscribed yet reads it from the log.
func (g *ground) hinting(ctx context.Context, c *contender) error {
	publishing, err := bus.NewRedis("redis://"+g.address, prometheus.NewRegistry(), zerolog.Nop())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = publishing.Run(ctx)
	}()
	c.stops = append(c.stops, func() {
		cancel()
		<-done
	})
	c.name, c.waits = c.name+", hints alone", false
	c.publisher = func(context.Context) (func(news) error, error) {
		return func(n news) error {
			publishing.Publish(hint(n))
			return nil
		}, nil
	}
	return nil
}

// hint is what a sender publishes of a message that it has committed.
func hint(n news) bus.Hint {
	chat, message, sender, at := id.Parse[id.Chat](n.topic), id.New[id.Message](), id.New[id.User](), time.Now()
	body, _ := json.Marshal(map[string]any{ // it always encodes
		"id": message, "chat": chat, "seq": n.number, "version": n.number, "sender": sender, "content": text, "created": at,
	})
	return bus.Hint{Channel: bus.Channel{Chat: chat}, Events: []history.Event{{
		Chat: chat, Seq: n.number, Kind: history.MessageAdded, Subject: id.Any(message), Actor: sender, At: at, Body: body,
	}}}
}

// centrifugo is a node of Centrifugo that gets messages by its API in JSON and delivers them; with Redis between two nodes
// of which the other gets them.
func (g *ground) centrifugo(name string, apart bool) func(context.Context) (*contender, error) {
	return func(ctx context.Context) (*contender, error) {
		back, address, err := g.node(ctx, apart)
		if err != nil {
			return nil, err
		}
		c := &contender{
			name: name, address: address, dialect: centrifugal(), server: back, waits: true,
			stops:  []func(){func() { end(back) }},
			beside: func() float64 { return 0 },
		}
		front := address
		if apart {
			node, at, err := g.node(ctx, apart)
			if err != nil {
				c.stop()
				return nil, err
			}
			front = at
			c.stops = append(c.stops, func() { end(node) })
			c.beside = func() float64 { return cpu(node.Process.Pid, false) + cpu(g.redis.Process.Pid, false) }
		}
		c.topics = newTopics
		c.publisher = func(ctx context.Context) (func(news) error, error) { return g.publishing(ctx, front) }
		c.opener = c.publisher
		return c, nil
	}
}

func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
}

// node starts one Centrifugo.
func (g *ground) node(ctx context.Context, apart bool) (cmd *exec.Cmd, address string, err error) {
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	settings := map[string]any{
		"http_server": map[string]any{"address": "127.0.0.1", "port": strconv.Itoa(port)},
		"http_api":    map[string]any{"insecure": true},
		"client":      map[string]any{"insecure": true, "allowed_origins": []string{"*"}},
		"log":         map[string]any{"level": "error"},
	}
	if apart {
		settings["engine"] = map[string]any{"type": "redis", "redis": map[string]any{"address": "redis://" + g.address}}
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, "", fmt.Errorf("write Centrifugo's settings: %w", err)
	}
	path := filepath.Join(g.dir, fmt.Sprintf("centrifugo-%d.json", port))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, "", fmt.Errorf("write Centrifugo's settings: %w", err)
	}
	cmd = exec.Command(g.bench.Centrifugo, "--config", path)
	cmd.Stderr = g.bench.Out
	if err := cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("start %s: %w", g.bench.Centrifugo, err)
	}
	address = "127.0.0.1:" + strconv.Itoa(port)
	if err := awaitListener(ctx, address); err != nil {
		end(cmd)
		return nil, "", fmt.Errorf("start %s: %w", g.bench.Centrifugo, err)
	}
	return cmd, address, nil
}

// publishing publishes messages of the same form and size as ours, one in a request, as ours are.
func (g *ground) publishing(ctx context.Context, address string) (func(news) error, error) {
	conn, err := dial(ctx, "http://"+address)
	if err != nil {
		return nil, err
	}
	return func(n news) error {
		body := fmt.Appendf(nil, `{"channel":"%s","data":{"data":{"messageAdded":{"id":"%s","seq":"%d","content":"%s","senderId":"%s",`+
			`"createdAt":"2026-01-01T00:00:00.000000Z","isEdited":false}}}}`, n.topic, id.New[id.Message](), n.number, text, id.New[id.User]())
		if err := conn.exchange(fmt.Appendf(nil, "POST /api/publish HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			address, len(body), body)); err != nil {
			return err
		}
		if strings.Contains(string(conn.body), `"error"`) {
			return fmt.Errorf("%w: %s", errCall, conn.body)
		}
		return nil
	}, nil
}
