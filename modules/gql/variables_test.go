package gql

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/graph-gophers/graphql-go"
)

const changes = `
	scalar Seq
	scalar DateTime
	enum Color { RED GREEN }
	input In { id: ID! text: String! n: Int = 3 in: In color: Color many: [String!] }
	type Query { health: String! }
	type Mutation { change: Change! }
	type Change {
		int(v: Int): String! needed(v: Int!): String! float(v: Float): String! text(v: String): String! flag(v: Boolean): String! id(v: ID): String!
		seq(v: Seq): String! at(v: DateTime): String! color(v: Color): String! ids(v: [ID!]): String! lists(v: [[Int]]): String! in(v: In): String!
	}`

// changing counts its changes, and shows what it is given.
type changing struct{ changes int }

func (c *changing) Health() string    { return "ok" }
func (c *changing) Change() *changing { c.changes++; return c }

type inputShown struct {
	ID    graphql.ID
	Text  string
	N     int32
	In    *inputShown
	Color *string
	Many  *[]string
}

func shownAs(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (*changing) Int(a struct{ V *int32 }) string         { return shownAs(a.V) }
func (*changing) Needed(a struct{ V int32 }) string       { return shownAs(a.V) }
func (*changing) Float(a struct{ V *float64 }) string     { return shownAs(a.V) }
func (*changing) Text(a struct{ V *string }) string       { return shownAs(a.V) }
func (*changing) Flag(a struct{ V *bool }) string         { return shownAs(a.V) }
func (*changing) ID(a struct{ V *graphql.ID }) string     { return shownAs(a.V) }
func (*changing) Seq(a struct{ V *Seq }) string           { return shownAs(a.V) }
func (*changing) At(a struct{ V *DateTime }) string       { return shownAs(a.V) }
func (*changing) Color(a struct{ V *string }) string      { return shownAs(a.V) }
func (*changing) Ids(a struct{ V *[]graphql.ID }) string  { return shownAs(a.V) }
func (*changing) Lists(a struct{ V *[]*[]*int32 }) string { return shownAs(a.V) }
func (*changing) In(a struct{ V *inputShown }) string     { return shownAs(a.V) }

// asked gives the answer to a document as clients get it.
func asked(t *testing.T, x *Executor, query, variables string) string {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal([]byte(variables), &values); err != nil {
		t.Fatal(err)
	}
	doc, refusal := x.Parse(t.Context(), Request{Query: query, Variables: values})
	if refusal != nil {
		t.Fatal(refusal)
	}
	res := x.Execute(t.Context(), doc, 0)
	body, err := res.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if res.Started != strings.HasPrefix(string(body), `{"data"`) {
		t.Errorf("%s: started %t, but %s", query, res.Started, body)
	}
	return string(body)
}

// TestVariablesAreOfTheirTypesOrNothingRuns: the values of variables are coerced as GraphQL says, before anything runs, also
// where they are for something that comes after a change.
func TestVariablesAreOfTheirTypesOrNothingRuns(t *testing.T) {
	const misfit, null = "does not fit its type", "must not be null"
	in := func(rest string) string { return `{"v":{"id":"1","text":"x"` + rest + `}}` }
	for _, c := range []struct {
		kind, field, good, shown string
		bad                      map[string]string // what is wrong with a value
	}{
		{"Int", "int", `{"v":-7}`, `-7`, map[string]string{`{"v":"7"}`: misfit, `{"v":1.5}`: misfit, `{"v":2147483648}`: misfit, `{"v":1e300}`: misfit, `{"v":true}`: misfit, `{"v":[1]}`: misfit, `{"v":{}}`: misfit}},
		{"Int", "int", `{"v":7.0}`, `7`, nil},
		{"Int", "int", `{}`, `null`, nil},
		{"Int", "int", `{"v":null}`, `null`, nil},
		{"Int!", "needed", `{"v":2147483647}`, `2147483647`, map[string]string{`{}`: "is missing", `{"v":null}`: null, `{"v":"x"}`: misfit}},
		{"Int = 5", "needed", `{}`, `5`, map[string]string{`{"v":null}`: null, `{"v":"x"}`: misfit}},
		{"Int = 5", "int", `{"v":null}`, `null`, nil},
		{"Float", "float", `{"v":7}`, `7`, map[string]string{`{"v":"7"}`: misfit, `{"v":true}`: misfit}},
		{"String", "text", `{"v":"7"}`, `"7"`, map[string]string{`{"v":7}`: misfit, `{"v":false}`: misfit, `{"v":["7"]}`: misfit}},
		{"Boolean", "flag", `{"v":true}`, `true`, map[string]string{`{"v":"true"}`: misfit, `{"v":1}`: misfit}},
		{"ID", "id", `{"v":77}`, `"77"`, map[string]string{`{"v":true}`: misfit, `{"v":1.5}`: misfit, `{"v":[1]}`: misfit, `{"v":{}}`: misfit, `{"v":9007199254740992}`: misfit}},
		{"ID", "id", `{"v":"a"}`, `"a"`, nil},
		{"Seq", "seq", `{"v":9007199254740991}`, `9007199254740991`, map[string]string{`{"v":"x"}`: misfit, `{"v":-1}`: misfit, `{"v":1.5}`: misfit, `{"v":9007199254740992}`: misfit}},
		{"DateTime", "at", `{"v":"2026-01-02T03:04:05Z"}`, `"2026-01-02T03:04:05.000000Z"`, map[string]string{`{"v":"x"}`: misfit, `{"v":""}`: misfit, `{"v":1}`: misfit}},
		{"Color", "color", `{"v":"RED"}`, `"RED"`, map[string]string{`{"v":"red"}`: "is no value of Color", `{"v":1}`: "is no value of Color"}},
		{"[ID!]", "ids", `{"v":["a",7]}`, `["a","7"]`, map[string]string{`{"v":["a",true]}`: "$v[1] " + misfit, `{"v":[null]}`: "$v[0] " + null, `{"v":true}`: misfit}},
		{"[ID!]", "ids", `{"v":7}`, `["7"]`, nil},
		{"[[Int]]", "lists", `{"v":[[1,null],2,null]}`, `[[1,null],[2],null]`, map[string]string{`{"v":[[1],["x"]]}`: "$v[1][0] " + misfit, `{"v":"x"}`: misfit}},
		{"[[Int]]", "lists", `{"v":1}`, `[[1]]`, nil},
		{"In", "in", in(``), `{"ID":"1","Text":"x","N":3,"In":null,"Color":null,"Many":null}`, map[string]string{
			`{"v":"x"}`: misfit, `{"v":[]}`: misfit, `{"v":{}}`: "$v.id is missing", `{"v":{"id":"1"}}`: "$v.text is missing", `{"v":{"id":"1","text":null}}`: "$v.text " + null,
			in(`,"n":"x"`): "$v.n " + misfit, in(`,"role":1`): "$v.role is no field of In", in(`,"in":{"id":[]}`): "$v.in.id " + misfit, in(`,"in":{"id":1,"text":"y","color":"BLUE"}`): "$v.in.color is no value of Color",
			in(`,"many":["x",1]`): "$v.many[1] " + misfit,
		}},
		{"In", "in", in(`,"n":4,"many":"y","in":{"id":2,"text":"y"},"color":"GREEN"`), `{"ID":"1","Text":"x","N":4,"In":{"ID":"2","Text":"y","N":3,"In":null,"Color":null,"Many":null},"Color":"GREEN","Many":["y"]}`, nil},
	} {
		query := fmt.Sprintf(`mutation($v: %s) { change { shown: %s(v: $v) } }`, c.kind, c.field)
		does := &changing{}
		x := newExecutor(t, Config{SDL: changes, Root: does})
		refused := func(when string) {
			for variables, want := range c.bad {
				got := asked(t, x, query, variables)
				code := `"code":"BAD_USER_INPUT"`
				if strings.Contains(want, "is no field of") {
					code = `"code":"GRAPHQL_VALIDATION_FAILED"`
				}
				if !strings.Contains(got, want) || !strings.Contains(got, "The variable $v") || !strings.Contains(got, code) || !strings.Contains(got, `"field"`) || !strings.Contains(got, `"locations":[{"line":1,"column":10}]`) {
					t.Errorf("%s with %s, %s: %s, want %s", query, variables, when, got, want)
				}
			}
		}
		refused("at first")
		if does.changes != 0 {
			t.Errorf("%s: what was refused has been executed", query)
		}
		want, err := json.Marshal(map[string]any{"data": map[string]any{"change": map[string]any{"shown": c.shown}}})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := asked(t, x, query, c.good); got != string(want) {
				t.Errorf("%s with %s: %s, want %s", query, c.good, got, want)
			}
		}
		refused("once it is known")
		if does.changes != 2 {
			t.Errorf("%s is executed %d times, and was asked twice", query, does.changes)
		}
	}
}

