package socket

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	graphqlws "github.com/graph-gophers/graphql-transport-ws"

	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/receiver"
)

// Library serves the same operations through the handler of graphql-transport-ws, for comparison: it is the reference of
// the protocol's behaviour. It knows no connection_init payload, so the caller is found in the request's header, and it
// cannot be drained.
func (h *Handler) Library(identify func(context.Context, http.Header) (context.Context, error)) http.Handler {
	caller := graphqlws.ContextGeneratorFunc(func(ctx context.Context, r *http.Request) (context.Context, error) {
		return identify(ctx, r.Header)
	})
	return graphqlws.NewHandlerFunc(library{h}, nil, graphqlws.WithContextGenerator(caller),
		graphqlws.WithReadLimit(h.limits.MessageBytes), graphqlws.WithWriteTimeout(h.limits.WriteWait),
		graphqlws.WithMaxSubscriptions(h.limits.Subscriptions), graphqlws.WithCheckOrigin(h.upgrader.CheckOrigin))
}

type library struct{ handler *Handler }

// Subscribe runs an operation; the channel gives its results and is closed at its end.
func (l library) Subscribe(ctx context.Context, query, name string, variables map[string]any) (<-chan any, error) {
	doc, refusal := l.handler.exec.Parse(ctx, gql.Request{Query: query, OperationName: name, Variables: variables})
	if refusal != nil {
		return nil, errors.New(refusal.Message)
	}
	if !doc.IsSubscription() {
		res := l.handler.execute(ctx, doc)
		defer res.Release()
		if !res.Started {
			return nil, errors.New(res.Errors[0].Message)
		}
		out := make(chan any, 1)
		out <- res.Response
		close(out)
		return out, nil
	}
	s := &channelSink{waiting: make(chan receiver.Result, l.handler.limits.Results), done: make(chan struct{})}
	sub, errs := l.handler.live.Subscribe(ctx, doc, s)
	if errs != nil {
		return nil, errors.New(errs[0].Message)
	}
	out := make(chan any)
	go s.forward(ctx, sub, out)
	sub.Start()
	return out, nil
}

// channelSink is the sink of a subscription that somebody receives from a channel.
type channelSink struct {
	waiting chan receiver.Result
	done    chan struct{}

	mu       sync.Mutex
	refusing bool
	ended    bool
}

func (s *channelSink) Next(r receiver.Result) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusing || s.ended {
		return s.ended
	}
	select {
	case s.waiting <- r:
		return true
	default:
		s.refusing = true
		return false
	}
}

func (s *channelSink) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing = false
}

// Wait does not wait: what is refused is offered again when the channel is empty.
func (s *channelSink) Wait(ctx context.Context) error { return ctx.Err() }

// Keep has nothing to do for what waits: it is never dropped.
func (s *channelSink) Keep(history.Topic) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.refusing
}

func (s *channelSink) Complete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		close(s.done)
	}
}

func (s *channelSink) Error([]*gql.Error) { s.Complete() }

// forward hands results on until the subscription or its client ends.
func (s *channelSink) forward(ctx context.Context, sub *receiver.Subscription, out chan<- any) {
	defer close(out)
	defer sub.Stop()
	for {
		r, ok := s.receive(ctx)
		if !ok {
			return
		}
		select {
		case out <- json.RawMessage(r.Payload):
		case <-ctx.Done():
			return
		}
		if s.isDrained() {
			sub.Drained()
		}
	}
}

// receive gives the next result; false at the end of the subscription, after everything offered, or of its client.
func (s *channelSink) receive(ctx context.Context) (receiver.Result, bool) {
	select {
	case r := <-s.waiting:
		return r, true
	case <-ctx.Done():
		return receiver.Result{}, false
	case <-s.done:
	}
	select {
	case r := <-s.waiting:
		return r, true
	default:
		return receiver.Result{}, false
	}
}

func (s *channelSink) isDrained() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusing && len(s.waiting) == 0
}
