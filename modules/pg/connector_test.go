package pg_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chat/modules/fault"
	"chat/modules/pg"
	"chat/modules/pgtest"
)

// mute is a proxy to PostgreSQL that can fall silent: connections stay open, and nothing comes back. It counts round trips.
type mute struct {
	url   string
	trips atomic.Int64

	mu     sync.Mutex
	speaks chan struct{} // closed while it is not silent
}

func newMute(t *testing.T) *mute {
	t.Helper()
	target, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	m := &mute{speaks: make(chan struct{})}
	close(m.speaks)
	through := url.URL{Scheme: "postgres", Host: l.Addr().String(), User: url.User("postgres"), Path: target.Path, RawQuery: "sslmode=disable"}
	m.url = through.String()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(client, target.Query().Get("host")+"/.s.PGSQL.5432")
		}
	}()
	return m
}

func (m *mute) serve(client net.Conn, target string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("unix", target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(writer{m, server}, client) // until either end is closed
		_ = server.Close()
	}()
	_, _ = io.Copy(counter{m, writer{m, client}}, server)
}

// counter counts ReadyForQuery, the end of each answer.
type counter struct {
	*mute
	to io.Writer
}

func (c counter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("Z\x00\x00\x00\x05")) {
		c.trips.Add(1)
	}
	return c.to.Write(b)
}

type writer struct {
	*mute
	to net.Conn
}

func (w writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	speaks := w.speaks
	w.mu.Unlock()
	<-speaks
	return w.to.Write(b)
}

func (m *mute) silence() (end func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	speaks := make(chan struct{})
	m.speaks = speaks
	return func() { close(speaks) }
}

// TestASilentServerCostsNoMoreThanTheCallersTime: reading, writing, connecting.
func TestASilentServerCostsNoMoreThanTheCallersTime(t *testing.T) {
	const patience = 200 * time.Millisecond
	for name, call := range map[string]func(context.Context, *pg.DB, func()) error{
		"a statement": func(ctx context.Context, db *pg.DB, silence func()) error {
			silence()
			var one int
			return db.Get(ctx, &one, `SELECT 1`)
		},
		"a statement in a transaction": func(ctx context.Context, db *pg.DB, silence func()) error {
			return db.Tx(ctx, func(tx *pg.Tx) error {
				silence()
				var one int
				return tx.Get(ctx, &one, `SELECT 1`)
			})
		},
		"a transaction's beginning": func(ctx context.Context, db *pg.DB, silence func()) error {
			silence()
			return db.Tx(ctx, func(*pg.Tx) error { return nil })
		},
		"a commit": func(ctx context.Context, db *pg.DB, silence func()) error {
			return db.Tx(ctx, func(tx *pg.Tx) error {
				err := tx.Exec(ctx, `DELETE FROM users`)
				silence()
				return err
			})
		},
		"a connection": func(ctx context.Context, db *pg.DB, silence func()) error {
			db.Pool().SetMaxIdleConns(0)
			silence()
			return db.Tx(ctx, func(*pg.Tx) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMute(t)
			db := pgtest.Open(t, m.url)
			var one int
			if err := db.Get(t.Context(), &one, `SELECT 1`); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			end, began := func() {}, time.Now()
			err := call(ctx, db, func() { end = m.silence() })
			if took := time.Since(began); fault.CodeOf(err) != fault.Unavailable || took > patience+time.Second {
				t.Errorf("%v after %s, want UNAVAILABLE in time", err, took)
			}
			end()
			if err := db.Get(t.Context(), &one, `SELECT 1`); err != nil {
				t.Errorf("when it speaks again: %v", err)
			}
		})
	}
}

// TestASlowStatementIsCancelledInPostgreSQL, and costs no connection.
func TestASlowStatementIsCancelledInPostgreSQL(t *testing.T) {
	db := pgtest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var nothing []string
	if err := db.Select(ctx, &nothing, `SELECT pg_sleep(60)::text`); err == nil {
		t.Error("it was not cancelled")
	}
	var running int
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err := db.Get(t.Context(), &running, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
		if running == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it still runs in PostgreSQL")
		}
	}
}
