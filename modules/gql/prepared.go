package gql

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"github.com/graph-gophers/graphql-go"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"chat/modules/projection"
)

// prepared is an operation as far as it does not depend on a request.
type prepared struct {
	variables variables
	wrong     *Error                 // in its literals
	compiled  *projection.Projection // nil: graphql-go has to execute it
}

// preparations keeps what was prepared for operations that clients send again and again. When it is full it begins anew.
type preparations struct {
	schema *ast.Schema
	inputs inputs
	root   any // graphql-go's root resolver

	mu    sync.RWMutex
	known map[knownKey]*prepared // of valid operations
}

func newPreparations(sdl string, root any) (*preparations, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil, err
	}
	return &preparations{schema: schema, inputs: newInputs(schema), root: root}, nil
}

// find gives what is known of an operation, or nil.
func (p *preparations) find(key knownKey) *prepared {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.known[key]
}

// read prepares an operation of which it is not known whether it is valid.
func (p *preparations) read(source *ast.QueryDocument, name string) *prepared {
	op := operation(source, name)
	if op == nil {
		return &prepared{}
	}
	w := newUses(p.schema, op, source.Fragments)
	return &prepared{variables: newVariables(w, p.inputs, op), wrong: w.wrong()}
}

// keep compiles an operation that graphql-go has executed, so that it is valid.
func (p *preparations) keep(key knownKey, of *prepared, source *ast.QueryDocument) {
	if len(key.query) > maxKnownBytes {
		return
	}
	kept := &prepared{variables: of.variables}
	if op := operation(source, key.operation); op != nil {
		kept.compiled = projection.Compile(p.schema, p.object(op.Operation), op, source.Fragments)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxKnown {
		p.known = map[knownKey]*prepared{}
	}
	p.known[key] = kept
}

// object is what graphql-go finds behind a root type: what the root resolver's method of that name gives, else the root
// resolver itself.
func (p *preparations) object(of ast.Operation) any {
	name := map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation"}[of]
	method := reflect.ValueOf(p.root).MethodByName(name)
	if !method.IsValid() {
		return p.root
	}
	return method.Call(nil)[0].Interface()
}

// exec executes an operation: graphql-go at first, and then its compiled form where it has one. Nothing of it runs where the
// variables are not what it declares. source is the parsed document, or nil.
func (x *Executor) exec(ctx context.Context, key knownKey, source *ast.QueryDocument, variables map[string]any) (res *graphql.Response, isStarted bool) {
	known := x.prepared.find(key)
	if known == nil {
		return x.first(ctx, key, source, variables)
	}
	values, wrong := known.variables.coerce(variables)
	if wrong != nil {
		return &graphql.Response{Errors: []*Error{wrong}}, false
	}
	if known.compiled != nil {
		if data, errs, ok := known.compiled.Run(ctx, values); ok {
			return &graphql.Response{Data: data, Errors: errs}, true
		}
	}
	res = x.schema.Exec(ctx, key.query, key.operation, values)
	return res, started(ctx, res)
}

// first executes an operation of which nothing is known.
func (x *Executor) first(ctx context.Context, key knownKey, source *ast.QueryDocument, variables map[string]any) (res *graphql.Response, isStarted bool) {
	if source == nil {
		var err error
		if source, err = parser.ParseQuery(&ast.Source{Input: key.query}); err != nil {
			source = &ast.QueryDocument{} // graphql-go reads it
		}
	}
	of := x.prepared.read(source, key.operation)
	if of.wrong != nil {
		return &graphql.Response{Errors: x.invalid(key.query, variables, of.wrong)}, false
	}
	values, wrong := of.variables.coerce(variables)
	if wrong != nil {
		return &graphql.Response{Errors: x.invalid(key.query, variables, wrong)}, false
	}
	res = x.schema.Exec(ctx, key.query, key.operation, values)
	if isStarted = started(ctx, res); isStarted && ctx.Err() == nil {
		x.prepared.keep(key, of, source)
	}
	return res, isStarted
}

// invalid gives what graphql-go finds wrong with a document or, where that is nothing, what was found here.
func (x *Executor) invalid(query string, variables map[string]any, wrong *Error) []*Error {
	errs := slices.DeleteFunc(x.schema.ValidateWithVariables(query, variables), func(e *Error) bool { return e.Rule == ruleOfVariables })
	if len(errs) > 0 {
		return errs
	}
	return []*Error{wrong}
}

// ruleOfVariables is by which graphql-go refuses some values of variables, in words and with places of its schema.
const ruleOfVariables = "VariablesOfCorrectType"
