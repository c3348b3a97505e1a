package socket

import (
	"context"
	"encoding/json"
	"sync"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/receiver"
)

// operation is one operation of a client, from subscribe to complete. It is the sink of its subscription.
type operation struct {
	conn   *conn
	id     string
	prefix []byte // of its results
	ctx    context.Context
	cancel context.CancelFunc

	refusing bool // guarded by the queue
	unwanted bool // likewise: the client has said complete
	counted  bool // among the connection's subscriptions; guarded by the connection

	mu    sync.Mutex
	ended bool
	sub   *receiver.Subscription // nil until it is open
}

func newOperation(ctx context.Context, c *conn, id string) *operation {
	op := &operation{conn: c, id: id}
	op.ctx, op.cancel = context.WithCancel(ctx)
	op.prefix = append(append([]byte(`{"id":`), quote(id)...), `,"type":"next","payload":`...)
	return op
}

// Next offers a result to the connection's queue.
func (op *operation) Next(r receiver.Result) bool {
	taken, dropped := op.conn.queue.result(frame{prefix: op.prefix, payload: r.Payload, op: op, cursor: r.Cursor})
	if len(dropped) == 0 {
		return taken
	}
	defer op.conn.queue.told()
	op.conn.handler.metrics.overflows.Inc()
	for _, f := range dropped {
		if sub := f.op.subscription(); sub != nil {
			sub.Dropped(f.cursor)
		}
	}
	return taken
}

// Resume lets results in again.
func (op *operation) Resume() { op.conn.queue.resume(op) }

// Wait returns when the queue is at most half full, or the operation's results are refused.
func (op *operation) Wait(ctx context.Context) error {
	return op.conn.queue.wait(ctx, func() bool { return op.refusing || op.conn.queue.hasRoom() })
}

// Keep keeps what waits of a log from being dropped.
func (op *operation) Keep(topic history.Topic) bool { return op.conn.queue.keep(op, topic) }

// Complete ends the operation from our side.
func (op *operation) Complete() {
	if op.end() {
		op.conn.forget(op)
		op.conn.queue.reply(op, encode(op.id, typeComplete, nil))
	}
}

// Error ends it with errors. Where the connection or its session is ending nothing is said: what could not be done because
// of that is no failure of the operation, which the client begins again on its next connection.
func (op *operation) Error(errs []*gql.Error) {
	if op.ctx.Err() != nil || !op.end() {
		return
	}
	op.conn.forget(op)
	payload, err := json.Marshal(errs)
	if err != nil { // they are of our own making
		payload = []byte(`[{"message":"Internal error"}]`)
	}
	op.conn.queue.reply(op, encode(op.id, typeError, payload))
}

// end marks the operation as ended; false when it was.
func (op *operation) end() bool {
	op.mu.Lock()
	defer op.mu.Unlock()
	first := !op.ended
	op.ended = true
	op.cancel()
	return first
}

// stop ends the operation because the client wants no more of it.
func (op *operation) stop() {
	op.end()
	if sub := op.subscription(); sub != nil {
		sub.Stop()
	}
	op.conn.queue.forget(op)
}

func (op *operation) subscription() *receiver.Subscription {
	op.mu.Lock()
	defer op.mu.Unlock()
	return op.sub
}

// run executes the operation: a query or mutation to its answer, a subscription until it is open.
func (op *operation) run(req gql.Request) {
	h := op.conn.handler
	doc, refusal := h.exec.Parse(op.ctx, req)
	switch {
	case refusal != nil:
		op.Error([]*gql.Error{refusal})
	case doc.IsSubscription():
		op.open(doc)
	default:
		op.execute(doc)
	}
}

func (op *operation) open(doc *gql.Document) {
	if refusal := op.conn.open(op); refusal != nil {
		op.Error([]*gql.Error{gql.Show(op.ctx, refusal)})
		return
	}
	sub, errs := op.conn.handler.live.Subscribe(op.ctx, doc, op)
	if errs != nil {
		op.Error(errs)
		return
	}
	op.mu.Lock()
	op.sub = sub
	ended := op.ended
	op.mu.Unlock()
	if ended { // the client did not wait for it
		sub.Stop()
		return
	}
	sub.Start()
}

// execute runs a query or mutation, if it is granted.
func (h *Handler) execute(ctx context.Context, doc *gql.Document) *gql.Response {
	if h.grant != nil {
		if err := h.grant(ctx, doc); err != nil {
			return gql.Failed(h.exec.Refuse(ctx, err))
		}
	}
	return h.exec.Execute(ctx, doc, 0)
}

func (op *operation) execute(doc *gql.Document) {
	res := op.conn.handler.execute(op.ctx, doc)
	defer res.Release()
	if !res.Started {
		op.Error(res.Errors)
		return
	}
	payload, err := json.Marshal(res.Response)
	if err != nil {
		op.Error([]*gql.Error{gql.NewError(op.ctx, fault.Internal, "Internal error")})
		return
	}
	if op.conn.queue.answerLater(op, frame{prefix: op.prefix, payload: payload}) == nil {
		op.Complete()
	}
}
