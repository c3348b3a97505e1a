package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"chat/modules/id"
	"chat/modules/pgtest"
)

// forEverybody are the root fields that need no caller.
var forEverybody = []string{"query health", "mutation createUser", "mutation login", "mutation refreshToken"}

// documentsFor gives documents that call a root field: with nothing but what it needs, with all it takes, and with values
// that no resolver would take.
func documentsFor(schema *ast.Schema, operation string, field *ast.FieldDefinition) []string {
	build := func(v valuer) string {
		var args []string
		for _, arg := range field.Arguments {
			if arg.Type.NonNull || v.all {
				args = append(args, arg.Name+": "+v.of(arg.Type))
			}
		}
		call := field.Name
		if len(args) > 0 {
			call += "(" + strings.Join(args, ", ") + ")"
		}
		if schema.Types[field.Type.Name()].Kind == ast.Object {
			call += " { __typename }"
		}
		return operation + " { " + call + " }"
	}
	some := fmt.Sprintf("%q", id.New[id.Any]())
	return []string{build(valuer{schema, false, some, "1"}), build(valuer{schema, true, some, "1"}), build(valuer{schema, true, `""`, "-1"})}
}

// valuer writes values of types.
type valuer struct {
	schema       *ast.Schema
	all          bool // what may be left out as well
	text, number string
}

func (v valuer) of(t *ast.Type) string {
	if t.Elem != nil {
		return "[" + v.of(t.Elem) + "]"
	}
	if definition := v.schema.Types[t.NamedType]; definition.Kind == ast.InputObject {
		var fields []string
		for _, field := range definition.Fields {
			if field.Type.NonNull || v.all {
				fields = append(fields, field.Name+": "+v.of(field.Type))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	switch t.NamedType {
	case "Int", "Seq":
		return v.number
	case "Boolean":
		return "true"
	}
	return v.text
}

// TestNobodyGetsNothing: without a token every root field but four is UNAUTHENTICATED, whatever its arguments, over HTTP
// (200) and WebSocket, and no statement is run.
func TestNobodyGetsNothing(t *testing.T) {
	for _, mode := range []string{"development", "production"} {
		l := newLossy(t, pgtest.URL(t))
		settings := accounts(t)
		s := serveOn(t, l.url, func(c *Config) {
			settings(c)
			c.Mode = mode
		})
		socket := s.connect("")
		before := l.statements.Load()
		schema, fields := sdlOf(t, All), 0
		for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
			for _, field := range root.Fields {
				operation := strings.ToLower(root.Name)
				if slices.Contains(forEverybody, operation+" "+field.Name) || strings.HasPrefix(field.Name, "__") {
					continue
				}
				fields++
				for _, document := range documentsFor(schema, operation, field) {
					if operation != "subscription" {
						for _, accept := range []string{"application/json", "application/graphql-response+json"} {
							status, header, got := s.request(withHeader("Accept", accept), document, nil)
							if status != http.StatusOK || codeIn(t, got) != unknown || header.Get("WWW-Authenticate") != "" {
								t.Errorf("%s over HTTP: %d %s", document, status, got)
							}
						}
					}
					if got := socket.ask(document, nil); codeIn(t, got) != unknown {
						t.Errorf("%s over a socket: %s", document, got)
					}
				}
			}
		}
		if fields < 40 {
			t.Errorf("only %d root fields were tried", fields)
		}
		if n := l.statements.Load() - before; n != 0 {
			t.Errorf("nobody cost %d statements", n)
		}
	}
}

// TestTheSchemaIsForPeople who are signed in, in production.
func TestTheSchemaIsForPeople(t *testing.T) {
	settings := accounts(t)
	s := serveWorld(t, func(c *Config) {
		settings(c)
		c.Mode = "production"
	})
	token := s.enter(s.user("ann"))
	for _, document := range []string{
		`{ __schema { types { name } } }`, `{ __type(name: "Chat") { fields { name } } }`,
		`{ health __schema { queryType { name } } }`, `query($x: Boolean!) { ...f @include(if: $x) } fragment f on Query { __schema { types { name } } }`,
	} {
		v := used(document, vars{"x": true})
		status, _, nobody := s.request(asJSON, document, v)
		if status != http.StatusOK || codeIn(t, nobody) != unknown || strings.Contains(nobody, `"name"`) {
			t.Errorf("%s by nobody: %d %.200s", document, status, nobody)
		}
		if got := s.connect("").ask(document, v); codeIn(t, got) != unknown || strings.Contains(got, `"name"`) {
			t.Errorf("%s by nobody over a socket: %.200s", document, got)
		}
		if _, _, got := s.request(bearer(token), document, v); codeIn(t, got) != "" || !strings.Contains(got, `"name"`) {
			t.Errorf("%s by somebody: %.200s", document, got)
		}
		if got := s.connect(token).ask(document, v); codeIn(t, got) != "" || !strings.Contains(got, `"name"`) {
			t.Errorf("%s by somebody over a socket: %.200s", document, got)
		}
	}
	// Names of fields and types are not suggested either, to nobody.
	if _, _, got := s.request(asJSON, `{ chat(id: "x") { nam } userz { id } }`, nil); strings.Contains(got, "Did you mean") {
		t.Errorf("a field that is misspelt: %s", got)
	}
}

// TestWhatIsInternalStaysSo: what operators look at is not on the address that everybody reaches.
func TestWhatIsInternalStaysSo(t *testing.T) {
	s := serveWorld(t, accounts(t))
	token := s.enter(s.user("ann"))
	for _, path := range []string{
		"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars", "/debug/pprof/profile?seconds=1", "/metrics/", "//metrics",
	} {
		for _, header := range []map[string]string{asJSON, bearer(token)} {
			status, _, got := s.do("GET", path, "", header)
			if strings.Contains(got, "go_goroutines") || strings.Contains(got, "goroutine") || status == http.StatusOK {
				t.Errorf("%s: %d %.100s", path, status, got)
			}
		}
	}
	if s.gauge("go_goroutines") == 0 {
		t.Error("the metrics' own address has none")
	}
}
