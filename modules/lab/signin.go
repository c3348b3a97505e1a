package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	newcomers = 50    // whose first and second request is looked at
	logins    = 1_000 // at once
	viewUser  = `query($u: ID!) { user(id: $u) { id } }`
)

// signingIn prints what signing in costs others: the statements of a request, and how long they wait while many sign in.
func (b *Bench) signingIn(ctx context.Context, s, signed *system, d *database) error {
	first, later, err := b.lookups(ctx, s, signed, d)
	if err != nil {
		return err
	}
	waited, refused, err := signed.besideLogins(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.Out, "a signed-in request takes %.1f statements more the first time, %.1f later; "+
		"health answers within %.1f ms while %d sign in at once, of whom %d are told to try again\n", first, later, ms(waited), logins, refused)
	return err
}

// lookups counts how many statements a request takes beyond those of one whose caller is believed: the first of a session,
// and the next. PostgreSQL writes them all down; the few that processes make by themselves meanwhile are among them.
func (b *Bench) lookups(ctx context.Context, s, signed *system, d *database) (first, later float64, err error) {
	var people []person
	for range newcomers {
		p, err := signed.person(ctx)
		if err != nil {
			return 0, 0, err
		}
		people = append(people, p)
	}
	if err := b.psql(ctx, d, "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"); err != nil {
		return 0, 0, err
	}
	var counts [3]int
	for n, target := range []*system{s, signed, signed} {
		if counts[n], err = d.statements(func() error {
			for _, p := range people {
				if err := call(ctx, target.users[0], p.token, viewUser, map[string]any{"u": p.id}, nil); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return 0, 0, err
		}
	}
	err = b.psql(ctx, d, "ALTER SYSTEM RESET log_statement", "SELECT pg_reload_conf()")
	return float64(counts[1]-counts[0]) / newcomers, float64(counts[2]-counts[0]) / newcomers, err
}

// statements counts those that PostgreSQL writes down while do runs.
func (d *database) statements(do func() error) (int, error) {
	path := filepath.Join(d.dir, "postgres.log")
	before, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read PostgreSQL's log: %w", err)
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read PostgreSQL's log: %w", err)
	}
	executed := []byte("LOG:  execute ")
	return bytes.Count(after, executed) - bytes.Count(before, executed), nil
}

// besideLogins lets many sign in at once, and gives the longest that a call of health took meanwhile. Who is told that too
// many sign in is counted.
func (s *system) besideLogins(ctx context.Context) (waited time.Duration, refused int64, err error) {
	health, err := encodeCall(s.users[0], "", `{ health }`, nil)
	if err != nil {
		return 0, 0, err
	}
	c, err := dial(ctx, s.users[0])
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = c.conn.Close() }()
	var all sync.WaitGroup
	var busy atomic.Int64
	var failed atomic.Pointer[error]
	for n := range logins {
		all.Go(func() {
			_, err := s.signIn(ctx, s.people[n%len(s.people)].name)
			switch {
			case errors.Is(err, errCall) && strings.Contains(err.Error(), `"RATE_LIMITED"`):
				busy.Add(1)
			case err != nil:
				failed.Store(&err)
			}
		})
	}
	over := make(chan struct{})
	go func() {
		all.Wait()
		close(over)
	}()
	for {
		began := time.Now()
		if err := c.call(health, nil); err != nil {
			return 0, 0, err
		}
		waited = max(waited, time.Since(began))
		select {
		case <-over:
			if err := failed.Load(); err != nil {
				return 0, 0, *err
			}
			return waited, busy.Load(), nil
		case <-time.After(5 * time.Millisecond):
		}
	}
}
