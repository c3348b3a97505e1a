// Package socket speaks graphql-transport-ws: it carries queries, mutations and subscriptions over WebSockets.
//
// It promises the protocol's rules and close codes (PROTOCOL.md of enisdenjo/graphql-ws), results of a subscription in
// order, and bounded memory: a connection that does not read is behind, its waiting results are dropped, and the live
// engine reads them again when it has caught up. What an operation means is the business of gql and receiver.
package socket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/identity"
	"chat/modules/limit"
	"chat/modules/poll"
	"chat/modules/receiver"
)

// Subprotocol is the one that is spoken.
const Subprotocol = "graphql-transport-ws"

// Limits bound what one connection, or one address, may use.
type Limits struct {
	MessageBytes  int64         // of one message, fragments together
	InitWait      time.Duration // for connection_init
	PingInterval  time.Duration
	PongWait      time.Duration
	WriteWait     time.Duration // a write that takes longer ends the connection
	Results       int           // results of subscriptions that wait to be written
	ResultBytes   int           // and their size
	Answers       int           // other messages that wait; beyond them nothing is read, and no query answered
	AnswerBytes   int           // and their size; the one that exceeds it is let in
	Operations    int           // that run at a time; subscriptions count while they are opened
	Subscriptions int
	Uninitialised int           // connections of one address that have not said connection_init, or with accounts not who calls
	Spread        time.Duration // over which a shutdown closes connections, at most

	// Of these the zero value is no limit.
	UserSockets       int           // of one user in this process; the zero value is that of a product without accounts
	UserSubscriptions int           // on all of them
	Messages          limit.Rate    // of one connection; beyond it the connection is read slower
	Pings             int           // a second: more of them ...
	PingTime          time.Duration // ... for so many whole seconds end the connection
}

// DefaultLimits are those of a product with accounts.
func DefaultLimits() Limits {
	l := OpenLimits()
	l.Subscriptions, l.UserSockets, l.UserSubscriptions = 500, 10, 2_000
	l.Messages = limit.Rate{Burst: 1_000, Every: 10 * time.Millisecond}
	l.Pings, l.PingTime = 50, 10*time.Second
	return l
}

// OpenLimits are those of --auth=none, in which one socket may carry a subscription per message, and nobody is limited.
func OpenLimits() Limits {
	return Limits{
		MessageBytes: 256 << 10, InitWait: 10 * time.Second, PingInterval: 25 * time.Second, PongWait: 10 * time.Second,
		WriteWait: 10 * time.Second, Results: 256, ResultBytes: 1 << 20, Answers: 256, AnswerBytes: 1 << 20, Operations: 64,
		Subscriptions: 20_000, Uninitialised: 200, Spread: 5 * time.Second,
	}
}

// Identify finds the caller in the payload of connection_init, which may be nil, and puts it into the context.
type Identify func(ctx context.Context, payload map[string]any) (context.Context, error)

// Grant tells whether a query or mutation may run now. Its error is a fault.Fault.
type Grant func(ctx context.Context, doc *gql.Document) error

// Handler upgrades requests and serves the connections.
type Handler struct {
	exec     *gql.Executor
	live     *receiver.Engine
	identify Identify
	grant    Grant
	limits   Limits
	usage    *usage
	log      zerolog.Logger
	metrics  *metrics
	upgrader websocket.Upgrader
	writers  writers
	reads    buffers
	poller   *poll.Poller // nil: every connection reads with a goroutine of its own
	polling  sync.WaitGroup

	mu            sync.Mutex
	draining      bool
	conns         map[int64]*conn
	lastKey       int64
	uninitialised map[string]int // by address
	running       sync.WaitGroup
}

// Config is what a Handler is made of.
type Config struct {
	Exec     *gql.Executor
	Live     *receiver.Engine
	Identify Identify
	Grant    Grant // nil: everything may run
	// Origin tells whether a request may open a connection from where it comes.
	Origin func(*http.Request) bool
	Limits Limits
	// Portable reads every connection with a goroutine of its own, as where there is no epoll.
	Portable bool
	Log      zerolog.Logger
	Metrics  prometheus.Registerer
}

// New returns a handler without connections. It needs a Shutdown.
func New(c Config) *Handler {
	h := &Handler{
		exec: c.Exec, live: c.Live, identify: c.Identify, grant: c.Grant, limits: c.Limits, usage: newUsage(c.Limits),
		log: c.Log, metrics: newMetrics(c.Metrics),
		upgrader: websocket.Upgrader{
			Subprotocols: []string{Subprotocol}, CheckOrigin: c.Origin,
			ReadBufferSize: 1024, WriteBufferSize: 4096, WriteBufferPool: &sync.Pool{}, Error: refuseHandshake,
		},
		conns: map[int64]*conn{}, uninitialised: map[string]int{},
	}
	h.writers.start()
	if c.Portable {
		return h
	}
	var err error
	if h.poller, err = poll.New(); err != nil {
		h.log.Info().Err(err).Msg("a goroutine reads for each WebSocket")
		h.poller = nil
		return h
	}
	h.polling.Go(h.poll)
	return h
}

