package app

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// The tests of the files fault_*_test.go make faults and attacks happen to the product as it is built, over real sockets,
// and look at the whole answer. A subtest is named by the number of its case.

// faultCase is a test of one case, or of a part of it.
type faultCase struct {
	name string
	test func(*testing.T, *built)
}

// run runs it; the process must then serve as before.
func (c faultCase) run(t *testing.T, p *built) {
	t.Run(c.name, func(t *testing.T) {
		c.test(t, p)
		checkAnswer(t, p.ask("POST", "/graphql", query(`{ health }`, nil), asJSON), 200, "")
	})
}

// answer is what a client of HTTP gets.
type answer struct {
	status int
	header http.Header
	body   string
}

func (p *built) ask(method, path, body string, header map[string]string) answer {
	p.t.Helper()
	status, h, text := p.do(method, path, body, header)
	return answer{status, h, text}
}

// shown is an error as clients are shown it.
type shown struct {
	Message    string
	Extensions map[string]any
}

// inside is what no error may tell.
func inside() []string {
	return []string{"pq:", "sql", "SELECT", "INSERT", "goroutine", "runtime", ".go:", "/go/", "panic", "graphql-go", "0x", "localhost:", "127.0.0.1"}
}

// checkErrors looks at errors: the code of the first, their number, and that they tell an id to quote and nothing of the
// inside.
func checkErrors(t *testing.T, errs []shown, code, request string) {
	t.Helper()
	if code == "" {
		if len(errs) > 0 {
			t.Errorf("errors: %v", errs)
		}
		return
	}
	if len(errs) == 0 || len(errs) > 20 || errs[0].Extensions["code"] != code {
		t.Errorf("errors: %v, want 1 to 20 with %s", errs, code)
		return
	}
	for _, err := range errs {
		id, _ := err.Extensions["requestId"].(string)
		if _, invalid := uuid.Parse(id); invalid != nil || request != "" && id != request {
			t.Errorf("the id to quote is %q, that of the answer %q", id, request)
		}
		for _, word := range inside() {
			if strings.Contains(err.Message, word) {
				t.Errorf("%q tells of the inside: %s", word, err.Message)
			}
		}
	}
}

// checkAnswer looks at the whole of an answer by the product: status, header, code.
func checkAnswer(t *testing.T, a answer, status int, code string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d: %.200s", a.status, status, a.body)
	}
	checkHeaders(t, a.header)
	if media := a.header.Get("Content-Type"); media != "application/json; charset=utf-8" && media != "application/graphql-response+json; charset=utf-8" {
		t.Errorf("the answer is %q", media)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the answer may be kept: %q", a.header.Get("Cache-Control"))
	}
	var body struct {
		Data   json.RawMessage
		Errors []shown
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Errorf("the answer is no JSON: %.200s", a.body)
		return
	}
	if data := string(body.Data); code != "" && data != "" && data != "null" {
		t.Errorf("there is data beside the error: %s", data)
	}
	checkErrors(t, body.Errors, code, a.header.Get("X-Request-Id"))
}

// checkHeaders looks for what stands on every answer.
func checkHeaders(t *testing.T, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		"X-Frame-Options": "DENY",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("the policy is %q", h.Get("Content-Security-Policy"))
	}
	if _, err := uuid.Parse(h.Get("X-Request-Id")); err != nil {
		t.Errorf("the request's id is %q", h.Get("X-Request-Id"))
	}
	for name := range h {
		if strings.HasPrefix(name, "Server") || strings.HasPrefix(name, "X-Powered") {
			t.Errorf("the answer tells %s", name)
		}
	}
}

// query is the body of a request.
func query(text string, v vars) string {
	body := map[string]any{"query": text}
	if v != nil {
		body["variables"] = v
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // a test that is wrong
	}
	return string(encoded)
}

// wire sends bytes over a connection of its own and gives every answer until the process closes the connection, or tells
// that it does not.
func (p *built) wire(bytes string) (answers []answer, closed bool) {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, bytes); err != nil {
		p.t.Fatal(err)
	}
	return replies(conn, 10*time.Second)
}

// replies gives the answers that come, as long as none is waited for longer than patience.
func replies(conn net.Conn, patience time.Duration) (answers []answer, closed bool) {
	r := bufio.NewReader(conn)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(patience)) // its end is seen by the next read
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			slow, ok := errors.AsType[net.Error](err)
			return answers, !ok || !slow.Timeout()
		}
		body, _ := io.ReadAll(res.Body) // what is cut off is seen by who looks at it
		_ = res.Body.Close()
		answers = append(answers, answer{res.StatusCode, res.Header, string(body)})
	}
}

// statuses are those of answers.
func statuses(answers []answer) (all []int) {
	for _, a := range answers {
		all = append(all, a.status)
	}
	return all
}

// last makes a request the last one of its connection.
func last(request string) string {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	return head + "\r\nConnection: close\r\n\r\n" + body
}

// post is a request by hand.
func post(body string, header ...string) string {
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
		len(body), strings.Join(header, ""), body)
}
