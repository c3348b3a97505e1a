package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/gorilla/websocket"

	"chat/modules/pg"
	"chat/modules/pgtest"
)

// signing is what a process with a configured database needs to sign tokens.
const signing = "CHAT_SIGNING_SECRET=kq3Vt8sYw2Zr5uXb9nMd4fGh7jLp1cAe6oTi0"

// typed runs a command line of accounts with a standard input, and gives what it prints.
func typed(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetIn(strings.NewReader(input))
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(append([]string{"user"}, args...))
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// row is one line of the audit log.
type row struct {
	Action string  `db:"action"`
	Actor  *string `db:"actor_id"`
	Name   string  `db:"username"`
}

func audit(t *testing.T, db *pg.DB) (all []string) {
	t.Helper()
	var rows []row
	if err := db.Select(t.Context(), &rows, `SELECT action, actor_id, username FROM audit_log a JOIN users u ON u.id = a.user_id ORDER BY at`); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Actor != nil {
			t.Errorf("%+v has an actor", r)
		}
		all = append(all, r.Action+": "+r.Name)
	}
	return all
}

// TestAccountsAreMadeByTheRulesOfTheAPI: what is refused is one line and changes nothing, what is done stands in the audit log.
func TestAccountsAreMadeByTheRulesOfTheAPI(t *testing.T) {
	url := pgtest.URL(t)
	t.Setenv("DATABASE_URL", url)
	db := pgtest.Open(t, url)
	for _, step := range []struct {
		input, line string
		says        string // what is printed; of a refusal, a part of it
		refused     bool
	}{
		{"correct horse\n", "create Ann --email ann@example.org --display-name Annie", "Ann is an administrator\n", false}, // the first
		{"correct horse\r\nmore\n", "create bob --email bob@example.org", "bob is an account\n", false},
		{"correct horse", "create cid --email cid@example.org --administrator", "cid is an administrator\n", false},
		{"", "create dee --email dee@example.org --no-password", "dee is an account\n", false},
		{"", "create eve --email eve@example.org", "no password on standard input", true},
		{"\n", "create eve --email eve@example.org", "no password on standard input", true},
		{"short\n", "create eve --email eve@example.org", "at least 8 characters", true},
		{"password1\n", "create eve --email eve@example.org", "tried first", true},
		{"I am eve!!\n", "create eve --email eve@example.org", "holds the user name", true},
		{"correct \x00horse\n", "create eve --email eve@example.org", "U+0000", true},
		{"correct \xffhorse\n", "create eve --email eve@example.org", "UTF-8", true},
		{"correct horse\n", "create eve\u202e --email eve@example.org", "a name cannot have", true},
		{"correct horse\n", "create e\xffve --email eve@example.org", "a name cannot have", true},
		{"correct horse\n", "create eve --email eve", "no e-mail address", true},
		{"correct horse\n", "create ann@example.org --email eve@example.org", "form of an e-mail address", true},
		{"correct horse\n", "create eve", `"email" not set`, true},
		{"correct horse\n", "create ANN --email eve@example.org", "Username already exists", true},
		{"correct horse\n", "create eve --email ANN@example.org", "Email already exists", true},
		{"", "create eve secretly --email eve@example.org", "2 arguments instead of one", true},
		{"correct horse\n", "reset-password eve", "no account eve", true},
		{"correct Ann\n", "reset-password ANN", "holds the user name", true},
		{"battery staple\n", "reset-password ANN", "ANN has a new password", false},
		{"", "disable eve", "no account eve", true},
		{"", "disable bob", "bob is disabled", false},
		{"", "disable bob", "bob is disabled", false},
		{"", "enable bob", "bob is enabled", false},
		{"", "enable bob", "bob is enabled", false},
		{"", "list extra", "unknown command", true},
		{"", "remove bob", "unknown command", true},
	} {
		out, err := typed(t, step.input, strings.Split(step.line, " ")...)
		switch {
		case step.refused && (err == nil || !strings.Contains(err.Error(), step.says) || strings.Contains(err.Error(), "\n") || out != ""):
			t.Errorf("%s: %v, want one line with %q; printed %q", step.line, err, step.says, out)
		case step.refused && strings.Contains(err.Error(), "secretly"):
			t.Errorf("%s: %v repeats what may be a password", step.line, err)
		case !step.refused && (err != nil || !strings.HasPrefix(out, step.says)):
			t.Errorf("%s: %v, printed %q, want %q", step.line, err, out, step.says)
		}
	}
	want := []string{
		"account made: Ann", "account made: bob", "administrator made: cid", "account made: dee",
		"password reset: Ann", "account disabled: bob", "account enabled: bob",
	}
	if got := audit(t, db); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the audit log has %q, want %q", got, want)
	}

	out, err := typed(t, "", "list", "--json")
	var all []struct {
		Username, Email           string
		DisplayName               *string
		IsActive, IsAdministrator bool
		CreatedAt                 time.Time
		LastUsedAt                *time.Time
		Sessions                  int
	}
	if err != nil || json.Unmarshal([]byte(out), &all) != nil || len(all) != 4 {
		t.Fatalf("the list: %v %s", err, out)
	}
	if a := all[0]; a.Username != "Ann" || a.Email != "ann@example.org" || *a.DisplayName != "Annie" || !a.IsActive || !a.IsAdministrator ||
		time.Since(a.CreatedAt) > time.Minute || a.LastUsedAt != nil || a.Sessions != 0 {
		t.Errorf("Ann is %+v", a)
	}
	table, err := typed(t, "", "list")
	if lines := strings.Split(table, "\n"); err != nil || len(lines) != 6 ||
		strings.Join(strings.Fields(lines[0]), " ") != "NAME E-MAIL ACTIVE ADMINISTRATOR CREATED LAST SEEN SESSIONS" ||
		!strings.HasPrefix(strings.Join(strings.Fields(lines[2]), " "), "bob bob@example.org yes no 2") {
		t.Errorf("the table: %v\n%s", err, table)
	}
}

