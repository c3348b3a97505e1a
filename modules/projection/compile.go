package projection

import (
	"context"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
)

// compiler compiles one operation. It fails at what is left to graphql-go.
type compiler struct {
	schema    *ast.Schema
	fragments ast.FragmentDefinitionList
	failed    bool
	inList    bool
}

func (c *compiler) fail() { c.failed = true }

// fields compiles the selection of an object type for the Go type behind it.
func (c *compiler) fields(of *ast.Definition, goType reflect.Type, set ast.SelectionSet, isRoot bool) []field {
	var out []field
	waiting := 0
	for _, selected := range c.collect(of, set) {
		f := c.field(of, goType, selected, isRoot)
		if f.waits {
			waiting++
		}
		out = append(out, f.field)
	}
	if waiting > 1 || waiting > 0 && c.inList {
		c.fail() // graphql-go resolves them at the same time
	}
	return out
}

// collect flattens fragments, and puts together what stands under one key. Source: GraphQL, 6.3.2.
func (c *compiler) collect(of *ast.Definition, set ast.SelectionSet) []*ast.Field {
	var out []*ast.Field
	at := map[string]int{}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if len(s.Directives) > 0 {
					c.fail()
				}
				n, again := at[s.Alias]
				if !again {
					at[s.Alias] = len(out)
					out = append(out, &ast.Field{Alias: s.Alias, Name: s.Name, Arguments: s.Arguments, SelectionSet: s.SelectionSet})
					continue
				}
				merged := append(ast.SelectionSet{}, out[n].SelectionSet...)
				out[n].SelectionSet = append(merged, s.SelectionSet...)
			case *ast.InlineFragment:
				if len(s.Directives) > 0 || s.TypeCondition != "" && s.TypeCondition != of.Name {
					c.fail()
					return
				}
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				fragment := c.fragments.ForName(s.Name)
				if len(s.Directives) > 0 || fragment == nil || len(fragment.Directives) > 0 || fragment.TypeCondition != of.Name {
					c.fail()
					return
				}
				walk(fragment.SelectionSet)
			}
		}
	}
	walk(set)
	return out
}

// compiled is a field, and whether it may wait for something.
type compiled struct {
	field
	waits bool
}

func (c *compiler) field(of *ast.Definition, goType reflect.Type, selected *ast.Field, isRoot bool) compiled {
	out := compiled{field: field{alias: selected.Alias}}
	key, err := jsontext.AppendQuote(nil, selected.Alias)
	if err != nil {
		c.fail()
		return out
	}
	out.key = append(key, ':')
	if selected.Name == "__typename" {
		name := reflect.ValueOf(of.Name)
		out.resolve = func(context.Context, reflect.Value, reflect.Value) (reflect.Value, error) { return name, nil }
		out.write, out.isNonNull = writeString, true
		return out
	}
	definition := of.Fields.ForName(selected.Name)
	if definition == nil { // __schema and __type
		c.fail()
		return out
	}
	out.isNonNull = definition.Type.NonNull
	var result reflect.Type
	switch a, isMethod := methodNamed(goType, selected.Name); {
	case isMethod:
		result = c.method(&out, a, definition, selected, isRoot)
	default:
		result = c.member(&out, goType, selected.Name)
	}
	if c.failed {
		return out
	}
	out.write = c.value(definition.Type, result, selected.SelectionSet)
	return out
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", ""), strings.ReplaceAll(b, "_", ""))
}

func methodNamed(goType reflect.Type, name string) (reflect.Method, bool) {
	for n := range goType.NumMethod() {
		if m := goType.Method(n); sameName(m.Name, name) {
			return m, true
		}
	}
	return reflect.Method{}, false
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// method makes a method the resolver of a field, and gives the type of its result.
func (c *compiler) method(out *compiled, m reflect.Method, definition *ast.FieldDefinition, selected *ast.Field, isRoot bool) reflect.Type {
	form := m.Type
	in := 1 // the receiver
	takesContext := form.NumIn() > in && form.In(in) == contextType
	if takesContext {
		in++
	}
	takesArguments := form.NumIn() > in
	if takesArguments {
		in++
	}
	givesError := form.NumOut() == 2 && form.Out(1) == errorType
	if in != form.NumIn() || form.NumOut() != 1 && !givesError || takesArguments && !isRoot {
		c.fail()
		return nil
	}
	if takesArguments {
		if out.arguments = newArguments(c.schema, definition.Arguments, form.In(form.NumIn()-1), selected.Arguments); out.arguments == nil {
			c.fail()
			return nil
		}
	}
	out.waits = takesContext || takesArguments || givesError
	index := m.Index
	out.resolve = func(ctx context.Context, object, arguments reflect.Value) (reflect.Value, error) {
		var given [2]reflect.Value
		all := given[:0]
		if takesContext {
			all = append(all, reflect.ValueOf(ctx))
		}
		if takesArguments {
			all = append(all, arguments)
		}
		got := object.Method(index).Call(all)
		if givesError && !got[1].IsNil() {
			return reflect.Value{}, got[1].Interface().(error)
		}
		return got[0], nil
	}
	return form.Out(0)
}

// member makes a member of a struct the resolver of a field, and gives its type.
func (c *compiler) member(out *compiled, goType reflect.Type, name string) reflect.Type {
	structType := goType
	if structType.Kind() == reflect.Pointer {
		structType = structType.Elem()
	}
	if structType.Kind() != reflect.Struct {
		c.fail()
		return nil
	}
	member, ok := structType.FieldByNameFunc(func(n string) bool { return sameName(n, name) })
	if !ok || member.PkgPath != "" {
		c.fail()
		return nil
	}
	index := member.Index
	out.resolve = func(_ context.Context, object, _ reflect.Value) (reflect.Value, error) {
		if object.Kind() == reflect.Pointer {
			object = object.Elem()
		}
		return object.FieldByIndex(index), nil
	}
	return member.Type
}
