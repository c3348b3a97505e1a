package gql

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// TestCalls: a root field counts as often as it is called, also in fragments, and so again when the document is known.
func TestCalls(t *testing.T) {
	x := healthy(t)
	req := Request{Query: `mutation { a: send b: send ...f ... on Mutation { send } leave } fragment f on Mutation { send ...g ...g } fragment g on Mutation { edit }`}
	for range 2 {
		doc, refusal := x.Parse(t.Context(), req)
		if refusal != nil {
			t.Fatal(refusal)
		}
		if want := (map[string]int{"send": 4, "leave": 1, "edit": 2}); !maps.Equal(doc.Calls, want) {
			t.Errorf("calls %v, want %v", doc.Calls, want)
		}
	}
}

// FuzzSeq: whatever a client writes as a Seq is a whole number in range, or refused.
func FuzzSeq(f *testing.F) {
	for _, seed := range []string{"0", "1", "-1", "1.5", "9007199254740991", "9007199254740992", "1e3", "1e400", `"5"`, "null", "[]", "true", "-0"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var value any
		if json.Unmarshal(data, &value) != nil {
			return
		}
		var s Seq
		if err := s.UnmarshalGraphQL(value); err != nil {
			t.Fatalf("%s: %v; the code of the error would be lost", data, err)
		}
		n, err := s.Value("seq")
		if number, ok := value.(float64); err == nil && (!ok || float64(*n) != number || *n < 0 || *n > maxSeq) {
			t.Fatalf("%s became %d", data, *n)
		}
	})
}

// TestNumbersOutOfRange are refused wherever they stand: graphql-go panics over those that no number of Go can hold.
func TestNumbersOutOfRange(t *testing.T) {
	huge := strings.Repeat("9", 400)
	for _, query := range []string{
		`{ a(x: %s) }`, `{ a { b(x: [1, {c: %s}]) } }`, `query($v: Seq = %s) { a(x: $v) }`, `{ a @skip(if: %s) }`, `query @a(x: %s) { a }`,
		`{ ...f } fragment f on Query { a(x: %s) }`, `{ ...f } fragment f on Query @a(x: %s) { a }`, `{ ... @a(x: %s) { a } }`, `{ ...f @a(x: %s) } fragment f on Query { a }`,
	} {
		for number, fits := range map[string]bool{"0": true, "9223372036854775807": true, "-1.5e308": true, "1e-400": true, huge: false, "-" + huge: false, "1e400": false} {
			_, refusal := Parse(t.Context(), Request{Query: fmt.Sprintf(query, number)}, DefaultLimits())
			if (refusal == nil) != fits || refusal != nil && refusal.Extensions["code"] != string(ValidationFailed) {
				t.Errorf("%s with %.20s: %v", query, number, refusal)
			}
		}
	}
}
