package projection_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/graph-gophers/graphql-go"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"pgregory.net/rapid"

	"chat/modules/projection"
)

const sdl = `
	scalar Moment
	enum Kind { RED GREEN }
	input In { a: String! b: Int c: [ID!] d: Inner e: Boolean }
	input Inner { x: [[Int]!] y: Boolean! }
	input Endless { again: Endless }
	type Query {
		echo(id: ID!, n: Int, flag: Boolean, text: String, at: Moment, list: [String!], in: In, ins: [In!]): Thing
		things(n: Int!): [Thing!]!
		count: Int!
		fails: Thing
		nothing: Thing
		endless(in: Endless): Int!
	}
	type Mutation { change(in: In!): Thing! }
	type Thing {
		id: ID! name: String! given: String! n: Int flag: Boolean! big: Float! at: Moment! maybeAt: Moment
		kind: Kind! badKind: Kind odd: String!
		fails: String failsHard: String! panics: String nilHard: Thing! waits: String!
		child: Thing children: [Thing!]! holes: [Thing] names: [String!]! flat: Flat! flats: [Flat!]! mapped: Flat
	}
	type Flat { x: Int! under_score: String! thing: Thing }`

type id [2]byte

func (i id) AppendText(b []byte) ([]byte, error)  { return fmt.Appendf(b, "%x", i[:]), nil }
func (i id) MarshalText() ([]byte, error)         { return i.AppendText(nil) }
func (id) ImplementsGraphQLType(name string) bool { return name == "ID" }
func (i *id) UnmarshalGraphQL(input any) error {
	text, _ := input.(string)
	copy(i[:], text)
	return nil
}

type moment struct{ time.Time }

func (moment) ImplementsGraphQLType(name string) bool { return name == "Moment" }
func (m *moment) UnmarshalGraphQL(input any) error {
	m.Time = time.Unix(int64(len(fmt.Sprint(input))), 0)
	return nil
}
func (m moment) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `"%d"`, m.Unix()), nil }

type kind string

type in struct {
	A string
	B *int32
	C *[]id
	D *inner
	E *bool
}

type inner struct {
	X *[][]*int32
	Y bool
}

type endless struct{ Again *endless }

type echoArgs struct {
	ID   id
	N    *int32
	Flag *bool
	Text *string
	At   *moment
	List *[]string
	In   *in
	Ins  *[]in
}

type root struct{}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (root) Echo(_ context.Context, a echoArgs) (*thing, error) {
	return &thing{Name: "echo", Given: text(a), depth: 3}, nil
}

func (root) Things(a struct{ N int32 }) []*thing {
	list := []*thing{}
	for n := range a.N % 4 {
		list = append(list, &thing{Name: fmt.Sprint(n), depth: 2})
	}
	return list
}
func (root) Count() int32                          { return 7 }
func (root) Fails(context.Context) (*thing, error) { return nil, errors.New("no") }
func (root) Endless(struct{ In *endless }) int32   { return 1 }
func (root) Nothing() *thing                       { return nil }
func (root) Change(a struct{ In in }) (*thing, error) {
	if a.In.A == "bad" {
		return nil, coded{}
	}
	return &thing{Name: a.In.A, Given: text(a), depth: 3}, nil
}

type coded struct{}

func (coded) Error() string              { return "refused" }
func (coded) Extensions() map[string]any { return map[string]any{"code": "NO"} }

type thing struct {
	Name, Given string
	N           *int32
	depth       int
}

