package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is what a load reached.
type load struct {
	rate     float64            // messages per second
	cost     map[string]float64 // CPU seconds per 1,000 messages, of each part
	clients  float64            // and of the clients
	p50, p99 float64            // milliseconds; pgbench gives its mean
}

// total is the CPU seconds of everything per 1,000 messages.
func (l load) total() float64 {
	total := l.clients
	for _, cost := range l.cost {
		total += cost
	}
	return total
}

func mean(a, b load) load {
	half := func(x, y float64) float64 { return (x + y) / 2 }
	m := load{rate: half(a.rate, b.rate), clients: half(a.clients, b.clients), p50: half(a.p50, b.p50), p99: half(a.p99, b.p99)}
	m.cost = maps.Clone(a.cost)
	for name := range m.cost {
		m.cost[name] = half(a.cost[name], b.cost[name])
	}
	return m
}

// sends lets clients send for a while, each to one chat after another, and waits for every answer, and where there are
// receivers for every delivery to one subscriber in each chat.
func (b *Bench) sends(ctx context.Context, s *system, chats, members, senders int) (load, error) {
	rooms, err := s.populate(ctx, chats, members)
	if err != nil {
		return load{}, err
	}
	calls := make([][][]byte, senders) // of each client, one for each chat, and each client begins at another
	for n := range calls {
		for k := range rooms {
			room := rooms[(n+k)%len(rooms)]
			by := room.members[(n+k)%len(room.members)]
			call, err := encodeCall(s.sender(n), by.token, sendMessage, map[string]any{"c": room.id, "u": by.id, "t": text})
			if err != nil {
				return load{}, err
			}
			calls[n] = append(calls[n], call)
		}
	}
	a, err := s.subscribe(ctx, rooms)
	if err != nil {
		return load{}, err
	}
	defer a.leave()
	began, clients, before := time.Now(), own(), s.costs()
	var failed atomic.Pointer[error]
	durations := make([][]time.Duration, senders)
	until := began.Add(time.Duration(b.Seconds) * time.Second)
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			times, err := send(ctx, s.sender(n), until, calls[n])
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
	took := time.Since(began).Seconds()
	all := slices.Concat(durations...)
	if err := a.await(ctx, int64(len(all))); err != nil {
		return load{}, err
	}
	slices.Sort(all)
	thousands := float64(len(all)) / 1000
	l := load{
		rate: float64(len(all)) / took, clients: (own() - clients) / thousands, cost: s.costs(),
		p50: ms(all[len(all)/2]), p99: ms(all[len(all)*99/100]),
	}
	for name := range l.cost {
		l.cost[name] = (l.cost[name] - before[name]) / thousands
	}
	return l, nil
}

func (s *system) sender(client int) string { return s.senders[client%len(s.senders)] }

func (s *system) costs() map[string]float64 {
	costs := map[string]float64{}
	for _, p := range s.parts {
		costs[p.name] = p.cpu()
	}
	return costs
}

// send makes calls one after another, each when the one before is answered.
func send(ctx context.Context, url string, until time.Time, calls [][]byte) (times []time.Duration, err error) {
	c, err := dial(ctx, url)
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
	createUser = `mutation($n: String!, $e: String!, $p: String) { createUser(username: $n, email: $e, password: $p) { id } }`
	login      = `mutation($n: String!, $p: String!) { login(username: $n, password: $p) { accessToken } }`
	password   = "as long as it has to be"
	createChat = `mutation($p: [String!]!) { createChat(createChatInput: {name: "bench", participantIds: $p}) { id } }`
	text       = "About a hundred bytes of text, as people write it: neither very short nor very long, with some words."
)

type room struct {
	id      string
	members []person
}

// person is a user, and the access token where people sign in.
type person struct{ id, name, token string }

// populate makes chats that some people are all members of, and the people who are missing for it.
func (s *system) populate(ctx context.Context, chats, members int) ([]room, error) {
	for len(s.people) < members {
		p, err := s.person(ctx)
		if err != nil {
			return nil, err
		}
		s.people = append(s.people, p)
	}
	people := s.people[:members]
	var ids []string
	for _, p := range people {
		ids = append(ids, p.id)
	}
	var rooms []room
	for range chats {
		var out struct{ CreateChat struct{ ID string } }
		if err := call(ctx, s.sender(0), people[0].token, createChat, map[string]any{"p": ids}, &out); err != nil {
			return nil, err
		}
		rooms = append(rooms, room{id: out.CreateChat.ID, members: people})
	}
	return rooms, nil
}

// person makes an account, and signs in where that is needed.
func (s *system) person(ctx context.Context) (p person, err error) {
	p.name = "u" + rand.Text()
	variables := map[string]any{"n": p.name, "e": p.name + "@example.org"}
	if s.signsIn {
		variables["p"] = password
	}
	var made struct{ CreateUser struct{ ID string } }
	if err := call(ctx, s.users[0], "", createUser, variables, &made); err != nil {
		return p, err
	}
	if p.id = made.CreateUser.ID; s.signsIn {
		p.token, err = s.signIn(ctx, p.name)
	}
	return p, err
}

// signIn begins a session and gives its access token.
func (s *system) signIn(ctx context.Context, name string) (token string, err error) {
	var out struct{ Login struct{ AccessToken string } }
	err = call(ctx, s.users[0], "", login, map[string]any{"n": name, "p": password}, &out)
	return out.Login.AccessToken, err
}

// call makes one call on a connection of its own. Clients do as little work as they can, since they share the machine
// with what they measure.
func call(ctx context.Context, url, token, query string, variables map[string]any, out any) error {
	c, err := dial(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = c.conn.Close() }()
	request, err := encodeCall(url, token, query, variables)
	if err != nil {
		return err
	}
	return c.call(request, out)
}

// encodeCall is a whole HTTP request, by whom a token is of, or by nobody.
func encodeCall(url, token, query string, variables map[string]any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, fmt.Errorf("encode a call: %w", err)
	}
	credentials := ""
	if token != "" {
		credentials = "Authorization: Bearer " + token + "\r\n"
	}
	return fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		strings.TrimPrefix(url, "http://"), credentials, len(body), body), nil
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
	if err := c.exchange(request); err != nil {
		return err
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

// exchange sends a request and reads the body of its answer.
func (c *connection) exchange(request []byte) error {
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
	return nil
}

var errCall = errors.New("the call failed")
