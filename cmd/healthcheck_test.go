package cmd

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate puts a certificate of 127.0.0.1 that nobody has signed, and its key, into files.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	pair := s.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", pair.Certificate[0]), write("key.pem", "PRIVATE KEY", private)
}

// TestHealthcheckOverTLS: the variable that makes a process serve TLS makes a check in its environment ask by TLS.
func TestHealthcheckOverTLS(t *testing.T) {
	port := freePort(t)
	cert, key := certificate(t)
	t.Setenv("PORT", port)
	t.Setenv("CHAT_TLS_CERT", cert)
	t.Setenv("CHAT_TLS_KEY", key)
	ctx, stop := context.WithCancel(t.Context())
	c := root()
	var said strings.Builder
	c.SetOut(io.Discard)
	c.SetErr(&said)
	c.SetArgs([]string{"ui"})
	ended := make(chan error, 1)
	go func() { ended <- c.ExecuteContext(ctx) }()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := output(t, "healthcheck"); err == nil {
			break
		} else if time.Since(began) > 10*time.Second {
			t.Fatal(err)
		}
	}
	if _, err := output(t, "healthcheck", "--url", "https://localhost:"+port); err != nil {
		t.Errorf("by its URL: %v", err)
	}
	if _, err := output(t, "healthcheck", "--url", "http://127.0.0.1:"+port); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("in the clear: %v, want one line", err)
	}
	if config := asker("https://chat.example/readyz").Transport.(*http.Transport).TLSClientConfig; config != nil && config.InsecureSkipVerify {
		t.Error("the certificate of another host is not verified")
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the stop: %v", err)
	}
	if !strings.Contains(said.String(), "https://127.0.0.1:"+port) {
		t.Errorf("it says %q", said.String())
	}
}
