package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"chat/modules/poll"
)

const (
	maxFlight  = 1 << 10 // messages of one topic whose deliveries are counted at a time
	readers    = 2       // goroutines that read for a crowd
	readBytes  = 256 << 10
	handshakes = 64 // at a time: fewer than may wait for their connection_init
)

// dialect is how a crowd speaks to a server.
type dialect struct {
	path, protocol, header string
	hello                  []string // what is sent first; each is answered
	subscribe              func(topic string, after int64) string
	confirms               bool   // subscribe is answered
	mark                   []byte // what stands before a message's number
	ping, pong             []byte // of the server, and the answer to it, where it pings by messages
	ordered                bool   // numbers are the server's own; else publishers race
}

// ours is the dialect of the product. The library's handler finds the user in the header.
func ours(user string) dialect {
	return dialect{
		path: "/graphql", protocol: "graphql-transport-ws", header: "User-Id: " + user + "\r\n",
		hello: []string{fmt.Sprintf(`{"type":"connection_init","payload":{"user-id":%q}}`, user)},
		subscribe: func(topic string, after int64) string {
			text, _ := json.Marshal(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{ // it always encodes
				"query":     `subscription($c: ID!, $a: Seq) { messageAdded(chatId: $c, afterSeq: $a) { id seq content senderId createdAt isEdited } }`,
				"variables": map[string]any{"c": topic, "a": after},
			}})
			return string(text)
		},
		mark: []byte(`"extensions":{"seq":`), ordered: true,
	}
}

// centrifugal is Centrifugo's, in JSON.
func centrifugal() dialect {
	return dialect{
		path:  "/connection/websocket",
		hello: []string{`{"id":1,"connect":{}}`},
		subscribe: func(topic string, _ int64) string {
			return fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, topic)
		},
		confirms: true, mark: []byte(`"seq":"`), ping: []byte(`{}`), pong: []byte(`{}`),
	}
}

// topic is what a part of the crowd follows. It counts what each of its messages still lacks.
type topic struct {
	name    string
	members int
	lacks   [maxFlight]atomic.Int32 // deliveries, by number
	over    func(number int64)      // called when everybody has a message
}

// subscriber is one connection of a crowd. It belongs to the goroutine that reads it.
type subscriber struct {
	fd    int
	topic *topic
	last  int64  // every message up to it was delivered, once
	later uint64 // and of those behind it these; bit n is last+1+n
	rest  []byte // of a frame that is not whole
}

// crowd is subscribers that verify what they get: each message of their topic once and, where the server numbers them, in
// order.
type crowd struct {
	dialect   dialect
	members   []*subscriber
	pollers   []*poll.Poller
	delivered atomic.Int64
	failed    atomic.Pointer[error]
	leaving   atomic.Bool
	reading   sync.WaitGroup
}

