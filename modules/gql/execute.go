package gql

import (
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/errors"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"chat/modules/fault"
)

// maxErrors is how many errors a response carries at most.
const maxErrors = 20

// Response is what a client gets. Started tells whether execution began: if not, Data is absent and HTTP may answer 4xx.
type Response struct {
	graphql.Response
	Started bool
	release func() // or nil
}

// Release tells that the answer of Execute was taken by the client, or never will be: what it holds no longer counts.
func (r *Response) Release() {
	if r.release != nil {
		r.release()
	}
}

// Encode is the response as clients get it, in JSON. graphql-go has encoded the data, which is not looked at again.
func (r *Response) Encode() ([]byte, error) {
	if len(r.Errors) > 0 || len(r.Extensions) > 0 || r.Data == nil {
		return json.Marshal(r.Response)
	}
	body := make([]byte, 0, len(r.Data)+len(`{"data":}`))
	body = append(append(body, `{"data":`...), r.Data...)
	return append(body, '}'), nil
}

// Failed is the response to a request that did not begin to execute.
func Failed(errs ...*Error) *Response {
	return &Response{Response: graphql.Response{Errors: errs}}
}

// options are the settings that every executable schema of this product shares.
func options(introspection func(context.Context) bool) []graphql.SchemaOpt {
	return []graphql.SchemaOpt{
		graphql.UseFieldResolvers(),
		graphql.UseStringDescriptions(),
		graphql.MaxSelections(5_000),
		graphql.OverlapValidationLimit(10_000),
		graphql.MaxParallelism(10),
		graphql.DisableFieldSelections(), // no resolver asks for them
		graphql.RestrictIntrospection(introspection),
		graphql.PanicHandler(panics{}),
		graphql.Logger(panics{}),
	}
}

// Executor runs documents on one schema. Safe for concurrent use.
type Executor struct {
	schema    *graphql.Schema
	prepared  *preparations
	limits    Limits
	elsewhere map[string]string
	shows     func(context.Context) bool
	callers   *callers
	log       zerolog.Logger
	known     known
}

// Config is what an Executor is made of.
type Config struct {
	SDL  string
	Root any // the root resolver, as graphql-go takes it
	// Introspection tells who may see the schema: others are refused when they ask for it, and not helped with its names
	// when they mistake one.
	Introspection func(context.Context) bool
	// Caller names who asks: what their answers hold together is bounded. Nil: it is not.
	Caller func(context.Context) string
	Limits Limits
	// Elsewhere names, for root fields that this process does not serve, the role that does; a key is the operation and the
	// field: "mutation createMessage".
	Elsewhere map[string]string
	// Log gets what callers are not told.
	Log zerolog.Logger
}

// NewExecutor returns an executor. Errors: a schema whose fields have no resolvers.
func NewExecutor(c Config) (*Executor, error) {
	schema, err := graphql.ParseSchema(c.SDL, c.Root, options(c.Introspection)...)
	if err != nil {
		return nil, err
	}
	prepared, err := newPreparations(c.SDL, c.Root)
	if err != nil {
		return nil, err
	}
	var waiting *callers
	if c.Caller != nil {
		waiting = &callers{of: c.Caller, held: map[string]int64{}}
	}
	return &Executor{
		schema: schema, prepared: prepared, limits: c.Limits, elsewhere: c.Elsewhere, shows: c.Introspection, callers: waiting, log: c.Log,
	}, nil
}

// Parse is the package's Parse with this executor's limits; a root field of another role is refused by its name. What
// clients send again and again is parsed once.
func (x *Executor) Parse(ctx context.Context, req Request) (*Document, *Error) {
	if doc := x.known.find(req); doc != nil {
		return doc, nil
	}
	doc, err := Parse(ctx, req, x.limits)
	if err != nil {
		return nil, err
	}
	for _, field := range doc.Roots {
		if role := x.elsewhere[string(doc.Operation.Operation)+" "+field]; role != "" {
			refusal := NewError(ctx, ValidationFailed, fmt.Sprintf("%s is served by --role=%s", field, role))
			refusal.Extensions["role"] = role
			return nil, refusal
		}
	}
	x.known.keep(req, doc)
	return doc, nil
}

// How long a document may take. A mutation is answered within 5 s, by UNAVAILABLE if nothing else.
const (
	mutationTime = 4500 * time.Millisecond
	queryTime    = 10 * time.Second
)

// Execute runs the query or mutation of doc, for which so much of its time was spent already. It never returns nil; its response has
// to be released. A mutation that a store's absence keeps from being answered says whether it may have happened.
func (x *Executor) Execute(ctx context.Context, doc *Document, spent time.Duration) *Response {
	limit := queryTime
	if doc.Operation.Operation == ast.Mutation {
		limit = mutationTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit-spent)
	defer cancel()
	if doc.AsksSchema() && !x.shows(ctx) {
		res := Failed(x.Refuse(ctx, fault.NoCaller()))
		res.Started, res.Data = true, []byte("null")
		return res
	}
	shared := &execution{callers: x.callers}
	res := x.run(ctx, shared, knownKey{doc.Query, doc.OperationName}, doc.Source, doc.Variables)
	if x.callers != nil {
		res.release = func() { x.callers.release(shared) }
	}
	if doc.Operation.Operation != ast.Mutation {
		return res
	}
	for _, err := range res.Errors {
		// A root field knows what has become of its change. Below it the change has happened, and only the answer fails; an
		// error without a path is that of the time, which cuts off whatever was under way.
		if err.Extensions["code"] == string(fault.Unavailable) && len(err.Path) != 1 {
			err.Extensions["outcome"] = "unknown"
		}
	}
	return res
}

