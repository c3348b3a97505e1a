// Package pglocal finds, starts and stops a PostgreSQL of our own: the embedded default of the product, and the server
// of the tests.
//
// The server listens on a socket in a private directory and on nothing else. It survives a kill -9 of this process, and
// the next Start stops what was left behind and recovers the data. Only one process uses a directory at a time.
package pglocal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/lib/pq" // the driver "postgres"
	"github.com/rs/zerolog"
)

const (
	database    = "chat"
	superuser   = "postgres"
	startTime   = 60 * time.Second // recovery after a kill may take a while
	orphanPause = 100 * time.Millisecond
	stopTime    = 20 * time.Second
	maxLog      = 10 << 20 // bytes of the server's log that are kept over a start
)

// Options say where the server lives and how it runs.
type Options struct {
	// Dir holds everything of the server: data, log, lock. It is made, with mode 0700.
	Dir string
	// Binaries is the directory of initdb and postgres; empty searches the usual places and then downloads.
	Binaries string
	// Port is one on 127.0.0.1 where the server listens as well; 0 is none.
	Port int
	// Settings are added to the server's configuration.
	Settings map[string]string
	Log      zerolog.Logger
}

// Server is a running PostgreSQL.
type Server struct {
	dir      string
	port     int
	socket   string
	lock     *os.File
	process  *os.Process
	done     chan struct{}
	exitText string
}

// Start starts the server of a directory, which it makes on the first call, and returns when the database answers.
//
// Errors are one line each and say what to do: the directory is in use, no PostgreSQL is found, the data is of another
// version, or the last words of the server's log.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	who, err := runner()
	if err != nil {
		return nil, err
	}
	if err := makeDir(dir, who); err != nil {
		return nil, err
	}
	lock, err := takeLock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, lock: lock, port: o.Port}
	if err := s.start(ctx, o, who); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, o Options, who *user) error {
	data := filepath.Join(s.dir, "data")
	if err := stopLeftBehind(ctx, data, o.Log); err != nil {
		return err
	}
	bin, err := findBinaries(ctx, o, s.dir, data, who)
	if err != nil {
		return err
	}
	if err := initialise(ctx, bin, data, who, o.Log); err != nil {
		return err
	}
	if s.socket, err = socketDir(s.dir, who); err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(orphanPause) {
		if err = s.launch(bin, data, o.Settings, who); err != nil {
			return err
		}
		if err = s.awaitDatabase(ctx); err == nil {
			return nil
		}
		if !errors.Is(err, errOrphans) || time.Since(began) > startTime || ctx.Err() != nil {
			break
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	_ = s.signal(stopping) // the error of the start is what matters
	return err
}

// errOrphans is why a server does not start while a process of one that was killed goes on with what it was at.
var errOrphans = errors.New("a process of the server that was killed still runs")

// initialise makes the data directory. It appears whole or not at all: initdb works on a sibling that is renamed.
func initialise(ctx context.Context, bin, data string, who *user, log zerolog.Logger) error {
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		return nil
	}
	fresh := data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear an unfinished data directory: %w", err)
	}
	log.Info().Str("dir", data).Msg("making a new PostgreSQL data directory")
	// #nosec G204 -- whoever starts the process names the directories
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", fresh, "-U", superuser, "-A", "trust",
		"-E", "UTF8", "--locale=C", "--no-instructions")
	who.apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a PostgreSQL data directory: %s (%w)", lastLine(out), err)
	}
	if err := os.Rename(fresh, data); err != nil {
		return fmt.Errorf("put the data directory into its place: %w", err)
	}
	return nil
}

// launch starts the server in a process group of its own: Ctrl-C in a terminal reaches us, and we stop it last.
func (s *Server) launch(bin, data string, settings map[string]string, who *user) error {
	out, err := openLog(filepath.Join(s.dir, "postgres.log"))
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	began, err := out.Seek(0, 2)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	// The details of an error are the values of the row that it is about.
	args := []string{
		"-D", data, "-k", s.socket, "-c", "listen_addresses=", "-c", "synchronous_commit=on",
		"-c", "log_error_verbosity=terse",
	}
	if s.port != 0 {
		args = append(args, "-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(s.port))
	}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	// #nosec G204 -- likewise
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = out, out
	who.apply(cmd)
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	done := make(chan struct{})
	s.process, s.done, s.exitText = cmd.Process, done, ""
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		s.exitText = lastOf(filepath.Join(s.dir, "postgres.log"), began)
		close(done)
	}()
	return nil
}

