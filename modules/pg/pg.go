// Package pg opens the pool of connections to PostgreSQL, runs statements that are prepared once per connection, runs
// transactions, and names PostgreSQL's errors.
//
// Errors of every call: fault.Unavailable when PostgreSQL cannot be reached or refuses for lack of room; sql.ErrNoRows
// from Get; anything else wrapped with the statement's first line. No write goes outside a transaction, because
// database/sql can run an autocommit statement twice.
package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"

	"chat/modules/fault"
)

// DB is a pool. It is safe for concurrent use.
type DB struct {
	pool     *sqlx.DB
	address  string
	writers  *pgconn.Config // of the connections of Writers
	size     int
	isWriter bool
	pooled   atomic.Bool // its writers' connections are shared by a pooler: statements go alone
	asides   []*DB
	texts    sync.Map     // statement text -> *sqlx.Stmt, kept for the life of the pool
	crowded  atomic.Int64 // until when no transaction waits for a second connection, in nanoseconds since 1970
}

// Open makes a pool of at most size connections. It does not connect.
func Open(address string, size int) (*DB, error) {
	address, err := withSettings(address)
	if err != nil {
		return nil, err
	}
	config, err := writerConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the database address: %w", err)
	}
	db := &DB{address: address, writers: config}
	db.open(&connector{address: address}, size)
	return db, nil
}

func (db *DB) open(c driver.Connector, size int) {
	db.pool = sqlx.NewDb(sql.OpenDB(c), "postgres")
	db.resize(size)
	db.pool.SetConnMaxIdleTime(5 * time.Minute)
}

func (db *DB) resize(size int) {
	db.size = size
	db.pool.SetMaxOpenConns(size)
	db.pool.SetMaxIdleConns(size)
}

// Aside sets so many of the pool's connections aside for what must not wait behind everything else, and gives them as a pool
// of their own, which is closed with this one. It is called before the pool is used.
func (db *DB) Aside(size int) *DB {
	aside := &DB{address: db.address}
	return db.aside(aside, &connector{address: db.address}, size)
}

// Writers is Aside for those who run one transaction after another: BEGIN goes along with the first statement, COMMIT with what
// was deferred, and SelectEach is one round trip.
func (db *DB) Writers(size int) *DB {
	writers := &DB{address: db.address, isWriter: true}
	return db.aside(writers, &writerConnector{config: db.writers, pooled: &writers.pooled}, size)
}

func (db *DB) aside(aside *DB, c driver.Connector, size int) *DB {
	aside.open(c, size)
	db.resize(max(db.size-size, 1))
	db.asides = append(db.asides, aside)
	return aside
}

// Pool is the pool itself, for migrations and metrics.
func (db *DB) Pool() *sql.DB { return db.pool.DB }

// Close closes every connection.
func (db *DB) Close() error {
	err := db.pool.Close()
	for _, aside := range db.asides {
		err = errors.Join(err, aside.Close())
	}
	return err
}

// Reader is what a reading statement needs: a DB, or a Tx that wants to see its own writes.
type Reader interface {
	// Select appends every row to the slice that dest points to.
	Select(ctx context.Context, dest any, statement string, args ...any) error
	// Get reads one row into dest; sql.ErrNoRows when there is none.
	Get(ctx context.Context, dest any, statement string, args ...any) error
}

// Select appends every row to the slice that dest points to.
func (db *DB) Select(ctx context.Context, dest any, statement string, args ...any) error {
	return db.run(ctx, statement, func(stmt *sqlx.Stmt) error { return stmt.SelectContext(ctx, dest, args...) })
}

// Get reads one row into dest; sql.ErrNoRows when there is none.
func (db *DB) Get(ctx context.Context, dest any, statement string, args ...any) error {
	return db.run(ctx, statement, func(stmt *sqlx.Stmt) error { return stmt.GetContext(ctx, dest, args...) })
}

// run does something with a statement; with what it is now, where it was prepared before a migration.
func (db *DB) run(ctx context.Context, statement string, do func(*sqlx.Stmt) error) error {
	count(ctx)
	for again := false; ; again = true {
		stmt, err := db.prepared(ctx, statement)
		if err != nil {
			return err
		}
		err = do(stmt)
		db.forgetStale(statement, err)
		if again || !isStale(err) {
			return explain(err, statement)
		}
	}
}

// forgetStale forgets a statement that was prepared before a migration. It is not closed: others may be about to run it.
func (db *DB) forgetStale(statement string, err error) {
	if isStale(err) {
		db.texts.Delete(statement)
	}
}

// Prepare checks a statement against the database's shape.
func (db *DB) Prepare(ctx context.Context, statement string) error {
	_, err := db.prepared(ctx, statement)
	return err
}

