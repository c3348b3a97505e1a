package pg_test

import (
	"context"
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