// awaitDatabase waits until the server answers, and makes the database if it is not there.
func (s *Server) awaitDatabase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	db, err := sql.Open("postgres", s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer func() { _ = db.Close() }()
	for {
		if err = db.PingContext(ctx); err == nil {
			break
		}
		select {
		case <-s.done:
			if strings.Contains(s.exitText, "pre-existing shared memory block") {
				return fmt.Errorf("PostgreSQL did not start: %w: %s", errOrphans, s.exitText)
			}
			return fmt.Errorf("PostgreSQL did not start: %s", s.exitText)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	var exists bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !exists {
		if _, err := db.ExecContext(ctx, `CREATE DATABASE `+database); err != nil {
			return fmt.Errorf("make the database: %w", err)
		}
	}
	return nil
}

// Database is the URL of the product's own database on this server.
func (s *Server) Database() string { return s.URL(database) }

// URL is how lib/pq reaches a database of this server, as its superuser.
func (s *Server) URL(name string) string {
	q := url.Values{"host": {s.socket}, "user": {superuser}, "sslmode": {"disable"}}
	if s.port != 0 {
		q.Set("port", strconv.Itoa(s.port)) // it is a part of the socket's name
	}
	return "postgres:///" + url.PathEscape(name) + "?" + q.Encode()
}

// Socket is the directory of the server's socket.
func (s *Server) Socket() string { return s.socket }

// PID is the process of the server.
func (s *Server) PID() int { return s.process.Pid }

// Done is closed when the server has ended, whoever ended it.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop stops the server and waits for it: open connections are ended, and what was committed is on disk. When ctx ends
// first it is stopped at once, and recovers at its next start.
func (s *Server) Stop(ctx context.Context) error {
	defer s.release()
	return s.signal(ctx)
}

func (s *Server) signal(ctx context.Context) error {
	if err := s.process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
	}
	_ = s.process.Signal(syscall.SIGQUIT) // it may have ended just now
	<-s.done
	return nil
}

// release gives up the directory.
func (s *Server) release() {
	if s.socket != "" {
		_ = os.RemoveAll(s.socket) // a stale one is removed by the next start
	}
	_ = s.lock.Close()
}

// stopLeftBehind stops a server that a killed process of ours left in the directory. We hold the lock, so it is nobody's.
func stopLeftBehind(ctx context.Context, data string, log zerolog.Logger) error {
	pid := leftBehind(data)
	if pid == 0 {
		return nil
	}
	log.Warn().Int("pid", pid).Msg("stopping a PostgreSQL that was left behind")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = syscall.Kill(pid, sig) // it may have ended just now
		until := time.Now().Add(stopTime / 2)
		for time.Now().Before(until) {
			if leftBehind(data) == 0 {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("stop a PostgreSQL that was left behind: %w", ctx.Err())
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return fmt.Errorf("PostgreSQL with process id %d uses %s and cannot be stopped", pid, data)
}

// leftBehind gives the process that runs on a data directory, or 0. Source: PostgreSQL, miscadmin.h,
// "Postmaster lock file": the first line of postmaster.pid is the process id, the second the data directory.
func leftBehind(data string) int {
	// #nosec G304 -- in the data directory
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 || syscall.Kill(pid, 0) == syscall.ESRCH || !isPostgres(pid) {
		return 0
	}
	return pid
}

// isPostgres guards against a process id that was given to something else since. Where there is no /proc it believes.
func isPostgres(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		_, noProc := os.Stat("/proc/self/comm")
		return noProc != nil
	}
	return strings.HasPrefix(string(name), "postgres")
}

func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("put the server's old log aside: %w", err)
		}
	}
	f, err := openOwn(path, os.O_APPEND|os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return f, nil
}

// lastOf gives the last line of a log after an offset.
func lastOf(path string, offset int64) string {
	// #nosec G304 -- in the data directory
	text, err := os.ReadFile(path)
	if err != nil || int64(len(text)) < offset {
		return "see " + path
	}
	return lastLine(text[offset:])
}

func lastLine(text []byte) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	for n := len(lines) - 1; n >= 0; n-- { // what is to blame stands above where it says that it stops
		if bytes.Contains(lines[n], []byte("FATAL")) || bytes.Contains(lines[n], []byte("error:")) {
			return string(lines[n])
		}
	}
	return string(lines[len(lines)-1])
}
