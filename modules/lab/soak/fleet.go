package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"chat/modules/pglocal"
	"chat/modules/redistest"
)

// fleet is the product as it runs in production: two processes of each role, PostgreSQL and Redis, each behind a proxy.
type fleet struct {
	dir       string
	kind      kind
	secret    string // that signs access tokens
	client    *client
	options   pglocal.Options
	postgres  *pglocal.Server
	redis     *redistest.Server
	toPG      *proxy
	toRedis   *proxy
	processes []*process
}

// kind is in what a fleet differs from another.
type kind struct {
	isOpen    bool          // --auth=none; else people have accounts, and sign in
	tokenLife time.Duration // of access tokens; 0: what the product says
	isDirect  bool          // past the proxies: these run in this process, and what goes through them waits for whatever else it has to do
}

// auth are the flags that say so. Hashing a password costs as little as the product allows.
func (k kind) auth() []string {
	if k.isOpen {
		return []string{"--auth=none"}
	}
	args := []string{"--argon2-memory=19", "--argon2-passes=2"}
	if k.tokenLife > 0 {
		args = append(args, "--access-token-life="+k.tokenLife.String())
	}
	return args
}

// newFleet starts everything in dir, from a built binary.
func newFleet(ctx context.Context, dir, binary string, k kind) (f *fleet, err error) {
	f = &fleet{dir: dir, kind: k, secret: rand.Text() + rand.Text(), client: newClient(k.isOpen)}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.stop())
		}
	}()
	port, err := freePort()
	if err != nil {
		return f, err
	}
	f.options = pglocal.Options{
		Dir: filepath.Join(dir, "pg"), Binaries: os.Getenv("PG_BIN"), Port: port, Log: zerolog.Nop(),
		Settings: map[string]string{"max_connections": "200", "log_min_messages": "fatal"},
	}
	if f.postgres, err = pglocal.Start(ctx, f.options); err != nil {
		return f, err
	}
	if f.redis, err = redistest.Start(dir); err != nil {
		return f, err
	}
	if f.toPG, err = newProxy("postgres", "127.0.0.1:"+strconv.Itoa(port)); err != nil {
		return f, err
	}
	if f.toRedis, err = newProxy("redis", f.redis.Address()); err != nil {
		return f, err
	}
	database, redis := f.toPG.address(), f.toRedis.address()
	if k.isDirect {
		database, redis = "127.0.0.1:"+strconv.Itoa(port), f.redis.Address()
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CHAT_DB_POOL=15",
		"DATABASE_URL=postgres://postgres@" + database + "/chat?sslmode=disable", "REDIS_URL=redis://" + redis,
		"CHAT_SIGNING_SECRET=" + f.secret, "RATE_LIMITS=off",
	}
	if err := f.migrate(ctx, binary, env); err != nil {
		return f, err
	}
	for _, role := range []string{"user", "sender", "receiver"} {
		for number := range 2 {
			p, err := newProcess(dir, binary, role, number+1, env, k.auth())
			if err != nil {
				return f, err
			}
			if err := p.start(ctx); err != nil {
				return f, err
			}
			f.processes = append(f.processes, p)
		}
	}
	return f, nil
}

func (f *fleet) migrate(ctx context.Context, binary string, env []string) error {
	cmd := exec.CommandContext(ctx, binary, "migrate", "up")
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w: %s", err, out)
	}
	return nil
}

// stop ends everything, each in its own way.
func (f *fleet) stop() error {
	var errs []error
	for _, p := range f.processes {
		errs = append(errs, p.stop(), p.findPanics())
	}
	for _, p := range []*proxy{f.toPG, f.toRedis} {
		if p != nil {
			p.cut()
		}
	}
	if f.redis != nil {
		f.redis.Kill()
	}
	if f.postgres != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		errs = append(errs, f.postgres.Stop(ctx))
	}
	return errors.Join(errs...)
}

// of gives the processes of a role.
func (f *fleet) of(role string) []*process {
	var found []*process
	for _, p := range f.processes {
		if p.role == role {
			found = append(found, p)
		}
	}
	return found
}

// hasDied tells of processes that ended by themselves.
func (f *fleet) hasDied() error {
	var errs []error
	for _, p := range f.processes {
		errs = append(errs, p.hasDied())
	}
	return errors.Join(errs...)
}

// restartPostgres stops the server, at once or after its clients were told, and starts it on the same data.
func (f *fleet) restartPostgres(ctx context.Context, immediately bool) error {
	if immediately {
		if err := syscall.Kill(f.postgres.PID(), syscall.SIGQUIT); err != nil {
			return fmt.Errorf("stop PostgreSQL: %w", err)
		}
		select {
		case <-f.postgres.Done():
		case <-time.After(stopTime):
			return errors.New("PostgreSQL does not stop")
		}
	}
	stopping, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	err := f.postgres.Stop(stopping)
	if err != nil && !immediately {
		return err
	}
	f.postgres, err = pglocal.Start(ctx, f.options)
	return err
}

// children lists the processes of PostgreSQL beside the first.
func (f *fleet) children() []int {
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", f.postgres.PID(), f.postgres.PID()))
	if err != nil {
		return nil // it is starting or stopping
	}
	var found []int
	for text := range strings.FieldsSeq(string(list)) {
		if pid, err := strconv.Atoi(text); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// backends lists those that serve connections of the product.
func (f *fleet) backends() []int {
	return slices.DeleteFunc(f.children(), func(pid int) bool {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return err != nil || !strings.Contains(string(name), " chat 127.0.0.1(")
	})
}

// freeze stops PostgreSQL in its tracks with SIGSTOP, and lets it go on with SIGCONT.
func (f *fleet) freeze(s syscall.Signal) {
	for _, pid := range append(f.children(), f.postgres.PID()) {
		_ = syscall.Kill(pid, s) // it may have ended
	}
}
