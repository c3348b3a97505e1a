package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chat/migrations"
	"chat/modules/pgtest"
)

// binary is the product as it is built, with a data directory of its own.
type binary struct {
	t    *testing.T
	path string
	dir  string
	port string
	env  []string            // variables that it has beside those that every process needs
	as   *syscall.Credential // as whom it runs; nil: as the test

	token string // of who is signed in
}

func newBinary(t *testing.T) *binary {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "chat-binary-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		t.Fatal(err)
	}
	b := &binary{t: t, path: filepath.Join(dir, "chat"), dir: filepath.Join(dir, "data")}
	if out, err := exec.Command("go", "build", "-o", b.path, "chat").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	b.port = freePort(t)
	return b
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func (b *binary) command(args ...string) *exec.Cmd {
	return b.run(append([]string{"serve", "--data-dir", b.dir, "--port", b.port}, args...)...)
}

// run is any command line of the product.
func (b *binary) run(args ...string) *exec.Cmd {
	cmd := exec.Command(b.path, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, b.env...)
	if b.as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: b.as}
	}
	return cmd
}

// start runs the product until it is ready.
func (b *binary) start(args ...string) *exec.Cmd {
	b.t.Helper()
	cmd := b.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { // a test that failed leaves nothing running
		if cmd.ProcessState == nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		res, err := http.Get("http://127.0.0.1:" + b.port + "/readyz")
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return cmd
		}
	}
	_ = cmd.Process.Kill()
	b.t.Fatalf("the product does not become ready: %s", out.String())
	return nil
}

var errAnswer = errors.New("answered with an error")

func (b *binary) call(ctx context.Context, query string, variables map[string]any, out any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:"+b.port+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("%w: %s", errAnswer, answer.Errors[0].Message)
	}
	return json.Unmarshal(answer.Data, out)
}

// populate makes two users and a chat, and signs the first of them in.
func (b *binary) populate() (user, chat string) {
	b.t.Helper()
	var users []string
	for _, name := range []string{"ann", "bob"} {
		var out struct{ CreateUser struct{ ID string } }
		if err := b.call(b.t.Context(), `mutation($n: String!, $e: String!) { createUser(username: $n, email: $e, password: "correct horse") { id } }`, map[string]any{"n": name, "e": name + "@example.org"}, &out); err != nil {
			b.t.Fatal(err)
		}
		users = append(users, out.CreateUser.ID)
	}
	var in struct{ Login struct{ AccessToken string } }
	if err := b.call(b.t.Context(), `mutation { login(username: "ann", password: "correct horse") { accessToken } }`, nil, &in); err != nil {
		b.t.Fatal(err)
	}
	b.token = in.Login.AccessToken
	var out struct{ CreateChat struct{ ID string } }
	if err := b.call(b.t.Context(), `mutation($p: [String!]!) { createChat(createChatInput: {name: "x", participantIds: $p}) { id } }`, map[string]any{"p": users}, &out); err != nil {
		b.t.Fatal(err)
	}
	return users[0], out.CreateChat.ID
}

// sendUntil sends from many clients until stop, and gives the contents that were acknowledged.
func (b *binary) sendUntil(stop <-chan struct{}, user, chat, name string) (acknowledged map[string]bool, wait func()) {
	var mu sync.Mutex
	var senders sync.WaitGroup
	acknowledged = map[string]bool{}
	for n := range 16 {
		senders.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				default:
				}
				content := fmt.Sprintf("%s %d %d", name, n, k)
				var out struct{ CreateMessage struct{ ID string } }
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				err := b.call(ctx, `mutation($c: String!, $u: String!, $t: String!) { createMessage(createMessageInput: {chatId: $c, senderId: $u, content: $t}) { id } }`,
					map[string]any{"c": chat, "u": user, "t": content}, &out)
				cancel()
				if err != nil {
					return
				}
				mu.Lock()
				acknowledged[content] = true
				mu.Unlock()
			}
		})
	}
	return acknowledged, senders.Wait
}

// check reads the whole history, page by page.
func (b *binary) check(chat string, acknowledged map[string]bool) {
	b.t.Helper()
	stored := map[string]bool{}
	for last, more := 0, true; more; {
		var out struct {
			Messages []struct {
				Content string
				Seq     int
			}
		}
		if err := b.call(b.t.Context(), `query($c: ID!, $a: Seq) { messages(chatId: $c, afterSeq: $a, limit: 1000) { content seq } }`, map[string]any{"c": chat, "a": last}, &out); err != nil {
			b.t.Fatal(err)
		}
		for _, m := range out.Messages {
			if m.Seq != last+1 || stored[m.Content] {
				b.t.Fatalf("after message %d comes %+v: a hole or a double", last, m)
			}
			last, stored[m.Content] = m.Seq, true
		}
		more = len(out.Messages) > 0
	}
	for content := range acknowledged {
		if !stored[content] {
			b.t.Errorf("%q was acknowledged and is lost", content)
		}
	}
	if len(acknowledged) == 0 {
		b.t.Error("nothing was acknowledged: the load did not run")
	}
}

