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
	viewer    = `{ me { id } }`
)

// signingIn prints what signing in costs others: the statements of a request, and how long they wait while many sign in.
func (b *Bench) signingIn(ctx context.Context, s *system, d *database) error {
	cold, warm, err := b.lookups(ctx, s, d)
	if err != nil {
		return err
	}
	waited, refused, err := s.besideLogins(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.Out, "a request looks its session up in %.1f statements the first time, %.1f later; "+
		"health answers within %.1f ms while %d sign in at once, of whom %d are told to try again\n", cold, warm, ms(waited), logins, refused)
	return err
}

// lookups counts the statements on sessions that a request takes, the first of its session and the next. PostgreSQL writes
// them down; those by which the product looks after the sessions in use, twice a second, are among them.
func (b *Bench) lookups(ctx context.Context, s *system, d *database) (cold, warm float64, err error) {
	var people []person
	for range newcomers {
		p, err := s.person(ctx)
		if err != nil {
			return 0, 0, err
		}
		people = append(people, p)
	}
	if err := b.psql(ctx, d, "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"); err != nil {
		return 0, 0, err
	}
	path := filepath.Join(d.dir, "postgres.log")
	var counts [3]int
	for n := range counts {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, 0, fmt.Errorf("read PostgreSQL's log: %w", err)
		}
		if counts[n] = bytes.Count(text, []byte("SELECT id, user_id FROM sessions")); n == 2 {
			break
		}
		for _, p := range people {
			if err := call(ctx, s.users[0], p.token, viewer, nil, nil); err != nil {
				return 0, 0, err
			}
		}
	}
	err = b.psql(ctx, d, "ALTER SYSTEM RESET log_statement", "SELECT pg_reload_conf()")
	return float64(counts[1]-counts[0]) / newcomers, float64(counts[2]-counts[1]) / newcomers, err
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
