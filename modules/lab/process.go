package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"chat/modules/pglocal"
)

// system is what is put under load: where it is reached, and the parts that its cost is told by.
type system struct {
	users, senders, receivers []string // addresses; without receivers nobody is subscribed
	signsIn                   bool     // with accounts; else people are believed
	people                    []person // who were made so far
	parts                     []part
}

type part struct {
	name string
	cpu  func() float64 // seconds so far
}

// process is one process of the product.
type process struct {
	cmd   *exec.Cmd
	url   string
	ready time.Duration
}

// startAlone starts everything in one process, with its database in dir.
func (b *Bench) startAlone(ctx context.Context, dir string) (*process, error) {
	return b.start(ctx, os.Environ(), "--auth=none", "--data-dir", filepath.Join(dir, "data"))
}

// startSigned starts everything in one process with accounts, on a database that runs. Passwords cost as little as they may.
func (b *Bench) startSigned(ctx context.Context, d *database) (*process, error) {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + d.dir, "CHAT_SIGNING_SECRET=" + rand.Text() + rand.Text(), "RATE_LIMITS=off",
		"DATABASE_URL=postgres:///chat?" + url.Values{"host": {d.socket}, "user": {"postgres"}, "sslmode": {"disable"}}.Encode(),
	}
	return b.start(ctx, env, "--argon2-memory=19", "--argon2-passes=2")
}

// start starts a process and waits until it is ready.
func (b *Bench) start(ctx context.Context, env []string, flags ...string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	p.cmd = exec.Command(b.Binary, append([]string{"serve", "--port", strconv.Itoa(port), "--log-level", "error"}, flags...)...)
	p.cmd.Env, p.cmd.Stderr = env, b.Out
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Binary, err)
	}
	for time.Since(began) < time.Minute {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
		if err != nil {
			return nil, fmt.Errorf("ask for readiness: %w", err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				p.ready = time.Since(began)
				return p, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.stop())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil, errors.Join(errors.New("the product does not become ready"), p.stop())
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the product: %w", err)
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the product stopped badly: %w", err)
	}
	return nil
}

// fleet is the product in processes of its own for each role.
type fleet struct {
	postgres  *pglocal.Server
	dir       string
	redis     *exec.Cmd
	processes map[string][]*process // by role
}

const perRole = 2

// startFleet starts PostgreSQL, Redis and two processes of each role in dir.
func (b *Bench) startFleet(ctx context.Context, dir string) (f *fleet, err error) {
	f = &fleet{dir: dir, processes: map[string][]*process{}}
	defer func() {
		if err != nil {
			f.stop()
		}
	}()
	f.postgres, err = pglocal.Start(ctx, pglocal.Options{
		Dir: filepath.Join(dir, "data"), Binaries: os.Getenv("PG_BIN"), Settings: map[string]string{"max_connections": "250"},
		Log: zerolog.Nop(),
	})
	if err != nil {
		return f, err
	}
	var address string
	if f.redis, address, err = startRedis(ctx, b.Redis, dir); err != nil {
		return f, err
	}
	env := []string{ // nothing of this process' own settings
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "DATABASE_URL=" + f.postgres.Database(), "REDIS_URL=redis://" + address,
	}
	for _, role := range []string{"user", "sender", "receiver"} {
		for range perRole {
			p, err := b.start(ctx, env, "--auth=none", "--role", role, "--migrate")
			if err != nil {
				return f, err
			}
			f.processes[role] = append(f.processes[role], p)
		}
	}
	return f, nil
}

// startRedis starts a Redis that keeps nothing, and returns its address when it answers.
func startRedis(ctx context.Context, program, dir string) (cmd *exec.Cmd, address string, err error) {
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	cmd = exec.Command(program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir)
	if err := cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("start %s: %w", program, err)
	}
	address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return cmd, address, awaitListener(ctx, address)
}

// awaitListener returns when somebody listens there.
func awaitListener(ctx context.Context, address string) error {
	var d net.Dialer
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		if conn, err := d.DialContext(ctx, "tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return fmt.Errorf("nobody answers at %s", address)
}

// stop ends everything; what it measured is known by then.
func (f *fleet) stop() {
	for _, role := range f.processes {
		for _, p := range role {
			_ = p.stop()
		}
	}
	if f.redis != nil {
		_ = f.redis.Process.Kill()
		_ = f.redis.Wait()
	}
	if f.postgres != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = f.postgres.Stop(ctx)
	}
}

func (f *fleet) database() *database {
	return &database{postmaster: f.postgres.PID(), socket: f.postgres.Socket(), dir: f.dir}
}

func (f *fleet) system() *system {
	cost := func(role string) func() float64 {
		return func() (total float64) {
			for _, p := range f.processes[role] {
				total += p.cpu()
			}
			return total
		}
	}
	addresses := func(role string) (urls []string) {
		for _, p := range f.processes[role] {
			urls = append(urls, p.url)
		}
		return urls
	}
	return &system{
		users: addresses("user"), senders: addresses("sender"), receivers: addresses("receiver"),
		parts: []part{
			{"senders", cost("sender")}, {"receivers", cost("receiver")}, {"PostgreSQL", f.database().cpu},
			{"Redis", func() float64 { return cpu(f.redis.Process.Pid, false) }},
		},
	}
}
