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

func (*root) Wait(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", fault.Busy(ctx.Err())
}
func (r *root) Change(ctx context.Context) (string, error) { return r.Wait(ctx) }

// TestAnUnknownCallerCostsNoMoreThanACall: what it takes to find out who calls is a part of the time of a call.
func TestAnUnknownCallerCostsNoMoreThanACall(t *testing.T) {
	for query, limit := range map[string]time.Duration{`mutation { change }`: 5 * time.Second, `{ wait }`: 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			exec, err := gql.NewExecutor(gql.Config{
				SDL: `type Query { wait: String! } type Mutation { change: String! }`, Root: &root{}, Limits: gql.DefaultLimits(),
				Introspection: everybody, Log: zerolog.Nop(),
			})
			if err != nil {
				t.Fatal(err)
			}
			s := New(Config{
				Exec: exec, Metrics: prometheus.NewRegistry(), Log: zerolog.Nop(),
				Identify: func(ctx context.Context, _ http.Header) (context.Context, error) {
					time.Sleep(4 * time.Second)
					return ctx, nil
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