// TestWithoutADatabase: every command that needs one says what stands against it, in one line.
func TestWithoutADatabase(t *testing.T) {
	t.Setenv("DATABASE_URL", pgtest.Empty(t))
	if _, err := typed(t, "", "list"); err == nil || !strings.Contains(err.Error(), "chat migrate up") || strings.Contains(err.Error(), "\n") {
		t.Errorf("an empty database: %v", err)
	}
	t.Setenv("DATABASE_URL", "postgres://me:hidden@127.0.0.1:1/x")
	if _, err := typed(t, "", "list"); err == nil || !strings.Contains(err.Error(), "out of reach") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("no database: %v", err)
	}
}

// ask posts a document and gives the status and the body.
func (b *binary) ask(query string) (int, string) {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, "http://127.0.0.1:"+b.port+"/graphql", bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// login signs somebody in; it is as nobody where the password is wrong.
func (b *binary) login(name, password string) (access, refresh string) {
	b.t.Helper()
	b.token = ""
	_, text := b.ask(fmt.Sprintf(`mutation { login(username: %q, password: %q) { accessToken refreshToken } }`, name, password))
	var out struct {
		Data struct {
			Login struct{ AccessToken, RefreshToken string }
		}
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		b.t.Fatalf("login: %s", text)
	}
	return out.Data.Login.AccessToken, out.Data.Login.RefreshToken
}

// socket opens a WebSocket and signs in there.
func (b *binary) socket(token string) *websocket.Conn {
	b.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, _, err := dialer.DialContext(b.t.Context(), "ws://127.0.0.1:"+b.port+"/graphql", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.WriteJSON(map[string]any{"type": "connection_init", "payload": map[string]any{"authorization": "Bearer " + token}}); err != nil {
		b.t.Fatal(err)
	}
	var ack struct{ Type string }
	if err := conn.ReadJSON(&ack); err != nil || ack.Type != "connection_ack" {
		b.t.Fatalf("connection_init: %v %+v", err, ack)
	}
	return conn
}

// closed waits until a WebSocket is closed, and gives the code.
func closed(conn *websocket.Conn) (code int) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			if e, ok := err.(*websocket.CloseError); ok {
				return e.Code
			}
			return 0
		}
	}
}