// gatherCrowd connects as many subscribers to each topic; they have every message after that number.
func gatherCrowd(ctx context.Context, address string, d dialect, topics []*topic, each int, after int64) (*crowd, error) {
	c := &crowd{dialect: d}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(handshakes)
	for _, t := range topics {
		t.members = each
		for range each {
			group.Go(func() error {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				s, err := d.join(address, t, after)
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				c.members = append(c.members, s)
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		c.leave()
		return nil, err
	}
	return c, c.listen()
}

// join opens a subscriber's connection and subscribes.
func (d dialect) join(address string, t *topic, after int64) (*subscriber, error) {
	fd, err := upgrade(address, d.path, d.protocol, d.header)
	if err != nil {
		return nil, err
	}
	messages := append(append([]string(nil), d.hello...), d.subscribe(t.name, after))
	for n, text := range messages {
		if err := sendFrame(fd, ws.OpText, []byte(text)); err != nil {
			return nil, err
		}
		if n == len(d.hello) && !d.confirms {
			break
		}
		if answer, err := readText(fd); err != nil || bytes.Contains(answer, []byte(`"error"`)) {
			return nil, errors.Join(fmt.Errorf("subscribe: %s (%w)", answer, err), unix.Close(fd))
		}
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return &subscriber{fd: fd, topic: t, last: after}, nil
}

// listen begins to read.
func (c *crowd) listen() error {
	for range readers {
		p, err := poll.New()
		if err != nil {
			return err
		}
		c.pollers = append(c.pollers, p)
	}
	for n, s := range c.members {
		if err := c.pollers[n%readers].Watch(s.fd, int64(n)); err != nil {
			return err
		}
	}
	for _, p := range c.pollers {
		c.reading.Go(func() {
			if err := c.read(p); err != nil && !c.leaving.Load() {
				c.failed.CompareAndSwap(nil, &err)
			}
		})
	}
	return nil
}

func (c *crowd) read(p *poll.Poller) error {
	buffer := make([]byte, readBytes)
	var keys []int64
	var err error
	for {
		if keys, err = p.Wait(keys[:0]); err != nil {
			return err
		}
		for _, key := range keys {
			if err := c.take(c.members[key], buffer); err != nil {
				return err
			}
		}
	}
}

// take reads what a subscriber was sent.
func (c *crowd) take(s *subscriber, buffer []byte) error {
	n, err := unix.Read(s.fd, buffer[copy(buffer, s.rest):])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil || n == 0:
		return fmt.Errorf("read a delivery: the connection has ended (%w)", err)
	}
	data := buffer[:len(s.rest)+n]
	got := int64(0)
	for {
		op, payload, rest, ok := nextFrame(data)
		if !ok {
			break
		}
		data = rest
		switch op {
		case ws.OpText:
			n, err := c.text(s, payload)
			if err != nil {
				return err
			}
			got += n
		case ws.OpPing:
			if err := sendFrame(s.fd, ws.OpPong, payload); err != nil {
				return err
			}
		case ws.OpClose:
			return fmt.Errorf("%w: closed with %q", errCall, payload)
		}
	}
	s.rest = append(s.rest[:0], data...)
	c.delivered.Add(got)
	return nil
}

// text takes one text frame, which may hold several messages in lines.
func (c *crowd) text(s *subscriber, payload []byte) (got int64, err error) {
	for len(payload) > 0 {
		line := payload
		if at := bytes.IndexByte(payload, '\n'); at >= 0 {
			line, payload = payload[:at], payload[at+1:]
		} else {
			payload = nil
		}
		if c.dialect.ping != nil && bytes.Equal(line, c.dialect.ping) {
			if err := sendFrame(s.fd, ws.OpText, c.dialect.pong); err != nil {
				return got, err
			}
			continue
		}
		number, ok := numberAfter(line, c.dialect.mark)
		if !ok {
			return got, fmt.Errorf("%w: %s", errCall, line)
		}
		if err := s.count(number, c.dialect.ordered); err != nil {
			return got, err
		}
		got++
	}
	return got, nil
}

// count takes note of one message: of the next one, or of a later one where publishers race.
func (s *subscriber) count(number int64, ordered bool) error {
	ahead := number - s.last - 1
	if ahead < 0 || ahead > 63 || ordered && ahead > 0 || s.later&(1<<ahead) != 0 {
		return fmt.Errorf("message %d of %s came after %d", number, s.topic.name, s.last)
	}
	for s.later |= 1 << ahead; s.later&1 != 0; s.later >>= 1 {
		s.last++
	}
	lack := &s.topic.lacks[number%maxFlight]
	if n := lack.Add(1); int(n) == s.topic.members {
		lack.Store(0)
		if s.topic.over != nil {
			s.topic.over(number)
		}
	}
	return nil
}

// await returns when so many deliveries were counted.
func (c *crowd) await(ctx context.Context, deliveries int64) error {
	for began := time.Now(); c.delivered.Load() < deliveries && time.Since(began) < deliveryTime; {
		if err := c.err(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	if got := c.delivered.Load(); got != deliveries {
		return errors.Join(c.err(), fmt.Errorf("%d deliveries were to come, and %d came", deliveries, got))
	}
	return c.err()
}

func (c *crowd) err() error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// leave ends the connections.
func (c *crowd) leave() {
	c.leaving.Store(true)
	for _, p := range c.pollers {
		_ = p.Close()
	}
	c.reading.Wait()
	for _, s := range c.members {
		_ = unix.Close(s.fd)
	}
}
