package pg_test

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/pgtest"
)

// everyPool runs a test with each kind of pool, beside a pool of the same database that has a table to write into.
func everyPool(t *testing.T, test func(t *testing.T, all, db *pg.DB)) {
	for name, open := range map[string]func(t *testing.T, all *pg.DB) *pg.DB{
		"ordinary": func(_ *testing.T, all *pg.DB) *pg.DB { return all },
		"writers":  func(_ *testing.T, all *pg.DB) *pg.DB { return all.Writers(1) },
		"writers behind a pooler": func(t *testing.T, all *pg.DB) *pg.DB {
			db := all.Writers(1)
			forget(t, db)
			return db
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := withRows(t, pgtest.New(t))
			test(t, all, open(t, all))
		})
	}
}

func withRows(t *testing.T, db *pg.DB) *pg.DB {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *pg.Tx) error {
		return tx.Exec(t.Context(), `CREATE TABLE rows (n int PRIMARY KEY, text text)`)
	}); err != nil {
		t.Fatal(err)
	}
	return db
}

// forget does to a connection what a pooler does that gives another one, which does not know what was prepared: the
// transaction fails as one that is to be run again.
func forget(t *testing.T, db *pg.DB) {
	t.Helper()
	var one int
	read := func(tx *pg.Tx) error { return tx.Get(t.Context(), &one, `SELECT 1`) }
	if err := db.Tx(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().ExecContext(t.Context(), `DEALLOCATE ALL`); err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(t.Context(), read); !pg.Conflicts(err) {
		t.Fatalf("a statement that is not prepared any more: %v", err)
	}
}

func rowCount(t *testing.T, db *pg.DB) (n int) {
	t.Helper()
	if err := db.Get(t.Context(), &n, `SELECT count(*) FROM rows`); err != nil {
		t.Fatal(err)
	}
	return n
}

const insertRow = `INSERT INTO rows VALUES ($1, $2)`

// TestTheFirstStatementIsInTheTransaction: what it locks stays locked, and what it writes goes with the transaction.
func TestTheFirstStatementIsInTheTransaction(t *testing.T) {
	everyPool(t, func(t *testing.T, all, db *pg.DB) {
		ctx := t.Context()
		const lock = `SELECT pg_advisory_xact_lock(9)::text`
		var nothing string
		broken := errors.New("broken off")
		err := db.Tx(ctx, func(tx *pg.Tx) error {
			if err := tx.Get(ctx, &nothing, lock); err != nil {
				return err
			}
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			if err := all.Get(short, &nothing, lock); fault.CodeOf(err) != fault.Unavailable {
				t.Errorf("somebody else got the lock: %v", err)
			}
			if err := tx.Exec(ctx, insertRow, 1, nil); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) || rowCount(t, all) != 0 {
			t.Errorf("%v, %d rows are left", err, rowCount(t, all))
		}
	})
}

// TestDeferredStatements run in their order, before what is asked after them, and are committed.
func TestDeferredStatements(t *testing.T) {
	everyPool(t, func(t *testing.T, all, db *pg.DB) {
		ctx := t.Context()
		type row struct{ N int }
		var some, more []row
		if err := db.Tx(ctx, func(tx *pg.Tx) error {
			tx.Defer(insertRow, 1, "one")
			tx.Defer(`UPDATE rows SET n = n + 1`)
			if err := tx.SelectEach(ctx,
				pg.Question{Into: &some, Statement: `SELECT n FROM rows WHERE n > $1`, Args: []any{5}},
				pg.Question{Into: &more, Statement: `SELECT n FROM rows WHERE n = ANY ($1::int[])`, Args: []any{pq.Array([]int{1, 2})}},
			); err != nil {
				return err
			}
			tx.Defer(insertRow, 3, nil)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(some) != 0 || !slices.Equal(more, []row{{2}}) || rowCount(t, all) != 2 {
			t.Errorf("seen %v and %v, %d rows are left", some, more, rowCount(t, all))
		}
	})
}

// TestAQuestionSeesWhatWasCommittedWhileTheOneBeforeWaited: that is what locks are taken first for.
func TestAQuestionSeesWhatWasCommittedWhileTheOneBeforeWaited(t *testing.T) {
	everyPool(t, func(t *testing.T, all, db *pg.DB) {
		ctx := t.Context()
		insert := func(tx *pg.Tx) error { return tx.Exec(ctx, insertRow, 1, "before") }
		if err := all.Tx(ctx, insert); err != nil {
			t.Fatal(err)
		}
		type row struct{ Text string }
		var locked, seen []row
		asked := make(chan error, 1)
		if err := all.Tx(ctx, func(tx *pg.Tx) error {
			if err := tx.Exec(ctx, `UPDATE rows SET text = 'after'`); err != nil {
				return err
			}
			go func() {
				asked <- db.Tx(context.Background(), func(tx *pg.Tx) error {
					return tx.SelectEach(context.Background(),
						pg.Question{Into: &locked, Statement: `SELECT text FROM rows FOR NO KEY UPDATE`},
						pg.Question{Into: &seen, Statement: `SELECT text FROM rows`})
				})
			}()
			return waitsForLock(ctx, all)
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-asked; err != nil || !slices.Equal(locked, []row{{"after"}}) || !slices.Equal(seen, locked) {
			t.Errorf("%v, locked %v and seen %v", err, locked, seen)
		}
	})
}

func waitsForLock(ctx context.Context, db *pg.DB) error {
	for waits := false; !waits; {
		const waiting = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
		if err := db.Get(ctx, &waits, waiting); err != nil {
			return err
		}
	}
	return nil
}

// TestArgumentsArriveAsTheyAre, however they are quoted on the way.
func TestArgumentsArriveAsTheyAre(t *testing.T) {
	everyPool(t, func(t *testing.T, _, db *pg.DB) {
		ctx := t.Context()
		texts := []string{`it's`, `a \ and \' and \\`, `"quoted", {braced}`, "two\nlines\t\u2028 🙂", `$1 ; COMMIT; --`, `NULL`, ``}
		var got struct {
			Text  string         `db:"text"`
			Texts pq.StringArray `db:"texts"`
			Truth bool           `db:"truth"`
			N     int64          `db:"n"`
			None  *string        `db:"none"`
			Bytes []byte         `db:"bytes"`
		}
		for _, text := range texts {
			bytes := `\x00ff27`
			if err := db.Tx(ctx, func(tx *pg.Tx) error {
				return tx.Get(ctx, &got, `SELECT $1::text AS text, $2::text[] AS texts, $3::bool AS truth, $4::bigint AS n,
					$5::text AS none, ($6::bytea[])[1] AS bytes`, text, pq.StringArray(texts), true, -7, nil, pq.Array([]*string{&bytes}))
			}); err != nil {
				t.Fatal(err)
			}
			if got.Text != text || !slices.Equal(got.Texts, texts) || !got.Truth || got.N != -7 || got.None != nil ||
				string(got.Bytes) != "\x00\xff'" {
				t.Errorf("%q arrived as %+v", text, got)
			}
		}
		for _, bad := range []string{"a\x00b", "\xff"} {
			if err := db.Tx(ctx, func(tx *pg.Tx) error { return tx.Get(ctx, &got, `SELECT $1::text AS text`, bad) }); err == nil {
				t.Errorf("%q was taken", bad)
			}
		}
	})
}

// TestArraysArriveAsTheyAre, and so do the columns of every type that the product has.
func TestArraysArriveAsTheyAre(t *testing.T) {
	everyPool(t, func(t *testing.T, _, db *pg.DB) {
		ctx := t.Context()
		text, blob := `NULL, "é" {\}`, []byte("\x00\xff'")
		old, now := time.Date(1815, 6, 18, 11, 30, 0, 1_000, time.UTC), time.Date(2026, 11, 26, 23, 59, 59, 999_999_000, time.FixedZone("", 3600))
		user := id.New[id.User]()
		var rows []struct {
			Int     *int64     `db:"i"`
			Null    *int64     `db:"null_i"`
			Text    *string    `db:"text"`
			Blob    []byte     `db:"blob"`
			Truth   bool       `db:"truth"`
			At      *time.Time `db:"at"`
			User    id.User    `db:"user_id"`
			Small   int64      `db:"small"`
			Between int64      `db:"between"`
			Users   id.List[id.User]
		}
		ask := func(args ...any) {
			rows = nil
			if err := db.Tx(ctx, func(tx *pg.Tx) error {
				return tx.Select(ctx, &rows, `SELECT i.*, (-i)::smallint AS small, (-i)::int AS between, array_remove($7::uuid[], NULL) AS users
					FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bool[], $6::timestamptz[], $7::uuid[])
					     AS i(i, null_i, text, blob, truth, at, user_id)`, args...)
			}); err != nil {
				t.Fatal(err)
			}
		}
		ask(pg.Ints{7, -8, 9}, pg.NullInts{0, -1, 1 << 40}, pg.Texts{&text, nil, new(string)}, pg.Blobs{blob, nil, {}}, pg.Bools{true, false, true},
			pg.Times{old, {}, now}, id.List[id.User]{user, {}, user})
		if len(rows) != 3 {
			t.Fatalf("%d rows, want 3", len(rows))
		}
		first, second, third := rows[0], rows[1], rows[2]
		if *first.Int != 7 || *first.Null != 0 || *first.Text != text || !bytes.Equal(first.Blob, blob) || !first.Truth || !first.At.Equal(old) || first.User != user {
			t.Errorf("the first arrived as %+v", first)
		}
		if *second.Int != -8 || second.Null != nil || second.Text != nil || second.Blob != nil || second.Truth || second.At != nil || !second.User.IsZero() {
			t.Errorf("the second arrived as %+v", second)
		}
		if *third.Null != 1<<40 || *third.Text != "" || third.Blob == nil || len(third.Blob) > 0 || !third.At.Equal(now) {
			t.Errorf("the third arrived as %+v", third)
		}
		if first.Small != -7 || first.Between != -7 || second.Small != 8 || !slices.Equal(first.Users, []id.User{user, user}) {
			t.Errorf("the columns arrived as %+v", first)
		}
		if ask(pg.Ints{}, pg.NullInts(nil), pg.Texts{}, pg.Blobs{}, pg.Bools{}, pg.Times{}, id.List[id.User]{}); len(rows) != 0 {
			t.Errorf("empty arrays gave %d rows", len(rows))
		}
	})
}

// TestTransactionsThatFail write nothing, say why, and leave their connection, which is the only one, fit for the next.
func TestTransactionsThatFail(t *testing.T) {
	everyPool(t, func(t *testing.T, all, db *pg.DB) {
		ctx := t.Context()
		const division = `SELECT 1/0 AS n`
		var n int
		var rows []struct{ N int }
		divide := pg.Question{Into: &rows, Statement: division}
		read := pg.Question{Into: &rows, Statement: `SELECT n FROM rows`}
		for name, c := range map[string]struct {
			do   func(*pg.Tx) error
			code string
		}{
			"at first":              {func(tx *pg.Tx) error { return tx.Get(ctx, &n, division) }, "22012"},
			"in a statement":        {func(tx *pg.Tx) error { return tx.Exec(ctx, `nonsense`) }, "42601"},
			"in the first question": {func(tx *pg.Tx) error { return tx.SelectEach(ctx, divide, read) }, "22012"},
			"in the last question":  {func(tx *pg.Tx) error { return tx.SelectEach(ctx, read, divide) }, "22012"},
			"in what was deferred": {func(tx *pg.Tx) error {
				tx.Defer(insertRow, 1, nil)
				tx.Defer(insertRow, 1, nil)
				return nil
			}, "23505"},
			"before what was deferred": {func(tx *pg.Tx) error {
				_ = tx.Get(ctx, &n, division)
				tx.Defer(insertRow, 1, nil)
				return nil
			}, "25P02"},
		} {
			if err := db.Tx(ctx, c.do); pg.Code(err) != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := db.Tx(ctx, func(tx *pg.Tx) error {
			_ = tx.Get(ctx, &n, division)
			return nil
		}); err == nil {
			t.Error("a transaction that has failed was committed")
		}
		if err := db.Tx(ctx, func(*pg.Tx) error { return nil }); err != nil {
			t.Errorf("a transaction of nothing: %v", err)
		}
		for n := range 5 {
			if err := db.Tx(ctx, func(tx *pg.Tx) error {
				tx.Defer(insertRow, n, nil)
				return nil
			}); err != nil {
				t.Error(err)
			}
		}
		if n := rowCount(t, all); n != 5 {
			t.Errorf("%d rows, want 5", n)
		}
	})
}

// TestALostConnection: the transaction that finds it lost is UNAVAILABLE with nothing written, and the next has a new one.
func TestALostConnection(t *testing.T) {
	everyPool(t, func(t *testing.T, all, db *pg.DB) {
		ctx := t.Context()
		var server int
		insert := func(n int) error {
			return db.Tx(ctx, func(tx *pg.Tx) error {
				if err := tx.Get(ctx, &server, `SELECT pg_backend_pid()`); err != nil {
					return err
				}
				tx.Defer(insertRow, n, nil)
				return nil
			})
		}
		if err := insert(1); err != nil {
			t.Fatal(err)
		}
		end := func() {
			var ended bool
			if err := all.Get(ctx, &ended, `SELECT pg_terminate_backend($1, 5000)`, server); err != nil || !ended {
				t.Fatal(ended, err)
			}
		}
		if db != all {
			end()
			if err := insert(2); fault.CodeOf(err) != fault.Unavailable {
				t.Errorf("on the lost connection: %v", err)
			}
			if err := insert(3); err != nil {
				t.Errorf("after it: %v", err)
			}
		}
		var lost *fault.Fault
		if err := db.Tx(ctx, func(tx *pg.Tx) error {
			err := tx.Get(ctx, &server, `SELECT pg_backend_pid()`)
			end()
			tx.Defer(insertRow, 4, nil)
			return err
		}); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("before the commit: %v", err)
		} else if errors.As(err, &lost); strings.HasSuffix(t.Name(), "/writers") && !lost.OutcomeUnknown {
			t.Errorf("the outcome of a commit without an answer: %+v", lost)
		}
		if err := insert(5); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

// TestRoundTripsOfAWriter: two for a transaction that asks and then writes.
func TestRoundTripsOfAWriter(t *testing.T) {
	m := newMute(t)
	db := withRows(t, pgtest.Open(t, m.url)).Writers(1)
	ctx := t.Context()
	write := func(n int) {
		type row struct{ N int }
		var a, b []row
		if err := db.Tx(ctx, func(tx *pg.Tx) error {
			if err := tx.SelectEach(ctx, pg.Question{Into: &a, Statement: `SELECT n FROM rows FOR UPDATE`},
				pg.Question{Into: &b, Statement: `SELECT n FROM rows`}); err != nil {
				return err
			}
			tx.Defer(insertRow, n, nil)
			tx.Defer(`UPDATE rows SET text = 'a'`)
			return nil
		}); err != nil || len(a) != n || len(b) != n {
			t.Errorf("%v, read %v and %v", err, a, b)
		}
	}
	write(0) // prepares
	before := m.trips.Load()
	write(1)
	if trips := m.trips.Load() - before; trips != 2 {
		t.Errorf("%d round trips, want 2", trips)
	}
	before = m.trips.Load()
	if err := db.Tx(ctx, func(tx *pg.Tx) error {
		tx.Defer(insertRow, 2, nil)
		return nil
	}); err != nil || m.trips.Load()-before != 1 {
		t.Errorf("%v, %d round trips for a transaction that only writes, want 1", err, m.trips.Load()-before)
	}
}

// TestWhatWasPreparedBeforeAMigration is prepared again.
func TestWhatWasPreparedBeforeAMigration(t *testing.T) {
	everyPool(t, func(t *testing.T, all, db *pg.DB) {
		ctx := t.Context()
		const statement = `SELECT n FROM rows`
		var rows []struct{ N any }
		inTx := func(ctx context.Context) error {
			return db.Repeat(ctx, func(tx *pg.Tx) error { return tx.Select(ctx, &rows, statement) })
		}
		asked := func(ctx context.Context) error { return all.Select(ctx, &rows, statement) }
		kind := "bigint"
		for name, read := range map[string]func(context.Context) error{"in a transaction": inTx, "alone": asked} {
			if err := read(ctx); err != nil {
				t.Fatal(err)
			}
			if err := all.Tx(ctx, func(tx *pg.Tx) error {
				return tx.Exec(ctx, `ALTER TABLE rows ALTER COLUMN n TYPE `+kind)
			}); err != nil {
				t.Fatal(err)
			}
			kind = "int"
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if err := read(short); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestAnEmptyArgument is not NULL, the first one of a connection neither.
func TestAnEmptyArgument(t *testing.T) {
	everyPool(t, func(t *testing.T, _, db *pg.DB) {
		var got struct {
			Text  *string
			Bytes []byte
		}
		if err := db.Tx(t.Context(), func(tx *pg.Tx) error {
			return tx.Get(t.Context(), &got, `SELECT $1::text AS text, $2::bytea AS bytes`, "", []byte{})
		}); err != nil || got.Text == nil || got.Bytes == nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestAPoolerShowsItself to another connection, while statements of this one are prepared: each runs with its own arguments.
func TestAPoolerShowsItself(t *testing.T) {
	all := pgtest.New(t)
	ctx := t.Context()
	for run := range 200 {
		db := all.Writers(1)
		after := time.Duration(run) * 5 * time.Microsecond
		var texts [3][]struct{ Text string }
		if err := db.Tx(ctx, func(tx *pg.Tx) error {
			var one int
			if err := tx.Get(ctx, &one, `SELECT 1`); err != nil {
				return err
			}
			time.AfterFunc(after, db.ShowPooler)
			return tx.SelectEach(ctx,
				pg.Question{Into: &texts[0], Statement: `SELECT 'a' || $1::text AS text`, Args: []any{"1"}},
				pg.Question{Into: &texts[1], Statement: `SELECT 'b' || $1::text AS text`, Args: []any{"2"}},
				pg.Question{Into: &texts[2], Statement: `SELECT 'c' || $1::text AS text`, Args: []any{"3"}},
			)
		}); err != nil {
			t.Fatal(err)
		}
		for n, want := range []string{"a1", "b2", "c3"} {
			if len(texts[n]) != 1 || texts[n][0].Text != want {
				t.Errorf("after %s answer %d is %v, want %s", after, n, texts[n], want)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhoIsNotLetIn is told that PostgreSQL is out of reach, whatever it says about that.
func TestWhoIsNotLetIn(t *testing.T) {
	address := pgtest.URL(t)
	for name, change := range map[string]func(*url.URL){
		"an unknown user":  func(u *url.URL) { u.RawQuery = strings.ReplaceAll(u.RawQuery, "postgres", "nobody") },
		"no such database": func(u *url.URL) { u.Path = "/nothing" },
		"no such setting":  func(u *url.URL) { u.RawQuery += "&nothing=1" },
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		db := pgtest.Open(t, u.String())
		var one int
		for which, pool := range map[string]*pg.DB{"writers": db.Writers(1), "the others": db} {
			err := pool.Tx(t.Context(), func(tx *pg.Tx) error { return tx.Get(t.Context(), &one, `SELECT 1`) })
			if fault.CodeOf(err) != fault.Unavailable {
				t.Errorf("%s: %s: %v", name, which, err)
			}
		}
	}
}
