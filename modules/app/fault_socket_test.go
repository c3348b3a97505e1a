package app

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/id"
)

// TestFaultsOfSockets: what strangers and broken clients do with WebSockets, however these are read.
func TestFaultsOfSockets(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"own", "portable"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			faultsOfSockets(t, runBuilt(t, "--transport="+transport))
		})
	}
}

func faultsOfSockets(t *testing.T, p *built) {
	for _, c := range []faultCase{
		{"39 violations of the protocol", violations},
		{"40 origins and handshakes", handshakes},
		{"41 frames", frames},
		{"41 memory", largeMessages},
		{"42 silence", silence},
		{"42 too many that say nothing", tooManySilent},
		{"47 operations that fail", failingOperations},
	} {
		c.run(t, p)
		p.awaitMetric("chat_sockets_open", 0)
	}
}

// violations: each closes the socket with its code, and no other. Source: PROTOCOL.md of enisdenjo/graphql-ws.
func violations(t *testing.T, p *built) {
	other, _, err := p.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if err := other.WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	live := subscribe("1", "subscription { chatAdded { id } }", nil)
	for _, c := range []struct {
		name     string
		messages []string
		code     int
	}{
		{"nothing", []string{""}, 4400},
		{"no JSON", []string{"{"}, 4400},
		{"no object", []string{"[]"}, 4400},
		{"null", []string{"null"}, 4400},
		{"a text", []string{`"connection_init"`}, 4400},
		{"more than one", []string{hello + hello}, 4400},
		{"a member twice", []string{`{"type":"connection_init","type":"ping"}`}, 4400},
		{"100,000 brackets", []string{hello, `{"type":"ping","payload":` + strings.Repeat("[", 100_000)}, 4400},
		{"no type", []string{`{"id":"1"}`}, 4400},
		{"half of a pair in an id", []string{hello, `{"id":"\ud800","type":"subscribe","payload":{"query":"{ health }"}}`}, 4400},
		{"half of a pair in a ping", []string{hello, `{"type":"ping","payload":{"a":"\ud800"}}`}, 4400},
		{"a type that is a number", []string{`{"type":1}`}, 4400},
		{"an unknown type", []string{hello, `{"type":"start"}`}, 4400},
		{"an empty type", []string{hello, `{"type":""}`}, 4400},
		{"a server's ack", []string{hello, `{"type":"connection_ack"}`}, 4400},
		{"a server's next", []string{hello, `{"id":"1","type":"next","payload":{}}`}, 4400},
		{"a server's error", []string{hello, `{"id":"1","type":"error","payload":[]}`}, 4400},
		{"an init payload that is no object", []string{`{"type":"connection_init","payload":1}`}, 4400},
		{"a ping payload that is no object", []string{hello, `{"type":"ping","payload":"x"}`}, 4400},
		{"a pong payload that is no object", []string{hello, `{"type":"pong","payload":[]}`}, 4400},
		{"subscribe without id", []string{hello, `{"type":"subscribe","payload":{"query":"{ health }"}}`}, 4400},
		{"subscribe with an empty id", []string{hello, `{"id":"","type":"subscribe","payload":{"query":"{ health }"}}`}, 4400},
		{"subscribe with a number for an id", []string{hello, `{"id":1,"type":"subscribe","payload":{"query":"{ health }"}}`}, 4400},
		{"subscribe with a long id", []string{hello, subscribe(strings.Repeat("i", 257), "{ health }", nil)}, 4400},
		{"complete with a long id", []string{hello, fmt.Sprintf(`{"id":%q,"type":"complete"}`, strings.Repeat("i", 257))}, 4400},
		{"subscribe without payload", []string{hello, `{"id":"1","type":"subscribe"}`}, 4400},
		{"subscribe without query", []string{hello, `{"id":"1","type":"subscribe","payload":{}}`}, 4400},
		{"subscribe with a number for a query", []string{hello, `{"id":"1","type":"subscribe","payload":{"query":1}}`}, 4400},
		{"variables that are no object", []string{hello, `{"id":"1","type":"subscribe","payload":{"query":"{ health }","variables":[]}}`}, 4400},
		{"an operation's name that is none", []string{hello, `{"id":"1","type":"subscribe","payload":{"query":"{ health }","operationName":1}}`}, 4400},
		{"complete without id", []string{hello, `{"type":"complete"}`}, 4400},
		{"subscribe before init", []string{live}, 4401},
		{"a query before init", []string{subscribe("1", "{ health }", nil)}, 4401},
		{"a taken id", []string{hello, live, live}, 4409},
		{"two inits", []string{hello, hello}, 4429},
		{"two inits at once, and more", []string{hello, hello, hello, live}, 4429},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, code := p.talk(-1, c.messages...)
			if code != c.code {
				t.Errorf("closed %d, want %d", code, c.code)
			}
			for _, m := range got {
				if !strings.Contains(m, "connection_ack") {
					t.Errorf("before the end it says %s", m)
				}
			}
		})
	}
	for name, messages := range map[string][]string{ // none of these is one
		"ping before init":            {`{"type":"ping"}`, hello},
		"pong that nobody asked for":  {hello, `{"type":"pong"}`},
		"complete of what is not":     {hello, `{"id":"none","type":"complete"}`},
		"a member that nobody knows":  {`{"type":"connection_init","other":1}`},
		"an id that is free again":    {hello, live, `{"id":"1","type":"complete"}`, live},
		"an id of a query, once more": {hello, subscribe("q", "{ health }", nil)},
		"an id of 256 bytes":          {hello, subscribe(strings.Repeat("i", 256), "{ health }", nil)},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _, err := p.dialWS(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			for _, m := range append(messages, subscribe("last", "{ health }", nil)) {
				if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
					t.Fatal(err)
				}
			}
			awaitFrame(t, conn, `"id":"last","type":"complete"`)
		})
	}
	if err := other.WriteMessage(websocket.TextMessage, []byte(subscribe("1", "{ health }", nil))); err != nil {
		t.Fatal(err)
	}
	awaitFrame(t, other, `"health":"ok"`) // nobody else has noticed
}

