package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
)

// plan is how the events of one subscription are executed: its operation as a query, and with whom the result is shared.
type plan struct {
	query     string
	variables map[string]any
	key       string // equal keys and an equal viewer give equal results for one event
	class     class
}

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

// newPlan prepares a subscription. Errors: one that is ready for the caller.
func newPlan(ctx context.Context, doc *gql.Document) (*plan, *gql.Error) {
	op := *doc.Operation
	if len(doc.Roots) != 1 || len(op.SelectionSet) != 1 {
		return nil, gql.NewError(ctx, gql.ValidationFailed, "A subscription must select exactly one root field")
	}
	root, ok := op.SelectionSet[0].(*ast.Field)
	if !ok || strings.HasPrefix(root.Name, "__") {
		return nil, gql.NewError(ctx, gql.ValidationFailed, "A subscription's root must be a field of Subscription")
	}
	if len(root.Directives) > 0 {
		return nil, gql.NewError(ctx, gql.ValidationFailed, "A subscription's root field takes no directives")
	}
	p := &plan{variables: doc.Variables}
	w := walker{fragments: doc.Source.Fragments, perViewer: viewerFields(), used: map[string]bool{}, seen: map[string]bool{}}
	w.walk(root.SelectionSet, []string{root.Name})
	p.class = w.class

	op.Operation = ast.Query
	p.query = format(&op, doc.Source.Fragments)

	shared := *root
	shared.Arguments = nil
	op.Name, op.SelectionSet, op.VariableDefinitions = "", ast.SelectionSet{&shared}, nil
	key, err := json.Marshal(w.usedOf(doc))
	if err != nil {
		return nil, gql.NewError(ctx, gql.BadRequest, "The variables cannot be read")
	}
	p.key = format(&op, doc.Source.Fragments) + string(key)
	return p, nil
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

// usedOf gives the variables that the result depends on, defaults included.
func (w *walker) usedOf(doc *gql.Document) map[string]any {
	values := map[string]any{}
	for _, v := range doc.Operation.VariableDefinitions {
		if !w.used[v.Variable] {
			continue
		}
		if value, ok := doc.Variables[v.Variable]; ok {
			values[v.Variable] = value
		} else if v.DefaultValue != nil {
			values[v.Variable] = v.DefaultValue.String()
		}
	}
	return values
}

// audience says for whom an event is executed for a subscription: equal audiences share the result.
func (s *Subscription) audience(e history.Event) (string, identity.Viewer) {
	viewer := s.stream.Viewer
	as := identity.Viewer{All: true, Emails: viewer.Emails}
	if s.plan.class == forViewer || s.plan.class == forSender && e.Kind.OfMessage() && e.Actor == viewer.ID {
		as.ID = viewer.ID
	}
	return s.plan.key + "\x00" + s.stream.Share + "\x00" + as.ID.String(), as
}

// open runs the subscription's resolver to learn what it follows.
func (e *Engine) open(ctx context.Context, p *plan) (*Stream, []*gql.Error) {
	o := &opening{}
	res := e.exec.Run(context.WithValue(ctx, openingKey{}, o), p.query, "", p.variables)
	if o.stream == nil {
		if len(res.Errors) == 0 {
			return nil, []*gql.Error{gql.NewError(ctx, gql.ValidationFailed, "This field follows nothing")}
		}
		return nil, res.Errors
	}
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
	if d.Event.Topic().Log == history.Changes && d.Event.Seq > 0 {
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
