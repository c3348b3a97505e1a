package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/gather"
	"chat/modules/id"
)

const (
	checkInterval = 500 * time.Millisecond // between two looks at the sessions that are in use
	checkCost     = 20 * time.Microsecond  // as long for each at least: one takes PostgreSQL 1 µs, and looks one part in 20 of a core
	maxInterval   = 2 * time.Second        // unless that would keep an end from being known within 3 s
	checkTime     = 5 * time.Second
	lookupTime    = 4500 * time.Millisecond // of a caller who is new here: it is answered within 5 s
	maxChecked    = 1_000                   // sessions that one statement looks at
	idleTime      = time.Minute             // after which a session that nothing uses is forgotten
)

// ErrEnded is the cause of a context whose caller's session has ended.
var ErrEnded = errors.New("the session has ended")

// Registry knows the sessions.
type Registry interface {
	// Going tells which of some sessions go on, and whose they are.
	Going(ctx context.Context, sessions []id.Session) (map[id.Session]id.User, error)
	// AllGo tells whether all of them do.
	AllGo(ctx context.Context, sessions []id.Session) (bool, error)
}

// Sessions knows which sessions go on, for a process: a session is looked up when it is first used and looked at twice a
// second from then on, so that a request costs no statement and an end is known everywhere within a second, with the bus
// or without, and within 3 s by a process with more than 25,000 of them. Its Run must be running. Safe for concurrent use.
type Sessions struct {
	registry Registry
	going    *gather.Reads[id.Session, id.User]
	log      zerolog.Logger
	checks   prometheus.Histogram

	mu   sync.Mutex
	used map[id.Session]*session
}

// session is one that is in use here.
type session struct {
	user   id.User
	used   time.Time // last; guarded by Sessions.mu
	held   int       // by connections; likewise
	life   context.Context
	finish context.CancelFunc
}

// NewSessions returns Sessions that use nothing yet.
func NewSessions(registry Registry, metrics prometheus.Registerer, log zerolog.Logger) *Sessions {
	s := &Sessions{
		registry: registry, going: gather.New(context.Background(), maxChecked, registry.Going), log: log,
		checks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chat_session_check_seconds", Help: "Duration of a look at the sessions in use.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}),
		used: map[id.Session]*session{},
	}
	metrics.MustRegister(s.checks)
	return s
}

// Run looks at the sessions in use until ctx ends.
func (s *Sessions) Run(ctx context.Context) error {
	timer := time.NewTimer(checkInterval)
	defer timer.Stop()
	isBlind := false
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		began, all := time.Now(), s.inUse(time.Now())
		err := s.look(ctx, all)
		if err == nil {
			s.checks.Observe(time.Since(began).Seconds())
		} else if !isBlind && ctx.Err() == nil { // once, for as long as that lasts
			s.log.Warn().Err(err).Msg("the sessions in use cannot be looked at: those that end go on until they can")
		}
		isBlind = err != nil
		timer.Reset(min(max(checkInterval, checkCost*time.Duration(len(all))), maxInterval))
	}
}

// look ends here those of the sessions that have ended.
func (s *Sessions) look(ctx context.Context, all []id.Session) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	for some := range slices.Chunk(all, maxChecked) {
		if err := s.lookAt(ctx, some); err != nil {
			return fmt.Errorf("look at %d sessions: %w", len(some), err)
		}
	}
	return nil
}

func (s *Sessions) lookAt(ctx context.Context, some []id.Session) error {
	all, err := s.registry.AllGo(ctx, some)
	if err != nil || all { // nearly always
		return err
	}
	going, err := s.registry.Going(ctx, some)
	if err != nil {
		return err
	}
	for _, session := range some {
		if _, ok := going[session]; !ok {
			s.end(session)
		}
	}
	return nil
}

// inUse gives the sessions to look at, and forgets those that nothing has used for a while.
func (s *Sessions) inUse(now time.Time) []id.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]id.Session, 0, len(s.used))
	for name, one := range s.used {
		if one.held == 0 && now.Sub(one.used) > idleTime {
			delete(s.used, name)
			one.finish()
			continue
		}
		all = append(all, name)
	}
	return all
}

func (s *Sessions) end(name id.Session) {
	s.mu.Lock()
	one := s.used[name]
	delete(s.used, name)
	s.mu.Unlock()
	if one != nil {
		one.finish()
	}
}

// check refuses a caller whose session does not go on. Errors: UNAUTHENTICATED; those of the registry.
func (s *Sessions) check(ctx context.Context, caller Caller) error {
	one, err := s.use(ctx, caller, 0)
	if err == nil && one == nil {
		err = errToken()
	}
	return err
}

// attach is check for a connection: the context that it gives ends with the session. The connection uses the session
// until ctx ends.
func (s *Sessions) attach(ctx context.Context, caller Caller) (context.Context, error) {
	one, err := s.use(ctx, caller, 1)
	if err != nil {
		return nil, err
	}
	if one == nil {
		return nil, errToken()
	}
	attached, cancel := context.WithCancelCause(ctx)
	detach := context.AfterFunc(one.life, func() { cancel(ErrEnded) })
	context.AfterFunc(ctx, func() {
		detach()
		s.mu.Lock()
		defer s.mu.Unlock()
		one.held--
	})
	return attached, nil
}

// use gives the session of a caller, or nil where it does not go on, and holds it for so many connections.
func (s *Sessions) use(ctx context.Context, caller Caller, connections int) (*session, error) {
	if one := s.find(caller, connections); one != nil {
		return one, nil
	}
	within, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	user, err := s.going.Get(within, caller.Session)
	if err != nil {
		return nil, fmt.Errorf("look up the caller's session: %w", err)
	}
	if user.IsZero() || user != caller.User {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used[caller.Session] == nil {
		one := &session{user: user}
		one.life, one.finish = context.WithCancel(context.Background())
		s.used[caller.Session] = one
	}
	return s.hold(caller, connections), nil // before a look can find that nothing uses it
}

func (s *Sessions) find(caller Caller, connections int) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold(caller, connections)
}

// hold is find for who has the lock.
func (s *Sessions) hold(caller Caller, connections int) *session {
	one := s.used[caller.Session]
	if one == nil || one.user != caller.User {
		return nil
	}
	one.used = time.Now()
	one.held += connections
	return one
}
