package pg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"chat/modules/fault"
	"chat/modules/pg"
	"chat/modules/pgtest"
)

// writers gives a pool whose transactions begin with their first statement, and a table to write into.
func writers(t *testing.T) (all, writers *pg.DB) {
	t.Helper()
	all = pgtest.New(t)
	writers = all.Writers(1)
	if err := all.Tx(t.Context(), func(tx *pg.Tx) error {
		return tx.Exec(t.Context(), `CREATE TABLE rows (n int PRIMARY KEY)`)
	}); err != nil {
		t.Fatal(err)
	}
	return all, writers
}

func rowCount(t *testing.T, db *pg.DB) (n int) {
	t.Helper()
	if err := db.Get(t.Context(), &n, `SELECT count(*) FROM rows`); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTheFirstStatementIsInTheTransaction: what it locks stays locked, and what it writes goes with the transaction.
func TestTheFirstStatementIsInTheTransaction(t *testing.T) {
	all, db := writers(t)
	ctx := t.Context()
	const lock = `SELECT pg_advisory_xact_lock(9)::text`
	var nothing []string
	broken := errors.New("broken off")
	for name, first := range map[string]func(*pg.Tx) error{
		"a text":               func(tx *pg.Tx) error { return tx.SelectText(ctx, &nothing, lock) },
		"a prepared statement": func(tx *pg.Tx) error { return tx.Select(ctx, &nothing, lock) },
	} {
		t.Run(name, func(t *testing.T) {
			err := db.Tx(ctx, func(tx *pg.Tx) error {
				if err := first(tx); err != nil {
					return err
				}
				short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
				defer cancel()
				if err := all.Select(short, &nothing, lock); fault.CodeOf(err) != fault.Unavailable {
					t.Errorf("somebody else got the lock: %v", err)
				}
				if err := tx.Exec(ctx, `INSERT INTO rows VALUES (1)`); err != nil {
					return err
				}
				return broken
			})
			if !errors.Is(err, broken) || rowCount(t, all) != 0 {
				t.Errorf("%v, %d rows are left", err, rowCount(t, all))
			}
		})
	}
}

// TestLazyTransactions end as others do, and leave their connection, which is the only one, fit for the next.
func TestLazyTransactions(t *testing.T) {
	all, db := writers(t)
	ctx := t.Context()
	if err := db.Tx(ctx, func(*pg.Tx) error { return nil }); err != nil {
		t.Errorf("a transaction of nothing: %v", err)
	}
	broken := errors.New("broken off")
	if err := db.Tx(ctx, func(*pg.Tx) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a transaction that is broken off before it begins: %v", err)
	}
	var none []int
	if err := db.Tx(ctx, func(tx *pg.Tx) error { return tx.SelectText(ctx, &none, `SELECT 1/0`) }); pg.Code(err) != "22012" {
		t.Errorf("a first statement that fails: %v", err)
	}
	if err := db.Tx(ctx, func(tx *pg.Tx) error {
		_ = tx.SelectText(ctx, &none, `SELECT 1/0`)
		return nil
	}); err == nil {
		t.Error("a transaction that has failed was committed")
	}
	for range 5 {
		if err := db.Tx(ctx, func(tx *pg.Tx) error {
			if err := tx.SelectText(ctx, &none, `SELECT n FROM rows`); err != nil {
				return err
			}
			return tx.Exec(ctx, `INSERT INTO rows SELECT count(*) FROM rows`)
		}); err != nil {
			t.Error(err)
		}
	}
	if n := rowCount(t, all); n != 5 {
		t.Errorf("%d rows, want 5", n)
	}
}

// TestALostConnectionOfWriters: the transaction that finds it lost is UNAVAILABLE with nothing written, and the next has a
// new one.
func TestALostConnectionOfWriters(t *testing.T) {
	all, db := writers(t)
	ctx := t.Context()
	var server []int
	insert := func(n int) error {
		return db.Tx(ctx, func(tx *pg.Tx) error {
			server = nil
			if err := tx.SelectText(ctx, &server, `SELECT pg_backend_pid()`); err != nil {
				return err
			}
			return tx.Exec(ctx, `INSERT INTO rows VALUES ($1)`, n)
		})
	}
	if err := insert(1); err != nil {
		t.Fatal(err)
	}
	var ended bool
	if err := all.Get(ctx, &ended, `SELECT pg_terminate_backend($1, 5000)`, server[0]); err != nil || !ended {
		t.Fatal(ended, err)
	}
	if err := insert(2); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("on the lost connection: %v", err)
	}
	if err := insert(3); err != nil {
		t.Errorf("after it: %v", err)
	}
	if n := rowCount(t, all); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}
