package projection

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/graph-gophers/graphql-go/errors"
	"github.com/vektah/gqlparser/v2/ast"
)

type write = func(w *writer, at *path, value reflect.Value)

// value compiles how a value of a type is written.
func (c *compiler) value(t *ast.Type, goType reflect.Type, set ast.SelectionSet) write {
	inner, isPointer := goType, goType.Kind() == reflect.Pointer
	if goType.Kind() == reflect.Interface {
		c.fail()
		return nil
	}
	var body write
	switch definition := c.schema.Types[t.Name()]; {
	case t.Elem != nil:
		if isPointer {
			inner = goType.Elem()
		}
		body = c.list(t, inner, set)
	case definition.Kind == ast.Object:
		return c.object(t, definition, goType, set)
	case definition.Kind == ast.Enum:
		body = writeEnum(definition)
	case definition.Kind == ast.Scalar:
		if isPointer {
			inner = goType.Elem()
		}
		body = scalar(inner)
	default:
		c.fail()
		return nil
	}
	if !isPointer {
		return body
	}
	return func(w *writer, at *path, value reflect.Value) {
		if value.IsNil() {
			w.nothing(t, at)
			return
		}
		body(w, at, value.Elem())
	}
}

// nothing writes null, which is an error where there must be something.
func (w *writer) nothing(t *ast.Type, at *path) {
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		w.fail(at, errors.Errorf("graphql: got nil for non-null %q", nullable.String()))
		return
	}
	w.null()
}

func (c *compiler) object(t *ast.Type, definition *ast.Definition, goType reflect.Type, set ast.SelectionSet) write {
	fields := c.fields(definition, goType, set, false)
	isPointer := goType.Kind() == reflect.Pointer
	return func(w *writer, at *path, value reflect.Value) {
		if isPointer && value.IsNil() {
			w.nothing(t, at)
			return
		}
		w.fields(at, fields, value, reflect.Value{})
	}
}

func (c *compiler) list(t *ast.Type, goType reflect.Type, set ast.SelectionSet) write {
	if goType.Kind() != reflect.Slice {
		c.fail()
		return nil
	}
	outer := c.inList
	c.inList = true
	element := c.value(t.Elem, goType.Elem(), set)
	c.inList = outer
	return func(w *writer, at *path, value reflect.Value) {
		began := len(w.out)
		w.out = append(w.out, '[')
		hasHole := false // all elements are written: each may leave an error
		for n := range value.Len() {
			if n > 0 {
				w.out = append(w.out, ',')
			}
			from := len(w.out)
			element(w, &path{at, n}, value.Index(n))
			hasHole = hasHole || t.Elem.NonNull && w.isNull(from)
		}
		if hasHole {
			w.out = append(w.out[:began], null...)
			return
		}
		w.out = append(w.out, ']')
	}
}

func writeEnum(definition *ast.Definition) write {
	return func(w *writer, at *path, value reflect.Value) {
		name := value.String()
		if s, ok := value.Interface().(fmt.Stringer); ok {
			name = s.String()
		}
		if definition.EnumValues.ForName(name) == nil {
			w.fail(at, errors.Errorf("Invalid value %s.\nExpected type %s, found %s.", name, definition.Name, name))
			return
		}
		w.out = append(append(append(w.out, '"'), name...), '"')
	}
}

var (
	marshalerType = reflect.TypeFor[json.Marshaler]()
	appenderType  = reflect.TypeFor[encoding.TextAppender]()
	textType      = reflect.TypeFor[encoding.TextMarshaler]()
)

// scalar is how encoding/json writes a type, without looking it up.
func scalar(goType reflect.Type) write {
	switch {
	case goType.Implements(marshalerType):
		return func(w *writer, _ *path, value reflect.Value) {
			w.encoded(value.Interface().(json.Marshaler).MarshalJSON())
		}
	case goType.Implements(appenderType):
		return func(w *writer, _ *path, value reflect.Value) {
			var room [64]byte
			text, err := value.Interface().(encoding.TextAppender).AppendText(room[:0])
			w.text(string(text), err)
		}
	case goType.Implements(textType), reflect.PointerTo(goType).Implements(textType), reflect.PointerTo(goType).Implements(marshalerType):
		return writeAny
	}
	switch goType.Kind() {
	case reflect.String:
		return writeString
	case reflect.Bool:
		return func(w *writer, _ *path, value reflect.Value) { w.out = strconv.AppendBool(w.out, value.Bool()) }
	case reflect.Int, reflect.Int32, reflect.Int64:
		return func(w *writer, _ *path, value reflect.Value) { w.out = strconv.AppendInt(w.out, value.Int(), 10) }
	}
	return writeAny
}

func writeString(w *writer, _ *path, value reflect.Value) { w.text(value.String(), nil) }

func writeAny(w *writer, _ *path, value reflect.Value) { w.encoded(json.Marshal(value.Interface())) }

func (w *writer) encoded(text []byte, err error) {
	if err != nil {
		panic(fmt.Errorf("encode a value: %w", err)) // run recovers
	}
	w.out = append(w.out, text...)
}

func (w *writer) text(text string, err error) {
	if err == nil {
		w.out, err = jsontext.AppendQuote(w.out, text)
	}
	if err != nil {
		panic(fmt.Errorf("encode a text: %w", err))
	}
}
