// Package app builds everything, names the roles, starts the engines and stops them in reverse.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"chat/frontend"
	"chat/migrations"
	"chat/modules/bus"
	"chat/modules/identity"
	"chat/modules/limit"
	"chat/modules/pg"
	"chat/modules/pglocal"
	"chat/modules/server"
	"chat/modules/socket"
)

// drainTime is what a stop may take: running mutations, WebSockets, requests; the database comes after.
const drainTime = 12 * time.Second

// gcPercent trades memory for time: the heap is small, so that the default collects many times a second.
const gcPercent = 400

// ballastBytes counts as heap and is never touched, so it takes no memory: it keeps a process with little to remember from
// collecting all the time, and is nothing beside a large heap.
const ballastBytes = 8 << 20

// Run serves until ctx ends, then drains: no new work, running mutations to their answers, WebSockets closed with 1012.
// Errors are one line each: what is wrong and, where that is known, what to do.
func Run(ctx context.Context, c Config, version string, log zerolog.Logger) error {
	if err := c.Check(); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
		ballast := make([]byte, ballastBytes)
		defer runtime.KeepAlive(ballast)
	}
	listener, err := listen(c)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	db, err := OpenDatabase(ctx, c, log)
	if err != nil {
		return err
	}
	defer db.Close()
	return serve(ctx, c, version, db.DB, db.gone, listener, log)
}

func listen(c Config) (net.Listener, error) {
	address := net.JoinHostPort(c.Host, strconv.Itoa(c.ListenPort()))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%w): free the port or choose another with --port", address, cause(err))
	}
	return l, nil
}

// Store is the database that the product runs on.
type Store struct {
	URL  string
	Stop func()          // stops it, if it is our own
	Gone <-chan struct{} // closed when one of our own has ended by itself; nil otherwise
}

// OpenStore gives the configured database, or starts one of our own.
func OpenStore(ctx context.Context, c Config, log zerolog.Logger) (Store, error) {
	if c.HasDatabase() {
		url, err := c.Database()
		return Store{URL: url, Stop: func() {}}, err
	}
	dir, err := c.DataDirectory()
	if err != nil {
		return Store{}, err
	}
	own, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, Binaries: c.PGBin, Log: log})
	if err != nil {
		return Store{}, err
	}
	log.Info().Str("dir", dir).Msg("the embedded PostgreSQL is ready")
	stop := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := own.Stop(ctx); err != nil {
			log.Error().Err(err).Msg("stop the embedded PostgreSQL")
		}
	}
	return Store{URL: own.Database(), Stop: stop, Gone: own.Done()}, nil
}

// Database is an open database in the shape that this version needs.
type Database struct {
	*pg.DB
	gone <-chan struct{}
	stop func()
}

// OpenDatabase opens the configured database, or one of our own. What is our own is migrated; one that is configured, if
// the settings say so.
func OpenDatabase(ctx context.Context, c Config, log zerolog.Logger) (*Database, error) {
	store, err := OpenStore(ctx, c, log)
	if err != nil {
		return nil, err
	}
	db, err := pg.Open(store.URL, c.DBPool)
	if err != nil {
		store.Stop()
		return nil, err
	}
	d := &Database{DB: db, gone: store.Gone, stop: store.Stop}
	if err := d.prepare(ctx, c, log); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Database) prepare(ctx context.Context, c Config, log zerolog.Logger) error {
	if err := Reach(ctx, d.DB); err != nil {
		return err
	}
	if c.Migrate || !c.HasDatabase() {
		if err := migrate(ctx, d.DB, log); err != nil {
			return err
		}
	}
	if err := schemaIsCurrent(ctx, d.DB); err != nil {
		return fmt.Errorf("%w: run chat migrate up, or chat serve --migrate", err)
	}
	return nil
}

// Close closes every connection, and stops a database of our own.
func (d *Database) Close() {
	_ = d.DB.Close() // what is under way there is lost either way
	d.stop()
}

