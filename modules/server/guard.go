package server

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/id"
	"chat/modules/identity"
)

// transportPolicy keeps browsers on TLS for a year once they have seen it. Other names below this one are others' business.
const transportPolicy = "max-age=31536000"

// headed puts on every answer what browsers must know of it; a page says more.
func (s *Server) headed(next http.Handler) http.Handler {
	always := http.Header{
		"X-Content-Type-Options":     {"nosniff"},
		"Referrer-Policy":            {"no-referrer"},
		"Cross-Origin-Opener-Policy": {"same-origin"},
		"X-Frame-Options":            {"DENY"},
		"Content-Security-Policy":    {answerPolicy},
		"Cache-Control":              {"no-store"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		maps.Copy(h, always) // who wants another value sets it: the lists themselves are shared
		if s.config.Proxies.isSecure(r) {
			h.Set("Strict-Transport-Security", transportPolicy)
		}
		next.ServeHTTP(w, r)
	})
}

// wellFormed refuses paths that mean another one, which a proxy may have understood otherwise. A chunked request is the last
// one of its connection: net/http does not tell whether it had a Content-Length as well, after which nothing must be read
// (RFC 9112, 6.3).
func wellFormed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		if clean := path.Clean(r.URL.Path); clean[0] != '/' || clean != r.URL.Path && clean+"/" != r.URL.Path {
			gql.WriteError(w, http.StatusBadRequest, gql.NewError(r.Context(), gql.BadRequest, "The path is not in its plain form"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// read lets through what asks for something and changes nothing.
func read(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			gql.WriteError(w, http.StatusMethodNotAllowed, gql.NewError(r.Context(), gql.BadRequest, "This is served on GET"))
			return
		}
		next(w, r)
	}
}

// identified gives every request an id, in its answer and its context, says there which client it is of, and logs it: by the
// route, because people put into a path what is no path.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, began := id.New[id.Any]().String(), time.Now()
		w.Header().Set("X-Request-Id", request)
		ctx := identity.WithClient(gql.WithRequestID(r.Context(), request), s.config.Proxies.client(r))
		r = r.WithContext(ctx) // into which the route is written
		next.ServeHTTP(w, r)
		s.config.Log.Debug().Str("request", request).Str("method", knownMethod(r.Method)).Str("route", r.Pattern).
			Dur("took", time.Since(began)).Msg("request")
	})
}

// knownMethod is a method by its name, if somebody has ever heard of it.
func knownMethod(name string) string {
	if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}, name) {
		return name
	}
	return "other"
}

// recovered answers a request whose handler panicked. The value reaches the log and nobody else.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			value := recover()
			if value == nil || value == http.ErrAbortHandler {
				return
			}
			ctx := r.Context()
			s.config.Log.Error().Str("request", gql.RequestID(ctx)).Str("panic", fmt.Sprint(value)).
				Bytes("stack", debug.Stack()).Msg("handler panicked")
			gql.WriteError(w, http.StatusInternalServerError, gql.NewError(ctx, fault.Internal, "Internal error"))
		}()
		next.ServeHTTP(w, r)
	})
}

// hosts refuses requests for other sites: a page of a stranger whose name was made to point here would otherwise be of
// our own origin (DNS rebinding). Health is asked by engines and balancers, who know an address and no name.
func (s *Server) hosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.Trim(host, "[]")
		isOurs := func(name string) bool { return strings.EqualFold(name, host) }
		isHealth := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if len(s.config.Hosts) > 0 && !slices.ContainsFunc(s.config.Hosts, isOurs) && !isHealth {
			gql.WriteError(w, http.StatusMisdirectedRequest, gql.NewError(r.Context(), gql.BadRequest, "This is not the host that was asked for"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unhurried refuses the requests of a client that sends far too many, before anything of them is read. Whether the process
// is alive everybody may ask.
func (s *Server) unhurried(next http.Handler) http.Handler {
	if s.config.Edge == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			next.ServeHTTP(w, r)
			return
		}
		if wait := s.config.Edge(r.Context()); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(fault.Seconds(wait)))
			gql.WriteError(w, http.StatusTooManyRequests, gql.Show(r.Context(), fault.TooOften(wait)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what a page of a foreign origin sends, whatever it is allowed to read of the answer.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !AllowsOrigin(s.config.Origins, s.config.Proxies, r) {
			gql.WriteError(w, http.StatusForbidden, gql.NewError(r.Context(), fault.Forbidden, "This origin is not allowed"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// AllowsOrigin tells whether a request comes from no page, from a page of our own, or from one of the allowed origins.
func AllowsOrigin(origins []string, proxies *Proxies, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && !proxies.isSecure(r) // the proxy that ends TLS may be one that is not known
}
