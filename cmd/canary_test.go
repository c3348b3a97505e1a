package cmd

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/pgtest"
)

// canary stands in everything here that must not be in a log: passwords, e-mail addresses, contents, and what is said in the
// wrong place. Beside it there are tokens, which no test chooses.
const canary = "cAnArY"

// mine is a process whose whole speech is listened to, and the tokens that were spoken of.
type mine struct {
	*binary
	mu      sync.Mutex
	secrets []string
}

func (m *mine) secret(texts ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets = append(m.secrets, texts...)
}

// send makes a request that may be as wrong as it likes, and gives its answer.
func (m *mine) send(method, path, body string, header ...string) (status int, cookie, text string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, "http://127.0.0.1:"+m.port+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for n := 0; n < len(header); n += 2 {
		if header[n] == "Host" {
			req.Host = header[n+1]
		}
		req.Header.Set(header[n], header[n+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, "", err.Error() // the process has no patience with this one
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		cookie = c.Name + "=" + c.Value
		if len(c.Value) > 10 {
			m.secret(c.Value)
		}
	}
	return res.StatusCode, cookie, string(answer)
}

// query posts a document.
func (m *mine) query(document string, header ...string) (int, string, string) {
	m.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document})
	if err != nil {
		m.t.Fatal(err)
	}
	return m.send(http.MethodPost, "/graphql", string(body), header...)
}

var tokens = regexp.MustCompile(`"(?:accessToken|refreshToken)":"([^"]+)"`)

// grant posts a document that gives tokens, which it has to give.
func (m *mine) grant(document string, header ...string) (access, refresh string) {
	m.t.Helper()
	_, _, text := m.query(document, header...)
	found := tokens.FindAllStringSubmatch(text, -1)
	if len(found) == 0 {
		m.t.Fatalf("%s: %s", document, text)
	}
	for _, f := range found {
		m.secret(f[1])
	}
	access, refresh = found[0][1], found[len(found)-1][1]
	return access, refresh
}

const canaryPassword = canary + " pass-phrase"

