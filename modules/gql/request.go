// Package gql stands between a transport and graphql-go: it parses and bounds a document before anything runs, executes
// it, and turns every error into one that a caller may see.
//
// The codes of transport, parsing and validation are here; those of execution are in package fault.
package gql

import (
	"context"

	"github.com/graph-gophers/graphql-go/errors"

	"chat/modules/fault"
)

// Codes of requests that never reach a resolver. What each means stands behind it, and from there in docs/ERRORS.md.
const (
	ParseFailed      fault.Code = "GRAPHQL_PARSE_FAILED"      // the document is no GraphQL
	ValidationFailed fault.Code = "GRAPHQL_VALIDATION_FAILED" // it does not fit the schema, or a variable has a field that its type has not
	TooComplex       fault.Code = "QUERY_TOO_COMPLEX"         // it is nested too deep, or asks for too much at once
	BadRequest       fault.Code = "BAD_REQUEST"               // the request is none of GraphQL over HTTP; the status says how: 400, 404, 405, 406, 408 or 421
	PayloadTooLarge  fault.Code = "PAYLOAD_TOO_LARGE"         // the body, the document or the variables of a subscription are too long; HTTP 413 for the body
	UnsupportedMedia fault.Code = "UNSUPPORTED_MEDIA"         // the body is not application/json in UTF-8, or compressed; HTTP 415
)

// Request is one GraphQL request as a client sends it over HTTP or in a subscribe message.
type Request struct {
	Query         string
	OperationName string
	Variables     map[string]any
}

// Error is a GraphQL error as clients get it.
type Error = errors.QueryError

// NewError is an error of that code about the request as a whole.
func NewError(ctx context.Context, code fault.Code, text string) *Error {
	return withRequest(ctx, &Error{Message: text, Extensions: map[string]any{"code": string(code)}})
}

// Show is the error for a request that a Fault stands against as a whole.
func Show(ctx context.Context, f *fault.Fault) *Error {
	return withRequest(ctx, &Error{Message: f.Text, Extensions: f.Extensions()})
}

// HalfOfAPair is BAD_USER_INPUT: a text in a request holds half of a surrogate pair, which is no character.
func HalfOfAPair() *fault.Fault {
	return fault.New(fault.BadUserInput, "A text holds half of a surrogate pair").Because(fault.BadCharacter)
}

type requestKey struct{}

// WithRequestID returns a context whose errors and log lines carry that id.
func WithRequestID(ctx context.Context, request string) context.Context {
	return context.WithValue(ctx, requestKey{}, request)
}

// RequestID is the id to quote for what happens in ctx, or "".
func RequestID(ctx context.Context) string {
	request, _ := ctx.Value(requestKey{}).(string)
	return request
}

func withRequest(ctx context.Context, err *Error) *Error {
	if request := RequestID(ctx); request != "" {
		if err.Extensions == nil {
			err.Extensions = map[string]any{}
		}
		err.Extensions["requestId"] = request
	}
	return err
}
