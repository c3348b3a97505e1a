// Package projection compiles operations: what graphql-go looks up at every execution (the fields of a document, the
// methods behind them, the forms of their values) is looked up once.
//
// It promises the result that graphql-go gives, of operations that graphql-go has found valid: that is not asked again.
// It compiles what is executed again and again: one root field, and below it nothing of which two parts could be resolved
// at the same time. Whatever else a document may have is left to graphql-go, and so is a request whose variables are not
// plainly of their types.
package projection

import (
	"context"
	"fmt"
	"reflect"

	"github.com/graph-gophers/graphql-go/errors"
	"github.com/vektah/gqlparser/v2/ast"
)

// Projection is an operation that is compiled. Safe for concurrent use.
type Projection struct {
	schema    *ast.Schema
	variables map[string]*ast.VariableDefinition
	root      field
	object    reflect.Value // whose field the root field is
}

// Compile gives the projection of an operation on the object behind its root type, or nil where graphql-go has to execute
// it. The operation must be valid for the schema, and the object must have passed graphql-go's check against it.
func Compile(schema *ast.Schema, object any, operation *ast.OperationDefinition, fragments ast.FragmentDefinitionList) *Projection {
	root := map[ast.Operation]*ast.Definition{ast.Query: schema.Query, ast.Mutation: schema.Mutation}[operation.Operation]
	if root == nil || object == nil || len(operation.Directives) > 0 {
		return nil
	}
	p := &Projection{schema: schema, variables: map[string]*ast.VariableDefinition{}, object: reflect.ValueOf(object)}
	for _, v := range operation.VariableDefinitions {
		if v.DefaultValue != nil || len(v.Directives) > 0 {
			return nil
		}
		p.variables[v.Variable] = v
	}
	c := &compiler{schema: schema, fragments: fragments}
	fields := c.fields(root, reflect.TypeOf(object), operation.SelectionSet, true)
	if c.failed || len(fields) != 1 {
		return nil
	}
	p.root = fields[0]
	return p
}

// Run executes the operation. The data is null where an error went up to the root. It is not ok where the variables are
// not plainly of their types: then nothing was executed.
func (p *Projection) Run(ctx context.Context, variables map[string]any) (data []byte, errs []*errors.QueryError, ok bool) {
	if !p.takes(variables) {
		return nil, nil, false
	}
	var in reflect.Value
	if p.root.arguments != nil {
		if in, ok = p.root.arguments.pack(variables); !ok {
			return nil, nil, false
		}
	}
	w := &writer{ctx: ctx, out: make([]byte, 0, firstBytes)}
	w.run(p, in)
	return w.out, w.errs, true
}

// run writes the answer; a value that cannot be written leaves none.
func (w *writer) run(p *Projection, arguments reflect.Value) {
	defer func() {
		if panicked := recover(); panicked != nil {
			w.out, w.errs = append(w.out[:0], null...), append(w.errs, asError(panicked))
		}
	}()
	w.fields(nil, []field{p.root}, p.object, arguments)
}

func asError(panicked any) *errors.QueryError {
	err := fmt.Errorf("panic: %v", panicked)
	return &errors.QueryError{Err: err, ResolverError: err, Message: "panic"}
}

// takes tells whether exactly the declared variables are there, as far as they have to be.
func (p *Projection) takes(variables map[string]any) bool {
	for name := range variables {
		if p.variables[name] == nil {
			return false
		}
	}
	for name, v := range p.variables {
		if v.Type.NonNull && variables[name] == nil {
			return false
		}
	}
	return true
}

// firstBytes is for how much of an answer there is room before it is written.
const firstBytes = 512

// field is one field of an object, under its key in the answer.
type field struct {
	key       []byte // with the colon
	alias     string
	arguments *arguments // of the root field; nil where it takes none
	resolve   func(ctx context.Context, object, arguments reflect.Value) (reflect.Value, error)
	write     func(w *writer, path *path, value reflect.Value)
	isNonNull bool
}

// path is where in an answer something stands: a key or an index, below another.
type path struct {
	up   *path
	step any
}

func (p *path) slice() []any {
	if p == nil {
		return nil
	}
	return append(p.up.slice(), p.step)
}

// writer is one execution.
type writer struct {
	ctx  context.Context
	out  []byte
	errs []*errors.QueryError
}

var null = []byte("null")

func (w *writer) null() { w.out = append(w.out, null...) }

// isNull tells whether what was written from there on is null.
func (w *writer) isNull(from int) bool { return string(w.out[from:]) == "null" }

// fail leaves null, and an error about it.
func (w *writer) fail(at *path, err *errors.QueryError) {
	err.Path = at.slice()
	w.errs = append(w.errs, err)
	w.null()
}

// fields writes an object. Where a field that cannot be null is, the object is. Source: GraphQL, 6.4.4.
func (w *writer) fields(at *path, fields []field, object, arguments reflect.Value) {
	began, hasHole := len(w.out), false // all fields are written: each may leave an error
	w.out = append(w.out, '{')
	for n := range fields {
		f := &fields[n]
		if n > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, f.key...)
		from := len(w.out)
		below := &path{at, f.alias}
		if value, err := w.resolve(f, object, arguments); err != nil {
			w.fail(below, err)
		} else {
			f.write(w, below, value)
		}
		hasHole = hasHole || f.isNonNull && w.isNull(from)
	}
	if hasHole {
		w.out = append(w.out[:began], null...)
		return
	}
	w.out = append(w.out, '}')
}

// extended is an error that says more than its text.
type extended interface{ Extensions() map[string]any }

// resolve gives the value of a field. A resolver that panics fails, and its value reaches the log alone.
func (w *writer) resolve(f *field, object, arguments reflect.Value) (value reflect.Value, failed *errors.QueryError) {
	defer func() {
		if panicked := recover(); panicked != nil {
			failed = asError(panicked)
		}
	}()
	if err := w.ctx.Err(); err != nil {
		return reflect.Value{}, errors.Errorf("%s", err)
	}
	value, err := f.resolve(w.ctx, object, arguments)
	if err == nil {
		return value, nil
	}
	failed = errors.Errorf("%s", err)
	failed.ResolverError = err
	if more, ok := err.(extended); ok {
		failed.Extensions = more.Extensions()
	}
	return reflect.Value{}, failed
}
