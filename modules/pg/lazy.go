package pg

import (
	"context"
	"database/sql/driver"
)

// lazy is a connection that owes PostgreSQL a BEGIN until something is run in the transaction.
type lazy struct {
	pqConn
	owes bool
}

// BeginTx makes the next statement, which must be a text, begin a transaction.
func (c *lazy) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	c.owes = true
	return c, nil
}

// QueryContext runs a text.
func (c *lazy) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.pqConn.QueryContext(ctx, c.settle(query), args)
}

// ExecContext runs a text.
func (c *lazy) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.pqConn.ExecContext(ctx, c.settle(query), args)
}

// settle puts the BEGIN that is owed before a text. A standby refuses it as it does lib/pq's own.
func (c *lazy) settle(query string) string {
	if !c.owes {
		return query
	}
	c.owes = false
	return "BEGIN READ WRITE; " + query
}

// Commit commits what was begun.
func (c *lazy) Commit() error {
	if c.owes {
		return c.forget()
	}
	return c.pqConn.Commit()
}

// Rollback rolls back what was begun.
func (c *lazy) Rollback() error {
	if c.owes {
		return c.forget()
	}
	return c.pqConn.Rollback()
}

func (c *lazy) forget() error {
	c.owes = false
	return nil
}
