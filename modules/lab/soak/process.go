package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyTime = 30 * time.Second
	stopTime  = 16 * time.Second // what the product promises, and a second
)

// process is one process of the product on a port of its own, which can be killed, paused and started again.
type process struct {
	name   string
	role   string
	port   int
	inside string // the address of its metrics
	path   string
	args   []string
	env    []string
	log    string // the path of what it says

	mu       sync.Mutex
	cmd      *exec.Cmd
	done     chan struct{} // closed when cmd has ended
	expected bool          // we are ending it
}

func newProcess(dir, path, role string, number int, env, args []string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	metrics, err := freePort()
	if err != nil {
		return nil, err
	}
	name, inside := fmt.Sprintf("%s%d", role, number), "127.0.0.1:"+strconv.Itoa(metrics)
	args = append([]string{"serve", "--role", role, "--port", strconv.Itoa(port), "--metrics-addr", inside, "--log-format", "json"}, args...)
	return &process{
		name: name, role: role, port: port, inside: inside, path: path, log: filepath.Join(dir, name+".log"), env: env, args: args,
	}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func (p *process) url() string { return fmt.Sprintf("http://127.0.0.1:%d/graphql", p.port) }

// errNoDatabase is the end of a process that found no database at its start.
var errNoDatabase = errors.New("the database was out of reach")

// start starts the process and waits until it is ready. As supervisors do, it starts one again that found no database.
func (p *process) start(ctx context.Context) error {
	for began := time.Now(); ; {
		err := p.launch(ctx)
		if !errors.Is(err, errNoDatabase) || time.Since(began) > readyTime {
			return err
		}
	}
}

func (p *process) launch(ctx context.Context) error {
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.name, err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL} // scheduled as in a container of its own; nothing outlives the run
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	done := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.done, p.expected = cmd, done, false
	p.mu.Unlock()
	go func() {
		_ = cmd.Wait() // its state is looked at where that matters
		close(done)
	}()
	return p.ready(ctx, done)
}

func (p *process) ready(ctx context.Context, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/healthz", p.port), nil)
		if err != nil {
			return fmt.Errorf("ask %s for its health: %w", p.name, err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-done:
			words := p.lastWords()
			if strings.Contains(words, "the database is out of reach") {
				return fmt.Errorf("%s ended at its start: %w", p.name, errNoDatabase)
			}
			return fmt.Errorf("%s ended at its start: %s", p.name, words)
		case <-ctx.Done():
			return fmt.Errorf("%s does not become ready: %s", p.name, p.lastWords())
		}
	}
}

// metric reads a counter or gauge, named with its labels if it has any. One that counts nothing yet is 0.
func (p *process) metric(ctx context.Context, name string) (float64, error) {
	text, err := p.get(ctx, p.inside, "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, nil
}

// get reads a page of the process, of its own address or of that of its metrics. An answer other than 200 is an error.
func (p *process) get(ctx context.Context, address, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", p.name, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", p.name, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	if err != nil {
		return "", fmt.Errorf("read %s of %s: %w", path, p.name, err)
	}
	return string(text), nil
}

// kill ends the process at once.
func (p *process) kill() error { return p.end(syscall.SIGKILL, stopTime) }

// stop asks the process to end, and fails when it takes longer than it may or ends badly.
func (p *process) stop() error {
	if err := p.end(syscall.SIGTERM, stopTime); err != nil {
		return err
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with code %d: %s", p.name, code, p.lastWords())
	}
	return nil
}

func (p *process) end(s syscall.Signal, patience time.Duration) error {
	p.mu.Lock()
	p.expected = true
	p.mu.Unlock()
	p.signal(s)
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
		p.signal(syscall.SIGKILL)
		return fmt.Errorf("%s did not end within %s", p.name, patience)
	}
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended

// hasDied tells whether the process has ended by itself, and what it said last.
func (p *process) hasDied() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		if !p.expected {
			return fmt.Errorf("%s ended by itself: %s", p.name, p.lastWords())
		}
	default:
	}
	return nil
}

func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// findPanics looks for what must never stand in a log.
func (p *process) findPanics() error {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Errorf("read the log of %s: %w", p.name, err)
	}
	for line := range strings.Lines(string(text)) {
		for _, bad := range []string{"panic", "DATA RACE", "goroutine "} {
			if strings.Contains(line, bad) {
				return errors.New(p.name + ": " + line)
			}
		}
	}
	return nil
}
