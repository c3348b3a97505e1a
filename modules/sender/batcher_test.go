package sender_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/fault"
	"chat/modules/pg"
	"chat/modules/pgtest"
	"chat/modules/sender"
)

// batcher is one with a single writer, until the test ends.
func batcher(t *testing.T, db *pg.DB, hold func(int) sender.Hold, run func(context.Context, *pg.Tx, []int) error) *sender.Batcher[int] {
	t.Helper()
	b := sender.NewBatcher(db, bus.NewMemory(), 1, sender.NewMetrics(prometheus.NewRegistry()), zerolog.Nop(), sender.Script[int]{
		Name: "numbers", Shard: func(int) uint32 { return 0 }, Hold: hold,
		Run: func(ctx context.Context, tx *pg.Tx, batch []int) ([]bus.Hint, error) { return nil, run(ctx, tx, batch) },
	})
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b
}

// TestLargeChangesShareNoBatch: what is small goes before the second of them.
func TestLargeChangesShareNoBatch(t *testing.T) {
	const blocker, large = 1, 10_000 // a change is the number of its rows
	started, goOn := make(chan struct{}), make(chan struct{})
	var batches [][]int
	b := batcher(t, pgtest.New(t).Writers(1), func(rows int) sender.Hold { return sender.Hold{Rows: rows} },
		func(_ context.Context, _ *pg.Tx, batch []int) error {
			batches = append(batches, batch)
			if len(batches) == 1 {
				close(started)
				<-goOn
			}
			return nil
		})
	var calls sync.WaitGroup
	do := func(rows int) {
		calls.Go(func() {
			if err := b.Do(t.Context(), rows); err != nil {
				t.Error(err)
			}
		})
	}
	do(blocker)
	<-started
	for n, rows := range []int{large, large + 1, large + 2, 2, 3, 2000, 2001} {
		do(rows)
		awaitQueued(t, b, n+1)
	}
	close(goOn)
	calls.Wait()
	want := [][]int{{blocker}, {large}, {2, 3, 2000}, {large + 1}, {2001}, {large + 2}}
	if !slices.EqualFunc(batches, want, slices.Equal) {
		t.Errorf("batches %v, want %v", batches, want)
	}
}

func awaitQueued(t *testing.T, b *sender.Batcher[int], count int) {
	t.Helper()
	for b.Queued() != count {
		time.Sleep(time.Millisecond)
	}
}

// TestADoubtIsKept: a change whose COMMIT had no answer may be stored, although its next run fails for another reason.
func TestADoubtIsKept(t *testing.T) {
	for name, fail := range map[string]func(*pg.Tx) error{
		"an error": func(*pg.Tx) error { return errors.New("it cannot be run") },
		"a conflict": func(tx *pg.Tx) error {
			return tx.Exec(t.Context(), `INSERT INTO users (id, username, username_key, email, email_key, created_at, updated_at)
				SELECT gen_random_uuid(), 'a', 'a', 'a', 'a', now(), now() FROM generate_series(1, 2)`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := pgtest.New(t)
			runs := 0
			b := batcher(t, all.Writers(1), nil, func(ctx context.Context, tx *pg.Tx, _ []int) error {
				runs++
				if runs > 1 {
					return fail(tx)
				}
				var server int
				var ended bool
				if err := tx.Get(ctx, &server, `SELECT pg_backend_pid()`); err != nil {
					return err
				}
				tx.Defer(`DELETE FROM messages`)
				return all.Get(ctx, &ended, `SELECT pg_terminate_backend($1, 5000)`, server)
			})
			var f *fault.Fault
			if err := b.Do(t.Context(), 1); !errors.As(err, &f) || !f.OutcomeUnknown || runs < 2 {
				t.Errorf("%v after %d runs, want an unknown outcome", err, runs)
			}
		})
	}
}
