// Package redistest starts real Redis servers for tests and for the fault harness: alone or as a cluster, to be killed,
// paused and started again on the same port.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

const startTime = 10 * time.Second

// Server is one Redis on a loopback port, without anything on disk that matters.
type Server struct {
	port     int
	dir      string
	args     []string
	settings string // a file of them; "": none

	mu  sync.Mutex
	cmd *exec.Cmd
}

// New starts a server that ends with the test.
func New(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := Start(t.TempDir(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// Start starts a server that works in dir, with further settings as redis-server takes them, and returns when it answers.
func Start(dir string, settings ...string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{port: port, dir: dir, args: settings}
	return s, s.Restart()
}

// freePort finds one whose cluster port, 10,000 above, is a port as well.
func freePort() (int, error) {
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("find a port for Redis: %w", err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil || port < 50_000 {
			return port, err
		}
	}
}

// Address is host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is how the product is told of the server.
func (s *Server) URL() string { return "redis://" + s.Address() }

// Restart kills the server if it runs, and starts it again on its port.
func (s *Server) Restart() error {
	s.Kill()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("the tests need redis-server: install it, on Debian with: sudo apt-get install redis-server")
	}
	out, err := os.Create(filepath.Join(s.dir, "redis.log"))
	if err != nil {
		return fmt.Errorf("make Redis' log: %w", err)
	}
	defer func() { _ = out.Close() }()
	args := []string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir}
	if s.settings != "" {
		args = append([]string{s.settings}, args...)
	} else {
		args = append(args, "--save", "", "--appendonly", "no")
	}
	args = append(args, s.args...)
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start Redis: %w", err)
	}
	s.mu.Lock()
	s.cmd = cmd
	s.mu.Unlock()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", s.Address())
		if err == nil {
			return c.Close()
		}
		if time.Since(began) > startTime {
			text, _ := os.ReadFile(out.Name()) // only for the text
			return fmt.Errorf("redis-server did not start: %s", text)
		}
	}
}

// Kill ends the server at once, if it runs.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()         // how it ended is known
	s.cmd = nil
}

// Pause stops the server in its tracks: connections stay, nothing is answered. Resume lets it go on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(sig) // it may have ended
	}
}

// Do runs one command, as in Do("CLIENT", "KILL", "TYPE", "pubsub"), and gives what it answers as text.
func (s *Server) Do(words ...string) (string, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{s.Address()}, ForceSingleClient: true, DisableCache: true,
	})
	if err != nil {
		return "", fmt.Errorf("reach Redis: %w", err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	answer, err := c.Do(ctx, c.B().Arbitrary(words...).Build()).ToMessage()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	if text, err := answer.ToString(); err == nil {
		return text, nil
	}
	if n, err := answer.ToInt64(); err == nil {
		return strconv.FormatInt(n, 10), nil
	}
	return answer.String(), nil // a list
}

// Watched is a server with a replica, watched by a sentinel that promotes the replica when the server is lost.
type Watched struct {
	Master, Replica, Sentinel *Server
}

// NewWatched starts the three.
func NewWatched(t testing.TB) *Watched {
	t.Helper()
	master := New(t)
	replica := New(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(master.port))
	dir := t.TempDir()
	settings := filepath.Join(dir, "sentinel.conf") // a sentinel writes what it learns into its file
	text := fmt.Sprintf("sentinel monitor chat 127.0.0.1 %d 1\nsentinel down-after-milliseconds chat 500\nsentinel failover-timeout chat 2000\n", master.port)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	sentinel := &Server{port: port, dir: dir, args: []string{"--sentinel"}, settings: settings}
	if err := sentinel.Restart(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sentinel.Kill)
	w := &Watched{master, replica, sentinel}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		known, err := sentinel.Do("SENTINEL", "REPLICAS", "chat")
		if err == nil && strings.Contains(known, strconv.Itoa(replica.port)) {
			return w
		}
		if time.Since(began) > 2*startTime { // a sentinel asks its master every 10 s
			t.Fatalf("the sentinel does not see the replica: %s, %v", known, err)
		}
	}
}

// URL is how the product is told of the sentinel and of what it watches.
func (w *Watched) URL() string { return w.Sentinel.URL() + "?master_set=chat" }

// NewCluster starts three servers that share the slots of a cluster.
func NewCluster(t testing.TB) []*Server {
	t.Helper()
	var nodes []*Server
	for range 3 {
		nodes = append(nodes, New(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"))
	}
	must := func(s *Server, words ...string) string {
		t.Helper()
		answer, err := s.Do(words...)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	const slots = 16_384
	for n, s := range nodes {
		must(s, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(n*slots/3), strconv.Itoa((n+1)*slots/3-1))
		must(s, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(n+1))
		must(s, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(nodes[0].port))
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		whole := 0
		for _, s := range nodes {
			if info := must(s, "CLUSTER", "INFO"); strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3") {
				whole++
			}
		}
		if whole == len(nodes) {
			return nodes
		}
		if time.Since(began) > startTime {
			t.Fatalf("the Redis cluster did not form: %s", must(nodes[0], "CLUSTER", "INFO"))
		}
	}
}
