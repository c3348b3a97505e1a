package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
)

// conn is one connection: a goroutine that reads, one that writes, and one per operation while it runs.
type conn struct {
	handler *Handler
	ws      *websocket.Conn
	queue   *queue
	address string
	places  chan struct{} // one is held by each operation that runs

	ctx    context.Context
	cancel context.CancelFunc
	caller context.Context // ctx with the caller, after connection_init; for the reader alone
	user   id.User         // who is counted for this connection; set before its first operation
	pace   *pace           // for the reader alone

	isStranger bool // counted for its address; for the reader alone

	closing    sync.Once
	wire       sync.Mutex // held while something is written: nothing comes after the close frame
	executing  sync.WaitGroup
	isInitWait bool // guarded by mu, as everything below
	mu         sync.Mutex
	operations map[string]*operation
	subscribed int
}

func newConn(ctx context.Context, h *Handler, ws *websocket.Conn, address string) *conn {
	c := &conn{
		handler: h, ws: ws, queue: newQueue(h.limits), address: address, places: make(chan struct{}, h.limits.Operations),
		operations: map[string]*operation{}, isInitWait: true, pace: newPace(h.limits),
	}
	c.ctx, c.cancel = context.WithCancel(ctx)
	return c
}

// serve runs the connection to its end.
func (c *conn) serve() {
	c.handler.add(c)
	defer c.handler.remove(c)
	timeout := time.AfterFunc(c.handler.limits.InitWait, func() {
		if c.waitsForInit() {
			c.close(closeInitTimeout, "Connection initialisation timeout")
		}
	})
	defer timeout.Stop()
	var writer sync.WaitGroup
	writer.Go(c.write)
	c.read()
	c.endInitWait()
	c.cancel()
	c.queue.close()
	for _, op := range c.takeOperations() {
		op.stop()
	}
	c.countOut()
	_ = c.ws.Close() // whatever it says, it is over
	c.executing.Wait()
	writer.Wait()
}

func (c *conn) waitsForInit() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isInitWait
}

// endInitWait tells whether connection_init was still waited for.
func (c *conn) endInitWait() bool {
	c.mu.Lock()
	waited := c.isInitWait
	c.isInitWait = false
	c.mu.Unlock()
	if waited {
		c.handler.known(c.address)
	}
	return waited
}

// countIn counts the connection in as one of a user, or of somebody at its address; false where it is one too many.
func (c *conn) countIn(user id.User) bool {
	switch {
	case !user.IsZero() && c.handler.usage.connect(user):
		c.user = user
		return true
	case !user.IsZero():
		return false
	case c.handler.limits.UserSockets == 0:
		return true // without accounts nobody has to say who calls
	}
	c.isStranger = c.handler.stranger(c.address)
	return c.isStranger
}

// countOut undoes countIn.
func (c *conn) countOut() {
	c.handler.usage.disconnect(c.user)
	if c.isStranger {
		c.handler.known(c.address)
	}
}

func (c *conn) takeOperations() map[string]*operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.operations
	c.operations = nil
	for _, op := range all {
		c.finished(op)
	}
	return all
}

// close says why and lets the client close; what it still sends is read and forgotten for a moment, so that our reason is
// not lost to a reset.
func (c *conn) close(code int, reason string) {
	c.closing.Do(func() {
		c.handler.metrics.closed(code)
		c.cancel()
		deadline := time.Now().Add(time.Second)
		_ = c.ws.NetConn().SetWriteDeadline(deadline) // of a write that holds the wire
		c.wire.Lock()
		defer c.wire.Unlock()
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
		_ = c.ws.SetReadDeadline(deadline) // an error of these is an end as well
	})
}

// finish waits for the operations that run, as far as ctx allows.
func (c *conn) finish(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		c.executing.Wait()
		close(done)
	}()
	select {
	case <-done:
		_ = c.queue.wait(ctx, c.queue.isEmpty) // their answers are written, or nobody reads them
	case <-ctx.Done():
	}
}

// read handles what the client sends until the connection ends.
func (c *conn) read() {
	limits := c.handler.limits
	c.ws.SetReadLimit(limits.MessageBytes) // gorilla closes 1009 beyond it
	alive := func() error { return c.ws.SetReadDeadline(time.Now().Add(limits.PingInterval + limits.PongWait)) }
	c.ws.SetPongHandler(func(string) error {
		c.pace.keep(c.ctx)
		return alive()
	})
	c.ws.SetPingHandler(func(data string) error {
		c.pinged()
		c.pace.keep(c.ctx)
		c.queue.pong([]byte(data))
		return nil
	})
	if alive() != nil {
		return
	}
	for {
		kind, data, err := c.ws.ReadMessage()
		switch {
		case err != nil:
			c.failed(err)
			return
		case c.ctx.Err() != nil:
			continue // closing: read and forget
		case kind != websocket.TextMessage:
			c.close(closeBadRequest, "Only text messages are understood")
			continue
		case !utf8.Valid(data): // RFC 6455, 8.1
			c.close(websocket.CloseInvalidFramePayloadData, "Text must be UTF-8")
			continue
		}
		m, err := parseMessage(data)
		if err != nil {
			c.close(closeBadRequest, err.Error())
			continue
		}
		if alive() != nil {
			return
		}
		c.handle(m)
		c.pace.keep(c.ctx)
		_ = c.queue.wait(c.ctx, c.queue.fewAnswers) // its end is seen above
	}
}

