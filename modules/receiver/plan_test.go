package receiver

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"chat/modules/gql"
	"chat/schema"
)

// TestViewerFieldsAreThoseOfTheSchema: a field that depends on who looks says so in its description. One that is not in
// the list would be shared with the wrong people.
func TestViewerFieldsAreThoseOfTheSchema(t *testing.T) {
	sdl, err := schema.Compose(schema.Keep{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for _, definition := range doc.Definitions {
		for _, field := range definition.Fields {
			if definition.Kind == ast.Object && (strings.Contains(field.Description, "viewer") || strings.Contains(field.Description, "its sender only")) {
				described[field.Name] = true
			}
		}
	}
	if !maps.Equal(described, viewerFields()) {
		t.Errorf("the schema describes %v, the list is %v", slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(viewerFields())))
	}
}

func planOf(t *testing.T, query string, variables map[string]any) *plan {
	t.Helper()
	doc, refusal := gql.Parse(t.Context(), gql.Request{Query: query, Variables: variables}, gql.DefaultLimits())
	if refusal != nil {
		t.Fatal(refusal)
	}
	p, refusal := newPlan(t.Context(), doc)
	if refusal != nil {
		t.Fatal(refusal)
	}
	return p
}

func TestPlansShareWhatShowsTheSame(t *testing.T) {
	base := planOf(t, `subscription($c: ID!) { messageAdded(chatId: $c) { id content } }`, map[string]any{"c": "1"})
	for query, same := range map[string]bool{
		`subscription Named($d: ID!, $a: Seq) { messageAdded(chatId: $d, afterSeq: $a) { id, content } } # a comment`: true,
		`subscription { messageAdded(chatId: "2") { id content } }`:                                                   true,
		`subscription($c: ID!) { messageAdded(chatId: $c) { content id } }`:                                           false,
		`subscription($c: ID!) { added: messageAdded(chatId: $c) { id content } }`:                                    false,
		`subscription($c: ID!) { messageUpdated(chatId: $c) { id content } }`:                                         false,
	} {
		if got := planOf(t, query, map[string]any{"c": "9", "d": "9"}).key == base.key; got != same {
			t.Errorf("%s shares: %t, want %t", query, got, same)
		}
	}
	deep := `subscription($c: ID!, $n: Int) { messageAdded(chatId: $c) { chat { messages(first: $n) { id } } } }`
	if planOf(t, deep, map[string]any{"n": 1}).key == planOf(t, deep, map[string]any{"n": 2}).key {
		t.Error("plans share although a variable of the selection differs")
	}
	if planOf(t, deep, map[string]any{"n": 1, "c": "1"}).key != planOf(t, deep, map[string]any{"n": 1, "c": "2"}).key {
		t.Error("plans do not share although only the root field's own argument differs")
	}
}

func TestClassesOfPlans(t *testing.T) {
	for query, want := range map[string]class{
		`subscription { messageAdded(chatId: "1") { id sender { username } } }`:                                   forEverybody,
		`subscription { messageAdded(chatId: "1") { clientMessageId } }`:                                          forSender,
		`subscription { messageAdded(chatId: "1") { key: clientMessageId } }`:                                     forSender,
		`subscription { chatEvents(chatId: "1") { message { ...m } } } fragment m on Message { clientMessageId }`: forSender,
		`subscription { messageAdded(chatId: "1") { chat { lastMessage { clientMessageId } } } }`:                 forViewer,
		`subscription { chatUpdated { lastMessage { clientMessageId } } }`:                                        forViewer,
		`subscription { messageAdded(chatId: "1") { sender { ... on User { email } } } }`:                         forViewer,
		`subscription { chatAdded { unreadCount } }`:                                                              forViewer,
		`subscription { chatAdded { readSeq } }`:                                                                  forViewer,
	} {
		if got := planOf(t, query, nil).class; got != want {
			t.Errorf("%s: class %d, want %d", query, got, want)
		}
	}
}

// TestPlansKeepTheirOwnVariables, and not many: a subscription lives long, and a client has many.
func TestPlansKeepTheirOwnVariables(t *testing.T) {
	const query = `subscription($c: ID!, $first: Int) { messageAdded(chatId: $c) { chat { messages(first: $first) { id } } } }`
	p := planOf(t, query, map[string]any{"c": "1", "other": strings.Repeat("x", 200_000)})
	if !maps.Equal(p.variables, map[string]any{"c": "1"}) {
		t.Errorf("%d variables are kept, want the one that is declared", len(p.variables))
	}
	for _, name := range []string{"c", "first"} {
		doc, refusal := gql.Parse(t.Context(), gql.Request{Query: query, Variables: map[string]any{name: strings.Repeat("x", maxVariableBytes)}}, gql.DefaultLimits())
		if refusal != nil {
			t.Fatal(refusal)
		}
		if _, refusal := newPlan(t.Context(), doc); refusal == nil || refusal.Extensions["code"] != string(gql.PayloadTooLarge) {
			t.Errorf("a long value of %s: %v", name, refusal)
		}
	}
}
