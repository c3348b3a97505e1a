package gql

import (
	"context"
	"testing"
)

type shelf struct{}

func (shelf) Books(ctx context.Context, of struct{ Size int32 }) ([]string, error) {
	return []string{}, Listed(ctx, 0, int(of.Size)<<20)
}

type askerKey struct{}

// TestAnswersThatNobodyTookAreBounded for each caller: what is asked for and not read must not take all memory.
func TestAnswersThatNobodyTookAreBounded(t *testing.T) {
	x := newExecutor(t, Config{
		SDL: `type Query { books(size: Int!): [String!]! }`, Root: &shelf{},
		Caller: func(ctx context.Context) string { return ctx.Value(askerKey{}).(string) },
	})
	ask := func(who string, size int) *Response {
		ctx := context.WithValue(t.Context(), askerKey{}, who)
		doc, refusal := x.Parse(ctx, Request{Query: `query($s: Int!) { books(size: $s) }`, Variables: map[string]any{"s": size}})
		if refusal != nil {
			t.Fatal(refusal)
		}
		return x.Execute(ctx, doc, 0)
	}
	check := func(what string, res *Response, isRefused bool) {
		t.Helper()
		wasRefused := len(res.Errors) == 1 && res.Errors[0].Extensions["code"] == string(TooComplex)
		if wasRefused != isRefused || len(res.Errors) > 1 {
			t.Errorf("%s: refused %t, want %t: %v", what, wasRefused, isRefused, res.Errors)
		}
	}
	first, second := ask("ann", 60), ask("ann", 60)
	check("the first", first, false)
	check("the second", second, false)
	third := ask("ann", 60)
	check("one more, while two were not taken", third, true)
	if third.Errors[0].Extensions["retryAfter"] != 1 {
		t.Errorf("it says of another try %v", third.Errors[0].Extensions)
	}
	check("somebody else's", ask("bob", 60), false)
	third.Release()
	first.Release()
	first.Release()
	check("one more, when one was taken", ask("ann", 60), false)
	check("too large by itself", ask("cid", 65), true)
	second.Release()

	late := &execution{callers: x.callers}
	x.callers.release(late)
	x.callers.hold(context.WithValue(t.Context(), askerKey{}, "dan"), late, 1)
	if n := x.callers.held["dan"]; n != 0 {
		t.Errorf("what goes on after its answer was taken holds %d bytes", n)
	}
}
