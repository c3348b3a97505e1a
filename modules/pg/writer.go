package pg

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// writerConnector makes connections for Writers, by pgx's pgconn: lib/pq waits for the answer to each statement before it sends
// the next.
type writerConnector struct {
	config *pgconn.Config
	pooled *atomic.Bool
}

// Connect opens a connection, within 5 s.
func (c *writerConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, c.config)
	if err != nil {
		return nil, noConnection{err}
	}
	return &writer{conn: conn, pooled: c.pooled, known: map[string]*pgconn.StatementDescription{}, buffer: []byte{}}, nil
}

// Driver is none: these connections come from nowhere else.
func (c *writerConnector) Driver() driver.Driver { return nil }

// writer is a connection whose transactions take few round trips: BEGIN goes along with what is run first, COMMIT with what is
// run last, and several statements go together. Each was prepared before, so that it is planned once, and takes its arguments
// in PostgreSQL's binary form where they have one. Source: PostgreSQL, "Pipelining" and "Frontend/Backend Protocol".
type writer struct {
	conn      *pgconn.PgConn
	pooled    *atomic.Bool
	known     map[string]*pgconn.StatementDescription // by its text
	buffer    []byte                                  // for arguments; not nil, which would be NULL
	owes      bool                                    // a BEGIN
	stale     bool                                    // something that is known has another shape now
	committed bool                                    // the transaction, together with its last statements
}

const (
	begin    = "BEGIN READ WRITE" // a standby refuses it, as it does lib/pq's own
	commit   = "COMMIT"
	rollback = "ROLLBACK"
)

// bundle is what travels together. It is handed through database/sql as the one argument of an empty statement.
type bundle struct {
	calls   []call
	commits bool
}

// call is a statement with what it is run with.
type call struct {
	statement string
	args      []any
}

// Prepare is there for the interface: bundles prepare what they hold.
func (c *writer) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("a writer runs bundles alone")
}

// Begin is there for the interface: database/sql prefers BeginTx.
func (c *writer) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx makes the next bundle begin a transaction.
func (c *writer) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	c.owes, c.committed = true, false
	return c, nil
}

// CheckNamedValue lets bundles pass.
func (c *writer) CheckNamedValue(v *driver.NamedValue) error {
	if _, ok := v.Value.(*bundle); ok {
		return nil
	}
	return driver.ErrSkip
}

// QueryContext runs a bundle and gives its results, of those statements that have columns.
func (c *writer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	b, err := bundled(query, args)
	if err != nil {
		return nil, err
	}
	results, err := c.run(ctx, b)
	if err != nil {
		return nil, err
	}
	return newRows(results), nil
}

// ExecContext runs a bundle.
func (c *writer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	b, err := bundled(query, args)
	if err != nil {
		return nil, err
	}
	_, err = c.run(ctx, b)
	c.committed = err == nil && b.commits
	return driver.ResultNoRows, err
}

// bundled gives the bundle that database/sql was handed; a text without arguments is one of itself.
func bundled(query string, args []driver.NamedValue) (*bundle, error) {
	if len(args) == 0 {
		return &bundle{calls: []call{{statement: query}}}, nil
	}
	b, ok := args[0].Value.(*bundle)
	if !ok {
		return nil, errors.New("a writer runs bundles alone")
	}
	return b, nil
}

// run runs a bundle, with the BEGIN that is owed. Behind a pooler, where a connection may not know what was prepared on it,
// every statement goes alone.
func (c *writer) run(ctx context.Context, b *bundle) ([]result, error) {
	calls := b.calls
	if c.owes {
		calls = append([]call{{statement: begin}}, calls...)
	}
	if b.commits {
		calls = append(calls, call{statement: commit})
	}
	alone := c.pooled.Load() // read once: it may show itself to another connection meanwhile
	if !alone {
		return c.send(ctx, alone, calls...)
	}
	var results []result
	for _, call := range calls {
		some, err := c.send(ctx, alone, call)
		if err != nil {
			return nil, err
		}
		results = append(results, some...)
	}
	return results, nil
}

// send sends calls together, or one alone, and waits for their answers. Where one fails, what comes after it is not run.
func (c *writer) send(ctx context.Context, alone bool, calls ...call) ([]result, error) {
	statements := make([]*pgconn.StatementDescription, len(calls))
	for n, call := range calls {
		var err error
		if statements[n], err = c.describe(ctx, alone, call.statement); err != nil {
			return nil, c.failed(err)
		}
	}
	pipeline := c.conn.StartPipeline(ctx)
	for n, call := range calls {
		if statements[n] == nil {
			pipeline.SendQueryParams(call.statement, nil, nil, nil, nil)
			continue
		}
		values, forms, err := c.encode(call.args)
		if err != nil {
			return nil, errors.Join(err, pipeline.Close())
		}
		pipeline.SendQueryStatement(statements[n], values, forms, formsOf(statements[n].Fields))
	}
	c.owes = false
	results, err := receive(pipeline)
	switch last := len(calls) - 1; {
	case err != nil:
		return nil, c.failed(err)
	case len(results) <= last:
		return nil, fmt.Errorf("%d results for %d statements", len(results), len(calls))
	case calls[last].statement == commit:
		return results, notRolledBack(results[last])
	}
	return results, nil
}