// callEverything uses accounts, HTTP and the browser's cookie, rightly and wrongly.
func (m *mine) callEverything() (access, chat string) {
	m.t.Helper()
	for _, name := range []string{"ann", "bob"} {
		m.query(fmt.Sprintf(`mutation { createUser(username: %q, email: "%s.%s@example.org", displayName: "%s", password: %q) { id } }`, name, canary, name, canary, canaryPassword))
	}
	for _, wrong := range []string{
		`mutation { createUser(username: "ann", email: "` + canary + `2@example.org", password: "` + canaryPassword + `") { id } }`,
		`mutation { createUser(username: "cid", email: "` + canary + `.ann@example.org", password: "` + canaryPassword + `") { id } }`,
		`mutation { createUser(username: "cid", email: "` + canary + `", password: "` + canary + `") { id } }`,
		`mutation { createUser(username: "` + canary + `", email: "c@example.org", password: "` + canaryPassword + `") { id } }`,
		`mutation { login(username: "ann", password: "` + canary + ` wrong") { accessToken } }`,
		`mutation { login(username: "` + canary + `.ann@example.org", password: "` + canary + ` wrong") { accessToken } }`,
		`mutation { login(username: "` + canary + `", password: "` + canary + ` wrong") { accessToken } }`,
		`mutation { login(username: "ann", password: "` + canary + `") { ` + canary + ` } }`,
		`mutation { refreshToken(refreshToken: "` + canary + `") { accessToken } }`,
		`{ me { email } }`, `{ ` + canary + ` `, `{ user(id: "` + canary + `") { id } }`, `query($x: ` + canary + `) { me { id } }`,
		`{ userByUsername(username: "` + canary + `") { id } }`, `{ users(search: "` + canary + `", limit: "` + canary + `") { id } }`,
	} {
		m.query(wrong)
	}
	login := fmt.Sprintf(`mutation { login(username: "ann", password: %q) { accessToken refreshToken user { id email } } }`, canaryPassword)
	access, refresh := m.grant(login)
	signed := []string{"Authorization", "Bearer " + access}
	_, next := m.grant(fmt.Sprintf(`mutation { refreshToken(refreshToken: %q) { accessToken refreshToken } }`, refresh))
	m.grant(fmt.Sprintf(`mutation { refreshToken(refreshToken: %q) { accessToken refreshToken } }`, next))
	_, cookie, _ := m.query(login, "X-Refresh-Token", "cookie")
	if cookie == "" {
		m.t.Fatal("a browser gets no cookie")
	}
	for range 2 {
		m.send(http.MethodPost, "/auth/refresh", "{}", "Cookie", cookie, "X-Refresh-Token", "cookie")
	}
	m.send(http.MethodPost, "/auth/refresh", canary, "Cookie", "chat-refresh="+canary)
	m.send(http.MethodPost, "/auth/logout", "{}", "Cookie", cookie)

	_, _, text := m.query(`mutation { createChat(createChatInput: {name: "`+canary+`", participantIds: []}) { id } }`, signed...)
	chat = regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(text)[1]
	_, _, text = m.query(fmt.Sprintf(`mutation { createMessage(createMessageInput: {chatId: %q, content: "%s content", clientMessageId: "%s-key"}) { id } }`, chat, canary, canary), signed...)
	message := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(text)[1]
	for _, document := range []string{
		fmt.Sprintf(`mutation { createMessage(createMessageInput: {chatId: %q, content: "%s other", clientMessageId: "%s-key"}) { id } }`, chat, canary, canary),
		fmt.Sprintf(`mutation { createMessage(createMessageInput: {chatId: %q, content: "%s"}) { id } }`, chat, strings.Repeat(canary, 4000)),
		fmt.Sprintf(`mutation { updateMessage(id: %q, content: "%s edited") { id content } }`, message, canary),
		fmt.Sprintf(`mutation { updateMessage(id: %q, content: "%s", userId: "%s") { id } }`, message, canary, canary),
		fmt.Sprintf(`mutation { updateChat(id: %q, name: "%s new", description: "%s") { id } }`, chat, canary, canary),
		fmt.Sprintf(`{ messages(chatId: %q, afterSeq: "%s") { content } }`, chat, canary),
		fmt.Sprintf(`{ messages(chatId: %q) { content sender { email } } }`, chat),
		`mutation { updateUser(id: "` + canary + `", updateUserInput: {email: "` + canary + `"}) { id } }`,
		fmt.Sprintf(`mutation { changePassword(current: "%s no", new: %q) }`, canary, canary+" another"),
		fmt.Sprintf(`mutation { changePassword(current: %q, new: "%s") }`, canaryPassword, canary),
		`mutation { revokeSession(id: "` + canary + `") }`, `{ sessions { id device address } }`,
	} {
		m.query(document, signed...)
	}
	m.sendNonsense(access)
	return access, chat
}

