package projection

import (
	"math"
	"reflect"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// arguments are those of a root field: how they are found in a request, and how they become a resolver's.
type arguments struct {
	goType reflect.Type
	isPtr  bool
	all    []argument
}

type argument struct {
	index []int
	find  finder
	pack  packer
}

// finder gives a value as JSON has it, and whether there is one.
type finder func(variables map[string]any) (any, bool)

// packer sets a Go value; false where the value is not plainly of the type.
type packer func(into reflect.Value, value any) bool

// newArguments compiles arguments; nil where graphql-go has to read them.
func newArguments(schema *ast.Schema, definitions ast.ArgumentDefinitionList, goType reflect.Type, given ast.ArgumentList) *arguments {
	a, r := &arguments{goType: goType}, &reader{schema: schema}
	if goType.Kind() == reflect.Pointer {
		a.goType, a.isPtr = goType.Elem(), true
	}
	if a.goType.Kind() != reflect.Struct {
		return nil
	}
	for _, definition := range definitions {
		if definition.DefaultValue != nil {
			return nil
		}
		member, ok := memberNamed(a.goType, definition.Name)
		if !ok {
			return nil
		}
		value := given.ForName(definition.Name)
		if value == nil {
			continue
		}
		pack := r.packer(definition.Type, member.Type)
		if pack == nil {
			return nil
		}
		a.all = append(a.all, argument{member.Index, newFinder(value.Value), pack})
	}
	return a
}

func memberNamed(structType reflect.Type, name string) (reflect.StructField, bool) {
	member, ok := structType.FieldByNameFunc(func(n string) bool { return sameName(n, name) })
	return member, ok && member.PkgPath == ""
}

func (a *arguments) pack(variables map[string]any) (reflect.Value, bool) {
	into := reflect.New(a.goType)
	for _, one := range a.all {
		value, ok := one.find(variables)
		if ok && !one.pack(into.Elem().FieldByIndex(one.index), value) {
			return reflect.Value{}, false
		}
	}
	if a.isPtr {
		return into, true
	}
	return into.Elem(), true
}

func newFinder(value *ast.Value) finder {
	switch value.Kind {
	case ast.Variable:
		return func(variables map[string]any) (any, bool) {
			found, ok := variables[value.Raw]
			return found, ok
		}
	case ast.ObjectValue:
		finders := make([]finder, len(value.Children))
		for n, child := range value.Children {
			finders[n] = newFinder(child.Value)
		}
		return func(variables map[string]any) (any, bool) {
			out := make(map[string]any, len(finders))
			for n, find := range finders {
				if found, ok := find(variables); ok {
					out[value.Children[n].Name] = found
				}
			}
			return out, true
		}
	case ast.ListValue:
		finders := make([]finder, len(value.Children))
		for n, child := range value.Children {
			finders[n] = newFinder(child.Value)
		}
		return func(variables map[string]any) (any, bool) {
			out := make([]any, len(finders))
			for n, find := range finders {
				out[n], _ = find(variables) // an absent variable is null here
			}
			return out, true
		}
	}
	literal, err := value.Value(nil)
	return func(map[string]any) (any, bool) { return literal, err == nil }
}

// unmarshaler is what graphql-go calls to read a value of a type of ours.
type unmarshaler interface{ UnmarshalGraphQL(input any) error }

// nullable is what graphql-go calls to read a null as well.
type nullable interface{ Nullable() }

var (
	unmarshalerType = reflect.TypeFor[unmarshaler]()
	nullableType    = reflect.TypeFor[nullable]()
)

// reader compiles how values are read.
type reader struct {
	schema *ast.Schema
	inputs []string // those that are being compiled: one that holds itself is left to graphql-go
}

// packer compiles how a value of a type becomes one of a Go type; nil where graphql-go has to do it.
func (r *reader) packer(t *ast.Type, goType reflect.Type) packer {
	if goType.Kind() == reflect.Pointer && !t.NonNull {
		needed := *t
		needed.NonNull = true
		inner := r.packer(&needed, goType.Elem())
		if inner == nil {
			return nil
		}
		return func(into reflect.Value, value any) bool {
			if value == nil {
				return true
			}
			fresh := reflect.New(goType.Elem())
			into.Set(fresh)
			return inner(fresh.Elem(), value)
		}
	}
	body := r.body(t, goType)
	if body == nil {
		return nil
	}
	return func(into reflect.Value, value any) bool {
		if value == nil {
			return !t.NonNull // an absent list
		}
		return body(into, value)
	}
}

func (r *reader) body(t *ast.Type, goType reflect.Type) packer {
	definition := r.schema.Types[t.Name()]
	switch {
	case t.Elem != nil:
		return r.list(t, goType)
	case definition.Kind == ast.InputObject:
		return r.input(definition, goType)
	case definition.Kind != ast.Scalar, reflect.PointerTo(goType).Implements(nullableType):
		return nil
	case reflect.PointerTo(goType).Implements(unmarshalerType):
		isText := t.NamedType == "ID" || t.NamedType == "String"
		return func(into reflect.Value, value any) bool {
			if _, ok := value.(string); isText && !ok {
				return false
			}
			return into.Addr().Interface().(unmarshaler).UnmarshalGraphQL(value) == nil
		}
	}
	switch kind := goType.Kind(); {
	case kind == reflect.String && (t.NamedType == "String" || t.NamedType == "ID"):
		return func(into reflect.Value, value any) bool {
			text, ok := value.(string)
			into.SetString(text)
			return ok
		}
	case kind == reflect.Bool && t.NamedType == "Boolean":
		return func(into reflect.Value, value any) bool {
			is, ok := value.(bool)
			into.SetBool(is)
			return ok
		}
	case kind == reflect.Int32 && t.NamedType == "Int":
		return packInt
	}
	return nil
}

func packInt(into reflect.Value, value any) bool {
	switch n := value.(type) {
	case int64:
		into.SetInt(n)
		return n >= math.MinInt32 && n <= math.MaxInt32
	case float64:
		into.SetInt(int64(n))
		return n >= math.MinInt32 && n <= math.MaxInt32 && n == math.Trunc(n)
	}
	return false
}

func (r *reader) list(t *ast.Type, goType reflect.Type) packer {
	if goType.Kind() != reflect.Slice {
		return nil
	}
	element := r.packer(t.Elem, goType.Elem())
	if element == nil {
		return nil
	}
	return func(into reflect.Value, value any) bool {
		values, ok := value.([]any)
		if !ok {
			return false
		}
		list := reflect.MakeSlice(goType, len(values), len(values))
		for n, one := range values {
			if !element(list.Index(n), one) {
				return false
			}
		}
		into.Set(list)
		return true
	}
}

func (r *reader) input(definition *ast.Definition, goType reflect.Type) packer {
	if goType.Kind() != reflect.Struct || slices.Contains(r.inputs, definition.Name) {
		return nil
	}
	r.inputs = append(r.inputs, definition.Name)
	defer func() { r.inputs = r.inputs[:len(r.inputs)-1] }()
	type member struct {
		index    []int
		pack     packer
		isNeeded bool
	}
	members := make(map[string]member, len(definition.Fields))
	needed := 0
	for _, f := range definition.Fields {
		at, ok := memberNamed(goType, f.Name)
		if !ok || f.DefaultValue != nil {
			return nil
		}
		pack := r.packer(f.Type, at.Type)
		if pack == nil {
			return nil
		}
		members[f.Name] = member{at.Index, pack, f.Type.NonNull}
		if f.Type.NonNull {
			needed++
		}
	}
	return func(into reflect.Value, value any) bool {
		values, ok := value.(map[string]any)
		if !ok {
			return false
		}
		missing := needed
		for name, one := range values {
			m, known := members[name]
			if !known || !m.pack(into.FieldByIndex(m.index), one) {
				return false
			}
			if m.isNeeded {
				missing--
			}
		}
		return missing == 0
	}
}
