package gql

import (
	"encoding/json"
	stderrors "errors"
	"slices"
	"strings"
	"testing"

	"github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/errors"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/ast"
)

// counted is what a selection amounts to when every fragment is spread, as an executor does it.
type counted struct {
	depth, fields int
	selections    int // fields and fragments
	isCyclic      bool
	skips         bool // whether something is asked depends on a directive
}

// plain counts the slow way; it gives up beyond a budget.
func plain(doc *ast.QueryDocument, set ast.SelectionSet, open map[string]bool, budget *int) (c counted) {
	for _, selection := range set {
		if *budget--; *budget < 0 {
			return c
		}
		var inner counted
		var directives ast.DirectiveList
		switch s := selection.(type) {
		case *ast.Field:
			inner, directives = plain(doc, s.SelectionSet, open, budget), s.Directives
			inner.depth, inner.fields = inner.depth+1, inner.fields+1
		case *ast.InlineFragment:
			inner, directives = plain(doc, s.SelectionSet, open, budget), s.Directives
		case *ast.FragmentSpread:
			directives = s.Directives
			if fragment := doc.Fragments.ForName(s.Name); open[s.Name] {
				inner.isCyclic = true
			} else if fragment != nil {
				open[s.Name] = true
				inner = plain(doc, fragment.SelectionSet, open, budget)
				delete(open, s.Name)
			}
		}
		c.depth, c.fields, c.selections = max(c.depth, inner.depth), c.fields+inner.fields, c.selections+1+inner.selections
		c.isCyclic, c.skips = c.isCyclic || inner.isCyclic, c.skips || inner.skips || len(directives) > 0
	}
	return c
}

// FuzzLimits: the meter never panics, and what it lets through is within the limits when it is counted the slow way.
func FuzzLimits(f *testing.F) {
	for _, seed := range []string{
		`{ health }`, `query a($x: Int) { a { b { c } } }`, `{ ...f } fragment f on Query { a ...g } fragment g on Query { b { c } }`,
		`{ ...f } fragment f on Query { ...f }`, `{ a: b c: d @skip(if: true) }`, `mutation { login login }`, `{`, `subscription { x }`,
		`{ ... on Query { a } ... { b } }`, `{ a(x: 1e400) }`, `{ a { __schema { types { name } } } }`,
	} {
		f.Add(seed)
	}
	limits := DefaultLimits()
	f.Fuzz(func(t *testing.T, query string) {
		doc, refusal := Parse(t.Context(), Request{Query: query}, limits)
		if refusal != nil {
			return
		}
		budget := 100_000
		c := plain(doc.Source, doc.Operation.SelectionSet, map[string]bool{}, &budget)
		if budget < 0 || c.fields > limits.Fields || c.depth > limits.IntrospectionDepth {
			t.Fatalf("%q is %d deep with %d fields and was let through", query, c.depth, c.fields)
		}
	})
}

// tree is a schema of every kind of argument, without end.
const tree = `
	scalar Seq
	scalar DateTime
	type Query { t(a: Int, b: String, c: Boolean, d: Seq, e: DateTime, f: ID, g: [Int!], h: In): T! n: T l(n: Int): [T!]! s: String! }
	type Mutation { t(h: In!): T! }
	type T { t(a: Int, d: Seq, h: In): T! n: T s: String! i: Int! }
	input In { a: Int b: String! d: Seq in: In list: [In!] }`

type (
	treeRoot struct{}
	treeNode struct{}

	treeIn struct {
		A    *int32
		B    string
		D    *Seq
		In   *treeIn
		List *[]treeIn
	}
	treeArgs struct {
		A *int32
		B *string
		C *bool
		D *Seq
		E *DateTime
		F *graphql.ID
		G *[]int32
		H *treeIn
	}
	nodeArgs struct {
		A *int32
		D *Seq
		H *treeIn
	}
)

func (treeRoot) Query() any    { return &treeQuery{} }
func (treeRoot) Mutation() any { return &treeMutation{} }

type (
	treeQuery    struct{}
	treeMutation struct{}
)

func (*treeQuery) T(args treeArgs) (*treeNode, error) {
	_, err := args.D.Value("d")
	return &treeNode{}, err
}
func (*treeQuery) N() *treeNode { return nil }
func (*treeQuery) L(args struct{ N *int32 }) ([]*treeNode, error) {
	n, err := Int("n", args.N, 0, 3, 2)
	return slices.Repeat([]*treeNode{{}}, n), err
}
func (*treeQuery) S() string { return "query" }

func (*treeMutation) T(struct{ H treeIn }) *treeNode { return &treeNode{} }

func (*treeNode) T(nodeArgs) *treeNode { return &treeNode{} }
func (*treeNode) N() *treeNode         { return nil }
func (*treeNode) S() string            { return "node" }
func (*treeNode) I() int32             { return 7 }

// bound is a limit of graphql-go's own; 0 is none.
type bound struct{ depth, selections int }

