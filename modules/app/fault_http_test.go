package app

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestFaultsOfHTTP: what strangers, broken clients and pages of others send over HTTP.
func TestFaultsOfHTTP(t *testing.T) {
	t.Parallel()
	p := runBuilt(t)
	for _, c := range []faultCase{
		{"33 media types", mediaTypes},
		{"34 methods", methods},
		{"35 origins", origins},
		{"36 bodies", bodies},
		{"36 slow senders", slowSenders},
		{"36 who does not read", deafReaders},
		{"37 what is no JSON", malformed},
		{"38 smuggling", smuggling},
		{"38 heads", heads},
	} {
		c.run(t, p)
	}
}

// request is one that must be answered with a status and a code.
type request struct {
	name, method, path, body string
	header                   map[string]string
	status                   int
	code                     string
}

// runRequests looks at the whole answer to each.
func (p *built) runRequests(t *testing.T, requests []request) {
	for _, r := range requests {
		t.Run(r.name, func(t *testing.T) {
			path := r.path
			if path == "" {
				path = "/graphql"
			}
			checkAnswer(t, p.ask(r.method, path, r.body, r.header), r.status, r.code)
		})
	}
}

// signUp is a document that would leave something behind.
func signUp() string {
	return query(`mutation { createUser(username: "stranger", email: "stranger@example.org") { id } }`, nil)
}

// leavesNothing fails when f makes an account, or asks the store anything at all.
func (p *built) leavesNothing(t *testing.T, f func()) {
	t.Helper()
	p.asksNothing("what is refused", f)
	var strangers int
	p.get(t, &strangers, `SELECT count(*) FROM users WHERE username = 'stranger'`)
	if strangers > 0 {
		t.Error("what was refused has been executed")
	}
}

const responseMedia = "application/graphql-response+json"

