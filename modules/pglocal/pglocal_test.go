package pglocal

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// place is a data directory that the user of the server can reach; t.TempDir is private to the tests' own user.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "chat-pglocal-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

func begin(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Dir: dir, Log: zerolog.Nop(), Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func run(t *testing.T, s *Server, statement string) string {
	t.Helper()
	db, err := sql.Open("postgres", s.Database())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var out sql.NullString
	if err := db.QueryRow(statement).Scan(&out); err != nil && err != sql.ErrNoRows {
		t.Fatalf("%s: %v", statement, err)
	}
	return out.String
}

// TestDataOutlivesTheServer: a stop and a start, and a kill -9 of everything we know, lose nothing that was committed.
func TestDataOutlivesTheServer(t *testing.T) {
	dir := place(t)
	s := begin(t, dir)
	if got := run(t, s, `SHOW synchronous_commit`); got != "on" {
		t.Errorf("synchronous_commit is %s", got)
	}
	if got := run(t, s, `SHOW listen_addresses`); got != "" {
		t.Errorf("listens on %s", got)
	}
	run(t, s, `CREATE TABLE kept (n int)`)
	run(t, s, `INSERT INTO kept VALUES (1)`)
	if pgid, err := syscall.Getpgid(s.PID()); err != nil || pgid == syscall.Getpgrp() {
		t.Errorf("the server is in our process group (%v): Ctrl-C would end it before us", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Socket()); err == nil {
		t.Error("the socket's directory is still there after a stop")
	}
	s = begin(t, dir)
	run(t, s, `INSERT INTO kept VALUES (2)`)

	// What a kill -9 of our process leaves: a running server, and a lock that nobody holds.
	leftover := s.PID()
	_ = s.lock.Close()
	s = begin(t, dir)
	if syscall.Kill(leftover, 0) == nil && s.PID() == leftover {
		t.Error("the server that was left behind still runs")
	}
	if got := run(t, s, `SELECT count(*) FROM kept`); got != "2" {
		t.Errorf("%s rows after a server was left behind, want 2", got)
	}

	// And of the server too, of which something goes on working for a while.
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		work(s.URL("postgres"))
	}()
	for run(t, s, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT sum%' AND state = 'active'`) != "1" {
		time.Sleep(time.Millisecond)
	}
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	s.release()
	s = begin(t, dir)
	if got := run(t, s, `SELECT count(*) FROM kept`); got != "2" {
		t.Errorf("%s rows after the server was killed, want 2", got)
	}
	<-idle
}

// work keeps a connection's process busy for a second or two, in which it does not look at who else has died.
func work(address string) {
	db, err := sql.Open("postgres", address)
	if err != nil {
		return
	}
	defer func() { _ = db.Close() }()
	_, _ = db.Exec(`SELECT sum(n) FROM generate_series(1, 10000000) AS n`) // it may lose its connection or not
}

// TestOneProcessAtATime: the second is told who has the directory.
func TestOneProcessAtATime(t *testing.T) {
	dir := place(t)
	begin(t, dir)
	_, err := Start(t.Context(), Options{Dir: dir, Log: zerolog.Nop()})
	if err == nil || !strings.Contains(err.Error(), "in use by another chat process (process id ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a second start: %v", err)
	}
}

// TestAnUnfinishedDirectoryIsNotTaken: initdb that was killed half way leaves nothing that looks like data.
func TestAnUnfinishedDirectoryIsNotTaken(t *testing.T) {
	dir := place(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := begin(t, dir)
	if got := run(t, s, `SELECT 1`); got != "1" {
		t.Errorf("after an unfinished initdb: %s", got)
	}
}

// TestWhatStandsAgainstAStart is one line that says what to do.
func TestWhatStandsAgainstAStart(t *testing.T) {
	dir := place(t)
	if _, err := Start(t.Context(), Options{Dir: dir, Binaries: "/nonexistent", Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "PG_BIN") {
		t.Errorf("without binaries: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("12\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Dir: dir, Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "PostgreSQL 12") {
		t.Errorf("data of another version: %v", err)
	}
}

// TestADirectoryOfOtherThingsIsLeftAlone: nobody else could look into it afterwards.
func TestADirectoryOfOtherThingsIsLeftAlone(t *testing.T) {
	dir := filepath.Dir(place(t))
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Dir: dir, Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "holds other things") {
		t.Errorf("a directory of other things: %v", err)
	}
	after, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if before.Mode() != after.Mode() || before.Sys().(*syscall.Stat_t).Uid != after.Sys().(*syscall.Stat_t).Uid {
		t.Errorf("it was changed from %v to %v", before.Mode(), after.Mode())
	}
}

// TestLinksAreNotFollowed: the user of PostgreSQL, who owns the directory, must not lead root to other files.
func TestLinksAreNotFollowed(t *testing.T) {
	for _, name := range []string{"lock", "postgres.log", "socket"} {
		dir := place(t)
		victim := filepath.Join(filepath.Dir(dir), "victim")
		if err := os.WriteFile(victim, []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(victim, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if name != "lock" { // by which it is a data directory
			if err := os.WriteFile(filepath.Join(dir, "lock"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Start(t.Context(), Options{Dir: dir, Log: zerolog.Nop()})
		if err == nil {
			t.Errorf("%s is a link, and it starts", name)
			_ = s.Stop(context.Background())
		}
		if text, err := os.ReadFile(victim); err != nil || string(text) != "kept" {
			t.Errorf("by the link %s the file holds %q: %v", name, text, err)
		}
	}
}

// TestAsAnOrdinaryUser: what root does through another user, an ordinary user does alone. As root the test runs itself
// again as nobody.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		s := begin(t, place(t))
		if got := run(t, s, `SELECT 1`); got != "1" {
			t.Errorf("as an ordinary user: %s", got)
		}
		return
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(filepath.Dir(place(t)), "test")
	text, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, text, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, copied, "-test.run", "^TestAsAnOrdinaryUser$|^TestOneProcess")
	(&user{uid: 65534, gid: 65534}).apply(cmd)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "TMPDIR=/tmp"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