func (db *DB) prepared(ctx context.Context, statement string) (*sqlx.Stmt, error) {
	if known, ok := db.texts.Load(statement); ok {
		return known.(*sqlx.Stmt), nil
	}
	stmt, err := db.pool.PreparexContext(ctx, statement)
	if err != nil {
		return nil, explain(err, statement)
	}
	if known, raced := db.texts.LoadOrStore(statement, stmt); raced {
		_ = stmt.Close()
		return known.(*sqlx.Stmt), nil
	}
	return stmt, nil
}

// Tx is one transaction.
type Tx struct {
	db    *DB
	tx    *sqlx.Tx
	begun bool // PostgreSQL knows of it
	later []call
}

// Question is a statement that reads, with what it is run with. Into points to a slice of structs, to which every row is
// appended.
type Question struct {
	Into      any
	Statement string
	Args      []any
}

// Tx runs do in a transaction and commits it if do returns nil. PostgreSQL acknowledges a commit only when it is durable.
//
// Errors: those of do, as they are. A lost answer to COMMIT is fault.Unavailable with an unknown outcome; after any
// other error nothing was changed.
func (db *DB) Tx(ctx context.Context, do func(*Tx) error) error {
	inner, err := db.pool.BeginTxx(ctx, nil)
	if isStandby(err) {
		return fault.Busy(err)
	}
	if err != nil {
		return explain(err, "BEGIN")
	}
	tx := &Tx{db: db, tx: inner, begun: !db.isWriter}
	if err := do(tx); err != nil {
		_ = inner.Rollback() // the connection may be gone, and with it the transaction
		return err
	}
	return tx.commit(ctx)
}

// commit runs what was deferred, and commits.
func (tx *Tx) commit(ctx context.Context) error {
	if !tx.db.isWriter {
		if err := tx.flush(ctx); err != nil {
			_ = tx.tx.Rollback()
			return err
		}
	}
	err := tx.end(ctx)
	if err == nil {
		return nil
	}
	_ = tx.tx.Rollback()
	if Code(err) != "" && !unreachable(err) {
		return tx.explain(err, "COMMIT") // PostgreSQL itself refused
	}
	return fault.Doubtful(err)
}

func (tx *Tx) end(ctx context.Context) error {
	if len(tx.later) == 0 {
		return tx.tx.Commit()
	}
	b := tx.bundle(ctx)
	b.commits = true
	if _, err := tx.tx.ExecContext(ctx, "", b); err != nil {
		return err
	}
	_ = tx.tx.Commit() // it is committed: this gives back the connection
	return nil
}

// Repeat is Tx for a transaction that is safe to run twice. It is run again when it lost against another one, at most
// three times, and as long as the answer to its COMMIT is lost, until ctx ends: ctx needs a deadline. A unique key that
// somebody else has stays an error.
//
// Errors: as Tx. After a lost answer to COMMIT, a later run that does not come through leaves the outcome unknown.
func (db *DB) Repeat(ctx context.Context, do func(*Tx) error) error {
	doubtful := false
	for run := 0; ; run++ {
		err := db.Tx(ctx, do)
		if f, ok := errors.AsType[*fault.Fault](err); ok && f.OutcomeUnknown {
			doubtful = true
		}
		lost := Conflicts(err) && Code(err) != codeUniqueViolation
		open := doubtful && (lost || fault.CodeOf(err) == fault.Unavailable)
		if !open && (!lost || run >= maxRepeats) {
			return err
		}
		if !pause(ctx) {
			if open {
				return fault.Doubtful(err)
			}
			return err
		}
	}
}

// isStandby tells whether BEGIN was refused by what may be left after a failover: ours is READ WRITE, as lib/pq's.
func isStandby(err error) bool { return Code(err) == codeNotSupported && !isStale(err) }

const (
	maxRepeats  = 3
	repeatPause = 20 * time.Millisecond
)

// pause waits a little, and tells whether ctx goes on.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(repeatPause):
		return true
	case <-ctx.Done():
		return false
	}
}

// Defer runs a statement that returns no rows before whatever is run next, or else before COMMIT. Its error is that of what it is
// run with.
func (tx *Tx) Defer(statement string, args ...any) {
	tx.later = append(tx.later, call{statement, args})
}

// SelectEach asks one question after another. What they see is what was committed by the time when each begins.
func (tx *Tx) SelectEach(ctx context.Context, questions ...Question) error {
	if !tx.db.isWriter {
		for _, q := range questions {
			if err := tx.Select(ctx, q.Into, q.Statement, q.Args...); err != nil {
				return err
			}
		}
		return nil
	}
	for _, q := range questions {
		tx.Defer(q.Statement, q.Args...)
	}
	return tx.explain(tx.read(ctx, questions), questions[0].Statement)
}

