package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
)

// plan is how the events of one subscription are executed, and with whom the result is shared.
type plan struct {
	*outline
	variables map[string]any
	key       string // equal keys and an equal viewer give equal results for one event
}

// outline is what follows from a subscription's document alone; it is shared by all who send the same.
type outline struct {
	refusal string // why the document is none that can be followed; "": it is
	query   string // the operation as a query
	opening string // the same with nothing below the root: enough to learn what is followed, of a valid document
	isValid atomic.Bool
	normal  string // what is shown, whatever the operation and its variables are called
	used    []variable
	class   class
}

// variable is one that the result depends on.
type variable struct{ name, fallback string }

// class is how far a result depends on who looks at it.
type class int

const (
	forEverybody class = iota
	forSender          // it shows the event's own message to its sender otherwise than to others
	forViewer
)

// viewerFields depend on the viewer wherever they stand. clientMessageId does so too, and on no more than whether the
// viewer is the sender where it belongs to the event's own message.
func viewerFields() map[string]bool {
	return map[string]bool{"email": true, "unreadCount": true, "readSeq": true, senderField: true}
}

const senderField = "clientMessageId"

// maxVariableBytes bounds the variables of one subscription, as JSON: ids, a cursor, and some more for what is selected.
const maxVariableBytes = 2 << 10

// newPlan prepares a subscription. Errors: one that is ready for the caller.
func newPlan(ctx context.Context, doc *gql.Document) (*plan, *gql.Error) {
	o := doc.Memo.Do(func() any { return newOutline(doc) }).(*outline)
	if o.refusal != "" {
		return nil, gql.NewError(ctx, gql.ValidationFailed, o.refusal)
	}
	variables := declared(doc)
	if text, err := json.Marshal(variables); err != nil || len(text) > maxVariableBytes {
		return nil, gql.NewError(ctx, gql.PayloadTooLarge, fmt.Sprintf("The variables of a subscription are longer than %d bytes", maxVariableBytes))
	}
	if len(o.used) == 0 {
		return &plan{outline: o, variables: variables, key: o.normal}, nil
	}
	values := map[string]any{}
	for _, v := range o.used {
		if value, ok := variables[v.name]; ok {
			values[v.name] = value
		} else if v.fallback != "" {
			values[v.name] = v.fallback
		}
	}
	key, err := json.Marshal(values)
	if err != nil {
		return nil, gql.NewError(ctx, gql.BadRequest, "The variables cannot be read")
	}
	return &plan{outline: o, variables: variables, key: o.normal + string(key)}, nil
}

// declared are the variables that the operation knows. What else was sent would be kept as long as the subscription lives.
func declared(doc *gql.Document) map[string]any {
	known := make(map[string]any, len(doc.Operation.VariableDefinitions))
	for _, v := range doc.Operation.VariableDefinitions {
		if value, ok := doc.Variables[v.Variable]; ok {
			known[v.Variable] = value
		}
	}
	return known
}

func newOutline(doc *gql.Document) *outline {
	op := *doc.Operation
	if len(doc.Roots) != 1 || len(op.SelectionSet) != 1 {
		return &outline{refusal: "A subscription must select exactly one root field"}
	}
	root, ok := op.SelectionSet[0].(*ast.Field)
	if !ok || strings.HasPrefix(root.Name, "__") {
		return &outline{refusal: "A subscription's root must be a field of Subscription"}
	}
	if len(root.Directives) > 0 {
		return &outline{refusal: "A subscription's root field takes no directives"}
	}
	w := walker{fragments: doc.Source.Fragments, perViewer: viewerFields(), used: map[string]bool{}, seen: map[string]bool{}}
	w.walk(root.SelectionSet, []string{root.Name})
	o := &outline{class: w.class, used: w.usedOf(doc)}

	op.Operation = ast.Query
	o.query = format(&op, doc.Source.Fragments)
	o.opening = openingOf(op, *root, o)

	op.Name, op.VariableDefinitions, root = "", nil, withoutArguments(*root)
	op.SelectionSet = ast.SelectionSet{root}
	o.normal = format(&op, doc.Source.Fragments)
	return o
}

func withoutArguments(field ast.Field) *ast.Field {
	field.Arguments = nil
	return &field
}

// openingOf is the query with nothing below the root. Where variables are used there too, the query itself: only it
// checks their values.
func openingOf(op ast.OperationDefinition, root ast.Field, o *outline) string {
	if len(o.used) > 0 {
		return o.query
	}
	root.SelectionSet = ast.SelectionSet{&ast.Field{Name: "__typename", Alias: "__typename"}}
	op.SelectionSet = ast.SelectionSet{&root}
	return format(&op, nil)
}