// mediaTypes: a page can send some without asking first, so only JSON is read, for which it must ask.
func mediaTypes(t *testing.T, p *built) {
	media := func(name string, more ...string) map[string]string {
		return withHeader(append(more, "Content-Type", name)...)
	}
	multipart := "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + signUp() + "\r\n--x--\r\n"
	p.leavesNothing(t, func() {
		p.runRequests(t, []request{
			{name: "none", method: "POST", body: signUp(), header: media(""), status: 400, code: "BAD_REQUEST"},
			{name: "text", method: "POST", body: signUp(), header: media("text/plain"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "text that claims to be JSON", method: "POST", body: signUp(), header: media("text/plain; application/json"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "a form", method: "POST", body: "query=mutation{x}", header: media("application/x-www-form-urlencoded"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "multipart", method: "POST", body: multipart, header: media("multipart/form-data; boundary=x"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "multipart, asked for", method: "POST", body: multipart, header: media("multipart/form-data; boundary=x", "apollo-require-preflight", "1"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "GraphQL", method: "POST", body: `mutation { x }`, header: media("application/graphql"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "Latin-1", method: "POST", body: signUp(), header: media("application/json; charset=iso-8859-1"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "no media type", method: "POST", body: signUp(), header: media("/"), status: 415, code: "UNSUPPORTED_MEDIA"},
			{name: "a subscription", method: "POST", body: query(`subscription { chatAdded { id } }`, nil), header: asJSON, status: 400, code: "BAD_REQUEST"},
			{name: "a subscription, for clients of today", method: "POST", body: query(`subscription { chatAdded { id } }`, nil), header: withHeader("Accept", responseMedia), status: 400, code: "BAD_REQUEST"},
			{name: "an answer that we cannot give", method: "POST", body: signUp(), header: withHeader("Accept", "text/csv"), status: 406, code: "BAD_REQUEST"},
		})
	})
	p.runRequests(t, []request{
		{name: "JSON", method: "POST", body: query(`{ health }`, nil), header: asJSON, status: 200},
		{name: "JSON in UTF-8", method: "POST", body: query(`{ health }`, nil), header: media("application/json; charset=UTF-8", "Accept", responseMedia), status: 200},
	})
}

// methods: nothing but POST reaches GraphQL, so that a link changes and shows nothing.
func methods(t *testing.T, p *built) {
	const link = "/graphql?query=mutation%7BcreateUser(username:%22stranger%22,email:%22s%40e.org%22)%7Bid%7D%7D"
	preflighted := map[string]string{"apollo-require-preflight": "1", "x-apollo-operation-name": "x"}
	p.leavesNothing(t, func() {
		for _, r := range []request{
			{name: "GET with a mutation", method: "GET", path: link},
			{name: "GET with a mutation, asked for", method: "GET", path: link, header: preflighted},
			{name: "GET with a mutation, by a page", method: "GET", path: link, header: map[string]string{"Accept": "text/html"}},
			{name: "GET with a query", method: "GET", path: "/graphql?query=%7Bhealth%7D", header: preflighted},
			{name: "GET with a body", method: "GET", body: signUp(), header: asJSON},
			{name: "PUT", method: "PUT", body: signUp(), header: asJSON},
			{name: "PATCH", method: "PATCH", body: signUp(), header: asJSON},
			{name: "DELETE", method: "DELETE", header: asJSON},
			{name: "TRACE", method: "TRACE"},
			{name: "one of its own", method: "CHANGE", body: signUp(), header: asJSON},
			{name: "POST in small letters", method: "post", body: signUp(), header: asJSON},
		} {
			t.Run(r.name, func(t *testing.T) {
				path := r.path
				if path == "" {
					path = "/graphql"
				}
				a := p.ask(r.method, path, r.body, r.header)
				checkAnswer(t, a, 405, "BAD_REQUEST")
				if allow := a.header.Get("Allow"); allow != "POST" {
					t.Errorf("405 allows %q", allow)
				}
			})
		}
		for _, path := range []string{"/", "/healthz", "/readyz", "/assets/x.js"} {
			for _, method := range []string{"POST", "PUT", "TRACE", "DELETE"} {
				a := p.ask(method, path, "", nil)
				checkAnswer(t, a, 405, "BAD_REQUEST")
				if allow := a.header.Get("Allow"); allow != "GET, HEAD" {
					t.Errorf("%s %s allows %q", method, path, allow)
				}
			}
		}
	})
}

// origins: pages of the named origins and of our own may call and read, others may not even send.
func origins(t *testing.T, p *built) {
	own, allowed := "http://"+p.address, "http://localhost:3000"
	foreign := []string{
		"null", "https://evil.example", "http://localhost:3000.evil.example", "https://app.example.evil.com", "http://evillocalhost:3000",
		"http://localhost:30000", "http://localhost", "https://localhost:3000", "http://localhost:3000/", "http://LOCALHOST:3000", "*", "file://",
		own + ".evil.example", "http://evil.example#" + own, "http://user@" + p.address + "@evil.example",
	}
	preflight := func(origin string) answer {
		return p.ask("OPTIONS", "/graphql", "", map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "authorization,content-type,user-id,username,x-refresh-token",
		})
	}
	for _, origin := range []string{allowed, "http://localhost:3001"} {
		a := preflight(origin)
		checkHeaders(t, a.header)
		if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("preflight from %s: %d %v", origin, a.status, a.header)
		}
		if got := a.header.Get("Access-Control-Allow-Headers"); got != "authorization,content-type,user-id,username,x-refresh-token" {
			t.Errorf("preflight from %s allows the headers %q", origin, got)
		}
		if vary := a.header.Get("Vary"); !strings.Contains(vary, "Origin") {
			t.Errorf("preflight from %s varies with %q", origin, vary)
		}
	}
	p.leavesNothing(t, func() {
		for _, origin := range foreign {
			a := preflight(origin)
			checkHeaders(t, a.header)
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("preflight from %s: %s", origin, name)
				}
			}
			a = p.ask("POST", "/graphql", signUp(), withHeader("Origin", origin))
			checkAnswer(t, a, 403, "FORBIDDEN")
			if a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s may read the answer", origin)
			}
		}
	})
	for _, origin := range []string{allowed, own} {
		checkAnswer(t, p.ask("POST", "/graphql", query(`{ health }`, nil), withHeader("Origin", origin)), 200, "")
	}
	a := p.ask("POST", "/graphql", "{", withHeader("Origin", allowed))
	checkAnswer(t, a, 400, "BAD_REQUEST")
	if a.header.Get("Access-Control-Allow-Origin") != allowed || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "X-Request-Id") {
		t.Errorf("an error's answer cannot be read by an allowed page: %v", a.header)
	}
	closed := runBuilt(t, "--allowed-origins=")
	a = closed.ask("OPTIONS", "/graphql", "", map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
	if a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight where no origin is allowed: %v", a.header)
	}
}

// bodies: what is too long is not read, and costs no memory.
func bodies(t *testing.T, p *built) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(bytes.Repeat([]byte(" "), 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	long := query(`{ health }`, vars{"x": strings.Repeat("x", 1<<20)})
	allocated := p.allocates(func() {
		p.leavesNothing(t, func() {
			p.runRequests(t, []request{
				{name: "a byte more than 1 MiB", method: "POST", body: strings.Repeat(" ", 1<<20+1), header: asJSON, status: 413, code: "PAYLOAD_TOO_LARGE"},
				{name: "a long variable", method: "POST", body: long, header: asJSON, status: 413, code: "PAYLOAD_TOO_LARGE"},
				{name: "a bomb of gzip", method: "POST", body: bomb.String(), header: withHeader("Content-Encoding", "gzip"), status: 415, code: "UNSUPPORTED_MEDIA"},
				{name: "of deflate", method: "POST", body: bomb.String(), header: withHeader("Content-Encoding", "deflate"), status: 415, code: "UNSUPPORTED_MEDIA"},
				{name: "of two codings", method: "POST", body: bomb.String(), header: withHeader("Content-Encoding", "identity, gzip"), status: 415, code: "UNSUPPORTED_MEDIA"},
			})
			announced := "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1099511627776\r\n\r\n"
			if answers, closed := p.wire(announced); len(answers) != 1 || !closed {
				t.Errorf("a tebibyte that is announced: %v, closed %t", statuses(answers), closed)
			} else {
				checkAnswer(t, answers[0], 413, "PAYLOAD_TOO_LARGE")
			}
			taken, answers := p.pour(t, 64<<20)
			if len(answers) != 1 {
				t.Errorf("64 MiB in chunks: %v", statuses(answers))
			} else {
				checkAnswer(t, answers[0], 413, "PAYLOAD_TOO_LARGE")
			}
			if taken > 16<<20 { // what the kernel holds for both ends is in it
				t.Errorf("of 64 MiB %d bytes were taken", taken)
			}
		})
	})
	if allocated > 20e6 { // five bodies of a MiB, each grown by doubling
		t.Errorf("%.1f MB were allocated", allocated/1e6)
	}
	encoded := strings.Replace(post("x"), "Content-Length: 1", "Transfer-Encoding: gzip, chunked", 1)
	if answers, closed := p.wire(encoded); len(answers) != 1 || answers[0].status != 501 || !closed {
		t.Errorf("a transfer coding that is not known: %v, closed %t", statuses(answers), closed)
	}
	checkAnswer(t, p.ask("POST", "/graphql", query(`{ health }`, vars{"x": strings.Repeat("x", 1<<20-100)}), asJSON), 200, "")
}

// pour sends a body in chunks for as long as the process takes it.
func (p *built) pour(t *testing.T, size int) (taken int, answers []answer) {
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", 64<<10, strings.Repeat(" ", 64<<10))
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second)) // then it is not taken
	for taken < size {
		n, err := conn.Write(chunk)
		taken += n
		if err != nil {
			break
		}
	}
	answers, _ = replies(conn, 10*time.Second)
	return taken, answers
}