// TestValuesStandAnywhere: in directives, fragments, and beside a change of the same document; the field is the one that
// the variable is for. A list or an object is no scalar.
func TestValuesStandAnywhere(t *testing.T) {
	for _, c := range []struct{ query, variables, want string }{
		{`mutation($b: Boolean!) { change { text @include(if: $b) } }`, `{"b":"true"}`, `"field":"if"`},
		{`mutation($b: Boolean = true) { change { text @include(if: $b) } }`, `{"b":null}`, `"field":"if"`},
		{`mutation($b: Boolean!) { change { ...f @skip(if: $b) } } fragment f on Change { text }`, `{"b":1}`, `"field":"if"`},
		{`mutation($n: Int) { change { ...f } } fragment f on Change { int(v: $n) }`, `{"n":"x"}`, `"field":"v"`},
		{`mutation($n: Int = 1) { change { ...f } } fragment f on Change { needed(v: $n) }`, `{"n":null}`, `"field":"v"`},
		{`mutation($n: Int) { a: change { text } b: change { int(v: $n) } }`, `{"n":"x"}`, `"field":"v"`},
		{`mutation($n: Int) { change { in(v: {id: 1, text: "x", n: $n}) } }`, `{"n":"x"}`, `"field":"n"`},
		{`mutation($s: String = "x") { change { in(v: {id: 1, text: $s}) } }`, `{"s":null}`, `"field":"text"`},
		{`mutation($s: String = "x") { change { ids(v: ["a", $s]) } }`, `{"s":1}`, `VALIDATION_FAILED`}, // it is no ID: the document is wrong
		{`mutation { change { int(v: [1]) } }`, `{}`, `Int cannot represent a list or an object`},
		{`mutation { change { text(v: {}) } }`, `{}`, `String cannot represent`},
		{`mutation { change { id(v: [7]) } }`, `{}`, `ID cannot represent`},
		{`mutation { change { color(v: [RED]) } }`, `{}`, `Color cannot represent`},
		{`mutation { change { ids(v: ["a", ["b"]]) } }`, `{}`, `ID cannot represent`},
		{`mutation { change { ids(v: {}) } }`, `{}`, `ID cannot represent`},
		{`mutation { change { in(v: {id: [1], text: "x"}) } }`, `{}`, `ID cannot represent`},
		{`mutation { change { in(v: [{id: 1, text: "x"}]) } }`, `{}`, `VALIDATION_FAILED`},
		{`mutation { change { ...f } } fragment f on Change { text @include(if: [true]) }`, `{}`, `Boolean cannot represent`},
		{`mutation($n: Int = [1]) { change { int(v: $n) } }`, `{"n":2}`, `Int cannot represent`},
		{`mutation($n: Int) { change { int(v: $n) nothing } }`, `{"n":"x"}`, `VALIDATION_FAILED`},
		{`mutation($n: None) { change { int(v: $n) } }`, `{"n":"x"}`, `VALIDATION_FAILED`},
	} {
		does := &changing{}
		x := newExecutor(t, Config{SDL: changes, Root: does})
		if got := asked(t, x, c.query, c.variables); !strings.Contains(got, c.want) || does.changes != 0 {
			t.Errorf("%s with %s: %s after %d changes, want %s", c.query, c.variables, got, does.changes, c.want)
		}
	}
}