// result is what a statement gave.
type result struct {
	columns []pgconn.FieldDescription
	rows    [][][]byte
	tag     pgconn.CommandTag
}

// receive gives every result of a pipeline, or the first error.
func receive(pipeline *pgconn.Pipeline) ([]result, error) {
	err := pipeline.Sync()
	var results []result
	for err == nil {
		var next any
		if next, err = pipeline.GetResults(); err != nil {
			break
		}
		reader, ok := next.(*pgconn.ResultReader)
		if !ok { // the end
			break
		}
		columns := slices.Clone(reader.FieldDescriptions()) // its own are those of the next result too
		read := reader.Read()
		results, err = append(results, result{columns, read.Rows, read.CommandTag}), read.Err
	}
	if closing := pipeline.Close(); err == nil {
		err = closing
	}
	return results, err
}

// failed is an error of the connection, or of PostgreSQL, as the rest of the package knows it.
func (c *writer) failed(err error) error {
	c.stale = c.stale || isStale(err)
	if Code(err) == "" && c.conn.IsClosed() {
		return fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	return err
}

var errRolledBack = errors.New("the transaction had failed, and was rolled back")

// notRolledBack looks at the answer to COMMIT, which for a transaction that has failed is no error.
func notRolledBack(r result) error {
	if r.tag.String() != commit {
		return errRolledBack
	}
	return nil
}

// describe makes a statement known to the connection; what begins and ends transactions, and is not planned, needs none: nil. Its
// name says what it is, so that connections which a pooler shares never mean two things by one name; one that goes alone has none.
func (c *writer) describe(ctx context.Context, alone bool, statement string) (*pgconn.StatementDescription, error) {
	switch statement {
	case begin, commit, rollback:
		return nil, nil
	}
	if alone {
		return c.conn.Prepare(ctx, "", statement, nil)
	}
	if known, ok := c.known[statement]; ok {
		return known, nil
	}
	sum := sha256.Sum256([]byte(statement))
	described, err := c.conn.Prepare(ctx, fmt.Sprintf("chat_%x", sum[:16]), statement, nil)
	if err == nil {
		c.known[statement] = described
	}
	return described, err
}

// Commit commits what was begun and is not committed yet.
func (c *writer) Commit() error {
	if c.isOver() {
		return nil
	}
	return c.end(commit, connectTime)
}

// Rollback rolls back what was begun and is not committed yet.
func (c *writer) Rollback() error {
	if c.isOver() {
		return nil
	}
	return c.end(rollback, cancelTime)
}

// isOver tells that PostgreSQL has no transaction of this connection.
func (c *writer) isOver() bool {
	over := c.owes || c.committed
	c.owes = false
	return over
}

// end ends the transaction; a server that does not answer in time loses the connection.
func (c *writer) end(how string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.send(ctx, true, call{statement: how})
	return err
}

// ResetSession lets no connection into the next transaction that is closed, or in a transaction of its own.
func (c *writer) ResetSession(context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid tells whether the connection can be used again.
func (c *writer) IsValid() bool { return !c.conn.IsClosed() && c.conn.TxStatus() == 'I' && !c.stale }

// Close closes the connection.
func (c *writer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), cancelTime)
	defer cancel()
	return c.conn.Close(ctx)
}

// rows are the results of a bundle that have columns, one after another.
type rows struct {
	results []result
	next    int // row of the first
}

func newRows(results []result) *rows {
	return &rows{results: slices.DeleteFunc(results, func(r result) bool { return len(r.columns) == 0 })}
}

// Columns gives the names of the columns of the result at hand.
func (r *rows) Columns() []string {
	if len(r.results) == 0 {
		return nil
	}
	names := make([]string, len(r.results[0].columns))
	for n, column := range r.results[0].columns {
		names[n] = column.Name
	}
	return names
}

// Next reads a row.
func (r *rows) Next(into []driver.Value) error {
	if len(r.results) == 0 || r.next == len(r.results[0].rows) {
		return io.EOF
	}
	for n, value := range r.results[0].rows[r.next] {
		into[n] = decode(r.results[0].columns[n], value)
	}
	r.next++
	return nil
}

// HasNextResultSet tells whether another result follows.
func (r *rows) HasNextResultSet() bool { return len(r.results) > 1 }

// NextResultSet goes on to it.
func (r *rows) NextResultSet() error {
	if !r.HasNextResultSet() {
		return io.EOF
	}
	r.results, r.next = r.results[1:], 0
	return nil
}

// Close gives back nothing: everything was read.
func (r *rows) Close() error { return nil }
