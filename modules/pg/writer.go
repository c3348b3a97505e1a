package pg

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// writer is a connection whose transactions take few round trips: BEGIN goes along with what is run first, COMMIT with what is
// run last, and several statements go together. One text of PostgreSQL's simple protocol may hold them all: each is run by
// EXECUTE, with its arguments as literals, and was made known to the connection by PREPARE, so that it is planned once.
type writer struct {
	pqConn
	owes      bool              // a BEGIN
	committed bool              // the transaction, together with its last statements
	names     map[string]string // of what is prepared, by its text
}

// bundle is what travels in one text. It is handed through database/sql as the one argument of an empty statement.
type bundle struct {
	calls   []call
	commits bool
}

// call is a statement with what it is run with.
type call struct {
	statement string
	args      []any
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
	return c.pqConn.CheckNamedValue(v)
}

// QueryContext runs a bundle, or a text.
func (c *writer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	b, ok := bundled(args)
	if !ok {
		return c.pqConn.QueryContext(ctx, query, args)
	}
	text, err := c.text(ctx, b)
	if err != nil {
		return nil, err
	}
	return c.pqConn.QueryContext(ctx, text, nil)
}

// ExecContext runs a bundle, or a text.
func (c *writer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	b, ok := bundled(args)
	if !ok {
		return c.pqConn.ExecContext(ctx, query, args)
	}
	text, err := c.text(ctx, b)
	if err != nil {
		return nil, err
	}
	result, err := c.pqConn.ExecContext(ctx, text, nil)
	c.committed = err == nil && b.commits
	return result, err
}

func bundled(args []driver.NamedValue) (*bundle, bool) {
	if len(args) != 1 {
		return nil, false
	}
	b, ok := args[0].Value.(*bundle)
	return b, ok
}

// text writes a bundle down, with the BEGIN that is owed. A standby refuses that as it does lib/pq's own.
func (c *writer) text(ctx context.Context, b *bundle) (string, error) {
	for _, call := range b.calls {
		if err := c.prepare(ctx, call.statement); err != nil {
			return "", err
		}
	}
	var text []byte
	if c.owes {
		text = append(text, "BEGIN READ WRITE;"...)
	}
	for _, call := range b.calls {
		text = append(append(text, "EXECUTE "...), c.names[call.statement]...)
		var err error
		if text, err = appendLiterals(text, call.args); err != nil {
			return "", err
		}
		text = append(text, ';')
	}
	if b.commits {
		text = append(text, "COMMIT"...)
	}
	c.owes = false
	return string(text), nil
}

// prepare makes a statement known to the connection. Its name says what it is, so that connections which a pooler shares never
// mean two things by one name.
func (c *writer) prepare(ctx context.Context, statement string) error {
	if _, ok := c.names[statement]; ok {
		return nil
	}
	sum := sha256.Sum256([]byte(statement))
	name := fmt.Sprintf("chat_%x", sum[:16])
	_, err := c.pqConn.ExecContext(ctx, "PREPARE "+name+" AS "+statement, nil)
	if err != nil && Code(err) != codeStatementExists {
		return err
	}
	if c.names == nil {
		c.names = map[string]string{}
	}
	c.names[statement] = name
	return err
}

// appendLiterals writes down the arguments of a statement.
func appendLiterals(text []byte, args []any) ([]byte, error) {
	for n, arg := range args {
		if n == 0 {
			text = append(text, '(')
		} else {
			text = append(text, ',')
		}
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("write down argument %d: %w", n+1, err)
		}
		switch v := value.(type) {
		case nil:
			text = append(text, "NULL"...)
		case string:
			if strings.IndexByte(v, 0) >= 0 {
				return nil, errors.New("a text holds U+0000, which PostgreSQL cannot store")
			}
			text = append(text, pq.QuoteLiteral(v)...)
		case int64:
			text = strconv.AppendInt(text, v, 10)
		case bool:
			text = strconv.AppendBool(text, v)
		default:
			return nil, fmt.Errorf("argument %d is a %T, which is not written down", n+1, v)
		}
	}
	if len(args) > 0 {
		text = append(text, ')')
	}
	return text, nil
}

// Commit commits what was begun and is not committed yet.
func (c *writer) Commit() error {
	if c.isOver() {
		return nil
	}
	return c.pqConn.Commit()
}

// Rollback rolls back what was begun and is not committed yet.
func (c *writer) Rollback() error {
	if c.isOver() {
		return nil
	}
	return c.pqConn.Rollback()
}

// isOver tells that PostgreSQL has no transaction of this connection.
func (c *writer) isOver() bool {
	over := c.owes || c.committed
	c.owes = false
	return over
}