// slowSenders: heads and bodies that do not come are not waited for.
func slowSenders(t *testing.T, p *built) {
	const head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	var all sync.WaitGroup
	for _, c := range []struct {
		name         string
		begins       string
		drips        string // once a second
		status       int    // 0: no answer
		least, most  time.Duration
		halfClosed   bool
		answeredCode string
	}{
		{name: "a body that does not come", begins: head + "Content-Length: 100\r\n\r\n{", status: 408, least: 9 * time.Second, most: 14 * time.Second, answeredCode: "BAD_REQUEST"},
		{name: "a byte a second", begins: head + "Content-Length: 100\r\n\r\n{", drips: " ", status: 408, least: 9 * time.Second, most: 14 * time.Second, answeredCode: "BAD_REQUEST"},
		{name: "chunks for ever", begins: head + "Transfer-Encoding: chunked\r\n\r\n", drips: "1\r\n \r\n", status: 408, least: 9 * time.Second, most: 14 * time.Second, answeredCode: "BAD_REQUEST"},
		{name: "a head that does not end", begins: "POST /graphql HTTP/1.1\r\nHost: localhost\r\n", drips: "X: y\r\n", least: 4 * time.Second, most: 9 * time.Second},
		{name: "a connection that says nothing", least: 4 * time.Second, most: 9 * time.Second},
		{name: "a body of what takes none", begins: "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nConnection: close\r\n\r\n", status: 200, most: 12 * time.Second},
		{name: "a body of what is refused", begins: "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n", status: 415, most: 12 * time.Second, answeredCode: "UNSUPPORTED_MEDIA"},
		{name: "a body that ends too soon", begins: head + "Content-Length: 100\r\n\r\n{", halfClosed: true, status: 400, most: 3 * time.Second, answeredCode: "BAD_REQUEST"},
	} {
		all.Go(func() {
			conn, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			began := time.Now()
			_, _ = io.WriteString(conn, c.begins) // what becomes of it is seen by the answer
			if c.halfClosed {
				_ = conn.(*net.TCPConn).CloseWrite()
			}
			drip := time.NewTicker(time.Second)
			defer drip.Stop()
			ended := make(chan struct{})
			go func() {
				for c.drips != "" {
					select {
					case <-drip.C:
						_, _ = io.WriteString(conn, c.drips)
					case <-ended:
						return
					}
				}
			}()
			answers, closed := replies(conn, 20*time.Second)
			close(ended)
			took := time.Since(began)
			if !closed || took < c.least || took > c.most {
				t.Errorf("%s: closed %t after %s, want %s to %s", c.name, closed, took, c.least, c.most)
			}
			switch {
			case c.status == 0 && len(answers) > 0:
				t.Errorf("%s: %v", c.name, statuses(answers))
			case c.status != 0 && len(answers) != 1:
				t.Errorf("%s: %v, want %d", c.name, statuses(answers), c.status)
			case c.status != 0:
				checkAnswer(t, answers[0], c.status, c.answeredCode)
			}
		})
	}
	all.Wait()
}

