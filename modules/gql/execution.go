package gql

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"chat/modules/fault"
)

type executionKey struct{}

// execution is what the resolvers of one execution share.
type execution struct {
	lists      atomic.Int64 // bytes
	isTooLarge atomic.Bool
	callers    *callers // nil: the answer has its bounds elsewhere

	mu        sync.Mutex
	truncated []string // fields whose lists were cut at their bound

	caller string // with the next, guarded by the callers
	held   int64  // bytes that the caller holds by it
	isOver bool
}

// Truncated tells the caller, in extensions.truncated, that the list of this field is longer than what was given.
func Truncated(ctx context.Context, field string) {
	if e, ok := ctx.Value(executionKey{}).(*execution); ok {
		e.mu.Lock()
		e.truncated = append(e.truncated, field)
		e.mu.Unlock()
	}
}

const (
	maxLists = 64 << 20     // bytes of lists that one execution reads and shows
	maxHeld  = 2 * maxLists // and all of one caller together, until their answers were taken
	perItem  = 100          // bytes of one item beside its texts
)

// Listed counts a list that was read or is shown, with so many bytes of texts in its items. Lists in lists multiply: those of
// one small document could take all memory, and so could the answers that somebody asks for and does not read.
// Errors: QUERY_TOO_COMPLEX when it is too much for one answer, or for all that the caller waits for.
func Listed(ctx context.Context, items, texts int) error {
	e, ok := ctx.Value(executionKey{}).(*execution)
	if !ok {
		return nil
	}
	bytes := int64(items*perItem + texts)
	switch {
	case e.lists.Add(bytes) > maxLists:
		e.isTooLarge.Store(true)
		return fault.New(TooComplex, "The answer would be too large: ask for less at once")
	case e.callers != nil && !e.callers.hold(ctx, e, bytes):
		e.isTooLarge.Store(true)
		f := fault.New(TooComplex, "Too much was asked for that is not answered yet: read the other answers first")
		f.RetryAfter = time.Second
		return f
	}
	return nil
}

// callers are those who wait for answers, with the bytes of lists in them. Safe for concurrent use.
type callers struct {
	of func(context.Context) string

	mu   sync.Mutex
	held map[string]int64
}

// hold counts bytes of an execution in; false: its caller holds too much.
func (c *callers) hold(ctx context.Context, e *execution, bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.isOver { // what its time had cut off went on
		return true
	}
	e.caller = c.of(ctx)
	e.held += bytes
	c.held[e.caller] += bytes
	return c.held[e.caller] <= maxHeld
}

// release counts out what an execution held.
func (c *callers) release(e *execution) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.isOver {
		return
	}
	e.isOver = true
	if c.held[e.caller] -= e.held; c.held[e.caller] == 0 {
		delete(c.held, e.caller)
	}
}