// format writes a document of one operation in a normal form.
func format(op *ast.OperationDefinition, fragments ast.FragmentDefinitionList) string {
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithCompacted()).FormatQueryDocument(&ast.QueryDocument{
		Operations: ast.OperationList{op}, Fragments: fragments,
	})
	return text.String()
}

// walker finds what the selection below the root depends on.
type walker struct {
	fragments ast.FragmentDefinitionList
	perViewer map[string]bool
	class     class
	used      map[string]bool // variables
	seen      map[string]bool // fragments, by the place of their spread
}

func (w *walker) walk(set ast.SelectionSet, path []string) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			w.directives(s.Directives)
			for _, arg := range s.Arguments {
				w.value(arg.Value)
			}
			if w.perViewer[s.Name] {
				w.class = max(w.class, classOf(s.Name, path))
			}
			w.walk(s.SelectionSet, append(path[:len(path):len(path)], s.Name))
		case *ast.InlineFragment:
			w.directives(s.Directives)
			w.walk(s.SelectionSet, path)
		case *ast.FragmentSpread:
			w.directives(s.Directives)
			place := strings.Join(path, ".") + "..." + s.Name
			if f := w.fragments.ForName(s.Name); f != nil && !w.seen[place] {
				w.seen[place] = true
				w.walk(f.SelectionSet, path)
			}
		}
	}
}

// classOf tells whether a field is one of the event's own message: directly below the root, or below chatEvents.message.
func classOf(field string, path []string) class {
	if field == senderField && (len(path) == 1 || len(path) == 2 && path[1] == "message") {
		return forSender
	}
	return forViewer
}

func (w *walker) directives(list ast.DirectiveList) {
	for _, d := range list {
		for _, arg := range d.Arguments {
			w.value(arg.Value)
		}
	}
}

func (w *walker) value(v *ast.Value) {
	if v == nil {
		return
	}
	if v.Kind == ast.Variable {
		w.used[v.Raw] = true
	}
	for _, child := range v.Children {
		w.value(child.Value)
	}
}

// usedOf gives the variables that the result depends on.
func (w *walker) usedOf(doc *gql.Document) []variable {
	var used []variable
	for _, v := range doc.Operation.VariableDefinitions {
		if !w.used[v.Variable] {
			continue
		}
		fallback := ""
		if v.DefaultValue != nil {
			fallback = v.DefaultValue.String()
		}
		used = append(used, variable{v.Variable, fallback})
	}
	return used
}

// audience says for whom an event is executed for a subscription: equal audiences share the result.
func (s *Subscription) audience(e history.Event) (audienceKey, identity.Viewer) {
	viewer := s.stream.Viewer
	as := identity.Viewer{All: true, Emails: viewer.Emails}
	if s.plan.class == forViewer || s.plan.class == forSender && e.Kind.OfMessage() && e.Actor == viewer.ID {
		as.ID = viewer.ID
	}
	return audienceKey{s.shown, as.ID}, as
}

// open runs the subscription's resolver to learn what it follows.
func (e *Engine) open(ctx context.Context, p *plan) (*Stream, []*gql.Error) {
	o := &opening{}
	query := p.query
	if p.isValid.Load() {
		query = p.opening
	}
	res := e.exec.Run(context.WithValue(ctx, openingKey{}, o), query, "", p.variables)
	if o.stream == nil {
		if len(res.Errors) == 0 {
			return nil, []*gql.Error{gql.NewError(ctx, gql.ValidationFailed, "This field follows nothing")}
		}
		return nil, res.Errors
	}
	p.isValid.Store(true)
	return o.stream, nil
}

// execute runs one event through a plan. A nil payload means that the event is left out.
// Errors: fault.Unavailable when the store is out of reach; the event has to be executed again later.
func (e *Engine) execute(ctx context.Context, p *plan, d Delivery) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, executeTime)
	defer cancel()
	ctx = gql.WithRequestID(ctx, id.New[id.Any]().String())
	res := e.exec.Run(context.WithValue(ctx, deliveryKey{}, &d), p.query, "", p.variables)
	e.metrics.executions.Inc()
	if d.skip {
		return nil, nil
	}
	if err := gql.OutOfReach(res.Errors); err != nil {
		return nil, err
	}
	isArrival := d.Event.Kind == history.MemberAdded && d.Event.Seq == 0
	if d.Event.Topic().Log == history.Changes && !isArrival {
		if res.Extensions == nil {
			res.Extensions = map[string]any{}
		}
		res.Extensions["seq"] = d.Event.Seq
	}
	payload, err := json.Marshal(res.Response)
	if err != nil {
		return nil, fmt.Errorf("encode a result: %w", err)
	}
	return payload, nil
}