func (t *thing) ID() id                  { return id{1, byte(t.depth)} }
func (t *thing) Flag() bool              { return t.depth > 1 }
func (t *thing) Big() float64            { return 1.5 }
func (t *thing) At() moment              { return moment{time.Unix(99, 0)} }
func (t *thing) MaybeAt() *moment        { return nil }
func (t *thing) Kind() kind              { return "RED" }
func (t *thing) BadKind() *kind          { k := kind("BLUE"); return &k }
func (t *thing) Odd() string             { return "<b>\u2028\"\\\x01 é & 😀" }
func (t *thing) Fails() (*string, error) { return nil, errors.New("fails") }
func (t *thing) FailsHard() (string, error) {
	return "", coded{}
}
func (t *thing) Panics() *string                       { panic("canary") }
func (t *thing) NilHard() *thing                       { return nil }
func (t *thing) Waits(context.Context) string          { return "waited" }
func (t *thing) Child(context.Context) (*thing, error) { return t.below(), nil }
func (t *thing) Children() []*thing                    { return []*thing{t.below(), t.below()} }
func (t *thing) Holes() *[]*thing                      { return &[]*thing{t.below(), nil} }
func (t *thing) Names() []string                       { return []string{"a", "b"} }
func (t *thing) Flat() flat                            { return flat{X: 1, UnderScore: "u", below: t} }
func (t *thing) Flats() []flat                         { return []flat{{X: 2, below: t}, {X: 3, below: t}} }
func (t *thing) Mapped() *flat                         { return &flat{X: 4, below: t} }

func (t *thing) below() *thing {
	if t.depth == 0 {
		return &thing{Name: "end"}
	}
	return &thing{Name: "below", depth: t.depth - 1}
}

type flat struct {
	X          int32
	UnderScore string
	below      *thing
}

func (f flat) Thing() *thing { return f.below }

type quiet struct{}

func (quiet) MakePanicError(_ context.Context, value any) *gqlerrors.QueryError {
	return &gqlerrors.QueryError{Message: "panic"}
}
func (quiet) LogPanic(context.Context, any) {}

