package gql

import (
	"maps"

	"github.com/graph-gophers/graphql-go/errors"
	"github.com/vektah/gqlparser/v2/ast"

	"chat/modules/fault"
)

// variables are those that an operation declares. Their values are looked at before anything runs: graphql-go looks at most of
// them when it has begun, and then runs what they are not for. Safe for concurrent use.
type variables []variable

type variable struct {
	name       string
	slot       *slot // nil: its type is none, which validation finds
	hasDefault bool
	use        use
	at         errors.Location
}

// use is where a variable stands in its operation.
type use struct {
	field    string // the first argument, or member of an input object, that it is for
	isNeeded bool   // somewhere it must not be null, whatever its own type says
}

func newVariables(w *uses, all inputs, op *ast.OperationDefinition) variables {
	out := make(variables, len(op.VariableDefinitions))
	for n, v := range op.VariableDefinitions {
		out[n] = variable{name: v.Variable, slot: newSlot(v.Type, all), hasDefault: v.DefaultValue != nil}
		out[n].at = place(v.Position)
		if found := w.all[v.Variable]; found != nil {
			out[n].use = *found
		}
	}
	return out
}

// coerce gives the values of the variables as their types have them: given itself where they are so already. An error is
// BAD_USER_INPUT, or GRAPHQL_VALIDATION_FAILED, about the first that is not right. Source: GraphQL, 6.1.2, "Coercing Variable Values".
func (v variables) coerce(given map[string]any) (map[string]any, *Error) {
	out, isOther := given, false
	for n := range v {
		one := &v[n]
		if one.slot == nil {
			continue
		}
		value, isGiven := given[one.name]
		if !isGiven {
			if one.slot.isNonNull && !one.hasDefault {
				return nil, one.refuse(&misfit{text: "is missing"})
			}
			continue
		}
		coerced, isNew, wrong := one.slot.coerce(value)
		if wrong == nil && value == nil && one.use.isNeeded {
			wrong = &misfit{text: "must not be null"}
		}
		if wrong != nil {
			return nil, one.refuse(wrong)
		}
		if isNew {
			if !isOther {
				out, isOther = maps.Clone(given), true
			}
			out[one.name] = coerced
		}
	}
	return out, nil
}

func (v *variable) refuse(wrong *misfit) *Error {
	code := fault.BadUserInput
	if wrong.isUnknown {
		code = ValidationFailed // as in a literal
	}
	f := fault.New(code, "The variable $%s%s %s", v.name, wrong.at, wrong.text)
	if f.Field = wrong.field; f.Field == "" {
		f.Field = v.use.field
	}
	return &Error{ResolverError: f, Locations: []errors.Location{v.at}}
}

func place(p *ast.Position) errors.Location {
	if p == nil {
		return errors.Location{}
	}
	return errors.Location{Line: p.Line, Column: p.Column}
}

// uses finds where variables stand, and literals that graphql-go does not look at: a list or an object where a scalar belongs. The
// document may be invalid: what the schema does not know is passed over.
type uses struct {
	schema    *ast.Schema
	fragments ast.FragmentDefinitionList
	seen      map[string]bool // fragments
	all       map[string]*use
	misplaced *ast.Value // the first such literal
	scalar    string     // what belongs there
}

func newUses(schema *ast.Schema, op *ast.OperationDefinition, fragments ast.FragmentDefinitionList) *uses {
	w := &uses{schema: schema, fragments: fragments, seen: map[string]bool{}, all: map[string]*use{}}
	for _, v := range op.VariableDefinitions {
		if v.DefaultValue != nil {
			w.value(v.DefaultValue, v.Variable, v.Type)
		}
	}
	w.operation(op)
	return w
}

// wrong is the error about a literal, or nil.
func (w *uses) wrong() *Error {
	if w.misplaced == nil {
		return nil
	}
	return &Error{
		Message: w.scalar + " cannot represent a list or an object", Rule: "ValuesOfCorrectTypeRule",
		Locations: []errors.Location{place(w.misplaced.Position)},
	}
}