// sendNonsense is what no client of ours sends.
func (m *mine) sendNonsense(access string) {
	m.t.Helper()
	for _, header := range [][]string{
		{"Authorization", "Bearer " + access[:len(access)-2]}, {"Authorization", "Bearer " + canary}, {"Authorization", "Basic " + canary},
		{"Authorization", access}, {"Content-Type", canary}, {"Accept", canary}, {"Origin", "http://" + canary}, {"Host", canary},
		{"Content-Encoding", canary}, {"User-Agent", canary}, {"X-Request-Id", canary}, {"X-Forwarded-For", canary}, {"user-id", canary},
		{"Cookie", "chat-refresh=" + canary + "; session=" + access}, {"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Protocol", canary},
		{"X-Refresh-Token", canary}, {"Content-Length", canary}, {"Expect", canary},
	} {
		m.query(`{ health }`, header...)
	}
	for _, body := range []string{
		canary, `{"query": ` + canary, `{"query": "{ health }", "query": "` + canary + `"}`, `{"query": "{ health }", "variables": "` + canary + `"}`,
		`{"query": "mutation($p: String!) { login(username: $p, password: $p) { accessToken } }", "variables": {"p": {"` + canary + `": 1}}}`,
		`{"query": "{ health }", "extensions": {"` + canary + `": 1}}`, "\xff" + canary, strings.Repeat(canary, 1<<18), `[` + canary + `]`,
		`{"query": "mutation { login(username: \"x\u0000` + canary + `\", password: \"` + canary + `\") { accessToken } }"}`,
	} {
		m.send(http.MethodPost, "/graphql", body)
	}
	for _, path := range []string{
		"/" + canary, "/" + access, "/graphql?token=" + access, "/graphql?query=" + canary + ";" + canary, "/auth/refresh?refreshToken=" + canary,
		"/auth/" + canary, "/assets/" + canary + ".js", "//" + canary + "/..", "/" + url.PathEscape("\r\n{\"level\":\"fatal\",\"message\":\""+canary+"\"}\r\n"),
		"/" + url.PathEscape("\r\n12:00:00 ERR forged\r\n"), "/readyz?" + canary,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, canary} {
			m.send(method, path, canary)
		}
	}
	for _, raw := range []string{
		"GET /" + canary + " HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n" + canary + "\r\n\r\n", canary + "\r\n\r\n", "\x16\x03\x01" + canary,
		"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"query\": \"" + canary,
		"GET /" + canary + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + access + "\nX: \x00\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", "127.0.0.1:"+m.port)
		if err != nil {
			m.t.Fatal(err)
		}
		if _, err := conn.Write([]byte(raw)); err != nil {
			m.t.Fatal(err)
		}
		_ = conn.(*net.TCPConn).CloseWrite() // whatever comes of it
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
}

// listenEverywhere uses WebSockets, rightly and wrongly.
func (m *mine) listenEverywhere(access, chat string) {
	m.t.Helper()
	conn := m.socket(access)
	for n, document := range []string{
		fmt.Sprintf(`subscription { messageAdded(chatId: %q, afterSeq: 0) { content } }`, chat), fmt.Sprintf(`subscription { chatEvents(chatId: %q, afterSeq: "%s") { seq } }`, chat, canary),
		`subscription { ` + canary + ` }`, `subscription { `, `{ me { email } }`,
		fmt.Sprintf(`mutation { createMessage(createMessageInput: {chatId: %q, content: "%s by socket"}) { id } }`, chat, canary),
		fmt.Sprintf(`mutation { login(username: "ann", password: "%s") { accessToken } }`, canary),
	} {
		if err := conn.WriteJSON(map[string]any{"id": fmt.Sprint(canary, n), "type": "subscribe", "payload": map[string]any{"query": document}}); err != nil {
			m.t.Fatal(err)
		}
	}
	for got := 0; got < 2; { // the message before, and the one by the socket
		_, text, err := conn.ReadMessage()
		if err != nil {
			m.t.Fatal(err)
		}
		if strings.Contains(string(text), `"messageAdded"`) {
			got++
		}
	}
	for _, frames := range [][]string{
		{`{"type":"connection_init","payload":{"authorization":"Bearer ` + canary + `"}}`}, {`{"type":"connection_init","payload":{"authorization":"Bearer ` + access + `x"}}`},
		{`{"type":"connection_init","payload":"` + canary + `"}`}, {canary}, {`{"type":"` + canary + `"}`}, {`{"type":"subscribe","id":"1","payload":{"query":"` + canary + `"}}`},
		{`{"type":"connection_init"}`, `{"type":"connection_init","payload":{"x":"` + canary + `"}}`}, {`{"type":"connection_init"}`, "\xff" + canary},
		{`{"type":"connection_init"}`, `{"type":"subscribe","id":"` + canary + `","payload":{"query":"` + canary + `","variables":"` + canary + `"}}`, `{"type":"ping","payload":{"x":"` + canary + `"}}`, `{"type":"complete","id":1}`},
	} {
		dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
		c, _, err := dialer.DialContext(m.t.Context(), "ws://127.0.0.1:"+m.port+"/graphql", nil)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, frame := range frames {
			_ = c.WriteMessage(websocket.TextMessage, []byte(frame)) // it may be closed already
		}
		closed(c)
	}
}