// TestAcknowledgedIsDurable: Ctrl-C under load ends with 0 in time, a kill -9 leaves something to recover, and each time
// everything that was acknowledged is there.
func TestAcknowledgedIsDurable(t *testing.T) {
	b := newBinary(t)
	product := b.start()
	user, chat := b.populate()
	all := map[string]bool{}
	for _, end := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL, syscall.SIGTERM} {
		stop := make(chan struct{})
		acknowledged, wait := b.sendUntil(stop, user, chat, end.String())
		time.AfterFunc(time.Second, func() { _ = product.Process.Signal(end) })
		began := time.Now()
		err := product.Wait()
		if took := time.Since(began); took > 16*time.Second || err != nil && end != syscall.SIGKILL {
			t.Errorf("%s under load: ended after %s with %v", end, took, err)
		}
		close(stop)
		wait()
		for content := range acknowledged {
			all[content] = true
		}
		product = b.start()
		b.check(chat, all)
	}
	second := b.command("--port", freePort(t))
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "in use by another chat process") {
		t.Errorf("a second process on the data directory: %v %s", err, out)
	}
	if err := product.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := product.Wait(); err != nil {
		t.Errorf("the last stop: %v", err)
	}
}

// TestTheEndOfTheDatabaseIsTold: a process whose own PostgreSQL has ended does not go on as if nothing were.
func TestTheEndOfTheDatabaseIsTold(t *testing.T) {
	b := newBinary(t)
	product := b.start()
	text, err := os.ReadFile(filepath.Join(b.dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if err := product.Wait(); err == nil || !strings.Contains(fmt.Sprint(product.Stderr), "ended by itself") {
		t.Errorf("ended with %v: %s", err, product.Stderr)
	}
}

// TestWhatStandsAgainstAStart is one line and an exit code.
func TestWhatStandsAgainstAStart(t *testing.T) {
	b := newBinary(t)
	l, err := net.Listen("tcp", "127.0.0.1:"+b.port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for name, c := range map[string]struct {
		args []string
		env  []string
		part string
	}{
		"a busy port":             {nil, nil, "free the port"},
		"an unreachable database": {[]string{"--port", freePort(t)}, []string{"DATABASE_URL=postgres://127.0.0.1:1/x", signing}, "out of reach"},
		"no signing secret":       {[]string{"--port", freePort(t)}, []string{"DATABASE_URL=postgres://127.0.0.1:1/x"}, "openssl rand"},
		"an unknown flag":         {[]string{"--bogus"}, nil, "unknown flag"},
		"a role that needs Redis": {[]string{"--role", "sender"}, nil, "Redis"},
	} {
		cmd := b.command(c.args...)
		cmd.Env = append(cmd.Env, c.env...)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.part) || strings.Count(strings.TrimSpace(string(out)), "\n") > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestAKilledMigrationGoesOn: a run that is killed in the middle of a migration leaves nothing half done, and the next one
// finishes. No migration builds an index concurrently, which could be left invalid; none is.
func TestAKilledMigrationGoesOn(t *testing.T) {
	b := newBinary(t)
	url := pgtest.Empty(t)
	migrate := func(step string) *exec.Cmd {
		cmd := exec.Command(b.path, "migrate", step)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "DATABASE_URL=" + url}
		return cmd
	}
	run := func(step string) string {
		t.Helper()
		out, err := migrate(step).CombinedOutput()
		if err != nil {
			t.Fatalf("migrate %s: %v\n%s", step, err, out)
		}
		return string(out)
	}
	all, err := fs.Glob(migrations.Files(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	run("up")
	for range all[1:] {
		run("down")
	}
	db := pgtest.Open(t, url).Pool()
	count := func(query string) int {
		t.Helper()
		var n int
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	lock, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }()
	if _, err := lock.ExecContext(t.Context(), `LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	killed := migrate("up") // its first step refers to the accounts
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event <> 'advisory'`) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the migration does not wait for the lock")
		}
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // how it ended is known
	next := make(chan string, 1)
	go func() {
		out, err := migrate("up").CombinedOutput()
		next <- fmt.Sprintf("%v\n%s", err, out)
	}()
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if out := <-next; !strings.HasPrefix(out, "<nil>") || !strings.Contains(out, "up "+all[len(all)-1]) {
		t.Errorf("the next run: %s", out)
	}
	if out := run("status"); strings.Contains(out, "not run") {
		t.Errorf("after the next run: %s", out)
	}
	if n := count(`SELECT count(*) FROM pg_index WHERE NOT indisvalid`); n > 0 {
		t.Errorf("%d indexes are invalid", n)
	}
	if out := run("up"); !strings.Contains(out, "nothing to do") {
		t.Errorf("once more: %s", out)
	}
}