// Run executes a document that was parsed before.
func (x *Executor) Run(ctx context.Context, query, operation string, variables map[string]any) *Response {
	return x.run(ctx, &execution{}, knownKey{query, operation}, nil, variables)
}

func (x *Executor) run(ctx context.Context, shared *execution, key knownKey, source *ast.QueryDocument, variables map[string]any) *Response {
	ctx = context.WithValue(ctx, executionKey{}, shared)
	raw, isStarted := x.exec(ctx, key, source, variables)
	res := &Response{Response: *raw, Started: isStarted}
	res.Errors = x.finish(ctx, raw.Errors)
	if shared.isTooLarge.Load() {
		res.Data, res.Errors = nil, tooLarge(res.Errors)
	}
	if !res.Started {
		res.Data = nil
	} else if res.Data == nil {
		res.Data = []byte("null")
	}
	if len(shared.truncated) > 0 {
		res.Extensions = map[string]any{"truncated": shared.truncated}
	}
	return res
}

// tooLarge is the first of the errors that say so: every list after it has one too.
func tooLarge(errs []*Error) []*Error {
	n := max(0, slices.IndexFunc(errs, func(err *Error) bool { return err.Extensions["code"] == string(TooComplex) }))
	return errs[n:min(n+1, len(errs))]
}

// Refuse is the error for a request that err stands against; it is ready for the caller.
func (x *Executor) Refuse(ctx context.Context, err error) *Error {
	return withRequest(ctx, x.shown(ctx, &Error{ResolverError: err}))
}

// OutOfReach gives fault.Unavailable when a store failed some part of a response, and else nil.
func OutOfReach(errs []*Error) error {
	for _, err := range errs {
		if err.Extensions["code"] == string(fault.Unavailable) {
			return fault.Busy(err)
		}
	}
	return nil
}

// started tells whether a resolver could run. graphql-go reports a value that does not fit its argument as an error
// without a path, beside null data.
func started(ctx context.Context, res *graphql.Response) bool {
	if len(res.Errors) == 0 || ctx.Err() != nil {
		return true
	}
	for _, err := range res.Errors {
		if err.Path != nil || err.ResolverError != nil {
			return true
		}
	}
	return false
}

// finish makes errors ready for the caller: a code, a text that says nothing of the inside, the request's id.
func (x *Executor) finish(ctx context.Context, errs []*Error) []*Error {
	if len(errs) > maxErrors {
		errs = errs[:maxErrors]
	}
	for n, err := range errs {
		errs[n] = withRequest(ctx, x.shown(ctx, err))
	}
	return errs
}

func (x *Executor) shown(ctx context.Context, err *Error) *Error {
	out := &Error{Locations: err.Locations, Path: err.Path}
	if f, ok := stderrors.AsType[*fault.Fault](err.ResolverError); ok {
		out.Message, out.Extensions = f.Text, f.Extensions()
		if f.Code == fault.Unavailable && !stderrors.Is(ctx.Err(), context.Canceled) { // somebody waits for the answer
			x.log.Warn().Err(f).Str("request", RequestID(ctx)).Interface("path", err.Path).Msg("store out of reach")
		}
		return out
	}
	switch {
	case err.ResolverError == nil && ctx.Err() != nil:
		f := fault.Busy(ctx.Err())
		out.Message, out.Extensions = f.Text, f.Extensions()
	case err.ResolverError == nil && stderrors.Is(err, errors.ErrSyntax):
		out.Message, out.Extensions = err.Message, code(ParseFailed)
	case err.Rule != "":
		out.Message, out.Extensions = err.Message, code(ValidationFailed)
		if err.Rule == ruleOfVariables { // of another operation: it may stand in the schema
			out.Locations = nil
		}
		if !x.shows(ctx) {
			out.Message, _, _ = strings.Cut(err.Message, " Did you mean")
		}
	case stderrors.Is(err, graphql.ErrTooManySelections):
		out.Message, out.Extensions = "The operation asks for too many fields", code(TooComplex)
	case err.ResolverError == nil && err.Path == nil:
		out.Message, out.Extensions = "An argument's value does not fit its type", code(fault.BadUserInput)
	default:
		x.log.Error().Err(cause(err)).Str("request", RequestID(ctx)).Interface("path", err.Path).Msg("resolver failed")
		out.Message, out.Extensions = "Internal error", code(fault.Internal)
	}
	return out
}

func cause(err *Error) error {
	if err.ResolverError != nil {
		return err.ResolverError
	}
	return err
}

func code(c fault.Code) map[string]any { return map[string]any{"code": string(c)} }

func location(l gqlerror.Location) errors.Location {
	return errors.Location{Line: l.Line, Column: l.Column}
}

// panics turns a resolver's panic into an error like any other: its value reaches the log and nobody else.
type panics struct{}

func (panics) MakePanicError(_ context.Context, value any) *errors.QueryError {
	err := fmt.Errorf("panic: %v", value)
	return &errors.QueryError{Err: err, ResolverError: err, Message: "panic"}
}

func (panics) LogPanic(context.Context, any) {} // the error is logged where every other is
