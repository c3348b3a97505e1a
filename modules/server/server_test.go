package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// TestAStopDoesNotFailByAClient that has begun a request and does not go on.
func TestAStopDoesNotFailByAClient(t *testing.T) {
	s := New(Config{Metrics: prometheus.NewRegistry(), Log: zerolog.Nop()})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // it has been begun
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		t.Errorf("the stop fails: %v", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(conn); err != nil {
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Error("the connection stays open")
		}
	}
}

// TestHostsAreNamesInAnyCase, as names of machines are.
func TestHostsAreNamesInAnyCase(t *testing.T) {
	s := New(Config{Metrics: prometheus.NewRegistry(), Log: zerolog.Nop(), Hosts: []string{"Chat.Example", "::1"}})
	for host, want := range map[string]int{
		"chat.example": http.StatusNotFound, "CHAT.example:4000": http.StatusNotFound, "[::1]:4000": http.StatusNotFound,
		"other.example": http.StatusMisdirectedRequest,
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Host = host
		out := httptest.NewRecorder()
		s.handler().ServeHTTP(out, req)
		if out.Code != want {
			t.Errorf("%s: %d, want %d", host, out.Code, want)
		}
	}
}