func (w *uses) operation(op *ast.OperationDefinition) {
	root := map[ast.Operation]*ast.Definition{ast.Query: w.schema.Query, ast.Mutation: w.schema.Mutation, ast.Subscription: w.schema.Subscription}
	w.directives(op.Directives)
	w.selection(op.SelectionSet, root[op.Operation])
}

// selection walks what is asked of a type; nil is one that the schema does not know.
func (w *uses) selection(set ast.SelectionSet, of *ast.Definition) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			w.directives(s.Directives)
			field := fieldOf(of, s.Name)
			w.arguments(s.Arguments, field.Arguments)
			w.selection(s.SelectionSet, w.schema.Types[nameOf(field.Type)])
		case *ast.InlineFragment:
			w.directives(s.Directives)
			inner := of
			if s.TypeCondition != "" {
				inner = w.schema.Types[s.TypeCondition]
			}
			w.selection(s.SelectionSet, inner)
		case *ast.FragmentSpread:
			w.directives(s.Directives)
			if f := w.fragments.ForName(s.Name); f != nil && !w.seen[s.Name] {
				w.seen[s.Name] = true
				w.directives(f.Directives)
				w.selection(f.SelectionSet, w.schema.Types[f.TypeCondition])
			}
		}
	}
}

// fieldOf gives a field of a type; an empty one where there is none of that name, as for what starts with "__".
func fieldOf(of *ast.Definition, name string) *ast.FieldDefinition {
	if of != nil {
		if field := of.Fields.ForName(name); field != nil {
			return field
		}
	}
	return &ast.FieldDefinition{}
}

func nameOf(t *ast.Type) string {
	if t == nil {
		return ""
	}
	return t.Name()
}

func (w *uses) directives(list ast.DirectiveList) {
	for _, d := range list {
		definition := w.schema.Directives[d.Name]
		if definition == nil {
			definition = &ast.DirectiveDefinition{}
		}
		w.arguments(d.Arguments, definition.Arguments)
	}
}

func (w *uses) arguments(given ast.ArgumentList, definitions ast.ArgumentDefinitionList) {
	for _, a := range given {
		var t *ast.Type
		if definition := definitions.ForName(a.Name); definition != nil {
			t = definition.Type
		}
		w.value(a.Value, a.Name, t)
	}
}

// value looks at what is given for a field whose type is t, or not known.
func (w *uses) value(v *ast.Value, field string, t *ast.Type) {
	switch v.Kind {
	case ast.Variable:
		found := w.all[v.Raw]
		if found == nil {
			found = &use{field: field}
			w.all[v.Raw] = found
		}
		found.isNeeded = found.isNeeded || t != nil && t.NonNull
	case ast.ListValue:
		w.noScalar(v, t)
		if t != nil && t.Elem != nil {
			t = t.Elem
		}
		for _, child := range v.Children {
			w.value(child.Value, field, t)
		}
	case ast.ObjectValue:
		w.noScalar(v, t)
		of := w.schema.Types[nameOf(t)]
		for _, child := range v.Children {
			w.value(child.Value, child.Name, fieldOf(of, child.Name).Type)
		}
	}
}

// noScalar notes a list or an object that stands for a scalar or an enum. Scalars of ours look at literals themselves.
func (w *uses) noScalar(v *ast.Value, t *ast.Type) {
	if t == nil || w.misplaced != nil {
		return
	}
	for v.Kind == ast.ObjectValue && t.Elem != nil { // it stands for a list of it alone
		t = t.Elem
	}
	definition := w.schema.Types[t.NamedType]
	if definition != nil && (definition.Kind == ast.Enum || definition.Kind == ast.Scalar && definition.BuiltIn) {
		w.misplaced, w.scalar = v, t.NamedType
	}
}