// breakThings makes the store fail while people write, and a resolver with it.
func (m *mine) breakThings(access, chat string) {
	m.t.Helper()
	socket, err := os.ReadFile(filepath.Join(m.dir, "socket"))
	if err != nil {
		m.t.Fatal(err)
	}
	db, err := sql.Open("postgres", "sslmode=disable user=postgres dbname=chat host="+string(socket))
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	exec := func(statement string) {
		m.t.Helper()
		if _, err := db.ExecContext(m.t.Context(), statement); err != nil {
			m.t.Fatalf("%s: %v", statement, err)
		}
	}
	signed := []string{"Authorization", "Bearer " + access}
	write := func(content string) string {
		m.t.Helper()
		_, _, text := m.query(fmt.Sprintf(`mutation { createMessage(createMessageInput: {chatId: %q, content: "%s %s"}) { id } }`, chat, canary, content), signed...)
		return text
	}
	exec(`ALTER TABLE messages ADD CONSTRAINT broken CHECK (content NOT LIKE '%broken%') NOT VALID`)
	if text := write("broken"); !strings.Contains(text, "INTERNAL_SERVER_ERROR") {
		m.t.Errorf("a write that the store refuses: %s", text)
	}
	exec(`ALTER TABLE users ADD CONSTRAINT broken CHECK (email NOT LIKE '%broken%') NOT VALID`)
	if _, _, text := m.query(fmt.Sprintf(`mutation { createUser(username: "dee", email: "%s@broken", password: %q) { id } }`, canary, canaryPassword)); !strings.Contains(text, "INTERNAL_SERVER_ERROR") {
		m.t.Errorf("an account that the store refuses: %s", text)
	}
	exec(`ALTER TABLE users RENAME COLUMN display_name TO gone`)
	m.query(fmt.Sprintf(`mutation { login(username: "%s.ann@example.org", password: %q) { accessToken user { displayName } } }`, canary, canaryPassword))
	exec(`ALTER TABLE users RENAME COLUMN gone TO display_name`)

	ctx, stop := context.WithTimeout(m.t.Context(), 2*time.Second)
	defer stop()
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				write(fmt.Sprint("while backends end ", n))
			}
		})
	}
	for ctx.Err() == nil {
		exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'chat'`)
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	writers.Wait()
}

// check looks for what must not be in a text.
func (m *mine) check(where, text string) {
	m.t.Helper()
	for line := range strings.Lines(text) {
		for _, secret := range append([]string{canary, "eyJ", "Bearer", "$argon2id"}, m.secrets...) {
			if strings.Contains(strings.ToLower(line), strings.ToLower(secret)) {
				m.t.Errorf("%s says %.20q in\n%.400s", where, secret, line)
				break
			}
		}
	}
}

// TestLogsHoldNoSecret: everything is used with every log at its loudest, and then what was written is searched for all that
// is nobody's business; what people send makes no line of its own.
func TestLogsHoldNoSecret(t *testing.T) {
	for _, format := range []string{"json", "console"} {
		b := newBinary(t)
		b.env = []string{"CHAT_ARGON2_MEMORY=19", "CHAT_ARGON2_PASSES=2"}
		m := &mine{binary: b}
		if out := b.user(canaryPassword+"\n", "create", "zoe", "--email", canary+"@example.com", "--display-name", canary, "--data-dir", b.dir, "--log-level", "debug"); out != "" {
			m.check("chat user", out)
		}
		product := b.start("--log-level", "debug", "--log-format", format)
		access, chat := m.callEverything()
		m.listenEverywhere(access, chat)
		m.breakThings(access, chat)
		b.end(product)
		secret, err := os.ReadFile(filepath.Join(b.dir, "signing-secret"))
		if err != nil {
			t.Fatal(err)
		}
		m.secret(strings.TrimSpace(string(secret)))
		said := product.Stderr.(*bytes.Buffer).String()
		m.check("the process", said)
		stored, err := os.ReadFile(filepath.Join(b.dir, "postgres.log"))
		if err != nil {
			t.Fatal(err)
		}
		m.check("PostgreSQL", string(stored))
		for _, want := range []string{"broken", "terminating connection"} { // it does say what has failed
			if !strings.Contains(string(stored), want) {
				t.Errorf("PostgreSQL does not say %q:\n%s", want, stored)
			}
		}
		for line := range strings.Lines(said) {
			var record struct{ Level, Message string }
			if format == "json" && (json.Unmarshal([]byte(line), &record) != nil || record.Level == "fatal") ||
				format == "console" && (strings.Contains(line, "forged") || !regexp.MustCompile(`^\d\d:\d\d:\d\d [A-Z]{3} `).MatchString(line)) {
				t.Errorf("a line that is no record: %s", line)
			}
		}
		for _, want := range []string{"resolver failed", "store out of reach", "/auth/refresh", "other"} {
			if !strings.Contains(said, want) {
				t.Errorf("the process does not say %q: %s", want, said)
			}
		}
	}
}

// TestNoStoresPasswordIsSaid: nor those of the stores, whether they are reached or not.
func TestNoStoresPasswordIsSaid(t *testing.T) {
	b := newBinary(t)
	database, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	q := database.Query()
	q.Set("password", canary)
	database.RawQuery = q.Encode()
	m := &mine{binary: b}
	b.env = []string{"DATABASE_URL=" + database.String(), "REDIS_URL=redis://:" + canary + "@127.0.0.1:1/0", signing}
	product := b.start("--log-level", "debug")
	m.query(`{ health }`)
	b.end(product)
	m.check("the process", product.Stderr.(*bytes.Buffer).String())
	for _, environment := range [][]string{
		{"DATABASE_URL=postgres://me:" + canary + "@127.0.0.1:1/x"}, {"DATABASE_URL=postgres://me:" + canary + "/@127.0.0.1:x/x"}, {"DATABASE_URL=" + canary},
		{"DATABASE_URL=postgres://me:" + canary + "@127.0.0.1/x?sslmode=verify-full&sslrootcert=/nonexistent"}, {"DB_HOST=127.0.0.1", "DB_PORT=1", "DB_PASSWORD=" + canary},
		{"DB_HOST=127.0.0.1", "DB_PORT=x", "DB_PASSWORD=" + canary}, {"DATABASE_URL=" + database.String(), "REDIS_URL=redis://:" + canary + "@127.0.0.1:x"},
		{"DATABASE_URL=" + database.String(), "REDIS_URL=" + canary}, {"DATABASE_URL=" + database.String(), "REDIS_URL=redis://u:" + canary + "@h/x/y"},
	} {
		b.env = append([]string{signing}, environment...)
		out, err := b.command("--port", freePort(t), "--log-level", "debug").CombinedOutput()
		if err == nil {
			t.Errorf("%v: it starts", environment)
		}
		m.check(fmt.Sprint(environment), string(out))
	}
	file := filepath.Join(t.TempDir(), "chat.yaml")
	for _, text := range []string{"db-password: [" + canary + "]\n", canary + "\n", "db-password: {a: " + canary + "}\n", "db-password: \"" + canary + "\n", "port: 1\n" + canary + ": " + canary + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"serve", "config"} {
			out, err := b.run(command, "--config", file).CombinedOutput()
			if err == nil {
				t.Errorf("%q: %s takes it: %s", text, command, out)
			}
			if !strings.Contains(text, canary+":") { // the name of a setting is repeated
				m.check(fmt.Sprintf("%s with %q", command, text), string(out))
			}
		}
	}
}
