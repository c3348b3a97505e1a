package gql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"chat/modules/fault"
)

// Limits bound a document before it is validated. A field counts where it stands in the operation after fragments are
// spread, aliases and directives where they are written.
type Limits struct {
	Bytes              int
	Tokens             int
	Depth              int // nesting of data fields
	IntrospectionDepth int // nesting where only __schema, __type and __typename are asked
	Aliases            int
	Directives         int
	RootFields         int
	Fields             int

	// Once names root fields that a document may call only once: a batch of them is an attack.
	Once []string
}

// DefaultLimits are what no client of this API needs to exceed.
func DefaultLimits() Limits {
	return Limits{
		Bytes: 15_000, Tokens: 1_000, Depth: 8, IntrospectionDepth: 16,
		Aliases: 15, Directives: 50, RootFields: 10, Fields: 5_000,
		Once: []string{"login", "refreshToken", "createUser", "changePassword"},
	}
}

// Document is a parsed request within the limits, with the texts in its query written as both parsers read them. It is not yet
// validated against the schema.
type Document struct {
	Request
	Operation *ast.OperationDefinition // the one that will run
	Roots     []string                 // its root fields, each once, in alphabetical order
	Calls     map[string]int           // how often each of them is called, after fragments are spread; not to be changed
	Source    *ast.QueryDocument
	Memo      *Memo // shared by all requests of the same document, as far as it is known
}

// Memo keeps what somebody derives from a parsed document, so that it is derived once.
type Memo struct {
	once  sync.Once
	value any
}

// Do gives what derive gave at the first call. It has one user.
func (m *Memo) Do(derive func() any) any {
	m.once.Do(func() { m.value = derive() })
	return m.value
}

// IsSubscription tells whether the operation to run is a subscription.
func (d *Document) IsSubscription() bool { return d.Operation.Operation == ast.Subscription }

// AsksSchema tells whether the operation asks what the API looks like.
func (d *Document) AsksSchema() bool {
	return slices.ContainsFunc(d.Roots, isOfSchema)
}

func isOfSchema(field string) bool { return field == "__schema" || field == "__type" }

// Parse reads a request's document and applies the limits. The error is ready for the caller: GRAPHQL_PARSE_FAILED, BAD_USER_INPUT,
// PAYLOAD_TOO_LARGE, GRAPHQL_VALIDATION_FAILED (tokens, no such operation, a number out of range, a question about the schema in
// the wrong place) or QUERY_TOO_COMPLEX.
func Parse(ctx context.Context, req Request, limits Limits) (*Document, *Error) {
	refuse := func(code fault.Code, format string, args ...any) (*Document, *Error) {
		return nil, NewError(ctx, code, fmt.Sprintf(format, args...))
	}
	if len(req.Query) > limits.Bytes {
		return refuse(PayloadTooLarge, "The document is longer than %d bytes", limits.Bytes)
	}
	query, ok := readable(req.Query)
	if !ok {
		return nil, Show(ctx, HalfOfAPair())
	}
	req.Query = query
	source, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, limits.Tokens)
	if err != nil {
		if strings.HasPrefix(parseText(err), "exceeded token limit") {
			return refuse(ValidationFailed, "The document has more than %d tokens", limits.Tokens)
		}
		return nil, parseError(ctx, err)
	}
	doc := &Document{Request: req, Source: source, Memo: &Memo{}}
	if doc.Operation = operation(source, req.OperationName); doc.Operation == nil {
		switch {
		case len(source.Operations) == 0:
			return refuse(ValidationFailed, "The document has no operation")
		case req.OperationName == "":
			return refuse(ValidationFailed, "The document has several operations and none is named")
		}
		return refuse(ValidationFailed, "The document has no operation of that name")
	}
	m := newMeter(source, limits)
	if m.unreadable != "" {
		return refuse(ValidationFailed, "The number %s is out of range", m.unreadable)
	}
	size := m.extent(doc.Operation.SelectionSet)
	if text := m.exceeded(size); text != "" {
		return refuse(TooComplex, "%s", text)
	}
	doc.Roots, doc.Calls = slices.Sorted(maps.Keys(size.root)), size.root
	if m.misplaced || doc.AsksSchema() && doc.Operation.Operation != ast.Query {
		return refuse(ValidationFailed, "__schema and __type are fields of a query's root alone") // graphql-go takes them anywhere
	}
	return doc, nil
}

func operation(source *ast.QueryDocument, name string) *ast.OperationDefinition {
	if name == "" && len(source.Operations) == 1 {
		return source.Operations[0]
	}
	if name == "" {
		return nil
	}
	return source.Operations.ForName(name)
}

func parseText(err error) string {
	if e, ok := err.(*gqlerror.Error); ok {
		return e.Message
	}
	return err.Error()
}

func parseError(ctx context.Context, err error) *Error {
	out := NewError(ctx, ParseFailed, "Syntax error: "+parseText(err))
	if e, ok := err.(*gqlerror.Error); ok {
		for _, l := range e.Locations {
			out.Locations = append(out.Locations, location(l))
		}
	}
	return out
}

