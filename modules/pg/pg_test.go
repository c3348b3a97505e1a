package pg_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"chat/modules/fault"
	"chat/modules/pg"
	"chat/modules/pgtest"
)

// TestAFrozenTransactionHoldsNobodyUp: what a process has locked that does nothing any more is free within a mutation's
// time, and the process hears that its transaction is lost.
func TestAFrozenTransactionHoldsNobodyUp(t *testing.T) {
	db := pgtest.New(t)
	const lock = `SELECT pg_advisory_xact_lock(7)::text`
	var nothing string
	held, thaw, frozen := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		frozen <- db.Tx(context.Background(), func(tx *pg.Tx) error {
			err := tx.Get(context.Background(), &nothing, lock)
			close(held)
			<-thaw
			return err
		})
	}()
	<-held
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	err := db.Tx(ctx, func(tx *pg.Tx) error {
		var other string
		return tx.Get(ctx, &other, lock)
	})
	if err != nil {
		t.Errorf("somebody else: %v", err)
	}
	close(thaw)
	if err := <-frozen; fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("the one that was frozen: %v", err)
	}
}

// TestACrowdWithNewStatements: more transactions than there are connections, which wait for one lock and run statements that
// nobody has prepared yet, do not hold each other up.
func TestACrowdWithNewStatements(t *testing.T) {
	db := pgtest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			err := db.Tx(ctx, func(tx *pg.Tx) error {
				var text string
				for _, statement := range []string{
					`SELECT pg_advisory_xact_lock(8)::text`, `SELECT 'one'`, `SELECT 'two'`, `SELECT 'three'`, `SELECT 'four'`,
				} {
					if err := tx.Get(ctx, &text, statement); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