// deafReaders: whoever does not take what is answered is not waited for.
func deafReaders(t *testing.T, p *built) {
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// What fits into the buffers between us is taken; after it the server reads no more, and then ends the connection.
	began, calls := time.Now(), []byte(strings.Repeat("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 1000))
	_ = conn.SetWriteDeadline(began.Add(time.Minute))
	for err == nil {
		_, err = conn.Write(calls)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection of somebody who reads nothing is open after %s", time.Since(began))
	}
}

// malformed: what is no GraphQL request in JSON, and what cannot be stored, told in no time.
func malformed(t *testing.T, p *built) {
	health := query(`{ health }`, nil)
	p.leavesNothing(t, func() {
		for _, c := range []struct{ name, body, code string }{
			{"nothing", "", "BAD_REQUEST"},
			{"half an object", "{", "BAD_REQUEST"},
			{"an empty list", "[]", "BAD_REQUEST"},
			{"null", "null", "BAD_REQUEST"},
			{"a text", `"x"`, "BAD_REQUEST"},
			{"a number", "1", "BAD_REQUEST"},
			{"no query", "{}", "BAD_REQUEST"},
			{"a BOM", "\ufeff" + health, "BAD_REQUEST"},
			{"UTF-16", "\xff\xfe{\x00}\x00", "BAD_REQUEST"},
			{"not UTF-8", "{\"query\":\"\xff\"}", "BAD_REQUEST"},
			{"more than one", health + health, "BAD_REQUEST"},
			{"a member twice", `{"query":"{ health }","query":"{ me { id } }"}`, "BAD_REQUEST"},
			{"variables twice", `{"query":"{ health }","variables":{"a":1},"variables":{"b":2}}`, "BAD_REQUEST"},
			{"a variable twice", `{"query":"{ health }","variables":{"a":1,"\u0061":2}}`, "BAD_REQUEST"},
			{"QUERY for query", `{"QUERY":"{ health }"}`, "BAD_REQUEST"},
			{"a number for a query", `{"query":1}`, "BAD_REQUEST"},
			{"null for a query", `{"query":null}`, "BAD_REQUEST"},
			{"a list of variables", `{"query":"{ health }","variables":[]}`, "BAD_REQUEST"},
			{"a text of variables", `{"query":"{ health }","variables":"{}"}`, "BAD_REQUEST"},
			{"an operation's name that is none", `{"query":"{ health }","operationName":1}`, "BAD_REQUEST"},
			{"a comment", `{"query":"{ health }" /* x */}`, "BAD_REQUEST"},
			{"a comma too many", `{"query":"{ health }",}`, "BAD_REQUEST"},
			{"100,000 brackets", strings.Repeat("[", 100_000), "BAD_REQUEST"},
			{"100,000 brackets in variables", `{"query":"{ health }","variables":{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}}`, "BAD_REQUEST"},
			{"100,000 braces", strings.Repeat(`{"a":`, 100_000), "BAD_REQUEST"},
			{"U+0000", `{"query":"{ health }","variables":{"x":"a\u0000"}}`, "BAD_USER_INPUT"},
			{"U+0000 in a name", `{"query":"{ health }","variables":{"\u0000":1}}`, "BAD_USER_INPUT"},
			{"U+0000 in a query", `{"query":"{ health(x: \"\u0000\") }"}`, "BAD_USER_INPUT"},
			{"the first half of a pair", `{"query":"{ health }","variables":{"x":"\ud800"}}`, "BAD_USER_INPUT"},
			{"the second half", `{"query":"{ health }","variables":{"x":"\udc00\ud800"}}`, "BAD_USER_INPUT"},
		} {
			t.Run(c.name, func(t *testing.T) {
				checkQuick(t, 10*time.Millisecond, func() {
					checkAnswer(t, p.ask("POST", "/graphql", c.body, asJSON), 400, c.code)
				})
			})
		}
	})
	p.runRequests(t, []request{
		{name: "both halves", method: "POST", body: `{"query":"{ health }","variables":{"x":"\ud83d\ude00"}}`, header: asJSON, status: 200},
		{name: "an escaped backslash", method: "POST", body: `{"query":"{ health }","variables":{"x":"\\u0000"}}`, header: asJSON, status: 200},
		{name: "what nobody asked for", method: "POST", body: `{"query":"{ health }","extensions":{"a":1},"other":[]}`, header: asJSON, status: 200},
	})
}

// smuggling: requests that two servers in a row may cut apart differently are answered once, and then nothing is read.
func smuggling(t *testing.T, p *built) {
	const (
		start = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		next  = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	)
	for _, c := range []struct {
		name, bytes string
		status      int
		ours        bool // the answer is not net/http's
	}{
		{"a length and chunks", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, 400, true},
		{"chunks and a length", start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + next, 400, true},
		{"chunks alone", start + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, 400, true},
		{"two lengths", start + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + next, 400, false},
		{"a list of lengths", start + "Content-Length: 0, 44\r\n\r\n" + next, 400, false},
		{"a negative length", start + "Content-Length: -1\r\n\r\n" + next, 400, false},
		{"a signed length", start + "Content-Length: +0\r\n\r\n" + next, 400, false},
		{"a length in hexadecimal", start + "Content-Length: 0x0\r\n\r\n" + next, 400, false},
		{"a space before the colon", start + "Content-Length : 44\r\n\r\n" + next, 400, false},
		{"two codings", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + next, 501, false},
		{"a coding that is hidden", start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + next, 501, false},
		{"a coding behind a tab", start + "Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + next, 400, true},
		{"a chunk of no length", start + "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n" + next, 400, true},
		{"a chunk that ends wrongly", start + "Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n" + next, 400, true},
		{"a folded header", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n X: y\r\n\r\n", 400, false},
		{"a header without a colon", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nx\r\n\r\n" + next, 400, false},
		{"NUL in a header", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \x00\r\n\r\n" + next, 400, false},
		{"no host", "GET /healthz HTTP/1.1\r\n\r\n" + next, 400, false},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n" + next, 400, false},
		{"HTTP/3", "GET /healthz HTTP/3.0\r\nHost: localhost\r\n\r\n" + next, 505, false},
		{"no HTTP", "HELO localhost\r\n", 400, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers, closed := p.wire(c.bytes)
			if len(answers) != 1 || !closed || answers[0].status != c.status {
				t.Errorf("%v, closed %t; want one answer of %d and the end", statuses(answers), closed, c.status)
			}
			if c.ours && len(answers) > 0 {
				checkAnswer(t, answers[0], c.status, "BAD_REQUEST")
			}
		})
	}
	if answers, closed := p.wire(next + last(next)); len(answers) != 2 || !closed {
		t.Errorf("two requests in a row: %v", statuses(answers))
	}
}

// heads: what is too long, what is meant for others, and what a stranger says of where it comes from.
func heads(t *testing.T, p *built) {
	long := post("{}", "X-Long: "+strings.Repeat("x", 33<<10)+"\r\n")
	allocated := p.allocates(func() {
		for name, text := range map[string]string{
			"one of 33 KiB": long,
			"many":          post("{}", strings.Repeat("X: "+strings.Repeat("y", 90)+"\r\n", 400)),
			"a long path":   "GET /" + strings.Repeat("x", 40<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
			"without end":   "GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X: y\r\n", 200_000),
		} {
			if answers, closed := p.wire(text); len(answers) != 1 || answers[0].status != 431 || !closed {
				t.Errorf("a head, %s: %v, closed %t", name, statuses(answers), closed)
			}
		}
	})
	if allocated > 10e6 {
		t.Errorf("long heads allocate %.1f MB", allocated/1e6)
	}
	health := query(`{ health }`, nil)
	p.runRequests(t, []request{
		{name: "a long header that may be", method: "POST", body: health, header: withHeader("X-Long", strings.Repeat("x", 30<<10)), status: 200},
		{name: "another host", method: "POST", body: health, header: withHeader("Host", "chat.evil.example"), status: 421, code: "BAD_REQUEST"},
		{name: "a name that ends with ours", method: "POST", body: health, header: withHeader("Host", "evil-localhost"), status: 421, code: "BAD_REQUEST"},
		{name: "a host that is forwarded", method: "POST", body: health, header: withHeader("X-Forwarded-Host", "chat.evil.example"), status: 200},
	})
	for name, text := range map[string]string{
		"a path above":     "POST //graphql/.. HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
		"a file":           "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"an encoded file":  "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a file of ours":   "GET /assets/../embed.go HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"two slashes":      "POST //graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
		"another's":        "GET //evil.example/%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a tunnel to us":   "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a tunnel":         "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
		"everything":       "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a dot":            "POST /graphql/. HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
		"nothing of a URL": "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		answers, _ := p.wire(last(text))
		if len(answers) != 1 || answers[0].status != 400 {
			t.Errorf("%s: %v, want 400", name, statuses(answers))
		} else if name != "nothing of a URL" {
			checkAnswer(t, answers[0], 400, "BAD_REQUEST")
		}
	}
	for name, text := range map[string]string{
		"a URL of another's":  "GET http://evil.example/graphql HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"an old one, no host": "GET /graphql HTTP/1.0\r\n\r\n",
	} {
		if answers, _ := p.wire(last(text)); len(answers) != 1 || answers[0].status != 421 {
			t.Errorf("%s: %v, want 421", name, statuses(answers))
		} else {
			checkAnswer(t, answers[0], 421, "BAD_REQUEST")
		}
	}
	for name, status := range map[string]int{"TRACE /graphql": 405, "CONNECT /graphql": 405, "PUT /graphql": 405} {
		if answers, _ := p.wire(last(name + " HTTP/1.1\r\nHost: localhost\r\n\r\n")); len(answers) != 1 {
			t.Errorf("%s: %v", name, statuses(answers))
		} else {
			checkAnswer(t, answers[0], status, "BAD_REQUEST")
		}
	}
	if a := p.ask("GET", "/debug/pprof/", "", nil); a.status != http.StatusNotFound {
		t.Errorf("pprof on the public address: %d", a.status)
	}
	if a := p.ask("GET", "/metrics", "", nil); a.status != http.StatusNotFound {
		t.Errorf("metrics on the public address: %d", a.status)
	}
}
