package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"chat/modules/id"
	"chat/modules/nodetest"
	"chat/modules/pgtest"
)

// served is a whole process, reached through its listener.
type served struct {
	*world
	store   string // the database's URL
	address string
	metrics string
	secure  *tls.Config // nil: no TLS
	stop    func()
}

// serveWorld runs the product as chat serve does, on a database of the test's own.
func serveWorld(t *testing.T, change func(*Config)) *served {
	t.Helper()
	return serveOn(t, pgtest.URL(t), change)
}

// beside is another process on the same database.
func (s *served) beside(change func(*Config)) *served {
	s.t.Helper()
	return serveOn(s.t.(*testing.T), s.store, change)
}

func serveOn(t *testing.T, store string, change func(*Config)) *served {
	t.Helper()
	c := Defaults()
	c.DatabaseURL, c.LogLevel, c.Auth = store, "error", "none"
	c.SigningSecret, c.Argon2MemoryMiB, c.Argon2Passes = testSecret, cheap().MemoryMiB, cheap().Passes
	if change != nil {
		change(&c)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.Open(t, c.DatabaseURL)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, c, "test", db, nil, listener, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel))
	}()
	stopped := false
	s := &served{world: newWorldOn(t, pgtest.Open(t, store)), store: store, address: listener.Addr().String(), metrics: c.MetricsAddr}
	if c.TLSCert != "" {
		s.secure = &tls.Config{InsecureSkipVerify: true}
	}
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

func (s *served) url(path string) string {
	if s.secure != nil {
		return "https://" + s.address + path
	}
	return "http://" + s.address + path
}

