package app

import (
	"context"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"chat/modules/bus"
	"chat/modules/chat"
	"chat/modules/gql"
	"chat/modules/history"
	"chat/modules/identity"
	"chat/modules/limit"
	"chat/modules/pg"
	"chat/modules/read"
	"chat/modules/receiver"
	"chat/modules/sender"
	"chat/modules/user"
	"chat/schema"
)

// Stack is everything of a role between its transports and its stores.
type Stack struct {
	Exec     *gql.Executor
	Live     *receiver.Engine // nil for a role without subscriptions
	Who      identity.Policy
	Accounts *user.Accounts

	engines []func(context.Context) error
}

// StackConfig is what a Stack is made of.
type StackConfig struct {
	Role    Role
	DB      *pg.DB
	Bus     bus.Bus
	Metrics prometheus.Registerer
	Log     zerolog.Logger
	// Introspection tells who may see the schema, and be helped with its names.
	Introspection func(context.Context) bool
	// Keys sign access tokens; nil is --auth=none.
	Keys         *identity.Keys
	Hashing      user.Hashing
	Limiter      *limit.Limiter
	Attempts     user.AttemptRates
	SignupClosed bool
}

// sessionConnections of the pool look at sessions and at nothing else.
const sessionConnections = 2

// NewStack builds the stack of a role. Its Run must be running.
func NewStack(c StackConfig) (*Stack, error) {
	r, db, b, log := c.Role, c.DB, c.Bus, c.Log
	users := user.NewStore(db)
	positions := read.NewStore(db)
	chats := chat.NewStore(db, users, positions)
	passwords := user.NewPasswords(c.Hashing)
	s := &Stack{Accounts: user.NewAccounts(users, c.Keys, passwords, c.Limiter, c.Attempts, log)}
	if c.Keys == nil {
		s.Who = identity.NewOpen(users)
	} else {
		// Who has been locked out stays out, also while everything else waits for the store.
		sessions := identity.NewSessions(user.NewStore(db.Aside(sessionConnections)), c.Metrics, log)
		s.Who = identity.NewAccounts(c.Keys, sessions)
		s.engines = append(s.engines, sessions.Run)
	}
	who := s.Who
	writes := sender.NewMetrics(c.Metrics)
	logs, writers := db, max(runtime.GOMAXPROCS(0)/2, 1)
	if r.writes() {
		logs = db.Writers(writers)
	}
	engine := sender.New(logs, b, writers, writes, log)
	f := &features{
		userQuery: user.NewQuery(users, who), userMutation: user.NewMutation(users, who, s.Accounts, c.SignupClosed),
		chatQuery: chat.NewQuery(chats, who), chatMutation: chat.NewMutation(chats, who, engine, b, writes, log),
		chatSubscription: chat.NewSubscription(chats, who),
		readQuery:        read.NewQuery(positions, who), readMutation: read.NewMutation(positions, who, b, writes, log),
		readSubscription: read.NewSubscription(positions, who),
	}
	var err error
	if s.Exec, err = r.executor(f, log, c.Introspection); err != nil {
		return nil, err
	}
	if r.signsIn() {
		s.engines = append(s.engines, s.Accounts.Run)
	}
	if r.writes() {
		s.engines = append(s.engines, engine.Run, f.chatMutation.Run, f.readMutation.Run)
	}
	if r.delivers() {
		live, err := liveExecutor(r, f, log, c.Introspection)
		if err != nil {
			return nil, err
		}
		s.Live = receiver.New(receiver.Config{
			DB: db, Bus: b, Exec: live, Log: log, Metrics: c.Metrics,
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
	elsewhere, err := r.elsewhere()
	if err != nil {
		return nil, err
	}
	return gql.NewExecutor(gql.Config{
		SDL: sdl, Root: r.root(f), Introspection: introspection, Limits: gql.DefaultLimits(), Elsewhere: elsewhere, Log: log,
		Caller: func(ctx context.Context) string { return identity.CallerOf(ctx).User.String() },
	})
}

// liveExecutor runs subscriptions as queries, for the live engine.
func liveExecutor(r Role, f *features, log zerolog.Logger, introspection func(context.Context) bool) (*gql.Executor, error) {
	sdl, err := schema.AsQueries(r.keep())
	if err != nil {
		return nil, err
	}
	return gql.NewExecutor(gql.Config{
		SDL: sdl, Root: liveRoot{f}, Introspection: introspection, Limits: gql.DefaultLimits(), Log: log,
	})
}

// Run runs the engines until ctx ends and everything accepted is answered.
func (s *Stack) Run(ctx context.Context) error {
	var running errgroup.Group
	for _, run := range s.engines {
		running.Go(func() error { return run(ctx) })
	}
	return running.Wait()
}
