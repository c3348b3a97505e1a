package gql

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// TestTextsAreReadAsWritten: every way in which GraphQL writes a text is taken, at first and once the document is known.
func TestTextsAreReadAsWritten(t *testing.T) {
	for literal, want := range map[string]string{
		`"http:\/\/x"`: "http://x", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"\u0041\u00e9\u{e9}\u{00041}"`: "Aé\u00e9A", `"\u{1F600}"`: "😀",
		`"\ud83d\ude00\uD83D\uDE00"`: "😀😀", `"\u{22}\u{5c}\u{A}\u{1}\u{feff}\u{fffd}"`: "\"\\\n\x01\ufeff\ufffd", `"😀 # no comment \/"`: "😀 # no comment /",
		`"""a \""" b"""`: `a """ b`, `"""\""""""`: `"""`, "\"\"\"\n  a \\n\n    \\\"\"\" 'b' \\\n  \"c\" \"\"\"": "a \\n\n  \"\"\" 'b' \\\n\"c\" ",
		`"""a \n \u0041 \/"""`: `a \n \u0041 \/`, `""`: "", "\"a\ufeffb\"": "a\ufeffb", "\"\"\"a\ufeffb\"\"\"": "a\ufeffb", `"\\\\u0041 \\"`: `\\u0041 \`,
	} {
		does := &changing{}
		x := newExecutor(t, Config{SDL: changes, Root: does})
		query := "mutation { change {\ufeff text(v: " + literal + ") } } # \" \\ud800"
		shown, err := json.Marshal(map[string]any{"data": map[string]any{"change": map[string]any{"text": shownAs(want)}}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got := asked(t, x, query, `{}`); got != string(shown) {
				t.Errorf("%s is read as %s, want %s", literal, got, shown)
			}
		}
	}
	for literal, want := range map[string]string{
		`"\ud83d"`: "BAD_USER_INPUT", `"\ude00\ud83d"`: "BAD_USER_INPUT", `"\ud83d\n"`: "BAD_USER_INPUT", `"\u{d83d}"`: "BAD_USER_INPUT",
		`"\q"`: "GRAPHQL_PARSE_FAILED", `"\u{110000}"`: "GRAPHQL_PARSE_FAILED", `"\u{}"`: "GRAPHQL_PARSE_FAILED", `"\u{41"`: "GRAPHQL_PARSE_FAILED", `"\u00"`: "GRAPHQL_PARSE_FAILED",
		`"\x41"`: "GRAPHQL_PARSE_FAILED", `"\`: "GRAPHQL_PARSE_FAILED", "\"\\/\n\"": "GRAPHQL_PARSE_FAILED", `"""\"""`: "GRAPHQL_PARSE_FAILED",
	} {
		_, refusal := Parse(t.Context(), Request{Query: "{ a(x: " + literal + ") }"}, DefaultLimits())
		if refusal == nil || refusal.Extensions["code"] != want {
			t.Errorf("%s: %v, want %s", literal, refusal, want)
		}
	}
}

// TestTextsMoveNothing: what stands behind a text stays in its line and column.
func TestTextsMoveNothing(t *testing.T) {
	for _, literal := range []string{`"\/\/"`, `"\ud83d\ude00 \u{1F600}"`, `"""a \""" b"""`, "\"\"\"\n  a\n \\\"\"\" b\r\n  c \\\"\"\"\"\"\"", "\"\"\"\\\"\"\"\n\n\"\"\""} {
		at := func(text string) *ast.Position {
			doc, err := parser.ParseQuery(&ast.Source{Input: "{ a(x: " + text + ") behind }"})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return doc.Operations[0].SelectionSet[1].(*ast.Field).Position
		}
		written, ok := readable(literal)
		if got, want := at(written), at(strings.ReplaceAll(literal, `\u{1F600}`, `\u0041abc`)); !ok || got.Line != want.Line || got.Column != want.Column {
			t.Errorf("%s is written as %q: what follows is at %d:%d, want %d:%d", literal, written, got.Line, got.Column, want.Line, want.Column)
		}
	}
}

// FuzzTexts: what a document's texts are is not changed by how they are written, as far as they could be read before.
func FuzzTexts(f *testing.F) {
	for _, seed := range []string{`"\/"`, `"\u0041\n" "x"`, `"""a \""" b"""`, `"""\""""""`, `# " \`, `"\\" # "`, `"\u{41}"`, `"""" \/`, `"a`, `"\ud83d\ude00"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) { // no such document comes as far as here
			return
		}
		query := "{ a(x: [" + text + "\n]) }"
		before, err := parser.ParseQuery(&ast.Source{Input: query})
		written, ok := readable(query)
		if err != nil || !ok || strings.Contains(query, `\u`) {
			return
		}
		after, err := parser.ParseQuery(&ast.Source{Input: written})
		if err != nil {
			t.Fatalf("%q becomes %q, which is no document: %v", query, written, err)
		}
		if was, is := valuesOf(before), valuesOf(after); was != is {
			t.Fatalf("%q becomes %q: %s, which was %s", query, written, is, was)
		}
		if again, _ := readable(written); again != written {
			t.Fatalf("%q becomes %q, and then %q", query, written, again)
		}
	})
}

// valuesOf gives the texts of a document.
func valuesOf(doc *ast.QueryDocument) string {
	var out []string
	var walk func(v *ast.Value)
	walk = func(v *ast.Value) {
		out = append(out, shownAs(v.Raw))
		for _, child := range v.Children {
			walk(child.Value)
		}
	}
	for _, a := range doc.Operations[0].SelectionSet[0].(*ast.Field).Arguments {
		walk(a.Value)
	}
	return strings.Join(out, ",")
}