// do sends a request and gives its status, header and body.
func (s *served) do(method, path, body string, header map[string]string) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url(path), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range header {
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	transport := http.DefaultTransport
	if s.secure != nil {
		transport = &http.Transport{TLSClientConfig: s.secure, DisableKeepAlives: true}
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

var asJSON = map[string]string{"Content-Type": "application/json"}

func withHeader(more ...string) map[string]string {
	h := map[string]string{"Content-Type": "application/json"}
	for n := 0; n < len(more); n += 2 {
		h[more[n]] = more[n+1]
	}
	return h
}

// TestPlaces: the UI is one page at every place of its own, each answer with a nonce for styles, and is told where it is.
func TestPlaces(t *testing.T) {
	s := serveWorld(t, nil)
	asPage := map[string]string{"Accept": "text/html,*/*;q=0.8"}
	nonces := map[string]bool{}
	for _, path := range []string{"/", "/settings", "/c/0199c7a1-0000-7000-8000-000000000001/details"} {
		status, h, body := s.do("GET", path, "", asPage)
		nonce := regexp.MustCompile(`; style-src 'self' 'nonce-(\w{20,})';`).FindStringSubmatch(h.Get("Content-Security-Policy"))
		if status != 200 || !strings.Contains(body, "<html") || len(nonce) != 2 || nonces[nonce[1]] || strings.Contains(body, "__CSP_NONCE__") {
			t.Errorf("%s: %d %v %s", path, status, h, body)
			continue
		}
		nonces[nonce[1]] = true
	}
	for _, path := range []string{"/settings.json", "/c/x.js", "/assets/nothing", "/favicon.ico"} {
		if status, _, body := s.do("GET", path, "", asPage); status != 404 {
			t.Errorf("%s, which looks like a file: %d %.80s", path, status, body)
		}
	}
	if status, _, body := s.do("GET", "/metrics", "", map[string]string{"Accept": "*/*"}); status != 404 {
		t.Errorf("/metrics for what is no browser: %d %.80s", status, body)
	}
	if status, _, body := s.do("GET", "/config.json", "", nil); status != 200 || !strings.Contains(body, `"auth":"none"`) ||
		!strings.Contains(body, `"receiver":[{"name":"Server","graphql":"/graphql","socket":"/graphql","auth":"/auth"}]`) {
		t.Errorf("what the pages are told: %d %s", status, body)
	}
}

// TestPages: the page, its headers, and the explorer in development only.
func TestPages(t *testing.T) {
	s := serveWorld(t, nil)
	status, h, body := s.do("GET", "/", "", map[string]string{"Accept": "text/html"})
	if status != 200 || !strings.Contains(body, "chat") {
		t.Errorf("the page: %d %v", status, h)
	}
	for _, rule := range []string{
		"default-src 'none'", "script-src 'self'", "img-src 'self' blob: data:", "font-src 'self'", "manifest-src 'self'",
		"worker-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "object-src 'none'",
	} {
		if policy := h.Get("Content-Security-Policy"); !slices.Contains(strings.Split(policy, "; "), rule) {
			t.Errorf("the page's policy has no %q: %s", rule, policy)
		}
	}
	for _, script := range regexp.MustCompile(`<script([^>]*)>([^<]*)`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(script[1], " src=") || strings.TrimSpace(script[2]) != "" {
			t.Errorf("the page has a script of its own: %s", script[0])
		}
	}
	explorer, explorerHeader, _ := s.do("GET", "/graphql", "", map[string]string{"Accept": "text/html"})
	if policy := explorerHeader.Get("Content-Security-Policy"); explorer != 200 || policy == h.Get("Content-Security-Policy") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the explorer in development: %d %s", explorer, policy)
	}
	for _, path := range []string{"/", "/graphql", "/nothing", "/assets/nothing.js", "/healthz", "/readyz"} {
		_, h, _ := s.do("GET", path, "", map[string]string{"Accept": "text/html"})
		checkHeaders(t, h)
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: in the clear nobody may be told to use TLS", path)
		}
		if kept := h.Get("Cache-Control"); kept != "no-store" && kept != "no-cache" {
			t.Errorf("%s may be kept: %s", path, kept)
		}
	}
	for _, path := range []string{"/../../etc/passwd", "/assets/../embed.go", "/nothing", "//graphql/.."} {
		if status, _, body := s.do("GET", path, "", nil); status == 200 && !strings.Contains(body, "<html") {
			t.Errorf("%s: %d %.80s", path, status, body)
		}
	}
	production := serveWorld(t, func(c *Config) { c.Mode = "production" })
	if status, _, _ := production.do("GET", "/graphql", "", map[string]string{"Accept": "text/html"}); status != 405 {
		t.Errorf("the explorer in production: %d", status)
	}
	_, _, body = production.do("POST", "/graphql", `{"query":"{ __schema { types { name } } }"}`, asJSON)
	if strings.Contains(body, `"Chat"`) {
		t.Errorf("the schema in production: %.80s", body)
	}
}

// TestHealth: alive whatever happens, ready only with its store.
func TestHealth(t *testing.T) {
	s := serveWorld(t, nil)
	if status, _, body := s.do("GET", "/healthz", "", nil); status != 200 || !strings.Contains(body, `"version":"test"`) {
		t.Errorf("healthz: %d %s", status, body)
	}
	if status, _, body := s.do("GET", "/readyz", "", nil); status != 200 || !strings.Contains(body, "ready") {
		t.Errorf("readyz: %d %s", status, body)
	}
}

// TestHealthIsAskedUnderAnyName: container engines and balancers ask an address, not the host that the product is for.
func TestHealthIsAskedUnderAnyName(t *testing.T) {
	s := serveWorld(t, func(c *Config) { c.AllowedHosts = []string{"chat.example"} })
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, _, body := s.do("GET", path, "", nil); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _, _ := s.do("GET", "/", "", nil); status != 421 {
		t.Errorf("a page under another name: %d", status)
	}
}