func migrate(ctx context.Context, db *pg.DB, log zerolog.Logger) error {
	provider, err := migrations.New(db.Pool())
	if err != nil {
		return err
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if len(done) > 0 {
		log.Info().Int("migrations", len(done)).Msg("the database was migrated")
	}
	return nil
}

// Reach refuses a database that does not answer or is too old.
func Reach(ctx context.Context, db *pg.DB) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var version int
	if err := db.Get(ctx, &version, `SELECT current_setting('server_version_num')::integer`); err != nil {
		return fmt.Errorf("the database is out of reach (%w): check DATABASE_URL or DB_HOST", cause(err))
	}
	if version < 140000 {
		return fmt.Errorf("the database is PostgreSQL %d; chat needs 14 or newer", version/10000)
	}
	return nil
}

// cause is the innermost error, which says it in the fewest words.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// schemaIsCurrent tells whether every migration of this binary was run. It waits for no lock.
func schemaIsCurrent(ctx context.Context, db *pg.DB) error {
	provider, err := migrations.New(db.Pool())
	if err != nil {
		return err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("read the state of the migrations: %w", err)
	}
	if pending {
		return errors.New("the database is older than this version of chat")
	}
	return nil
}

// serve runs the engines and the servers on an open database and an open listener.
func serve(ctx context.Context, c Config, version string, db *pg.DB, gone <-chan struct{}, listener net.Listener, log zerolog.Logger) error {
	keys, err := c.keys()
	if err != nil {
		return err
	}
	role := Role(c.Role)
	registry := newRegistry()
	registry.MustRegister(collectors.NewDBStatsCollector(db.Pool(), "chat"))
	development := c.Mode == "development"
	hints, err := openBus(c, registry, log)
	if err != nil {
		return err
	}
	limiter, err := openLimiter(c, registry, log)
	if err != nil {
		return err
	}
	gate, err := newGate(c, limiter, registry)
	if err != nil {
		return err
	}
	stack, err := NewStack(StackConfig{
		Role: role, DB: db, Bus: hints, Metrics: registry, Log: log, Keys: keys, Hashing: c.Hashing(), Limiter: limiter,
		Attempts: attemptRates(gate.rates), SignupClosed: c.Signup == "closed",
		Introspection: func(ctx context.Context) bool {
			return development || keys != nil && !identity.CallerOf(ctx).User.IsZero()
		},
	})
	if err != nil {
		return err
	}
	front, sockets, err := transports(c, version, stack, gate, db, registry, log)
	if err != nil {
		return err
	}

	failed := make(chan error, 2)
	if c.MetricsAddr != "" {
		stop, err := serveMetrics(c.MetricsAddr, registry, failed)
		if err != nil {
			return err
		}
		defer stop()
	}
	engines, stopEngines := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngines()
	var running errgroup.Group
	running.Go(func() error { return limiter.Run(engines) })
	running.Go(func() error { return runAll(engines, stack, hints) })
	go func() { failed <- front.Serve(listener) }()
	welcome(c, listener, log)

	select {
	case <-ctx.Done():
	case err = <-failed:
	case <-gone:
		err = errors.New("the embedded PostgreSQL has ended by itself; postgres.log in the data directory says why")
	}
	log.Info().Msg("stopping")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	front.Unready()
	if sockets != nil {
		err = errors.Join(err, sockets.Shutdown(drain))
	}
	err = errors.Join(err, front.Drain(drain))
	stopEngines()
	return errors.Join(err, running.Wait())
}

// newRegistry holds the metrics that every process has.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// openBus is how processes hear of each other.
func openBus(c Config, registry prometheus.Registerer, log zerolog.Logger) (bus.Bus, error) {
	if !c.HasRedis() {
		return bus.NewMemory(), nil
	}
	return bus.NewRedis(c.Redis(), registry, log)
}

// openLimiter is what says how often something may happen: for all processes together, where there is Redis.
func openLimiter(c Config, registry prometheus.Registerer, log zerolog.Logger) (*limit.Limiter, error) {
	settings := limit.Config{Off: !c.hasRates(), Log: log, Metrics: registry}
	if c.HasRedis() {
		settings.RedisURL = c.Redis()
	}
	return limit.New(settings)
}

