package gql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/graph-gophers/graphql-go"
	"github.com/rs/zerolog"

	"chat/modules/fault"
)

// newExecutor is an executor with the usual limits.
func newExecutor(t testing.TB, c Config) *Executor {
	t.Helper()
	c.Limits, c.Introspection = DefaultLimits(), everybody
	x, err := NewExecutor(c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// healthy is an executor for what does not look at its schema.
func healthy(t testing.TB) *Executor {
	t.Helper()
	return newExecutor(t, Config{SDL: `type Query { health: String! }`, Root: &store{}})
}

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
	var log bytes.Buffer
	x := newExecutor(t, Config{
		SDL: `type Query { panics: String! fails: String! wrapped: String! busy: String! }`, Root: &failing{},
		Elsewhere: map[string]string{"mutation send": "sender"}, Log: zerolog.New(&log),
	})
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
		res := x.Execute(ctx, doc, 0)
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
	x := healthy(t)
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

// store is a store that is out of reach, below changes that do and do not need it.
type store struct{}

type changed struct{}

func (store) Health() string                   { return "ok" }
func (store) Refuses() (string, error)         { return "", fault.Busy(errors.New("canary")) }
func (store) Doubts() (string, error)          { return "", fault.Doubtful(errors.New("canary")) }
func (store) Shows() (changed, error)          { return changed{}, nil }
func (changed) Name() (string, error)          { return "", fault.Busy(errors.New("canary")) }
func (store) Waits(ctx context.Context) string { <-ctx.Done(); return "" }

// TestMutationsSayWhatHasBecomeOfThem where a store is out of reach.
func TestMutationsSayWhatHasBecomeOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExecutor(t, Config{SDL: `type Query { health: String! waits: String! } type Changed { name: String! }
			type Mutation { refuses: String! doubts: String! shows: Changed! waits: String! }`, Root: &store{}})
		for query, want := range map[string]string{
			"mutation { refuses }":        "map[code:UNAVAILABLE]",
			"mutation { doubts }":         "map[code:UNAVAILABLE outcome:unknown]",
			"mutation { shows { name } }": "map[code:UNAVAILABLE outcome:unknown]",
			"mutation { waits }":          "map[code:UNAVAILABLE outcome:unknown]",
		} {
			doc, refusal := x.Parse(t.Context(), Request{Query: query})
			if refusal != nil {
				t.Fatal(refusal)
			}
			began := time.Now()
			res := x.Execute(t.Context(), doc, 0)
			if got := fmt.Sprint(res.Errors[0].Extensions); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
			if took := time.Since(began); took > mutationTime {
				t.Errorf("%s took %s", query, took)
			}
		}
	})
}

// TestEncode: a response is the same text whichever way it is put together.
func TestEncode(t *testing.T) {
	for _, res := range []*Response{
		{Response: graphql.Response{Data: []byte(`{"a":"\u003cb\u003e","c":[1,null]}`)}},
		{Response: graphql.Response{Data: []byte(`null`), Errors: []*Error{{Message: "wrong"}}}},
		{Response: graphql.Response{Data: []byte(`{"a":1}`), Extensions: map[string]any{"truncated": []string{"a"}}}},
		Failed(&Error{Message: "wrong"}),
		{},
	} {
		want, err := json.Marshal(res.Response)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := res.Encode(); err != nil || string(got) != string(want) {
			t.Errorf("encoded as %s (%v), want %s", got, err, want)
		}
	}
}

func everybody(context.Context) bool { return true }

type guest struct{}

type shapes struct{}

func (shapes) Health() string                   { return "ok" }
func (shapes) Shape() *struct{ Message string } { return &struct{ Message string }{"x"} }

// TestTheSchemaIsShownToSome: others are refused when they ask for it, below the root nobody may ask, and who may not see it
// is not helped with its names.
func TestTheSchemaIsShownToSome(t *testing.T) {
	knows := func(ctx context.Context) bool { return ctx.Value(guest{}) == nil }
	x, err := NewExecutor(Config{
		SDL: `type Query { health: String! shape: Shape! } type Shape { message: String! }`, Root: &shapes{}, Limits: DefaultLimits(),
		Introspection: knows, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ query, known, guest string }{
		{`{ __typename }`, `{"data":{"__typename":"Query"}}`, ``},
		{`{ shape { __typename } }`, `{"data":{"shape":{"__typename":"Shape"}}}`, ``},
		{`{ __schema { queryType { name } } }`, `{"data":{"__schema":{"queryType":{"name":"Query"}}}}`, `UNAUTHENTICATED`},
		{`{ health ...f } fragment f on Query { x: __type(name: "Shape") { name } }`, `{"data":{"health":"ok","x":{"name":"Shape"}}}`, `UNAUTHENTICATED`},
		{`{ shape { __schema { queryType { name } } } }`, `GRAPHQL_VALIDATION_FAILED`, `GRAPHQL_VALIDATION_FAILED`},
		{`{ shape { ...f } } fragment f on Shape { __type(name: "Shape") { name } }`, `GRAPHQL_VALIDATION_FAILED`, `GRAPHQL_VALIDATION_FAILED`},
		{`mutation { __schema { queryType { name } } }`, `GRAPHQL_VALIDATION_FAILED`, `GRAPHQL_VALIDATION_FAILED`},
		{`subscription { __type(name: "Shape") { name } }`, `GRAPHQL_VALIDATION_FAILED`, `GRAPHQL_VALIDATION_FAILED`},
		{`{ helth }`, `Cannot query field \"helth\" on type \"Query\". Did you mean \"health\"?`, `Cannot query field \"helth\" on type \"Query\".`},
		{`{ shape }`, `must have a selection of subfields. Did you mean`, `must have a selection of subfields.`},
	} {
		for ctx, want := range map[context.Context]string{t.Context(): c.known, context.WithValue(t.Context(), guest{}, true): c.guest} {
			if want == "" {
				want = c.known
			}
			doc, refusal := x.Parse(ctx, Request{Query: c.query})
			res := Failed(refusal)
			if refusal == nil {
				res = x.Execute(ctx, doc, 0)
			}
			body, err := res.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got := string(body)
			if !strings.Contains(got, want) || !knows(ctx) && strings.Contains(got, "Did you mean") {
				t.Errorf("%s, may see the schema %t: %s, want %s", c.query, knows(ctx), got, want)
			}
			if strings.Contains(want, "UNAUTHENTICATED") && (!res.Started || !strings.Contains(got, `"data":null`)) {
				t.Errorf("%s: started %t, %s", c.query, res.Started, got)
			}
		}
	}
}
