package app

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"chat/modules/bus"
	"chat/modules/pg"
	"chat/schema"
)

func sdlOf(t *testing.T, role Role) *ast.Schema {
	t.Helper()
	sdl, err := SDL(string(role))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: string(role), Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func contract(t *testing.T, names ...string) *ast.Schema {
	t.Helper()
	var sources []*ast.Source
	for _, name := range names {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	parsed, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestSchemaServesTheContract: whatever document is valid for the contract is valid here: every type, field, argument and
// enum value is there, outputs are as strict, and inputs ask for no more.
func TestSchemaServesTheContract(t *testing.T) {
	ours, floor := sdlOf(t, All), contract(t, "seed.graphql", "additions.graphql")
	for name, want := range floor.Types {
		got := ours.Types[name]
		if got == nil {
			t.Errorf("type %s is missing", name)
			continue
		}
		for _, field := range want.Fields {
			compareField(t, name, want.Kind, field, got.Fields.ForName(field.Name))
		}
		for _, value := range want.EnumValues {
			if got.EnumValues.ForName(value.Name) == nil {
				t.Errorf("%s.%s is missing", name, value.Name)
			}
		}
	}
}

func compareField(t *testing.T, owner string, kind ast.DefinitionKind, want, got *ast.FieldDefinition) {
	t.Helper()
	if strings.HasPrefix(want.Name, "__") {
		return
	}
	if got == nil {
		t.Errorf("%s.%s is missing", owner, want.Name)
		return
	}
	if kind == ast.InputObject {
		if !isAtMost(got.Type, want.Type) {
			t.Errorf("%s.%s asks for %s where the contract has %s", owner, want.Name, got.Type, want.Type)
		}
	} else if !isAtMost(want.Type, got.Type) {
		t.Errorf("%s.%s gives %s where the contract has %s", owner, want.Name, got.Type, want.Type)
	}
	for _, arg := range want.Arguments {
		mine := got.Arguments.ForName(arg.Name)
		if mine == nil {
			t.Errorf("%s.%s(%s:) is missing", owner, want.Name, arg.Name)
		} else if !isAtMost(mine.Type, arg.Type) {
			t.Errorf("%s.%s(%s:) asks for %s where the contract has %s", owner, want.Name, arg.Name, mine.Type, arg.Type)
		}
	}
	for _, arg := range got.Arguments {
		if want.Arguments.ForName(arg.Name) == nil && arg.Type.NonNull {
			t.Errorf("%s.%s(%s:) is required but not in the contract", owner, want.Name, arg.Name)
		}
	}
}

// isAtMost tells whether a is b, or less strict about null.
func isAtMost(a, b *ast.Type) bool {
	if a.NonNull && !b.NonNull {
		return false
	}
	if a.Elem != nil || b.Elem != nil {
		return a.Elem != nil && b.Elem != nil && isAtMost(a.Elem, b.Elem)
	}
	return a.NamedType == b.NamedType
}

// TestSchemaIsReviewed fails on any change of what is served. The snapshot is made anew with UPDATE=1.
func TestSchemaIsReviewed(t *testing.T) {
	const path = "testdata/schema.graphql"
	got, err := SDL(string(All))
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("what is served has changed; look at it, and make the snapshot anew with UPDATE=1")
	}
}

// TestRolesAreComposed: every role has resolvers for what it serves, and together they serve what --role=all does.
func TestRolesAreComposed(t *testing.T) {
	db, err := pg.Open("postgres:///never-connected-to", 10)
	if err != nil {
		t.Fatal(err)
	}
	together := map[string]bool{}
	for _, role := range Roles() {
		if _, err := NewStack(StackConfig{Role: role, DB: db, Bus: bus.NewMemory(), Metrics: prometheus.NewRegistry(), Log: zerolog.Nop()}); err != nil {
			t.Errorf("--role=%s: %v", role, err)
		}
		roots, err := schema.Roots(role.keep())
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range roots {
			if role != All {
				together[field] = true
			} else if !together[field] {
				t.Errorf("%s is served by --role=all only", field)
			}
		}
	}
}

// TestRolesServeTheirFields: each role has the root fields that the contract gives it, and health.
func TestRolesServeTheirFields(t *testing.T) {
	for role, want := range map[Role]map[string]bool{
		User: {"Query.users": true, "Mutation.createUser": true, "Query.me": true, "Query.sessions": true, "Mutation.login": true, "Mutation.refreshToken": true,
			"Mutation.changePassword": true, "Mutation.revokeSession": true, "Query.chats": false, "Mutation.createMessage": false, "Query.health": true},
		Sender: {"Mutation.createMessage": true, "Mutation.markChatRead": true, "Query.messages": false, "Mutation.login": false, "Mutation.logout": false,
			"Query.me": false, "Query.health": true},
		Receiver: {"Query.messages": true, "Query.unreadCount": true, "Subscription.chatEvents": true, "Query.users": false, "Query.me": false, "Mutation.login": false,
			"Query.health": true},
		All: {"Query.users": true, "Mutation.createMessage": true, "Subscription.chatEvents": true, "Query.health": true},
	} {
		sdl := sdlOf(t, role)
		for name, served := range want {
			root, field, _ := strings.Cut(name, ".")
			has := sdl.Types[root] != nil && sdl.Types[root].Fields.ForName(field) != nil
			if has != served {
				t.Errorf("--role=%s serves %s: %t, want %t", role, name, has, served)
			}
		}
	}
}

// TestRolesName where a field of another role is.
func TestRolesNameTheOther(t *testing.T) {
	elsewhere, err := Sender.elsewhere()
	if err != nil {
		t.Fatal(err)
	}
	for field, role := range map[string]string{"query messages": "receiver", "mutation createUser": "user", "mutation createMessage": ""} {
		if elsewhere[field] != role {
			t.Errorf("the sender says that %s is at %q, want %q", field, elsewhere[field], role)
		}
	}
}
