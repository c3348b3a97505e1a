package gql

import (
	"context"
	"reflect"
	"sync"

	"github.com/graph-gophers/graphql-go"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"chat/modules/projection"
)

// projections keeps the compiled form of operations that clients send again and again. When it is full it begins anew.
type projections struct {
	schema *ast.Schema
	root   any // graphql-go's root resolver

	mu    sync.RWMutex
	known map[knownKey]*projection.Projection // nil: graphql-go has to execute it
}

func newProjections(sdl string, root any) (*projections, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil, err
	}
	return &projections{schema: schema, root: root}, nil
}

func (p *projections) find(key knownKey) (compiled *projection.Projection, isKnown bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	compiled, isKnown = p.known[key]
	return compiled, isKnown
}

// keep compiles an operation that graphql-go has executed, so that it is valid.
func (p *projections) keep(key knownKey) {
	if len(key.query) > maxKnownBytes {
		return
	}
	source, err := parser.ParseQuery(&ast.Source{Input: key.query})
	if err != nil { // graphql-go reads it
		return
	}
	var compiled *projection.Projection
	if op := operation(source, key.operation); op != nil {
		compiled = projection.Compile(p.schema, p.object(op.Operation), op, source.Fragments)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxKnown {
		p.known = map[knownKey]*projection.Projection{}
	}
	p.known[key] = compiled
}

// object is what graphql-go finds behind a root type: what the root resolver's method of that name gives, else the root
// resolver itself.
func (p *projections) object(of ast.Operation) any {
	name := map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation"}[of]
	method := reflect.ValueOf(p.root).MethodByName(name)
	if !method.IsValid() {
		return p.root
	}
	return method.Call(nil)[0].Interface()
}

// exec executes an operation: graphql-go at first, and then its compiled form where it has one.
func (x *Executor) exec(ctx context.Context, query, operation string, variables map[string]any) (res *graphql.Response, isStarted bool) {
	key := knownKey{query, operation}
	compiled, isKnown := x.compiled.find(key)
	if compiled != nil {
		if data, errs, ok := compiled.Run(ctx, variables); ok {
			return &graphql.Response{Data: data, Errors: errs}, true
		}
	}
	res = x.schema.Exec(ctx, query, operation, variables)
	isStarted = started(ctx, res)
	if isStarted && !isKnown && ctx.Err() == nil {
		x.compiled.keep(key)
	}
	return res, isStarted
}