// TestACallerWhoCannotBeLookedUp: the store is gone when a caller is to be identified.
func TestACallerWhoCannotBeLookedUp(t *testing.T) {
	l := newLossy(t, pgtest.URL(t))
	s := serveWorld(t, func(c *Config) { c.DatabaseURL = l.url })
	l.cut(true)
	defer l.cut(false)
	status, _, body := s.do("POST", "/graphql", `{"query":"{ chats { id } }"}`, withHeader("user-id", id.New[id.User]().String()))
	if status != 200 || !strings.Contains(body, "UNAVAILABLE") || !strings.Contains(body, "requestId") {
		t.Errorf("%d %s", status, body)
	}
}

// TestASilentStoreIsAnsweredInTime: a mutation is answered within 5 s of its arrival, whatever it waited for, also when the
// caller is looked up behind others.
func TestASilentStoreIsAnsweredInTime(t *testing.T) {
	l := newLossy(t, pgtest.URL(t))
	s := serveWorld(t, func(c *Config) { c.DatabaseURL = l.url })
	if status, _, body := s.do("GET", "/readyz", "", nil); status != 200 { // it serves: what it asks the store at its start is answered
		t.Fatalf("readyz: %d %s", status, body)
	}
	l.silent.Store(true)
	defer l.silent.Store(false)
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			time.Sleep(time.Duration(n) * 50 * time.Millisecond) // one after the other, as people come
			began := time.Now()
			_, _, body := s.do("POST", "/graphql", `{"query":"mutation { createUser(username: \"x\", email: \"x@example.org\") { id } }"}`,
				withHeader("user-id", id.New[id.User]().String()))
			if took := time.Since(began); took > 5*time.Second || !strings.Contains(body, "UNAVAILABLE") {
				t.Errorf("after %s: %s", took, body)
			}
		})
	}
	all.Wait()
}

// dialWS opens a WebSocket with the subprotocol.
func (s *served) dialWS(header http.Header) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, TLSClientConfig: s.secure}
	return d.Dial("ws"+strings.TrimPrefix(s.url("/graphql"), "http"), header)
}

// talk opens a WebSocket, sends messages, and gives what comes until the close or the wanted number of frames.
func (s *served) talk(frames int, messages ...string) (got []string, code int) {
	s.t.Helper()
	conn, _, err := s.dialWS(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, m := range messages {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	for frames < 0 || len(got) < frames {
		_, data, err := conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			return got, closed.Code
		}
		if err != nil {
			s.t.Fatalf("after %q: %v", got, err)
		}
		got = append(got, string(data))
	}
	return got, 0
}

const hello = `{"type":"connection_init"}`

// TestShutdown: the running mutation is answered, sockets are closed 1012, and nothing is left.
func TestShutdown(t *testing.T) {
	s := serveWorld(t, nil)
	conn, _, err := s.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	began := time.Now()
	go func() {
		s.stop()
		close(stopped)
	}()
	_, _, err = conn.ReadMessage()
	if closed, ok := err.(*websocket.CloseError); !ok || closed.Code != websocket.CloseServiceRestart {
		t.Errorf("the socket ended with %v, want 1012", err)
	}
	_ = conn.Close()
	<-stopped
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %s", took)
	}
}