// ServeHTTP upgrades a request. A subprotocol that is absent or unknown is 400, a foreign origin 403, too many
// connections of one address that have not begun 429, and 503 while the process stops. The address is the client's in the
// request's context.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if !speaks(r) {
		gql.WriteError(w, http.StatusBadRequest, gql.NewError(ctx, gql.BadRequest, "The WebSocket subprotocol must be "+Subprotocol))
		return
	}
	address := identity.ClientOf(ctx).Network()
	if status, refusal := h.admit(address); refusal != nil {
		refusal.RetryAfter = spread()
		w.Header().Set("Retry-After", fmt.Sprint(refusal.RetryAfter.Seconds()))
		gql.WriteError(w, status, h.exec.Refuse(ctx, refusal))
		return
	}
	ws, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil { // it has answered
		h.known(address)
		h.running.Done()
		return
	}
	// Of the request nothing is kept but who is at the other end: it would be held for as long as the connection lives.
	newConn(identity.WithClient(context.Background(), identity.ClientOf(ctx)), h, ws.NetConn(), address).begin()
}

// refuseHandshake answers what is no handshake of RFC 6455, 4.2.1, or comes from a foreign origin.
func refuseHandshake(w http.ResponseWriter, r *http.Request, status int, _ error) {
	switch status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	case http.StatusBadRequest:
		w.Header().Set("Sec-WebSocket-Version", "13")
	}
	gql.WriteError(w, status, gql.NewError(r.Context(), gql.BadRequest, "This is no WebSocket handshake that can be taken"))
}

func speaks(r *http.Request) bool {
	for _, protocol := range websocket.Subprotocols(r) {
		if protocol == Subprotocol {
			return true
		}
	}
	return false
}

// longestWait is when a connection that is not admitted may be tried again at the latest.
const longestWait = 8 * time.Second

// spread gives each of many that are put off at once another time to come again, of whole seconds.
func spread() time.Duration {
	return time.Second * time.Duration(1+rand.IntN(int(longestWait/time.Second))) // #nosec G404 -- nobody gains by guessing it
}

var errDraining = errors.New("the process is stopping")

// admit counts a connection in, or says why not.
func (h *Handler) admit(address string) (status int, refusal *fault.Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.draining:
		return http.StatusServiceUnavailable, fault.Busy(errDraining)
	case h.uninitialised[address] >= h.limits.Uninitialised:
		return http.StatusTooManyRequests, fault.New(fault.RateLimited, "Too many connections of this address wait for connection_init")
	}
	h.uninitialised[address]++
	h.running.Add(1)
	return 0, nil
}

// stranger counts a connection of an address that has not said who calls; false where it is one too many.
func (h *Handler) stranger(address string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.uninitialised[address] >= h.limits.Uninitialised {
		return false
	}
	h.uninitialised[address]++
	return true
}

// known takes one connection of an address from those of whom nothing is known.
func (h *Handler) known(address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.uninitialised[address]--; h.uninitialised[address] <= 0 {
		delete(h.uninitialised, address)
	}
}

func (h *Handler) add(c *conn) {
	h.mu.Lock()
	draining := h.draining
	h.lastKey++
	c.key = h.lastKey
	h.conns[c.key] = c
	h.mu.Unlock()
	h.metrics.open.Inc()
	if draining {
		c.close(websocket.CloseServiceRestart, "The server is stopping")
	}
}

func (h *Handler) remove(c *conn) {
	h.mu.Lock()
	delete(h.conns, c.key)
	h.mu.Unlock()
	h.metrics.open.Dec()
	h.running.Done()
}

// find gives the connection that the poller names; nil where it has ended.
func (h *Handler) find(key int64) *conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.conns[key]
}

// Shutdown refuses new connections and closes the open ones with 1012, spread over a few seconds so that their clients do
// not come back all at once. Queries and mutations that run are answered first, as far as ctx allows. It returns when
// nothing is left.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.draining = true
	conns := make([]*conn, 0, len(h.conns))
	for _, c := range h.conns {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	pause := min(h.limits.Spread/time.Duration(max(len(conns), 1)), 5*time.Millisecond)
	for _, c := range conns {
		go func() {
			c.finish(ctx)
			c.close(websocket.CloseServiceRestart, "The server is stopping")
		}()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	done := make(chan struct{})
	go func() {
		h.running.Wait()
		close(done)
	}()
	var late error
	select {
	case <-done:
	case <-ctx.Done():
		late = ctx.Err()
		for _, c := range conns {
			c.end() // it had its time
		}
		<-done
	}
	if h.poller != nil {
		_ = h.poller.Close()
		h.polling.Wait()
	}
	h.writers.stop()
	return late
}
