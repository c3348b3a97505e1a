package receiver

import (
	"testing"

	"chat/modules/gql"
)

// TestAsQuery: a subscription becomes a query in its place, and nothing else of the document is touched.
func TestAsQuery(t *testing.T) {
	for query, want := range map[string]string{
		`subscription { a }`: `query        { a }`,
		"# ünder a subscription\n subscription subscription($subscription: Int) @a { subscription }": "# ünder a subscription\n query        subscription($subscription: Int) @a { subscription }",
		`fragment f on Subscription { a } subscription { ...f }`:                                     `fragment f on Subscription { a } query        { ...f }`,
		`query a { a } subscription b { b }`:                                                         ``,
	} {
		doc, refusal := gql.Parse(t.Context(), gql.Request{Query: query, OperationName: map[bool]string{true: "b"}[want == ""]}, gql.DefaultLimits())
		if refusal != nil {
			t.Fatal(refusal)
		}
		if got := asQuery(doc); got != want {
			t.Errorf("%q becomes %q, want %q", query, got, want)
		}
	}
}