func oracle(t testing.TB) *graphql.Schema {
	t.Helper()
	schema, err := graphql.ParseSchema(sdl, &root{}, graphql.UseFieldResolvers(), graphql.PanicHandler(quiet{}), graphql.Logger(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func compile(t interface{ Fatal(...any) }, query string) *projection.Projection {
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	doc, parseErr := parser.ParseQuery(&ast.Source{Input: query})
	if parseErr != nil {
		t.Fatal(parseErr)
	}
	return projection.Compile(schema, &root{}, doc.Operations[0], doc.Fragments)
}

// isExecuted tells whether graphql-go found an operation and its variables valid.
func isExecuted(res *graphql.Response) bool {
	return !slices.ContainsFunc(res.Errors, func(e *gqlerrors.QueryError) bool { return e.Path == nil })
}

// shown is what of a result does not depend on the order of what runs at the same time.
func shown(t interface{ Fatal(...any) }, data []byte, errs []*gqlerrors.QueryError) (any, []string) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal("the data is no JSON: ", string(data))
	}
	var all []string
	for _, e := range errs {
		all = append(all, fmt.Sprint(e.Path, e.Message, e.Extensions, e.ResolverError != nil && e.Message != "panic"))
	}
	slices.Sort(all)
	return value, all
}

func compare(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, schema *graphql.Schema, query string, variables map[string]any) (isCompiled bool) {
	want := schema.Exec(context.Background(), query, "", variables)
	p := compile(t, query)
	if p == nil {
		return false
	}
	data, errs, ok := p.Run(context.Background(), variables)
	if !ok {
		return false
	}
	if !isExecuted(want) {
		t.Errorf("%s with %v was executed, and graphql-go says %v", query, variables, want.Errors)
		return true
	}
	wantData, wantErrs := shown(t, want.Data, want.Errors)
	gotData, gotErrs := shown(t, data, errs)
	if !reflect.DeepEqual(gotData, wantData) || !slices.Equal(gotErrs, wantErrs) {
		t.Errorf("%s with %v:\n%s %q\ngraphql-go:\n%s %q", query, variables, data, gotErrs, want.Data, wantErrs)
	}
	return true
}

// TestProjectionsAgree: what people write is compiled, and gives what graphql-go gives.
func TestProjectionsAgree(t *testing.T) {
	schema := oracle(t)
	for _, c := range []struct {
		query     string
		variables map[string]any
	}{
		{`{ count }`, nil},
		{`{ nothing { name } }`, nil},
		{`{ fails { name } }`, nil},
		{`query Q($i: ID!) { e: echo(id: $i, n: 5, flag: true, text: "x\ny", at: "now", list: ["a"], in: {a: "q", c: ["i"]}) { given } }`, vars{"i": "ab"}},
		{`query($i: ID!, $n: Int, $in: In, $ins: [In!]) { echo(id: $i, n: $n, in: $in, ins: $ins) { given } }`,
			vars{"i": "ab", "n": 3.0, "in": vars{"a": "1", "b": 2.0, "e": true, "d": vars{"y": true, "x": []any{[]any{1.0, nil}}}}, "ins": []any{vars{"a": "3", "c": []any{"x", "y"}}}}},
		{`query($i: ID!, $n: Int, $l: [String!]) { echo(id: $i, n: $n, list: $l, in: {a: "x", b: $n}) { given } }`, vars{"i": "ab", "n": nil}},
		{`mutation($in: In!) { change(in: $in) { id name odd kind at maybeAt n flag big names __typename } }`, vars{"in": vars{"a": "é"}}},
		{`mutation($a: String!) { change(in: {a: $a}) { name } }`, vars{"a": "bad"}},
		{`{ echo(id: "x") { name fails panics failsHard } }`, nil},
		{`{ echo(id: "x") { badKind flat { x under_score thing { name nilHard { name } } } flats { x } mapped { x } } }`, nil},
		{`{ things(n: 3) { name children { name holes { id } } ...f ... on Thing { name flag } } } fragment f on Thing { kind children { odd } }`, nil},
		{`{ echo(id: "x") { child { child { name waits } } } }`, nil},
	} {
		if !compare(t, schema, c.query, c.variables) && !strings.Contains(c.query, "failsHard") {
			t.Errorf("%s is left to graphql-go", c.query)
		}
	}
	for _, query := range []string{ // for graphql-go: two could wait at the same time, or the document decides while it runs
		`{ echo(id: "x") { waits child { name } } }`, `{ things(n: 2) { waits } }`, `{ a: count b: count }`,
		`query($y: Boolean!) { count @skip(if: $y) }`, `query($n: Int = 5) { things(n: $n) { name } }`, `{ endless(in: {}) }`, `{ __schema { types { name } } }`,
	} {
		if compile(t, query) != nil {
			t.Errorf("%s is compiled", query)
		}
	}
	for _, wrong := range []vars{{}, {"i": 5.0}, {"i": nil}, {"i": "x", "more": 1.0}, {"i": "x", "n": 1.5}, {"i": "x", "n": 3e9}, {"i": "x", "n": "1"},
		{"i": "x", "in": vars{}}, {"i": "x", "in": vars{"a": "x", "z": 1.0}}, {"i": "x", "in": vars{"a": 1.0}}, {"i": "x", "in": "a"}} {
		query := `query($i: ID!, $n: Int, $in: In) { echo(id: $i, n: $n, in: $in) { name } }`
		if _, _, ok := compile(t, query).Run(t.Context(), wrong); ok {
			t.Errorf("variables %v are taken", wrong)
		}
	}
}

type vars = map[string]any

// TestGeneratedDocuments are compiled or not; where they are the result is graphql-go's.
func TestGeneratedDocuments(t *testing.T) {
	schema, taken := oracle(t), 0
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t}
		query := g.document()
		if res := schema.Exec(context.Background(), query, "", g.variables); !isExecuted(res) && !g.isOdd {
			t.Fatalf("%s with %v: %v", query, g.variables, res.Errors)
		} else if !isExecuted(res) && schema.Validate(query) != nil {
			return
		}
		if compare(t, schema, query, g.variables) {
			taken++
		}
	})
	if taken < 20 {
		t.Errorf("only %d documents were compiled", taken)
	}
}

// generator makes a document, and variables that may be odd.
type generator struct {
	t         *rapid.T
	declared  []string
	variables vars
	isOdd     bool
	fragments []string
	alias     int
}

func (g *generator) pick(options ...string) string {
	return rapid.SampledFrom(options).Draw(g.t, "pick")
}

