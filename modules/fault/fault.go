// Package fault holds the errors that a caller may see: a stable code, a text for people, and what else the code
// promises. An error that is not a Fault is nobody's business outside the process; its text never leaves it.
package fault

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Code is extensions.code of a GraphQL error. Clients may rely on it.
type Code string

// The codes of execution. Those of parsing, validation and transport are in package gql. What each means stands behind it, and
// from there in docs/ERRORS.md.
const (
	Unauthenticated    Code = "UNAUTHENTICATED"       // nobody is signed in, or what signs somebody in is not good; HTTP 401 where a token is not
	Forbidden          Code = "FORBIDDEN"             // the caller may know of it and may not do that; HTTP 403 where the page's origin may not call
	NotFound           Code = "NOT_FOUND"             // there is no such thing, or the caller may not know of it
	BadUserInput       Code = "BAD_USER_INPUT"        // an argument or a variable cannot be: `field` names the argument, or the field of an input, that it is for
	Conflict           Code = "CONFLICT"              // it is taken (`field` names what), or what it would change is over or for good
	IdempotencyMisused Code = "IDEMPOTENCY_MISMATCH"  // the `clientMessageId` was used for other content
	RateLimited        Code = "RATE_LIMITED"          // too often or too many: another try makes sense after `retryAfter` seconds; HTTP 429 where the address is too fast
	ResyncRequired     Code = "RESYNC_REQUIRED"       // of subscriptions: `afterSeq` cannot be served; read the chat anew and subscribe again
	Unavailable        Code = "UNAVAILABLE"           // a store is out of reach, or too much waits for it: try again; with `outcome: "unknown"` the change may have happened
	Internal           Code = "INTERNAL_SERVER_ERROR" // a fault of the server: `requestId` finds it in the log
)

// Fault is an error that a caller may see as it is.
type Fault struct {
	Code  Code
	Text  string
	Field string // the argument or input field that is wrong, of BadUserInput, or taken, of Conflict

	Reason Reason // which rule was broken, or ""
	Limit  int    // of some reasons: the bound that was broken

	// OutcomeUnknown, of Unavailable: the change may have happened; repeating it is safe where the call names a
	// clientMessageId or sets a state.
	OutcomeUnknown bool

	// RetryAfter, of RateLimited: when another try makes sense.
	RetryAfter time.Duration

	cause error
}

// Error gives the text and, for logs, what was behind it.
func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Text + ": " + f.cause.Error()
	}
	return f.Text
}

// Unwrap gives what was behind it, or nil.
func (f *Fault) Unwrap() error { return f.cause }

// Extensions is what stands under "extensions" of the GraphQL error.
func (f *Fault) Extensions() map[string]any {
	ext := map[string]any{"code": string(f.Code)}
	if f.Field != "" {
		ext["field"] = f.Field
	}
	if f.Reason != "" {
		ext["reason"] = string(f.Reason)
	}
	if f.Limit > 0 {
		ext["limit"] = f.Limit
	}
	if f.OutcomeUnknown {
		ext["outcome"] = "unknown"
	}
	if f.RetryAfter > 0 {
		ext["retryAfter"] = Seconds(f.RetryAfter)
	}
	return ext
}

// Seconds is a wait as clients are told of it: whole seconds, never too few.
func Seconds(wait time.Duration) int { return int(math.Ceil(wait.Seconds())) }

// New is a Fault of that code.
func New(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Invalid is BAD_USER_INPUT about one field. The text follows the field's name: Invalid("limit", "is negative").
func Invalid(field, format string, args ...any) *Fault {
	return &Fault{Code: BadUserInput, Field: field, Text: field + " " + fmt.Sprintf(format, args...)}
}

// NoUser, NoChat and NoMessage are NOT_FOUND with the texts that clients match. What exists and may not be seen gets the
// same answer as what does not exist.
func NoUser(id fmt.Stringer) *Fault    { return New(NotFound, "User with ID %s not found", id) }
func NoChat(id fmt.Stringer) *Fault    { return New(NotFound, "Chat with ID %s not found", id) }
func NoMessage(id fmt.Stringer) *Fault { return New(NotFound, "Message with ID %s not found", id) }

// NoChanges is CONFLICT: the chat was removed, and takes no writes and no read marks any more.
func NoChanges() *Fault { return New(Conflict, "The chat was removed").Because(ChatRemoved) }

// NoCaller is UNAUTHENTICATED: the call needs to know who is calling.
func NoCaller() *Fault { return New(Unauthenticated, "Not signed in") }

// TooOften is RATE_LIMITED: nothing was done, and another try makes sense after wait.
func TooOften(wait time.Duration) *Fault {
	return &Fault{Code: RateLimited, Text: "Too many requests. Try again later.", RetryAfter: wait}
}

// Busy is UNAVAILABLE: nothing was changed, and another try may succeed. cause is for the log; it may be nil.
func Busy(cause error) *Fault {
	return &Fault{Code: Unavailable, Text: "The service is busy or its store is out of reach. Try again.", cause: cause}
}

// Doubtful is UNAVAILABLE with an unknown outcome: the answer of the store was lost.
func Doubtful(cause error) *Fault {
	f := Busy(cause)
	f.OutcomeUnknown = true
	return f
}

// AfterChange is the error of a call whose change has happened: that a store keeps it from being answered leaves the
// caller in doubt. Other errors, and nil, stay what they are.
func AfterChange(err error) error {
	if CodeOf(err) == Unavailable {
		return Doubtful(err)
	}
	return err
}

// CodeOf gives the code of the Fault in err's chain; Internal for any other error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Code
	}
	return Internal
}
