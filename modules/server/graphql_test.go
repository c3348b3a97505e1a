package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/fault"
	"chat/modules/gql"
)

type root struct{}

func (*root) Health() string { return "ok" }
func (*root) Change() string { return "done" }

// TestAnUnknownCallerCostsNoMoreThanACall: a directory that does not answer holds a mutation up for as long as any other
// store may, and a query for as long as a request.
func TestAnUnknownCallerCostsNoMoreThanACall(t *testing.T) {
	for query, limit := range map[string]time.Duration{`mutation { change }`: 5 * time.Second, `{ health }`: requestTime} {
		synctest.Test(t, func(t *testing.T) {
			exec, err := gql.NewExecutor(gql.Config{
				SDL: `type Query { health: String! } type Mutation { change: String! }`, Root: &root{}, Limits: gql.DefaultLimits(),
				Introspection: everybody, Log: zerolog.Nop(),
			})
			if err != nil {
				t.Fatal(err)
			}
			s := New(Config{
				Exec: exec, Metrics: prometheus.NewRegistry(), Log: zerolog.Nop(),
				Identify: func(ctx context.Context, _ http.Header) (context.Context, error) {
					<-ctx.Done()
					return nil, fault.Busy(ctx.Err())
				},
			})
			req := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"`+query+`"}`))
			req.Header.Set("Content-Type", "application/json")
			out, began := httptest.NewRecorder(), time.Now()
			s.handler().ServeHTTP(out, req)
			if took := time.Since(began); took > limit || out.Code != http.StatusOK || !strings.Contains(out.Body.String(), `"code":"UNAVAILABLE"`) {
				t.Errorf("%s: %d %s after %s", query, out.Code, out.Body, took)
			}
			if wait := out.Header().Get("Retry-After"); wait != "1" {
				t.Errorf("%s: Retry-After %q, want 1", query, wait)
			}
		})
	}
}

func everybody(context.Context) bool { return true }
