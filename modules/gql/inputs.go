package gql

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// inputs are the types of a schema that a value from outside can have, by name. Safe for concurrent use.
type inputs map[string]*input

// input is one of them: how a value, which is not null, becomes one of it.
type input struct {
	name   string
	coerce func(value any) (coerced any, isOther bool, wrong *misfit)
}

// misfit says what is wrong with a value. It is made where something is wrong, and nowhere else.
type misfit struct {
	at    string // where in the value: ".member[2]"
	field string // the innermost member
	text  string // follows the place

	isUnknown bool // it names what the schema does not know
}

// maxShownName is how much of a name that the caller made up is said again.
const maxShownName = 64

// newInputs compiles the input types of a schema. Source: GraphQL, 3, "Input Coercion".
func newInputs(schema *ast.Schema) inputs {
	all := inputs{}
	for name, definition := range schema.Types {
		switch definition.Kind {
		case ast.Scalar:
			all[name] = newScalar(name)
		case ast.Enum:
			all[name] = newEnum(definition)
		case ast.InputObject:
			all[name] = &input{name: name}
		}
	}
	for name, definition := range schema.Types {
		if definition.Kind == ast.InputObject {
			all[name].coerce = newObject(definition, all) // they may hold each other
		}
	}
	return all
}

func newScalar(name string) *input {
	take := scalar(name)
	return &input{name, func(value any) (any, bool, *misfit) {
		coerced, isOther, ok := take(value)
		if !ok {
			return nil, false, &misfit{text: "does not fit its type " + name}
		}
		return coerced, isOther, nil
	}}
}

// scalar gives how a value of JSON becomes one of that scalar. What is of no kind that is known here is left to the type behind it.
func scalar(name string) func(value any) (coerced any, isOther, ok bool) {
	same := func(fits func(any) bool) func(any) (any, bool, bool) {
		return func(value any) (any, bool, bool) { return value, false, fits(value) }
	}
	switch name {
	case "Int":
		return same(func(value any) bool {
			n, ok := number(value)
			return ok && n >= math.MinInt32 && n <= math.MaxInt32 && n == math.Trunc(n)
		})
	case "Float":
		return same(func(value any) bool { _, ok := number(value); return ok })
	case "String":
		return same(func(value any) bool { _, ok := value.(string); return ok })
	case "Boolean":
		return same(func(value any) bool { _, ok := value.(bool); return ok })
	case "ID":
		return coerceID
	case "Seq":
		return same(func(value any) bool {
			var s Seq
			return s.UnmarshalGraphQL(value) == nil && !s.bad
		})
	case "DateTime":
		return same(func(value any) bool {
			text, ok := value.(string)
			_, err := time.Parse(time.RFC3339Nano, text)
			return ok && err == nil
		})
	}
	return same(func(any) bool { return true })
}

// coerceID takes text, and whole numbers as the text that they are written as.
func coerceID(value any) (coerced any, isOther, ok bool) {
	if _, isText := value.(string); isText {
		return value, false, true
	}
	n, ok := number(value)
	if !ok || n != math.Trunc(n) || math.Abs(n) > maxSeq {
		return nil, false, false
	}
	return strconv.FormatInt(int64(n), 10), true, true
}

// number gives the number that a value of JSON, or a literal, is.
func number(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, true
	case int32:
		return float64(n), true
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

func newEnum(definition *ast.Definition) *input {
	return &input{definition.Name, func(value any) (any, bool, *misfit) {
		if name, ok := value.(string); !ok || definition.EnumValues.ForName(name) == nil {
			return nil, false, &misfit{text: "is no value of " + definition.Name}
		}
		return value, false, nil
	}}
}

// member is a field of an input object.
type member struct {
	name       string
	slot       *slot
	hasDefault bool
}

func newObject(definition *ast.Definition, all inputs) func(any) (any, bool, *misfit) {
	members := make([]member, len(definition.Fields))
	for n, f := range definition.Fields {
		members[n] = member{f.Name, newSlot(f.Type, all), f.DefaultValue != nil}
	}
	return func(value any) (any, bool, *misfit) {
		values, ok := value.(map[string]any)
		if !ok {
			return nil, false, &misfit{text: "does not fit its type " + definition.Name}
		}
		out, isOther, seen := values, false, 0
		for n := range members {
			m := &members[n]
			given, isGiven := values[m.name]
			if !isGiven {
				if m.slot.isNonNull && !m.hasDefault {
					return nil, false, &misfit{at: "." + m.name, field: m.name, text: "is missing"}
				}
				continue
			}
			seen++
			coerced, isNew, wrong := m.slot.coerce(given)
			if wrong != nil {
				return nil, false, wrong.below("."+m.name, m.name)
			}
			if isNew {
				if !isOther {
					out, isOther = maps.Clone(values), true
				}
				out[m.name] = coerced
			}
		}
		if seen < len(values) {
			return nil, false, unknownMember(definition, values)
		}
		return out, isOther, nil
	}
}

// unknownMember says which member is none of the type: the first, so that the answer is always the same.
func unknownMember(definition *ast.Definition, values map[string]any) *misfit {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if definition.Fields.ForName(name) == nil {
			name = name[:min(len(name), maxShownName)]
			return &misfit{at: "." + name, field: name, text: "is no field of " + definition.Name, isUnknown: true}
		}
	}
	return nil
}

// slot is where a value stands: one of a type, or a list, and whether it may be null.
type slot struct {
	isNonNull bool
	named     *input
	element   *slot // of a list
}

// newSlot gives the slot of a type; nil where the type is none that a value can have.
func newSlot(t *ast.Type, all inputs) *slot {
	s := &slot{isNonNull: t.NonNull}
	if t.Elem != nil {
		if s.element = newSlot(t.Elem, all); s.element == nil {
			return nil
		}
		return s
	}
	if s.named = all[t.NamedType]; s.named == nil {
		return nil
	}
	return s
}

func (s *slot) coerce(value any) (coerced any, isOther bool, wrong *misfit) {
	switch {
	case value != nil && s.named != nil:
		return s.named.coerce(value)
	case value != nil:
		return s.list(value)
	case s.isNonNull:
		return nil, false, &misfit{text: "must not be null"}
	}
	return nil, false, nil
}

// list takes what is no list as the list of it alone.
func (s *slot) list(value any) (coerced any, isOther bool, wrong *misfit) {
	values, isList := value.([]any)
	if !isList {
		one, _, wrong := s.element.coerce(value)
		return []any{one}, true, wrong
	}
	out := values
	for n, given := range values {
		one, isNew, wrong := s.element.coerce(given)
		if wrong != nil {
			return nil, false, wrong.below("["+strconv.Itoa(n)+"]", "")
		}
		if isNew {
			if !isOther {
				out, isOther = slices.Clone(values), true
			}
			out[n] = one
		}
	}
	return out, isOther, nil
}

// below is the misfit as it is seen from a step above; field is the member that the step is, or "".
func (m *misfit) below(step, field string) *misfit {
	m.at = step + m.at
	if m.field == "" {
		m.field = field
	}
	return m
}