func (g *generator) document() string {
	g.variables = vars{}
	var root string
	switch g.pick("echo", "things", "change", "count") {
	case "echo":
		root = "echo(id: " + g.value("ID!", `"ab"`, "ab") + ", n: " + g.value("Int", "4", 4.0) + ", text: " + g.value("String", `"t"`, "t") +
			", in: " + g.value("In", `{a: "x", b: 1}`, vars{"a": "x", "b": 1.0, "c": []any{"q"}}) + ")" + g.selection(2)
	case "things":
		root = "things(n: " + g.value("Int!", "3", 2.0) + ")" + g.selection(2)
	case "change":
		root = "change(in: " + g.value("In!", `{a: "x"}`, vars{"a": g.pick("x", "bad")}) + ")" + g.selection(2)
	case "count":
		root = "count"
	}
	kind := "query"
	if strings.HasPrefix(root, "change") {
		kind = "mutation"
	}
	head := ""
	if len(g.declared) > 0 {
		head = "(" + strings.Join(g.declared, ", ") + ")"
	}
	return kind + head + " { " + root + " } " + strings.Join(g.fragments, " ")
}

// value is a literal, or a variable, whose value may be odd.
func (g *generator) value(of, literal string, value any) string {
	if rapid.Bool().Draw(g.t, "literal") {
		return literal
	}
	name := fmt.Sprint("v", len(g.declared))
	g.declared = append(g.declared, "$"+name+": "+of)
	switch g.pick("as it is", "as it is", "as it is", "as it is", "absent", "null", "number", "text", "list") {
	case "as it is":
		g.variables[name] = value
		return "$" + name
	case "absent":
	case "null":
		g.variables[name] = nil
	case "number":
		g.variables[name] = 1.5
	case "text":
		g.variables[name] = "text"
	case "list":
		g.variables[name] = []any{value}
	}
	g.isOdd = true
	return "$" + name
}

func (g *generator) selection(depth int) string {
	var parts []string
	for range rapid.IntRange(1, 5).Draw(g.t, "fields") {
		options := []string{"id", "name", "given", "n", "flag", "big", "at", "maybeAt", "kind", "odd", "names", "__typename", "fails", "panics", "badKind"}
		if depth > 0 {
			options = append(options, "child", "children", "holes", "flat", "flats", "mapped", "nilHard", "fragment", "inline", "failsHard", "waits")
		}
		field := g.pick(options...)
		switch field {
		case "child", "children", "holes", "nilHard":
			field += g.selection(depth - 1)
		case "flat", "flats", "mapped":
			field += " { x under_score thing" + g.selection(depth-1) + " }"
		case "fragment":
			name := fmt.Sprint("f", len(g.fragments))
			g.fragments = append(g.fragments, "")
			at := len(g.fragments) - 1
			g.fragments[at] = "fragment " + name + " on Thing" + g.selection(depth-1)
			parts = append(parts, "..."+name)
			continue
		case "inline":
			parts = append(parts, "... on Thing"+g.selection(depth-1))
			continue
		}
		if rapid.Bool().Draw(g.t, "alias") {
			g.alias++
			field = fmt.Sprint("a", g.alias, ": ", field)
		}
		parts = append(parts, field)
	}
	return " { " + strings.Join(parts, " ") + " }"
}

const likeASend = `mutation($a: String!, $b: Int) { change(in: {a: $a, b: $b}) { id name given odd kind at flag n } }`

func BenchmarkProjection(b *testing.B) {
	p, v := compile(b, likeASend), vars{"a": "hello", "b": 5.0}
	for b.Loop() {
		if _, errs, ok := p.Run(b.Context(), v); !ok || errs != nil {
			b.Fatal(errs)
		}
	}
}

func BenchmarkGraphQLGo(b *testing.B) {
	schema, v := oracle(b), vars{"a": "hello", "b": 5.0}
	for b.Loop() {
		if res := schema.Exec(b.Context(), likeASend, "", v); res.Errors != nil {
			b.Fatal(res.Errors)
		}
	}
}