// bundle is everything that was deferred.
func (tx *Tx) bundle(ctx context.Context) *bundle {
	for range tx.later {
		count(ctx)
	}
	b := &bundle{calls: tx.later}
	tx.later = nil
	return b
}

// explain is the explain of what travels in bundles.
func (tx *Tx) explain(err error, statement string) error {
	begins := !tx.begun
	tx.begun = true
	switch {
	case begins && isStandby(err):
		return fault.Busy(err)
	case Code(err) == codeNoStatement, Code(err) == codeStatementExists:
		tx.db.pooled.Store(true)
	}
	return explain(err, statement)
}

// read runs what was deferred, of which the last are questions, and reads their rows.
func (tx *Tx) read(ctx context.Context, questions []Question) error {
	rows, err := tx.tx.QueryxContext(ctx, "", tx.bundle(ctx))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for n, q := range questions {
		if n > 0 && !rows.NextResultSet() {
			return errors.Join(errors.New("a result is missing"), rows.Err())
		}
		if err := sqlx.StructScan(rows, q.Into); err != nil {
			return err
		}
	}
	return rows.Close()
}

// Select appends every row to the slice that dest points to.
func (tx *Tx) Select(ctx context.Context, dest any, statement string, args ...any) error {
	if tx.db.isWriter {
		tx.Defer(statement, args...)
		return tx.explain(tx.tx.SelectContext(ctx, dest, "", tx.bundle(ctx)), statement)
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	count(ctx)
	stmt, err := tx.prepared(ctx, statement)
	if err != nil {
		return err
	}
	err = stmt.SelectContext(ctx, dest, args...)
	tx.db.forgetStale(statement, err)
	return explain(err, statement)
}

// Get reads one row into dest; sql.ErrNoRows when there is none.
func (tx *Tx) Get(ctx context.Context, dest any, statement string, args ...any) error {
	if tx.db.isWriter {
		tx.Defer(statement, args...)
		return tx.explain(tx.tx.GetContext(ctx, dest, "", tx.bundle(ctx)), statement)
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	count(ctx)
	stmt, err := tx.prepared(ctx, statement)
	if err != nil {
		return err
	}
	err = stmt.GetContext(ctx, dest, args...)
	tx.db.forgetStale(statement, err)
	return explain(err, statement)
}

// Exec runs a statement that returns no rows.
func (tx *Tx) Exec(ctx context.Context, statement string, args ...any) error {
	tx.Defer(statement, args...)
	return tx.flush(ctx)
}

// flush runs what was deferred.
func (tx *Tx) flush(ctx context.Context) error {
	if tx.db.isWriter {
		b := tx.bundle(ctx)
		_, err := tx.tx.ExecContext(ctx, "", b)
		return tx.explain(err, b.calls[0].statement)
	}
	for _, c := range tx.bundle(ctx).calls {
		stmt, err := tx.prepared(ctx, c.statement)
		if err != nil {
			return err
		}
		if _, err := stmt.ExecContext(ctx, c.args...); err != nil {
			tx.db.forgetStale(c.statement, err)
			return explain(err, c.statement)
		}
	}
	return nil
}

// A transaction that needs a statement which nobody has prepared yet waits for a second connection, to prepare it for
// everybody, and holds one itself: many that wait for one another's would wait for ever, and for each other's locks
// meanwhile. Where one has waited in vain the others do not try for a while, and prepare it for themselves.
const (
	prepareWait  = 100 * time.Millisecond
	prepareAgain = time.Second
)

func (tx *Tx) prepared(ctx context.Context, statement string) (*sqlx.Stmt, error) {
	if known, ok := tx.db.texts.Load(statement); ok {
		return tx.tx.StmtxContext(ctx, known.(*sqlx.Stmt)), nil
	}
	if now := time.Now().UnixNano(); now >= tx.db.crowded.Load() {
		short, cancel := context.WithTimeout(ctx, prepareWait)
		defer cancel()
		if stmt, err := tx.db.prepared(short, statement); err == nil {
			return tx.tx.StmtxContext(ctx, stmt), nil
		}
		tx.db.crowded.Store(now + int64(prepareAgain))
	}
	stmt, err := tx.tx.PreparexContext(ctx, statement)
	return stmt, explain(err, statement)
}

func explain(err error, statement string) error {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows):
		return err
	case unreachable(err):
		return fault.Busy(err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(statement), "\n")
	return fmt.Errorf("run %q: %w", line, err)
}
