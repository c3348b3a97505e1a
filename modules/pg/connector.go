package pg

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

const (
	connectTime = 5 * time.Second        // for a connection to be ready
	cancelTime  = 250 * time.Millisecond // for PostgreSQL to answer a request to cancel
)

// connector makes connections that end with their caller's patience.
//
// When the context of a call ends, lib/pq asks PostgreSQL over a second connection to cancel what runs on the first, and
// then waits for its answer for as long as that takes: for ever if the server is stopped or the network drops everything.
// Here a server that does not react to the request loses the connection. For BEGIN lib/pq does not even ask: a server that has
// not answered it when the context ends loses the connection at once.
type connector struct{ address string }

// Connect opens a connection, within 5 s.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := pq.NewConnector(c.address)
	if err != nil {
		return nil, fmt.Errorf("read the database address: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	d := &dialer{}
	inner.Dialer(d)
	stop := context.AfterFunc(ctx, d.abandon)
	conn, err := inner.Connect(ctx)
	stop()
	d.established()
	if err != nil {
		return nil, noConnection{err}
	}
	whole, ok := conn.(pqConn)
	if !ok {
		return nil, errors.Join(errors.New("lib/pq's connections have changed"), conn.Close())
	}
	return &patient{whole, d.main}, nil
}

// pqConn is everything that database/sql asks a connection of lib/pq for.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Tx // of the transaction that it is in
	driver.Validator
}

// patient is a connection on which BEGIN waits no longer than its caller.
type patient struct {
	pqConn
	main *watched
}

// BeginTx begins a transaction.
func (c *patient) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	stop := context.AfterFunc(ctx, func() { c.main.closeIfSilentSince(time.Now()) })
	defer stop()
	return c.pqConn.BeginTx(ctx, options)
}

// Driver is lib/pq's.
func (c *connector) Driver() driver.Driver { return &pq.Driver{} }

// dialer dials for one connection: first the connection, and after that only requests to cancel what runs on it.
type dialer struct {
	net net.Dialer

	mu    sync.Mutex
	main  *watched
	ready bool
}

// Dial, like DialTimeout, is there for the interface: lib/pq prefers DialContext.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialTimeout is DialContext with a timeout.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext opens the connection, or one for a request to cancel.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	main, isCancel := d.main, d.ready
	d.mu.Unlock()
	if isCancel {
		asked := time.Now()
		time.AfterFunc(cancelTime, func() { main.closeIfSilentSince(asked) })
		short, cancel := context.WithDeadline(ctx, asked.Add(cancelTime))
		defer cancel()
		ctx = short
	}
	conn, err := d.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if isCancel {
		return conn, conn.SetDeadline(time.Now().Add(cancelTime))
	}
	w := &watched{Conn: conn}
	d.mu.Lock()
	d.main = w
	d.mu.Unlock()
	return w, nil
}

func (d *dialer) established() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready = d.main != nil
}

// abandon ends a connection that is not ready in time.
func (d *dialer) abandon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.main != nil && !d.ready {
		_ = d.main.Close() // whoever reads from it learns of it
	}
}

// watched is a connection that knows whether somebody waits for the server, and since when.
type watched struct {
	net.Conn
	waiting atomic.Int64 // when the wait began, in nanoseconds since 1970; 0 while nobody waits
}

// Read waits for the server.
func (w *watched) Read(b []byte) (int, error) {
	w.waiting.Store(time.Now().UnixNano())
	defer w.waiting.Store(0)
	return w.Conn.Read(b)
}

// closeIfSilentSince ends the connection if somebody has been waiting for the server since before a moment.
func (w *watched) closeIfSilentSince(moment time.Time) {
	if since := w.waiting.Load(); since != 0 && since < moment.UnixNano() {
		_ = w.Close() // the reader learns of it
	}
}
