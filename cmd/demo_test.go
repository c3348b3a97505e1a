package cmd

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"
	"github.com/rs/zerolog"

	"chat/modules/pgtest"
)

// demoLine runs chat demo and gives what it prints, and what it says beside that.
func demoLine(t *testing.T, args ...string) (out, said string, err error) {
	t.Helper()
	var printed, beside bytes.Buffer
	c := root()
	c.SetOut(&printed)
	c.SetErr(&beside)
	c.SetArgs(append([]string{"demo", "--people=6", "--chats=4", "--messages=60", "--weeks=1", "--argon2-memory=19", "--argon2-passes=2"}, args...))
	err = c.ExecuteContext(t.Context())
	return printed.String(), beside.String(), err
}

// TestADemoIsMadeOnce: a second run prints the same and adds nothing, with accounts and without.
func TestADemoIsMadeOnce(t *testing.T) {
	url := pgtest.URL(t)
	t.Setenv("DATABASE_URL", url)
	db := pgtest.Open(t, url)
	first, said, err := demoLine(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"6 people, 4 chats, 60 messages: http://127.0.0.1:4000, where chat serve runs\n\n", "maya.eriksen", `password "welcome to the demo", an administrator`,
		"\nEverybody", "http://127.0.0.1:4000/c/",
	} {
		if !strings.Contains(first, part) {
			t.Errorf("without %q it prints\n%s", part, first)
		}
	}
	if strings.Contains(said, "messages") {
		t.Errorf("in a moment it says %s", said)
	}
	if again, _, err := demoLine(t); err != nil || again != first {
		t.Errorf("%v, the second time it prints\n%s", err, again)
	}
	var n int
	if err := db.Get(t.Context(), &n, `SELECT count(*) FROM messages`); err != nil || n != 60 {
		t.Errorf("%d messages (%v)", n, err)
	}
	var maya string
	if err := db.Get(t.Context(), &maya, `SELECT id FROM users WHERE username = 'maya.eriksen'`); err != nil {
		t.Fatal(err)
	}
	open, _, err := demoLine(t, "--auth=none", "--host=0.0.0.0", "--insecure-open-access", "--port=4100")
	if err != nil || !strings.Contains(open, "user-id "+maya) || !strings.Contains(open, "http://localhost:4100/c/") || strings.Contains(open, "password") {
		t.Errorf("%v, where callers are believed it prints\n%s", err, open)
	}
}

// TestADemoIsRefused where its password would let strangers in, and with sizes that cannot be.
func TestADemoIsRefused(t *testing.T) {
	t.Setenv("DATABASE_URL", pgtest.URL(t))
	if _, err := typed(t, "correct horse\n", "create", "ann", "--email=ann@example.org"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ args, why string }{
		{"", "insist with --among-others"}, {"--people=1", "--people=1 is not between 2 and 1000"}, {"--messages=3", "--messages=3 is not between 4"},
		{"--weeks=0", "--weeks=0"}, {"--chats=0", "--chats=0"},
	} {
		if _, _, err := demoLine(t, strings.Fields(step.args)...); err == nil || !strings.Contains(err.Error(), step.why) {
			t.Errorf("%q: %v, want %q", step.args, err, step.why)
		}
	}
	if out, _, err := demoLine(t, "--among-others"); err != nil || !strings.Contains(out, "maya.eriksen") || strings.Contains(out, "administrator") {
		t.Errorf("among others: %v\n%s", err, out)
	}
}

// TestADemoOnTheEmbeddedDatabase: it is there when the command ends.
func TestADemoOnTheEmbeddedDatabase(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "chat-demo-") // PostgreSQL may run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	first, _, err := demoLine(t, "--data-dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, _, err := demoLine(t, "--data-dir="+dir); err != nil || again != first {
		t.Errorf("%v, the second time it prints\n%s", err, again)
	}
}

// TestProgress is a line every 10 s, and a bar on a terminal.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		show, end := progress(&log, zerolog.New(&log), 500)
		show(100)
		time.Sleep(25 * time.Second)
		synctest.Wait()
		end()
		want := `{"level":"info","messages":100,"of":500,"message":"the demo is being made"}` + "\n"
		if log.String() != want+want {
			t.Errorf("in 25 s it says %s", log.String())
		}
	})
	terminal, screen, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = terminal.Close(), screen.Close() }()
	show, end := progress(screen, zerolog.Nop(), 500)
	show(100)
	buffer := make([]byte, 1024)
	n, err := terminal.Read(buffer)
	if text := string(buffer[:n]); err != nil || !strings.Contains(text, "messages") || !strings.Contains(text, "100/500") {
		t.Errorf("on a terminal: %q %v", text, err)
	}
	end()
}
