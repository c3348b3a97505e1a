package app

import (
	"context"
	"runtime"

	"github.com/graph-gophers/graphql-go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"chat/modules/bus"
	"chat/modules/chat"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/identity"
	"chat/modules/pg"
	"chat/modules/read"
	"chat/modules/receiver"
	"chat/modules/sender"
	"chat/modules/user"
	"chat/schema"
)

// Stack is everything of a role between its transports and its stores.
type Stack struct {
	Exec *gql.Executor
	Live *receiver.Engine // nil for a role without subscriptions
	Who  *identity.Policy

	engines []func(context.Context) error
}

// NewStack builds the stack of a role. Its Run must be running. introspection tells who may see the schema.
func NewStack(r Role, db *pg.DB, b bus.Bus, metrics prometheus.Registerer, log zerolog.Logger, introspection func(context.Context) bool) (*Stack, error) {
	users := user.NewStore(db)
	positions := read.NewStore(db)
	chats := chat.NewStore(db, users, positions)
	who := identity.NewPolicy(users)
	writes := sender.NewMetrics(metrics)
	engine := sender.New(db, b, runtime.GOMAXPROCS(0), writes, log)
	f := &features{
		userQuery: user.NewQuery(users, who), userMutation: user.NewMutation(users, who),
		chatQuery: chat.NewQuery(chats, who), chatMutation: chat.NewMutation(chats, who, engine, b, writes, log),
		chatSubscription: chat.NewSubscription(chats, who),
		readQuery:        read.NewQuery(positions, who), readMutation: read.NewMutation(positions, who, b, writes, log),
		readSubscription: read.NewSubscription(positions, who),
	}
	s := &Stack{Who: who}
	var err error
	if s.Exec, err = r.executor(f, log, introspection); err != nil {
		return nil, err
	}
	if r.writes() {
		s.engines = append(s.engines, engine.Run, f.chatMutation.Run, f.readMutation.Run)
	}
	if r.delivers() {
		live, err := liveExecutor(r, f, log)
		if err != nil {
			return nil, err
		}
		s.Live = receiver.New(receiver.Config{
			DB: db, Bus: b, Exec: live, Log: log, Metrics: metrics,
			Logs: map[history.Log]receiver.LogReader{history.Changes: chats, history.Moves: positions},
		})
		s.engines = append(s.engines, s.Live.Run)
	}
	return s, nil
}

// executor runs the queries and mutations of a role.
func (r Role) executor(f *features, log zerolog.Logger, introspection func(context.Context) bool) (*gql.Executor, error) {
	sdl, err := schema.Compose(r.keep())
	if err != nil {
		return nil, err
	}
	parsed, err := graphql.ParseSchema(sdl, r.root(f), gql.Options(introspection)...)
	if err != nil {
		return nil, err
	}
	elsewhere, err := r.elsewhere()
	if err != nil {
		return nil, err
	}
	return gql.NewExecutor(parsed, gql.DefaultLimits(), elsewhere, log), nil
}

// liveExecutor runs subscriptions as queries, for the live engine.
func liveExecutor(r Role, f *features, log zerolog.Logger) (*gql.Executor, error) {
	sdl, err := schema.AsQueries(r.keep())
	if err != nil {
		return nil, err
	}
	parsed, err := graphql.ParseSchema(sdl, liveRoot{f}, gql.Options(func(context.Context) bool { return false })...)
	if err != nil {
		return nil, err
	}
	return gql.NewExecutor(parsed, gql.DefaultLimits(), nil, log), nil
}

// Run runs the engines until ctx ends and everything accepted is answered.
func (s *Stack) Run(ctx context.Context) error {
	var running errgroup.Group
	for _, run := range s.engines {
		running.Go(func() error { return run(ctx) })
	}
	return running.Wait()
}