// meter measures a document. Fragments are measured once each, so that chains of fragments that double cost nothing;
// spreads in a cycle count as empty, since validation refuses them.
type meter struct {
	limits    Limits
	fragments map[string]*ast.FragmentDefinition
	measured  map[string]*extent

	aliases, directives int

	misplaced  bool   // a question about the schema below the root
	unreadable string // a number that graphql-go would panic over
}

// extent is the size of a selection set after fragments are spread.
type extent struct {
	depth, fields int
	root          map[string]int // how often each field stands at the top
	rootFields    int
}

func newMeter(source *ast.QueryDocument, limits Limits) *meter {
	m := &meter{limits: limits, fragments: map[string]*ast.FragmentDefinition{}, measured: map[string]*extent{}}
	for _, f := range source.Fragments {
		m.fragments[f.Name] = f
		m.direct(f.Directives)
		m.count(f.SelectionSet)
	}
	for _, op := range source.Operations {
		for _, v := range op.VariableDefinitions {
			m.value(v.DefaultValue)
		}
		m.direct(op.Directives)
		m.count(op.SelectionSet)
	}
	return m
}

// count adds the aliases and directives that are written in a selection set.
func (m *meter) count(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Alias != s.Name {
				m.aliases++
			}
			m.arguments(s.Arguments)
			m.direct(s.Directives)
			m.count(s.SelectionSet)
		case *ast.InlineFragment:
			m.direct(s.Directives)
			m.count(s.SelectionSet)
		case *ast.FragmentSpread:
			m.direct(s.Directives)
		}
	}
}

func (m *meter) direct(directives ast.DirectiveList) {
	m.directives += len(directives)
	for _, d := range directives {
		m.arguments(d.Arguments)
	}
}

func (m *meter) arguments(arguments ast.ArgumentList) {
	for _, a := range arguments {
		m.value(a.Value)
	}
}

// value looks for numbers that no scalar can take; v may be nil.
func (m *meter) value(v *ast.Value) {
	if v == nil {
		return
	}
	var err error
	switch v.Kind {
	case ast.IntValue:
		_, err = strconv.ParseInt(v.Raw, 10, 64)
	case ast.FloatValue:
		_, err = strconv.ParseFloat(v.Raw, 64)
	}
	if err != nil {
		m.unreadable = v.Raw[:min(len(v.Raw), 20)]
	}
	for _, child := range v.Children {
		m.value(child.Value)
	}
}

// exceeded says which limit an operation of that size exceeds, or "".
func (m *meter) exceeded(size extent) string {
	depth := m.limits.Depth
	if onlyIntrospection(size.root) {
		depth = m.limits.IntrospectionDepth
	}
	switch {
	case m.aliases > m.limits.Aliases:
		return fmt.Sprintf("The document has more than %d aliases", m.limits.Aliases)
	case m.directives > m.limits.Directives:
		return fmt.Sprintf("The document has more than %d directives", m.limits.Directives)
	case size.rootFields > m.limits.RootFields:
		return fmt.Sprintf("The operation has more than %d root fields", m.limits.RootFields)
	case size.depth > depth:
		return fmt.Sprintf("The operation is nested deeper than %d fields", depth)
	case size.fields > m.limits.Fields:
		return fmt.Sprintf("The operation asks for more than %d fields", m.limits.Fields)
	}
	for _, name := range m.limits.Once {
		if size.root[name] > 1 {
			return fmt.Sprintf("A document may call %s only once", name)
		}
	}
	return ""
}

func onlyIntrospection(root map[string]int) bool {
	for name := range root {
		if !strings.HasPrefix(name, "__") {
			return false
		}
	}
	return true
}

func (m *meter) extent(set ast.SelectionSet) extent {
	size := extent{root: map[string]int{}}
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			inner := m.extent(s.SelectionSet)
			m.misplaced = m.misplaced || inner.root["__schema"] > 0 || inner.root["__type"] > 0
			size.add(extent{depth: 1 + inner.depth, fields: 1 + inner.fields, root: map[string]int{s.Name: 1}, rootFields: 1})
		case *ast.InlineFragment:
			size.add(m.extent(s.SelectionSet))
		case *ast.FragmentSpread:
			size.add(m.fragment(s.Name))
		}
	}
	return size
}

func (m *meter) fragment(name string) extent {
	if known := m.measured[name]; known != nil {
		return *known
	}
	definition := m.fragments[name]
	if definition == nil {
		return extent{}
	}
	m.measured[name] = &extent{} // what a cycle finds
	size := m.extent(definition.SelectionSet)
	m.measured[name] = &size
	return size
}

// enough is where counting stops: beyond every limit, and far from overflow when it is doubled.
const enough = 1 << 30

func (e *extent) add(other extent) {
	e.depth = max(e.depth, other.depth)
	e.fields = min(e.fields+other.fields, enough)
	e.rootFields = min(e.rootFields+other.rootFields, enough)
	for name, n := range other.root {
		e.root[name] = min(e.root[name]+n, enough)
	}
}