// TestSlowReaderLosesNothing: a client that stops reading falls behind in bounded memory, and gets everything once it reads.
func TestSlowReaderLosesNothing(t *testing.T) {
	s := serveWorld(t, nil)
	ann, bob := s.user("ann"), s.user("bob")
	chat := s.group(ann, bob)
	conn, _, err := s.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, m := range []string{
		fmt.Sprintf(`{"type":"connection_init","payload":{"user-id":%q}}`, bob),
		fmt.Sprintf(`{"id":"1","type":"subscribe","payload":{"query":"subscription { messageAdded(chatId: \"%s\", afterSeq: 0) { seq content } }"}}`, chat),
	} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	big := strings.Repeat("x", 20_000)
	const total = 600 // 12 MB: more than the buffers of the sockets and of the queue
	for n := range total {
		body, err := json.Marshal(map[string]any{"query": sendDocument, "variables": sendVars(chat, ann, fmt.Sprint(n, " ", big[:19_000]), "")})
		if err != nil {
			t.Fatal(err)
		}
		if status, _, answer := s.do("POST", "/graphql", string(body), asJSON); status != 200 || strings.Contains(answer, "errors") {
			t.Fatalf("send %d: %s", n, answer)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < total; {
		_, data, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("after %d messages: %v", n, err)
		}
		if !bytes.Contains(data, []byte(`"type":"next"`)) {
			continue
		}
		if n++; !bytes.Contains(data, fmt.Appendf(nil, `"seq":%d,`, n)) {
			t.Fatalf("message %d is %.120s", n, data)
		}
	}
}

// TestWalk uses the product through Apollo Client and graphql-ws.
func TestWalk(t *testing.T) {
	s := serveWorld(t, nil)
	if out := nodetest.Run(t, "testdata/walk", "walk.mjs", s.url("/graphql")); !strings.Contains(out, "walked") {
		t.Errorf("the walk: %s", out)
	}
}

// TestGraphQLOverHTTP: every MUST and SHOULD of the specification, by the audits of npm's graphql-http.
func TestGraphQLOverHTTP(t *testing.T) {
	s := serveWorld(t, nil)
	out := nodetest.Run(t, "testdata/walk", "audit.mjs", s.url("/graphql"))
	if !strings.Contains(out, "audited") {
		t.Errorf("the audits: %s", out)
	}
	t.Log(out)
}

// canonical writes frames with their members in one order.
func canonical(t *testing.T, frames ...string) string {
	t.Helper()
	var out []string
	for _, frame := range frames {
		var value any
		if err := json.Unmarshal([]byte(frame), &value); err != nil {
			t.Fatalf("%q: %v", frame, err)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return strings.Join(out, "\n")
}

// TestTransportsAgree drives our transport and the library's with the same messages.
func TestTransportsAgree(t *testing.T) {
	own := serveWorld(t, nil)
	library := serveWorld(t, func(c *Config) { c.Transport = "library" })
	subscribe := `{"id":"1","type":"subscribe","payload":{"query":"subscription { chatAdded { id } }"}}`
	for _, c := range []struct {
		name     string
		frames   int
		messages []string
	}{
		{"ack", 1, []string{hello}},
		{"a query", 3, []string{hello, `{"id":"1","type":"subscribe","payload":{"query":"{ health }"}}`}},
		{"ping", 2, []string{hello, `{"type":"ping","payload":{"a":1}}`}},
		{"a taken id", -1, []string{hello, subscribe, subscribe}},
		{"an unknown type", -1, []string{hello, `{"type":"start"}`}},
		{"subscribe before init", -1, []string{subscribe}},
		{"two inits", -1, []string{hello, hello}},
	} {
		mine, code := own.talk(c.frames, c.messages...)
		theirs, theirCode := library.talk(c.frames, c.messages...)
		if code != theirCode || c.frames > 0 && canonical(t, mine...) != canonical(t, theirs...) {
			t.Errorf("%s: ours %q %d, the library's %q %d", c.name, mine, code, theirs, theirCode)
		}
	}
	var live [2]string
	for n, s := range []*served{own, library} {
		ann := s.user("ann")
		chat := s.group(ann, s.user("bob"))
		conn, _, err := s.dialWS(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		follow := fmt.Sprintf(`{"id":"1","type":"subscribe","payload":{"query":"subscription { messageAdded(chatId: \"%s\", afterSeq: 0) { seq content } }"}}`, chat)
		s.send(chat, ann, "one")
		for _, m := range []string{hello, follow} {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			_, data, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			live[n] += canonical(t, string(data)) + "\n"
		}
	}
	if live[0] != live[1] {
		t.Errorf("a subscription: ours %s, the library's %s", live[0], live[1])
	}
}
