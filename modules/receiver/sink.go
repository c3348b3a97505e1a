package receiver

import (
	"context"
	"encoding/json"

	"chat/modules/gql"
	"chat/modules/history"
)

// Cursor is a place in one log.
type Cursor struct {
	Topic history.Topic
	Seq   int64
}

// Result is one encoded execution result: {"data":…} with extensions and errors as they apply. Payload is shared between
// sinks and never changes.
type Result struct {
	Cursor  Cursor
	Payload []byte

	value json.RawMessage // of Values: the one that it shows
}

// Sink is where the results of one subscription go; the transport implements it. It may call Subscription.Dropped from
// within Next, and no other method of a Subscription from within any of these.
type Sink interface {
	// Next offers a result and never waits. False: not taken, the connection is behind, and every later Next of this
	// sink is refused as well until Resume.
	Next(Result) bool
	// Resume lets Next take results again, after Subscription.Drained.
	Resume()
	// Wait returns when a replay may offer more: the connection's queue is at most half full, or the sink refuses. Its
	// error is that of ctx, or tells that the connection is closed.
	Wait(ctx context.Context) error
	// Keep tells that nothing more of a log comes: what was offered of it must not be dropped any more. False: something that
	// was offered is refused or dropped, and comes again after Subscription.Drained.
	Keep(history.Topic) bool
	// Complete ends the subscription: access is gone. It is sent after everything offered before.
	Complete()
	// Error ends the subscription, likewise.
	Error([]*gql.Error)
}