// user runs a command on accounts, which has to succeed.
func (b *binary) user(input string, args ...string) string {
	b.t.Helper()
	cmd := b.run(append([]string{"user"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("user %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// within is how soon a process must notice what an operator does, with room for a busy machine.
const within = 2 * time.Second

// TestARunningServerNotices what an operator does to an account: sockets are closed 4403, tokens and refresh tokens are worth
// nothing, within a second.
func TestARunningServerNotices(t *testing.T) {
	b := newBinary(t)
	b.env = []string{"DATABASE_URL=" + pgtest.URL(t), signing}
	product := b.start()
	b.user("correct horse\n", "create", "ann", "--email", "ann@example.org")
	b.user("correct horse\n", "create", "bob", "--email", "bob@example.org")
	bystander, _ := b.login("bob", "correct horse")
	other := b.socket(bystander)
	for _, step := range []struct {
		input, after string
		args         []string
		sessions     int // of ann, before
	}{
		{"", "", []string{"disable", "Ann"}, 1},
		{"battery staple\n", "battery staple", []string{"reset-password", "ann"}, 2},
	} {
		access, refresh := b.login("ann", "correct horse")
		var sockets sync.WaitGroup
		for range 2 {
			conn := b.socket(access)
			sockets.Go(func() {
				if code := closed(conn); code != 4403 {
					t.Errorf("after %v a socket is closed with %d, want 4403", step.args, code)
				}
			})
		}
		if table := b.user("", "list"); !strings.Contains(strings.Join(strings.Fields(table), " ")+" ", fmt.Sprintf(" %d bob ", step.sessions)) {
			t.Errorf("ann has %d sessions, and the list is\n%s", step.sessions, table)
		}
		b.user(step.input, step.args...)
		began := time.Now()
		sockets.Wait()
		if took := time.Since(began); took > within {
			t.Errorf("after %v the sockets were closed after %s", step.args, took)
		}
		b.token = access
		if status, text := b.ask(`{ me { id } }`); status != http.StatusUnauthorized {
			t.Errorf("after %v the access token: %d %s", step.args, status, text)
		}
		b.token = ""
		if _, text := b.ask(fmt.Sprintf(`mutation { refreshToken(refreshToken: %q) { accessToken } }`, refresh)); !strings.Contains(text, "UNAUTHENTICATED") {
			t.Errorf("after %v the refresh token: %s", step.args, text)
		}
		if access, _ := b.login("ann", "correct horse"); access != "" {
			t.Errorf("after %v the old password is good", step.args)
		}
		if step.after == "" {
			b.user("", "enable", "ann")
			step.after = "correct horse"
		}
		if access, _ := b.login("ann", step.after); access == "" {
			t.Errorf("after %v ann cannot sign in again", step.args)
		}
	}
	if err := other.WriteJSON(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": "{ health }"}}); err != nil {
		t.Fatal(err)
	}
	if _, text, err := other.ReadMessage(); err != nil || !strings.Contains(string(text), `"ok"`) {
		t.Errorf("the socket of somebody else: %v %s", err, text)
	}
	if err := product.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := product.Wait(); err != nil {
		t.Errorf("the stop: %v %s", err, product.Stderr)
	}
}

// TestAccountsOfTheEmbeddedDatabase are made before the first start, and not while a server has it.
func TestAccountsOfTheEmbeddedDatabase(t *testing.T) {
	b := newBinary(t)
	if out := b.user("correct horse\n", "create", "ann", "--email", "ann@example.org", "--data-dir", b.dir); out != "ann is an administrator\n" {
		t.Errorf("printed %q", out)
	}
	b.start()
	if access, _ := b.login("ann", "correct horse"); access == "" {
		t.Error("ann cannot sign in")
	}
	out, err := b.run("user", "list", "--data-dir", b.dir).CombinedOutput()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), "in use by another chat process") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("while a server runs: %v\n%s", err, out)
	}
}

// terminal is a command line in a terminal of its own.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	tty  io.ReadWriteCloser
	mu   sync.Mutex
	text strings.Builder
}

func (b *binary) inTerminal(args ...string) *terminal {
	b.t.Helper()
	c := &terminal{t: b.t, cmd: b.run(args...)}
	tty, err := pty.Start(c.cmd)
	if err != nil {
		b.t.Fatal(err)
	}
	c.tty = tty
	b.t.Cleanup(func() { _ = tty.Close() })
	go func() {
		part := make([]byte, 1024)
		for {
			n, err := tty.Read(part)
			c.mu.Lock()
			c.text.Write(part[:n])
			c.mu.Unlock()
			if err != nil { // the command has ended
				return
			}
		}
	}()
	return c
}

func (c *terminal) shown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await waits for a text, and types another.
func (c *terminal) await(text, answer string) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.HasSuffix(c.shown(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited for %q, the terminal shows %q", text, c.shown())
		}
	}
	if _, err := c.tty.Write([]byte(answer)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *terminal) end(code int, shows string) {
	c.t.Helper()
	_ = c.cmd.Wait() // its code is what matters
	if got := c.cmd.ProcessState.ExitCode(); got != code {
		c.t.Errorf("ended with %d, want %d: %q", got, code, c.shown())
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(c.shown(), shows); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("the terminal shows %q, want %q", c.shown(), shows)
		}
	}
	for _, secret := range []string{"correct", "battery"} {
		if strings.Contains(c.shown(), secret) {
			c.t.Errorf("the terminal shows what was typed: %q", c.shown())
		}
	}
}

