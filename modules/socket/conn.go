package socket

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
)

// closeTime is how long a connection that we have closed is given to say goodbye.
const closeTime = time.Second

// conn is one connection. While nothing comes and nothing is to be written it is data: no goroutine and no buffer, where it
// can be watched; else a goroutine that reads. One more runs for each operation while it runs.
type conn struct {
	handler *Handler
	net     net.Conn
	raw     syscall.RawConn // of a plain socket; nil where bytes pass something else on their way, as TLS
	key     int64           // by which the poller names it
	queue   *queue
	address string
	places  chan struct{} // one is held by each operation that runs

	ctx    context.Context
	cancel context.CancelFunc
	heard  atomic.Int64 // when the client last sent anything, or took what waited for it, in ns since 1970

	reading   sync.Mutex // held while what was sent is handled; it guards what is the reader's alone
	frames    frames
	caller    context.Context // ctx with the caller, after connection_init
	pace      *pace
	deaf      bool  // what the client sends is no WebSocket any more
	discarded int64 // bytes since

	closing sync.Once
	ending  sync.Once
	wire    sync.Mutex // held while something is written: nothing comes after the close frame
	torn    bool       // a frame was not written to its end; guarded by wire

	mu         sync.Mutex // guards everything below
	tasks      int        // operations that run, and what writes to a slow client
	idle       []chan struct{}
	isInitWait bool
	timer      *time.Timer           // of connection_init, then of pings
	pinged     bool                  // the timer is for the answer
	user       id.User               // who is counted for this connection; set before its first operation
	isStranger bool                  // counted for its address
	operations map[string]*operation // nil: the connection has ended
	subscribed int
}

func newConn(ctx context.Context, h *Handler, socket net.Conn, address string) *conn {
	c := &conn{
		handler: h, net: socket, queue: newQueue(h.limits), address: address, places: make(chan struct{}, h.limits.Operations),
		operations: map[string]*operation{}, isInitWait: true, pace: newPace(h.limits), frames: newFrames(h.limits.MessageBytes),
	}
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.queue.schedule = func() { h.writers.add(c) }
	if plain, ok := socket.(syscall.Conn); ok {
		if raw, err := plain.SyscallConn(); err == nil {
			c.raw = raw
		}
	}
	return c
}

// begin reads until the connection ends, which ends everything.
func (c *conn) begin() {
	c.heard.Store(time.Now().UnixNano())
	c.handler.add(c)
	c.mu.Lock()
	if c.operations != nil {
		c.timer = time.AfterFunc(c.handler.limits.InitWait, c.tick)
	}
	c.mu.Unlock()
	if !c.handler.watch(c) {
		go c.readAll()
	}
}

// end ends the connection at once, without a word. It may be called more than once, and from anywhere.
func (c *conn) end() {
	c.ending.Do(func() {
		c.endInitWait()
		c.cancel()
		c.queue.close()
		for _, op := range c.takeOperations() {
			op.stop()
		}
		c.countOut()
		_ = c.net.Close() // whatever it says, it is over; and it is not watched any more
		idle := c.whenIdle()
		go func() {
			<-idle
			c.handler.remove(c)
		}()
	})
}

// spawn runs a task that the connection's end waits for; false where it has ended.
func (c *conn) spawn(task func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.operations == nil {
		return false
	}
	c.tasks++
	go func() {
		defer c.done()
		task()
	}()
	return true
}

func (c *conn) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks--; c.tasks == 0 {
		for _, idle := range c.idle {
			close(idle)
		}
		c.idle = nil
	}
}

// whenIdle is closed when no task runs.
func (c *conn) whenIdle() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := make(chan struct{})
	if c.tasks == 0 {
		close(idle)
	} else {
		c.idle = append(c.idle, idle)
	}
	return idle
}

// tick closes a connection that says nothing at its beginning, then pings, and ends one that does not answer.
func (c *conn) tick() {
	if c.waitsForInit() {
		c.close(closeInitTimeout, "Connection initialisation timeout")
		return
	}
	limits := c.handler.limits
	silence := time.Since(time.Unix(0, c.heard.Load()))
	c.mu.Lock()
	c.pinged = !c.pinged
	isPing, next := c.pinged, limits.PongWait
	if !isPing {
		next = max(limits.PingInterval-limits.PongWait, limits.PingInterval/2)
	}
	if c.operations != nil {
		c.timer.Reset(next)
	}
	c.mu.Unlock()
	if silence >= limits.PingInterval+limits.PongWait {
		c.end()
	} else if isPing {
		c.queue.trim()
		c.queue.ping()
	}
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
	if waited && c.timer != nil {
		c.timer.Reset(c.handler.limits.PingInterval)
	}
	c.mu.Unlock()
	if waited {
		c.handler.known(c.address)
	}
	return waited
}

// countIn counts the connection in as one of a user, or of somebody at its address; false where it is one too many.
func (c *conn) countIn(user id.User) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.operations == nil: // it has ended
		return false
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
	c.mu.Lock()
	user, isStranger := c.user, c.isStranger
	c.mu.Unlock()
	c.handler.usage.disconnect(user)
	if isStranger {
		c.handler.known(c.address)
	}
}

