package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/identity"
)

// Accounts is what a browser's cookie is good for. Errors of both: UNAUTHENTICATED for a token that is worth nothing.
type Accounts interface {
	// Refresh goes on with the session of a refresh token.
	Refresh(ctx context.Context, token string) (identity.Grant, error)
	// Leave ends it.
	Leave(ctx context.Context, token string) error
}

// accountTime is how long a call of these may take.
const accountTime = 4500 * time.Millisecond

const (
	refreshPath   = "/auth/refresh"
	logoutPath    = "/auth/logout"
	cookiePath    = "/auth"
	refreshCookie = "chat-refresh"
	keepHeader    = "X-Refresh-Token" // "cookie": the browser keeps the token, not the page
)

// browser gives the browser that is to keep a request's refresh token, or nil.
func browser(r *http.Request) *identity.Browser {
	if r.Header.Get(keepHeader) != "cookie" {
		return nil
	}
	return &identity.Browser{}
}

// cookieName is that of the cookie: under TLS browsers take it from TLS alone. Source: RFC 6265bis, 4.1.3.
func (s *Server) cookieName(r *http.Request) string {
	if s.config.Proxies.isSecure(r) {
		return "__Secure-" + refreshCookie
	}
	return refreshCookie
}

// keep writes the cookie that a browser is to keep; without a token it takes the cookie away.
func (s *Server) keep(w http.ResponseWriter, r *http.Request, b *identity.Browser) {
	// #nosec G124 -- it is Secure where there is TLS; without, a browser would not take it
	cookie := &http.Cookie{
		Name: s.cookieName(r), Value: b.Token, Path: cookiePath, Expires: b.Ends, HttpOnly: true, Secure: s.config.Proxies.isSecure(r),
		SameSite: http.SameSiteStrictMode,
	}
	if b.Token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// refresh is POST /auth/refresh: it goes on with the session of the cookie, and answers with an access token.
func (s *Server) refresh(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), accountTime)
	defer cancel()
	grant, err := s.config.Accounts.Refresh(ctx, s.cookie(r))
	if err != nil {
		if fault.CodeOf(err) == fault.Unauthenticated {
			s.keep(w, r, &identity.Browser{})
		}
		s.refuse(w, r, err)
		return
	}
	s.keep(w, r, &identity.Browser{Token: grant.RefreshToken, Ends: grant.SessionEnds})
	writeJSON(w, http.StatusOK, map[string]string{
		"accessToken": grant.AccessToken, "expiresAt": grant.Expires.UTC().Format(time.RFC3339), "userId": grant.User.String(),
	})
}

// logout is POST /auth/logout: it ends the session of the cookie, and takes the cookie away.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), accountTime)
	defer cancel()
	if err := s.config.Accounts.Leave(ctx, s.cookie(r)); err != nil {
		s.refuse(w, r, err)
		return
	}
	s.keep(w, r, &identity.Browser{})
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) cookie(r *http.Request) string {
	c, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// onlyJSON lets through what a page of a stranger cannot send without being asked first: POST of JSON.
func (s *Server) onlyJSON(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			gql.WriteError(w, http.StatusMethodNotAllowed, gql.NewError(r.Context(), gql.BadRequest, "This is served on POST"))
			return
		}
		if status, refusal := s.refuseMedia(r.Context(), r); refusal != nil {
			gql.WriteError(w, status, refusal)
			return
		}
		next(w, r)
	}
}

// refuse answers a request whose caller is not let in, or cannot be known while a store is out of reach.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	shown := s.config.Exec.Refuse(r.Context(), err)
	status := http.StatusOK
	switch fault.CodeOf(err) {
	case fault.Unauthenticated:
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", "Bearer")
	case fault.Unavailable:
		w.Header().Set("Retry-After", retrySeconds)
		if r.URL.Path != graphqlPath {
			status = http.StatusServiceUnavailable
		}
	case fault.RateLimited:
		if f, ok := errors.AsType[*fault.Fault](err); ok {
			w.Header().Set("Retry-After", strconv.Itoa(fault.Seconds(f.RetryAfter)))
		}
		if r.URL.Path != graphqlPath {
			status = http.StatusTooManyRequests
		}
	case fault.Internal:
		status = http.StatusInternalServerError
	}
	gql.WriteError(w, status, shown)
}
