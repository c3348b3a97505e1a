package gql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/graph-gophers/graphql-go"
	"github.com/rs/zerolog"

	"chat/modules/fault"
)

type failing struct{}

func (failing) Panics() (string, error) { panic("canary") }
func (failing) Fails() (string, error)  { return "", errors.New("pq: canary") }
func (failing) Wrapped() (string, error) {
	return "", fmt.Errorf("canary: %w", fault.Invalid("limit", "is negative"))
}
func (failing) Busy() (string, error) { return "", fault.Doubtful(errors.New("canary")) }

// TestErrorsSayNothingOfTheInside: what a resolver fails with reaches the log, and the caller a code, a text, and the id to
// quote.
func TestErrorsSayNothingOfTheInside(t *testing.T) {
	schema, err := graphql.ParseSchema(`type Query { panics: String! fails: String! wrapped: String! busy: String! }`,
		&failing{}, Options(func(context.Context) bool { return true })...)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	x := NewExecutor(schema, DefaultLimits(), map[string]string{"mutation send": "sender"}, zerolog.New(&log))
	for field, want := range map[string]string{
		"panics":  `map[code:INTERNAL_SERVER_ERROR requestId:r1] Internal error`,
		"fails":   `map[code:INTERNAL_SERVER_ERROR requestId:r1] Internal error`,
		"wrapped": `map[code:BAD_USER_INPUT field:limit requestId:r1] limit is negative`,
		"busy":    `map[code:UNAVAILABLE outcome:unknown requestId:r1] The service is busy or its store is out of reach. Try again.`,
	} {
		log.Reset()
		ctx := WithRequestID(t.Context(), "r1")
		doc, refusal := x.Parse(ctx, Request{Query: "{ " + field + " }"})
		if refusal != nil {
			t.Fatal(refusal)
		}
		res := x.Execute(ctx, doc)
		if got := fmt.Sprint(res.Errors[0].Extensions, " ", res.Errors[0].Message); got != want || !res.Started {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
		if field != "wrapped" && (!strings.Contains(log.String(), "canary") || !strings.Contains(log.String(), `"request":"r1"`)) {
			t.Errorf("%s: the log says %s", field, log.String())
		}
	}
	_, refusal := x.Parse(t.Context(), Request{Query: "mutation { send }"})
	if refusal == nil || refusal.Extensions["role"] != "sender" || refusal.Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("a field of another role: %v", refusal)
	}
}

// TestKnownDocumentsKeepNobodysVariables, and stay within their bound.
func TestKnownDocumentsKeepNobodysVariables(t *testing.T) {
	x := NewExecutor(nil, DefaultLimits(), nil, zerolog.Nop())
	req := Request{Query: `query a($x: Int) { a } query b { b }`, OperationName: "a", Variables: map[string]any{"x": 1}}
	first, refusal := x.Parse(t.Context(), req)
	if refusal != nil {
		t.Fatal(refusal)
	}
	req.Variables = nil
	again, _ := x.Parse(t.Context(), req)
	if again.Source != first.Source || again.Variables != nil || first.Variables["x"] != 1 {
		t.Errorf("the same document again: parsed again %t, with %v", again.Source != first.Source, again.Variables)
	}
	req.OperationName = "b"
	if other, _ := x.Parse(t.Context(), req); other.Operation.Name != "b" {
		t.Errorf("another operation of the document: %s", other.Operation.Name)
	}
	for n := range 3 * maxKnown {
		if _, refusal := x.Parse(t.Context(), Request{Query: fmt.Sprintf("{ a%d }", n)}); refusal != nil {
			t.Fatal(refusal)
		}
	}
	if n := len(x.known.docs); n > maxKnown {
		t.Errorf("%d documents are kept", n)
	}
}