func (c *conn) takeOperations() map[string]*operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
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
		c.hurry()
		c.wire.Lock()
		c.sayClose(code, reason)
		c.wire.Unlock()
		time.AfterFunc(closeTime, c.end)
	})
}

// maxReason is how many bytes of a reason fit into a close frame.
const maxReason = ws.MaxControlFramePayloadSize - 2

// sayClose writes a close frame. A reason may name what the client has sent, and is cut where that is long, at the end of a
// character: RFC 6455, 5.5.1. The caller holds the wire.
func (c *conn) sayClose(code int, reason string) {
	if !c.torn {
		c.torn = true // nothing comes after it
		reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
		// #nosec G115 -- close codes have four digits
		_, _ = c.net.Write(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), reason))))
	}
}

// finish waits for the operations that run, as far as ctx allows.
func (c *conn) finish(ctx context.Context) {
	select {
	case <-c.whenIdle():
		_ = c.queue.wait(ctx, c.queue.isEmpty) // their answers are written, or nobody reads them
	case <-ctx.Done():
	}
}

// take handles what the client has sent; false ends the connection. The caller holds reading.
func (c *conn) take(data []byte) bool {
	c.heard.Store(time.Now().UnixNano())
	if c.deaf {
		c.discarded += int64(len(data))
		return c.discarded <= c.handler.limits.MessageBytes
	}
	isOpen := true
	err := c.frames.take(data, func(op ws.OpCode, payload []byte) bool {
		isOpen = c.frame(op, payload)
		return isOpen
	})
	if rule, ok := errors.AsType[*broken](err); ok {
		c.misbehaved(rule.code, rule.text)
	}
	return isOpen
}

// misbehaved ends a connection whose client has broken the rules of WebSocket. Something of what still comes is read and
// forgotten: it would reset the connection before the client has read why.
func (c *conn) misbehaved(code int, text string) {
	c.close(code, text)
	c.deaf = true
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the client sees the end, and ends
	}
}

// frame handles a message or a control frame; false ends the connection.
func (c *conn) frame(op ws.OpCode, payload []byte) bool {
	isClosing := c.ctx.Err() != nil // then what comes is forgotten, until the client closes
	switch op {
	case ws.OpClose:
		return c.goodbye(payload)
	case ws.OpPing:
		if !isClosing {
			c.flooded()
			c.queue.pong(bytes.Clone(payload))
		}
	case ws.OpPong:
	default:
		if !isClosing {
			c.text(op, payload)
		}
	}
	if c.ctx.Err() == nil {
		_ = c.queue.wait(c.ctx, c.queue.fewAnswers) // whatever came: a pong is an answer too; the reader sees the end
		c.pace.keep(c.ctx)
	}
	return true
}

// goodbye answers a close frame with its code. Source: RFC 6455, 5.5.1 and 7.4.
func (c *conn) goodbye(payload []byte) bool {
	code, reason := ws.ParseCloseFrameData(payload)
	if len(payload) == 0 {
		code = ws.StatusNormalClosure
	} else if err := ws.CheckCloseFrameData(code, reason); err != nil || len(payload) == 1 {
		c.misbehaved(websocket.CloseProtocolError, "This is no close frame")
		return true
	}
	c.hurry()
	c.wire.Lock()
	c.sayClose(int(code), "")
	c.wire.Unlock()
	return false
}

// text handles one message.
func (c *conn) text(op ws.OpCode, data []byte) {
	switch {
	case op != ws.OpText:
		c.close(closeBadRequest, "Only text messages are understood")
		return
	case !utf8.Valid(data): // RFC 6455, 8.1
		c.close(websocket.CloseInvalidFramePayloadData, "Text must be UTF-8")
		return
	}
	m, err := parseMessage(data)
	if err != nil {
		c.close(closeBadRequest, err.Error())
		return
	}
	c.handle(m)
}

func (c *conn) handle(m message) {
	switch m.Type {
	case typeInit:
		c.init(m.Payload)
	case typePing:
		c.flooded()
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

// flooded ends a connection that pings far more than it takes to know that we are there.
func (c *conn) flooded() {
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
	wrong, isWrong := errors.AsType[*fault.Fault](err)
	if err != nil && !isWrong {
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
	if !c.spawn(func() {
		defer func() { <-c.places }()
		if isWrong {
			op.Error([]*gql.Error{gql.Show(op.ctx, wrong)})
			return
		}
		op.run(req)
	}) {
		<-c.places
	}
}

// open counts a subscription in, or says why not.
func (c *conn) open(op *operation) (refusal *fault.Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	limits := &c.handler.limits
	switch {
	case c.operations[op.id] != op:
		return limits.tooMany("The subscription has ended") // and nobody hears of it
	case c.subscribed >= limits.Subscriptions:
		return limits.tooMany("Too many subscriptions on this socket")
	case !c.handler.usage.subscribe(c.user):
		return limits.tooMany("Too many subscriptions of this user")
	}
	c.subscribed++
	op.counted = true
	return nil
}

// tooMany refuses a subscription. Another try makes sense when one has ended, at the latest when a socket whose client is
// gone without a word is closed.
func (l *Limits) tooMany(why string) *fault.Fault {
	return &fault.Fault{Code: fault.RateLimited, Text: why, RetryAfter: l.PingInterval + l.PongWait}
}

// finished undoes open, once. The caller holds the lock.
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