// awaitFrame reads until a frame has that part.
func awaitFrame(t *testing.T, conn *websocket.Conn, part string) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // its end is seen by the next read
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			t.Errorf("waited for %s: %v", part, err)
			return
		}
		if strings.Contains(string(data), part) {
			return
		}
	}
}

// upgradeHeader is a handshake, with changes; an empty value takes a header out.
func upgradeHeader(changes ...string) map[string]string {
	h := map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Protocol": "graphql-transport-ws",
	}
	for n := 0; n < len(changes); n += 2 {
		h[changes[n]] = changes[n+1]
		if changes[n+1] == "" {
			delete(h, changes[n])
		}
	}
	return h
}

// handshakes: pages of others, other protocols and what is none are refused before there is a socket.
func handshakes(t *testing.T, p *built) {
	own := "http://" + p.address
	for _, origin := range []string{
		"https://evil.example", "null", "http://localhost:3000.evil.example", "http://evillocalhost:3000", own + ".evil.example", "http://localhost", "file://",
	} {
		checkAnswer(t, p.ask("GET", "/graphql", "", upgradeHeader("Origin", origin)), 403, "FORBIDDEN")
	}
	for name, header := range map[string]map[string]string{
		"no subprotocol":       upgradeHeader("Sec-WebSocket-Protocol", ""),
		"the old subprotocol":  upgradeHeader("Sec-WebSocket-Protocol", "graphql-ws"),
		"one in large letters": upgradeHeader("Sec-WebSocket-Protocol", "GRAPHQL-TRANSPORT-WS"),
		"another version":      upgradeHeader("Sec-WebSocket-Version", "8"),
		"no key":               upgradeHeader("Sec-WebSocket-Key", ""),
		"a short key":          upgradeHeader("Sec-WebSocket-Key", "eA=="),
	} {
		t.Run(name, func(t *testing.T) {
			checkAnswer(t, p.ask("GET", "/graphql", "", header), 400, "BAD_REQUEST")
		})
	}
	checkAnswer(t, p.ask("POST", "/graphql", "", upgradeHeader()), 405, "BAD_REQUEST")
	checkAnswer(t, p.ask("GET", "/graphql", "", upgradeHeader("Host", "evil.example")), 421, "BAD_REQUEST")

	for _, origin := range []string{"", own, "http://localhost:3000", "http://localhost:3001"} { // no page, ours, allowed
		header := http.Header{"Sec-WebSocket-Extensions": {"permessage-deflate; client_max_window_bits"}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, res, err := p.dialWS(header)
		if err != nil {
			t.Errorf("from %q: %v", origin, err)
			continue
		}
		if res.Header.Get("Sec-WebSocket-Extensions") != "" || res.Header.Get("Sec-WebSocket-Protocol") != "graphql-transport-ws" {
			t.Errorf("from %q: %v", origin, res.Header)
		}
		_ = conn.Close()
	}
	d := websocket.Dialer{Subprotocols: []string{"graphql-ws", "graphql-transport-ws"}}
	conn, _, err := d.Dial("ws://"+p.address+"/graphql", nil)
	if err != nil || conn.Subprotocol() != "graphql-transport-ws" {
		t.Errorf("one of two subprotocols: %v", err)
	} else {
		_ = conn.Close()
	}
}

// masked is a frame of a client.
func masked(first byte, payload string) []byte {
	head := []byte{first}
	switch n := len(payload); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0xfe), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0xff), uint64(n))
	}
	return append(append(head, 0, 0, 0, 0), payload...) // a mask of zeros
}