// bounded is the schema under that limit. known keeps those that were made.
func bounded(t *testing.T, known map[bound]*graphql.Schema, b bound) *graphql.Schema {
	t.Helper()
	if known[b] == nil {
		schema, err := graphql.ParseSchema(tree, &treeRoot{}, append(options(everybody), graphql.MaxDepth(b.depth), graphql.MaxSelections(b.selections))...)
		if err != nil {
			t.Fatal(err)
		}
		known[b] = schema
	}
	return known[b]
}

func tooDeep(errs []*errors.QueryError) bool {
	return slices.ContainsFunc(errs, func(e *errors.QueryError) bool { return e.Rule == "MaxDepthExceeded" })
}

func tooMany(errs []*errors.QueryError) bool {
	return slices.ContainsFunc(errs, func(e *errors.QueryError) bool { return stderrors.Is(e, graphql.ErrTooManySelections) })
}

// FuzzExecutor: what the meter lets through, graphql-go counts as the meter does; it never fails inside, and the compiled form
// of an operation answers what graphql-go has answered.
func FuzzExecutor(f *testing.F) {
	for _, seed := range []string{
		`{ s }`, `{ t { t { t { s } } } }`, `{ ...f } fragment f on Query { s ...g } fragment g on Query { t { s } }`, `{ t(d: 1e3) { s } }`,
		`{ t(a: 1, b: "x", c: true, d: 9007199254740991, e: "2026-01-01T00:00:00Z", f: "x", g: [1, 2], h: {b: "x", in: {b: "y"}, list: []}) { i } }`,
		`query($a: Int = 1, $h: In) { t(a: $a, h: $h) { a: i b: s } }`, `query($d: Seq) { l(n: 3) { t(d: $d) { i @skip(if: true) } } }`, `mutation { t(h: {b: "x"}) { s } }`,
		`{ n { s } l { n { s } __typename } __typename }`, `{ ... on Query { s } ... { s } ...f @include(if: true) } fragment f on Query { l { ...g } } fragment g on T { s }`,
		`{ t(d: "x") { s } }`, `{ l(n: -1) { s } }`, `{ __type(name: "T") { fields { name } } }`, `{ __schema { types { name } } }`, `query a { s } query b { s }`,
	} {
		f.Add(seed, `{"a":1,"d":2,"h":{"b":"x"}}`)
	}
	f.Add(`query($a: Int, $d: Seq) { t(a: $a, d: $d) { s } }`, `{"a":1e300,"d":"x"}`)
	x, err := NewExecutor(Config{SDL: tree, Root: &treeRoot{}, Introspection: everybody, Limits: DefaultLimits(), Log: zerolog.Nop()})
	if err != nil {
		f.Fatal(err)
	}
	known := map[bound]*graphql.Schema{}
	f.Fuzz(func(t *testing.T, query, variables string) {
		x.prepared.known = nil
		values := func() (v map[string]any) {
			if json.Unmarshal([]byte(variables), &v) != nil {
				return nil
			}
			return v
		}
		doc, refusal := x.Parse(t.Context(), Request{Query: query, Variables: values()})
		if refusal != nil || doc.IsSubscription() {
			return
		}
		first := execute(t, x, doc, values())
		if again := execute(t, x, doc, values()); again != first {
			t.Fatalf("%q answers %s, and then %s", query, first, again)
		}
		budget := 100_000
		c := plain(doc.Source, doc.Operation.SelectionSet, map[string]bool{}, &budget)
		if c.isCyclic || len(doc.Source.Operations) > 1 || strings.Contains(first, string(ParseFailed)) {
			return // graphql-go refuses it, or counts another operation as well
		}
		if tooDeep(bounded(t, known, bound{depth: c.depth}).Validate(query)) {
			t.Fatalf("%q is deeper than %d for graphql-go", query, c.depth)
		}
		if c.depth > 1 && !tooDeep(bounded(t, known, bound{depth: c.depth - 1}).Validate(query)) {
			t.Fatalf("%q is not as deep as %d for graphql-go", query, c.depth)
		}
		exec := func(most int) bool {
			return tooMany(bounded(t, known, bound{selections: most}).Exec(t.Context(), query, doc.OperationName, values()).Errors)
		}
		if exec(c.selections) {
			t.Fatalf("%q has more than %d selections for graphql-go", query, c.selections)
		}
		if c.selections > 1 && !c.skips && strings.HasPrefix(first, `{"data":{`) && !exec(c.selections-1) {
			t.Fatalf("%q has less than %d selections for graphql-go", query, c.selections)
		}
	})
}

// execute gives the answer to a document.
func execute(t *testing.T, x *Executor, doc *Document, values map[string]any) string {
	t.Helper()
	asked := *doc
	asked.Variables = values
	res := x.Execute(t.Context(), &asked, 0)
	for _, err := range res.Errors {
		if err.Extensions["code"] == "INTERNAL_SERVER_ERROR" {
			t.Fatalf("%q with %v fails inside: %v", doc.Query, values, err)
		}
	}
	slices.SortFunc(res.Errors, func(a, b *Error) int { return strings.Compare(a.Message, b.Message) }) // they come as they happen
	text, err := res.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