// failed ends a connection whose client has broken the protocol. gorilla has said so, except where a frame claims to be longer
// than an int64 holds. Something of what still comes is read and forgotten: it would reset the connection before the client
// has read why.
func (c *conn) failed(err error) {
	_, isClosed := errors.AsType[*websocket.CloseError](err)
	_, isGone := errors.AsType[net.Error](err)
	switch {
	case isClosed || isGone:
		return
	case errors.Is(err, websocket.ErrReadLimit):
		c.close(websocket.CloseMessageTooBig, "The message is too long")
	default:
		c.close(websocket.CloseProtocolError, "This is no frame of WebSocket")
	}
	conn := c.ws.NetConn()
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the client sees the end, and ends
	}
	_, _ = io.CopyN(io.Discard, conn, c.handler.limits.MessageBytes) // for as long as close has set
}

func (c *conn) handle(m message) {
	switch m.Type {
	case typeInit:
		c.init(m.Payload)
	case typePing:
		c.pinged()
		c.queue.answer(encode("", typePong, m.Payload))
	case typeSubscribe:
		c.subscribe(m)
	case typeComplete:
		c.mu.Lock()
		op := c.operations[m.ID]
		c.mu.Unlock()
		if op != nil {
			c.forget(op)
			op.stop()
		}
	}
}

// pinged ends a connection that pings far more than it takes to know that we are there.
func (c *conn) pinged() {
	if c.pace.pings.another(time.Now()) {
		c.close(websocket.CloseTryAgainLater, "Too many pings")
	}
}

// init identifies the caller. A payload that is not understood is 4400, a caller that is refused 4403.
func (c *conn) init(payload jsontext.Value) {
	if !c.endInitWait() {
		c.close(closeTooManyInits, "Too many initialisation requests")
		return
	}
	var claims map[string]any
	if payload != nil && json.Unmarshal(payload, &claims) != nil {
		c.close(closeBadRequest, "'connection_init' message payload must be an object")
		return
	}
	ctx, err := c.handler.identify(c.ctx, claims)
	switch {
	case err == nil && !c.countIn(identity.CallerOf(ctx).User):
		c.close(websocket.CloseTryAgainLater, "Too many connections")
	case err == nil:
		c.caller = ctx
		context.AfterFunc(ctx, func() {
			if errors.Is(context.Cause(ctx), identity.ErrEnded) {
				c.close(closeForbidden, "The session has ended")
			}
		})
		c.queue.answer(encode("", typeAck, nil))
	case fault.CodeOf(err) == fault.Unauthenticated:
		c.close(closeForbidden, "Forbidden")
	default:
		c.handler.log.Warn().Err(err).Msg("a caller cannot be identified")
		c.close(websocket.CloseTryAgainLater, "Try again later")
	}
}

func (c *conn) subscribe(m message) {
	if c.waitsForInit() {
		c.close(closeUnauthorized, "Unauthorized")
		return
	}
	req, err := parseSubscribe(m.Payload)
	if err != nil {
		c.close(closeBadRequest, err.Error())
		return
	}
	op := newOperation(gql.WithRequestID(c.caller, id.New[id.Any]().String()), c, m.ID)
	c.mu.Lock()
	_, taken := c.operations[m.ID]
	if !taken && c.operations != nil {
		c.operations[m.ID] = op
	}
	c.mu.Unlock()
	if taken {
		op.cancel()
		c.close(closeSubscriberExists, "Subscriber for "+m.ID+" already exists")
		return
	}
	select {
	case c.places <- struct{}{}: // beyond so many operations at a time nothing is read
	case <-c.ctx.Done():
		return
	}
	c.executing.Go(func() {
		defer func() { <-c.places }()
		op.run(req)
	})
}

// begin counts a subscription in, or says why not.
func (c *conn) begin(op *operation) (refusal string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.operations[op.id] != op:
		return "The subscription has ended" // and nobody hears of it
	case c.subscribed >= c.handler.limits.Subscriptions:
		return "Too many subscriptions on this socket"
	case !c.handler.usage.subscribe(c.user):
		return "Too many subscriptions of this user"
	}
	c.subscribed++
	op.counted = true
	return ""
}

// finished undoes begin, once. The caller holds the lock.
func (c *conn) finished(op *operation) {
	if op.counted {
		op.counted = false
		c.subscribed--
		c.handler.usage.unsubscribe(c.user)
	}
}

// forget makes an operation's id free again.
func (c *conn) forget(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.operations[op.id] == op {
		delete(c.operations, op.id)
	}
	c.finished(op)
}