// upgraded is a socket by hand.
func (p *built) upgraded(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /graphql HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n", p.address)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v %v", res, err)
	}
	return conn, r
}

// raw sends bytes over a socket and gives the code that it is closed with, and whether the connection ends after it.
func (p *built) raw(t *testing.T, data ...[]byte) (code int, ends bool) {
	t.Helper()
	conn, r := p.upgraded(t)
	defer func() { _ = conn.Close() }()
	for _, d := range data {
		if _, err := conn.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil || head[0] != 0x88 {
		t.Fatalf("no close frame: %x %v", head, err)
	}
	_, _ = conn.Write(masked(0x88, string(head[2:4]))) // as a client answers
	_, err := io.Copy(io.Discard, r)
	slow, ok := err.(net.Error)
	return int(binary.BigEndian.Uint16(head[2:])), !ok || !slow.Timeout()
}

// frames: what is no frame of RFC 6455, or none that we take.
func frames(t *testing.T, p *built) {
	const fin, text, more, bin, closes, ping = 0x80, 0x01, 0x00, 0x02, 0x88, 0x89
	long := strings.Repeat("x", 126)
	for _, c := range []struct {
		name string
		data [][]byte
		code int
	}{
		{"an unmasked frame", [][]byte{{fin | text, 0x02, '{', '}'}}, 1002},
		{"a reserved bit", [][]byte{masked(fin|text|0x40, hello)}, 1002}, // also: compressed, which was not agreed on
		{"another", [][]byte{masked(fin|text|0x20, hello)}, 1002},
		{"the third", [][]byte{masked(fin|text|0x10, hello)}, 1002},
		{"an opcode that is none", [][]byte{masked(fin|0x03, "")}, 1002},
		{"an opcode of control that is none", [][]byte{masked(fin|0x0b, "")}, 1002},
		{"a long ping", [][]byte{masked(ping, long)}, 1002},
		{"a long close", [][]byte{masked(closes, "\x03\xe8"+long)}, 1002},
		{"a ping in parts", [][]byte{masked(0x09, "")}, 1002},
		{"the rest of nothing", [][]byte{masked(fin|more, hello)}, 1002},
		{"a beginning within a message", [][]byte{masked(text, "{"), masked(fin|text, hello)}, 1002},
		{"a close with a code that is none", [][]byte{masked(closes, "\x03\xed")}, 1002}, // 1005
		{"a close whose reason is not UTF-8", [][]byte{masked(closes, "\x03\xe8\xff")}, 1002},
		{"text that is not UTF-8", [][]byte{masked(fin|text, "{\"type\":\"ping\",\"payload\":{\"x\":\"\xff\"}}")}, 1007},
		{"text that ends within a character", [][]byte{masked(fin|text, "\xe2\x82")}, 1007},
		{"text with a surrogate", [][]byte{masked(fin|text, "\xed\xa0\x80")}, 1007},
		{"text in parts that is not UTF-8", [][]byte{masked(text, "{\"type\":\"\xe2"), masked(fin|more, "x\"}")}, 1007},
		{"binary", [][]byte{masked(fin|bin, hello)}, 4400},
		{"256 KiB and a byte", [][]byte{masked(fin|text, strings.Repeat("x", 256<<10+1))}, 1009},
		{"the same in parts", [][]byte{masked(text, strings.Repeat("x", 200<<10)), masked(more, strings.Repeat("x", 56<<10)), masked(fin|more, "xx")}, 1009},
		{"the same in many parts", [][]byte{masked(text, "x"), []byte(strings.Repeat(string(masked(more, strings.Repeat("x", 120))), 2_200))}, 1009},
		{"2^40 bytes", [][]byte{{fin | text, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, 1009},
		{"2^63 bytes", [][]byte{{fin | text, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, 1009},
		{"2^64-1 bytes", [][]byte{{fin | text, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}}, 1009},
		{"a close, as it should be", [][]byte{masked(closes, "\x03\xe8bye")}, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, ends := p.raw(t, c.data...); code != c.code || !ends {
				t.Errorf("closed %d, ended %t, want %d", code, ends, c.code)
			}
		})
	}
	conn, r := p.upgraded(t)
	defer func() { _ = conn.Close() }()
	for _, d := range [][]byte{masked(text, hello[:5]), masked(ping, "in between"), masked(fin|more, hello[5:])} {
		if _, err := conn.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // its end is seen by the next read
	got := make([]byte, 2+len("in between")+2+len(`{"type":"connection_ack"}`))
	if _, err := io.ReadFull(r, got); err != nil || !strings.Contains(string(got), "in between") || !strings.Contains(string(got), "connection_ack") {
		t.Errorf("a message in parts around a ping: %q %v", got, err)
	}
}

// largeMessages: what is announced takes no memory, and what is sent no more than its bound.
func largeMessages(t *testing.T, p *built) {
	const sockets = 100
	announced := []byte{0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	allocated := p.allocates(func() {
		for range sockets {
			if code, _ := p.raw(t, announced); code != 1009 {
				t.Errorf("2^40 bytes: closed %d", code)
			}
		}
	})
	if allocated > 5e6 {
		t.Errorf("%d frames that are announced as 2^40 bytes allocate %.1f MB", sockets, allocated/1e6)
	}
	part := masked(0x00, strings.Repeat("x", 64<<10))
	allocated = p.allocates(func() {
		for range 10 {
			conn, r := p.upgraded(t)
			_, err := conn.Write(masked(0x01, "x"))
			for n := 0; n < 1024 && err == nil; n++ { // 64 MiB, unless it is not taken
				_ = conn.SetWriteDeadline(time.Now().Add(time.Second)) // its end is seen by the write
				_, err = conn.Write(part)
			}
			if err == nil {
				t.Error("a message of 64 MiB is taken")
			}
			_, _ = io.Copy(io.Discard, r)
			_ = conn.Close()
		}
	})
	if allocated > 20e6 { // ten messages of 256 KiB, each grown by doubling
		t.Errorf("messages without end allocate %.1f MB", allocated/1e6)
	}
}

// silence: who does not say connection_init in time is closed 4408, whatever else is sent.
func silence(t *testing.T, p *built) {
	var all sync.WaitGroup
	for name, says := range map[string][]byte{
		"nothing":                nil,
		"pings of the protocol":  masked(0x81, `{"type":"ping"}`),
		"pings of the transport": masked(0x89, ""),
		"pongs of the protocol":  masked(0x81, `{"type":"pong"}`),
		"completes":              masked(0x81, `{"id":"1","type":"complete"}`),
	} {
		all.Go(func() {
			conn, r := p.upgraded(t)
			defer func() { _ = conn.Close() }()
			began := time.Now()
			ended := make(chan struct{})
			go func() {
				tick := time.NewTicker(500 * time.Millisecond)
				defer tick.Stop()
				for says != nil {
					select {
					case <-tick.C:
						_, _ = conn.Write(says) // its end is seen by the reader
					case <-ended:
						return
					}
				}
			}()
			_ = conn.SetReadDeadline(began.Add(20 * time.Second)) // likewise
			code := closeCode(r)
			close(ended)
			if took := time.Since(began); code != 4408 || took < 9*time.Second || took > 15*time.Second {
				t.Errorf("%s: closed %d after %s, want 4408 after 10 s", name, code, took)
			}
		})
	}
	all.Wait()
}

// closeCode reads frames of ours, none of which is long here, up to a close; 0 where the connection ends without one.
func closeCode(r *bufio.Reader) int {
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(r, head); err != nil {
			return 0
		}
		payload := make([]byte, head[1])
		if _, err := io.ReadFull(r, payload); err != nil {
			return 0
		}
		if head[0] == 0x88 {
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}

// fill opens sockets that say nothing until one is refused, and gives how many were not.
func (p *built) fill(t *testing.T, most int, header func(int) http.Header) (open []*websocket.Conn, refusal *http.Response) {
	t.Helper()
	for n := range most {
		conn, res, err := p.dialWS(header(n))
		if err != nil {
			return open, res
		}
		open = append(open, conn)
	}
	return open, nil
}

// tooManySilent: an address has 200 places for sockets that say nothing. Whose word counts as an address is the same for
// every limit.
func tooManySilent(t *testing.T, p *built) {
	forged := func(n int) http.Header { return http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", n)}} }
	open, refusal := p.fill(t, 300, forged)
	if len(open) != 200 || refusal == nil || refusal.StatusCode != 429 {
		t.Errorf("%d sockets that say nothing are open, then %v", len(open), refusal)
	}
	waits := map[string]bool{}
	for range 10 {
		a := p.ask("GET", "/graphql", "", upgradeHeader())
		checkAnswer(t, a, 429, "RATE_LIMITED")
		wait := a.header.Get("Retry-After")
		waits[wait] = true
		if seconds, err := strconv.Atoi(wait); err != nil || seconds < 1 || seconds > 8 || !strings.Contains(a.body, `"retryAfter":`+wait) {
			t.Errorf("when to try again is %q, want 1 to 8 s, as in %s", wait, a.body)
		}
	}
	if len(waits) == 1 {
		t.Errorf("everybody is told to come again at once: after %v", waits)
	}
	if err := open[0].WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	awaitFrame(t, open[0], "connection_ack")
	again, _, err := p.dialWS(nil)
	if err != nil {
		t.Fatalf("one has begun, and its place is not free: %v", err)
	}
	for _, conn := range append(open, again) {
		_ = conn.Close()
	}

	behind := runBuilt(t, "--trusted-proxies=127.0.0.0/8")
	client := func(address string) func(int) http.Header {
		return func(n int) http.Header {
			return http.Header{"X-Forwarded-For": {fmt.Sprintf("198.51.100.%d, %s", n, address)}} // the first it may have written itself
		}
	}
	one, refusal := behind.fill(t, 300, client("203.0.113.9"))
	if len(one) != 200 || refusal == nil || refusal.StatusCode != 429 {
		t.Errorf("behind a proxy %d sockets of one client are open, then %v", len(one), refusal)
	}
	for _, address := range []string{"203.0.113.10", "2001:db8::1"} {
		other, refusal := behind.fill(t, 1, client(address))
		if len(other) != 1 {
			t.Errorf("another client has no place: %v", refusal)
		}
		one = append(one, other...)
	}
	if _, refusal := behind.fill(t, 1, client("::ffff:203.0.113.9")); refusal == nil || refusal.StatusCode != 429 {
		t.Errorf("an address that is written otherwise is another: %v", refusal)
	}
	for _, conn := range one {
		_ = conn.Close()
	}
}

// failingOperations: what fails is an error of its id, and everything else on the socket lives.
func failingOperations(t *testing.T, p *built) {
	ann, bob := p.user(id.New[id.User]().String()), p.user(id.New[id.User]().String())
	chat := p.group(ann, bob)
	conn, _, err := p.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	say := func(m string) {
		t.Helper()
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	say(fmt.Sprintf(`{"type":"connection_init","payload":{"user-id":%q}}`, bob))
	awaitFrame(t, conn, "connection_ack")
	say(subscribe("live", fmt.Sprintf(`subscription { messageAdded(chatId: %q, afterSeq: 0) { content } }`, chat), nil))
	const parse, invalid, input = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"
	random := id.New[id.Chat]().String()
	for n, c := range []struct {
		name, payload string
		kind, code    string
	}{
		{"a syntax error", query("{ health", nil), "error", parse},
		{"nothing", query("", nil), "error", invalid},
		{"an unknown field", query("{ nothing }", nil), "error", invalid},
		{"an unknown argument", query("{ health(x: 1) }", nil), "error", invalid},
		{"two operations and no name", query("query a { health } query b { health }", nil), "error", invalid},
		{"an unknown operation", `{"query":"query a { health }","operationName":"b"}`, "error", invalid},
		{"an unknown subscription", query("subscription { nothing { id } }", nil), "error", invalid},
		{"a subscription of two fields", query("subscription { chatAdded { id } chatUpdated { id } }", nil), "error", invalid},
		{"a subscription of nothing", query(fmt.Sprintf(`subscription { messageAdded(chatId: %q) }`, chat), nil), "error", invalid},
		{"a cursor below zero", query(fmt.Sprintf(`subscription { messageAdded(chatId: %q, afterSeq: -1) { id } }`, chat), nil), "error", input},
		{"a variable of another type", query(`query($n: Int) { users(limit: $n) { id } }`, vars{"n": "x"}), "error", input},
		{"a variable of another type, of a subscription", query(`subscription($c: Boolean) { chatUpdated(current: $c) { id } }`, vars{"c": "x"}), "error", input},
		{"a variable that is missing", query(`subscription($c: ID!) { messageAdded(chatId: $c) { id } }`, nil), "error", input},
		{"variables of a subscription that are long", query(`subscription($c: ID!) { messageAdded(chatId: $c) { id } }`, vars{"c": strings.Repeat("x", 5_000)}), "error", "PAYLOAD_TOO_LARGE"},
		{"a chat that is not there", query(fmt.Sprintf(`subscription { messageAdded(chatId: %q) { id } }`, random), nil), "error", "NOT_FOUND"},
		{"a resolver that fails", query(fmt.Sprintf(`{ chat(id: %q) { id } }`, random), nil), "next", "NOT_FOUND"},
		{"a query that is too deep", query(nested(9), nil), "error", "QUERY_TOO_COMPLEX"},
		{"U+0000 in a literal", query(`{ users(search: "\u0000") { id } }`, nil), "next", input},
		{"half of a pair in a literal", query(`{ users(search: "\ud800") { id } }`, nil), "error", input},
		{"half of a pair in a variable", `{"query":"query($s: String) { users(search: $s) { id } }","variables":{"s":"\ud800"}}`, "error", input},
		{"half of a pair in a query", `{"query":"{ users(search: \"\udc00\") { id } }"}`, "error", input},
		{"half of a pair in a name of variables", `{"query":"subscription { chatAdded { id } }","variables":{"\udc00":1}}`, "error", input},
		{"an escape that there is not", query(`{ users(search: "\q") { id } }`, nil), "error", parse},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := fmt.Sprint("op", n)
			say(fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":%s}`, key, c.payload))
			m := awaitAnswer(t, conn, key)
			if m.Type != c.kind {
				t.Errorf("%s %s, want %s", m.Type, m.Payload, c.kind)
			}
			var errs []shown
			var result struct {
				Data   json.RawMessage
				Errors []shown
			}
			if m.Type == "error" {
				err = json.Unmarshal(m.Payload, &errs)
			} else {
				err = json.Unmarshal(m.Payload, &result)
				errs = result.Errors
			}
			if err != nil {
				t.Errorf("the payload is %s", m.Payload)
			}
			checkErrors(t, errs, c.code, "")

			content := fmt.Sprint("after ", c.name)
			checkAnswer(t, p.ask("POST", "/graphql", query(sendDocument, sendVars(chat, ann, content, "")), asJSON), 200, "")
			if m := awaitAnswer(t, conn, "live"); m.Type != "next" || !strings.Contains(string(m.Payload), content) {
				t.Errorf("the subscription beside it says %s %s", m.Type, m.Payload)
			}
			say(fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":%s}`, key, query("{ health }", nil))) // its id is free again
			if m := awaitAnswer(t, conn, key); m.Type != "next" || !strings.Contains(string(m.Payload), `"health":"ok"`) {
				t.Errorf("the same id again: %s %s", m.Type, m.Payload)
			}
		})
	}
}

// awaitAnswer reads up to the next answer of an operation that is no complete.
func awaitAnswer(t *testing.T, conn *websocket.Conn, key string) envelope {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // its end is seen by the next read
	for {
		var m envelope
		if err := conn.ReadJSON(&m); err != nil {
			t.Fatalf("waited for an answer of %s: %v", key, err)
		}
		if m.ID == key && m.Type != "complete" {
			return m
		}
	}
}