// TestATerminalShowsNoPassword, asks twice, and is as it was afterwards.
func TestATerminalShowsNoPassword(t *testing.T) {
	b := newBinary(t)
	b.env = []string{"DATABASE_URL=" + pgtest.URL(t)}
	for _, c := range []struct {
		first, second string
		code          int
		shows         string
	}{
		{"corrext\x7f\x7ftcorrect\x15correct hä\x7forse\r", "correct horse\r", 0, "ann is an administrator"},
		{"correct horse\r", "battery staple\r", 1, "the two passwords differ"},
		{"correct h\x7fhorse\x03", "", 1, "stopped; nothing was changed"}, // Ctrl-C
		{"correct horse\r", "\x04", 1, "stopped; nothing was changed"},    // Ctrl-D
		{"correct h\xe4nd\r", "correct h\xe4nd\r", 1, "not valid UTF-8"},
		{"\r", "\r", 1, "no password was given"},
	} {
		// In a shell, which outlives the command and shows how it has left the terminal.
		shell := &binary{t: t, path: "/bin/sh", env: b.env}
		terminal := shell.inTerminal("-c", b.path+` user create ann --email ann@example.org; code=$?; stty -a; exit $code`)
		terminal.await("Password: ", c.first)
		if c.second != "" {
			terminal.await("Again: ", c.second)
		}
		terminal.end(c.code, "echoctl ")
		if shown := terminal.shown(); !strings.Contains(shown, c.shows) || !strings.Contains(shown, " icanon ") || !strings.Contains(shown, " echo ") {
			t.Errorf("after %q the terminal shows %q, want %q", c.first, shown, c.shows)
		}
	}

	interrupted := b.inTerminal("user", "create", "bob", "--email", "bob@example.org")
	interrupted.await("Password: ", "corr")
	if err := interrupted.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	interrupted.end(1, "stopped; nothing was changed")
}
