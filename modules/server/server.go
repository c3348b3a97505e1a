// Package server is the HTTP server that every role shares: GraphQL over HTTP, the upgrade to WebSocket, health, the
// browser UI, and what keeps strangers out.
//
// Every answer carries a request id; every error is JSON with a stable code and says nothing of the inside.
package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/cors"
	"github.com/rs/zerolog"

	"chat/modules/gql"
)

const graphqlPath = "/graphql"

const (
	maxBodyBytes   = 1 << 20
	maxHeaderBytes = 32 << 10
	headerTime     = 5 * time.Second
	requestTime    = 8 * time.Second  // with its body, where nobody reads it: an answer waits for it, and has pieceTime in all
	bodyTime       = 10 * time.Second // of a body that is read
	idleTime       = 60 * time.Second
	answerTime     = 30 * time.Second // until it begins to be written
)

// Config is what a Server is made of.
type Config struct {
	// Exec answers GraphQL; nil for a server of pages alone.
	Exec *gql.Executor
	// Identify finds the caller in a request's header and puts it into the context.
	Identify func(ctx context.Context, header http.Header) (context.Context, error)
	// Accounts is signing in by a cookie; nil for a role without it.
	Accounts Accounts
	// Edge tells how long the client of a request has to wait before anything of it is read: 0, not at all. Grant tells
	// whether an operation may run now; its error is a fault.Fault. Nil: nobody waits, everything may run.
	Edge  func(ctx context.Context) (wait time.Duration)
	Grant func(ctx context.Context, doc *gql.Document) error
	// Socket serves upgrades; nil for a role without subscriptions.
	Socket http.Handler
	// UI is the built frontend; nil for a role without it. Installation is what its pages are told.
	UI           fs.FS
	Installation Installation
	// Development shows GraphiQL on GET /graphql, from the built frontend in Pages.
	Development bool
	Pages       fs.FS
	// Origins may call from a browser, beside the server's own. Hosts are the names it answers to; empty: any.
	Origins []string
	Hosts   []string
	// Certificate makes it serve TLS; nil: plain HTTP.
	Certificate *Certificate
	// Proxies are believed about where a request comes from.
	Proxies *Proxies
	// Checks are what /readyz looks at, by the name that it shows. Warnings stand beside that it is ready; "" is none.
	Checks   map[string]func(context.Context) error
	Warnings map[string]func(context.Context) string
	Version  string
	Role     string
	Log      zerolog.Logger
	Metrics  prometheus.Registerer
}

// Server serves one listener.
type Server struct {
	config   Config
	http     *http.Server
	draining atomic.Bool
	requests *prometheus.HistogramVec
}

// New returns a server; it listens on nothing yet.
func New(c Config) *Server {
	s := &Server{config: c, requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "chat_http_request_seconds", Help: "Duration of HTTP requests.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
	}, []string{"route", "status"})}
	c.Metrics.MustRegister(s.requests)
	s.http = &http.Server{
		Handler: s.handler(), IdleTimeout: idleTime,
		ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: answerTime,
		MaxHeaderBytes:               maxHeaderBytes - 4096, // net/http allows so much more
		DisableGeneralOptionsHandler: true,                  // its answer would be none of ours
		ErrorLog:                     log.New(complaints{c.Log}, "", 0),
	}
	if c.Certificate != nil {
		s.http.TLSConfig = c.Certificate.config()
	}
	return s
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	if s.config.Exec != nil {
		mux.Handle(graphqlPath, s.counted("graphql", http.HandlerFunc(s.graphql)))
	}
	if s.config.Accounts != nil {
		mux.Handle(refreshPath, s.counted("refresh", s.onlyJSON(s.refresh)))
		mux.Handle(logoutPath, s.counted("logout", s.onlyJSON(s.logout)))
	}
	mux.HandleFunc("/healthz", read(s.healthz))
	mux.HandleFunc("/readyz", read(s.readyz))
	if s.config.UI != nil || s.config.Development {
		mux.Handle("/assets/", s.pages(s.config.Pages))
	}
	if s.config.UI != nil {
		mux.HandleFunc("/config.json", read(s.installation))
		mux.Handle("/", s.pages(s.config.UI))
	} else {
		mux.HandleFunc("/", notFound)
	}
	cross := cors.New(cors.Options{
		AllowOriginFunc:  func(origin string) bool { return slices.Contains(s.config.Origins, origin) }, // an empty list would allow all
		AllowCredentials: true, AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"content-type", "accept", "user-id", "username", "authorization", "apollo-require-preflight",
			"x-apollo-operation-name", keepHeader},
		ExposedHeaders: []string{"X-Request-Id", "Retry-After"}, MaxAge: 600,
	})
	return paced(s.headed(s.identified(s.recovered(wellFormed(s.hosts(cross.Handler(s.unhurried(s.sameOrigin(mux)))))))))
}

func notFound(w http.ResponseWriter, r *http.Request) {
	gql.WriteError(w, http.StatusNotFound, gql.NewError(r.Context(), gql.BadRequest, "There is nothing here"))
}

// Serve answers requests until Drain. Errors: the listener's.
func (s *Server) Serve(l net.Listener) error {
	serve := s.http.Serve
	if s.config.Certificate != nil { // by ALPN also HTTP/2, over which nobody asks for a WebSocket
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// complaints writes what net/http has to say into the log. Whoever knocks with something else than TLS is no news.
type complaints struct{ log zerolog.Logger }

func (c complaints) Write(line []byte) (int, error) {
	level := zerolog.WarnLevel
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		level = zerolog.DebugLevel
	}
	c.log.WithLevel(level).Msg(string(bytes.TrimSpace(line)))
	return len(line), nil
}

// Unready makes /readyz say that the process is stopping, so that no new work is sent to it.
func (s *Server) Unready() { s.draining.Store(true) }

// Drain stops listening and waits for the requests that run, as long as ctx allows; those that wait for their clients even
// then are given up. WebSockets are not its business.
func (s *Server) Drain(ctx context.Context) error {
	s.Unready()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.config.Log.Warn().Msg("some requests have not ended, and are given up")
		err = s.http.Close()
	}
	if err != nil {
		return fmt.Errorf("stop listening: %w", err)
	}
	return nil
}

// counted measures a route.
func (s *Server) counted(route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isUpgrade(r) { // it has metrics of its own
			next.ServeHTTP(w, r)
			return
		}
		began, out := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(out, r)
		s.requests.WithLabelValues(route, fmt.Sprint(out.status)).Observe(time.Since(began).Seconds())
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