// runAll runs the engines until ctx ends, and the bus until they have ended: what they finish last is published too.
func runAll(ctx context.Context, stack *Stack, hints bus.Bus) error {
	carrying, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var carrier errgroup.Group
	carrier.Go(func() error { return hints.Run(carrying) })
	err := stack.Run(ctx)
	stop()
	return errors.Join(err, carrier.Wait())
}

// transports builds the HTTP server and, for a role with subscriptions, the WebSocket handler in it.
func transports(c Config, version string, stack *Stack, gate *gate, db *pg.DB, registry prometheus.Registerer, log zerolog.Logger) (*server.Server, *socket.Handler, error) {
	pages, err := fs.Sub(frontend.Dist, "dist")
	if err != nil {
		return nil, nil, fmt.Errorf("open the built pages: %w", err)
	}
	proxies, err := server.NewProxies(c.TrustedProxies)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := c.certificate(log)
	if err != nil {
		return nil, nil, err
	}
	s := server.Config{
		Exec: stack.Exec, Identify: stack.Who.FromHeader, Edge: gate.Request, Grant: gate.Operation,
		Development: c.Mode == "development", Pages: pages,
		Origins: c.AllowedOrigins, Hosts: c.hosts(), Certificate: certificate, Proxies: proxies,
		Version: version, Role: c.Role, Log: log, Metrics: registry,
		Checks: map[string]func(context.Context) error{
			"database": func(ctx context.Context) error {
				var one int
				return db.Get(ctx, &one, `SELECT 1`)
			},
			"schema": func(ctx context.Context) error { return schemaIsCurrent(ctx, db) },
		},
		Warnings: map[string]func(context.Context) string{"clock": newClock(db, registry, log).warning},
	}
	if Role(c.Role) == All {
		s.UI = pages
		s.Installation = c.installation(version, server.Here())
	}
	if role := Role(c.Role); role.signsIn() && c.Auth != "none" {
		s.Accounts = limitedAccounts{stack.Accounts, gate}
	}
	var sockets *socket.Handler
	if stack.Live != nil {
		sockets = socket.New(socket.Config{
			Exec: stack.Exec, Live: stack.Live, Identify: stack.Who.FromInit, Grant: gate.Operation, Limits: c.socketLimits(gate.rates), Portable: c.Transport == "portable",
			Origin: func(r *http.Request) bool { return server.AllowsOrigin(c.AllowedOrigins, proxies, r) }, Log: log, Metrics: registry,
		})
		s.Socket = sockets
		if c.Transport == "library" {
			s.Socket = sockets.Library(stack.Who.FromHeader)
		}
	}
	return server.New(s), sockets, nil
}

// hosts are the names that requests may be for: on a loopback address those of this machine.
func (c Config) hosts() []string {
	if len(c.AllowedHosts) > 0 {
		return c.AllowedHosts
	}
	if !isLoopback(c.Host) {
		return nil
	}
	names := []string{"localhost", "127.0.0.1", "::1"}
	if !slices.Contains(names, c.Host) {
		names = append(names, c.Host)
	}
	return names
}

// serveMetrics serves what operators look at, on an address of its own.
func serveMetrics(address string, registry *prometheus.Registry, failed chan<- error) (stop func(), err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on --metrics-addr=%s: %w", address, cause(err))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve metrics: %w", err)
		}
	}()
	return func() { _ = s.Close() }, nil
}

// welcome says where the product is and what --auth=none means.
func welcome(c Config, l net.Listener, log zerolog.Logger) {
	log.Info().Str("role", c.Role).Str("mode", c.Mode).Msgf("chat listens on %s://%s", c.scheme(), l.Addr())
	if c.Auth == "none" {
		log.Warn().Msg("--auth=none: whoever can connect is believed to be whom they name, and may read and write everything")
	}
}
