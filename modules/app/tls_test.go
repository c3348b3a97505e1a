package app

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"
)

// pair is a certificate and its key, in files.
type pair struct{ cert, key string }

// write puts a new certificate with that serial number into the files.
func (p pair) write(t *testing.T, serial int64) {
	t.Helper()
	cert, key := newPair(t, serial)
	for path, text := range map[string][]byte{p.cert: cert, p.key: key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func newPair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "chat.example"}, DNSNames: []string{"chat.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// runTLS runs the product with a certificate of the serial number 1.
func runTLS(t *testing.T) (*built, pair) {
	t.Helper()
	dir := t.TempDir()
	p := pair{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	p.write(t, 1)
	return runBuilt(t, "--tls-cert="+p.cert, "--tls-key="+p.key), p
}

// serial is that of the certificate which a new connection gets.
func (s *served) serial() int64 {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.address, s.secure)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// TestTLS: HTTP/1.1, HTTP/2 and WebSockets are served on one port, and nothing in the clear.
func TestTLS(t *testing.T) {
	t.Parallel()
	s, _ := runTLS(t)
	s.log.await(t, "chat listens on https://"+s.address, 1)

	post := func(transport *http.Transport) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.url("/graphql"), strings.NewReader(`{"query":"{ health }"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := transport.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
		}
		transport.CloseIdleConnections()
		return res, err
	}
	for _, c := range []struct {
		name    string
		config  *tls.Config
		version uint16
		proto   string // "": it must fail
	}{
		{"TLS 1.3", &tls.Config{InsecureSkipVerify: true}, tls.VersionTLS13, "HTTP/1.1"},
		{"TLS 1.2", &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}, tls.VersionTLS12, "HTTP/1.1"},
		{"HTTP/2", &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}, tls.VersionTLS13, "HTTP/2.0"},
		{"TLS 1.1", &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, 0, ""},
	} {
		res, err := post(&http.Transport{TLSClientConfig: c.config, ForceAttemptHTTP2: c.proto == "HTTP/2.0"})
		switch {
		case c.proto == "":
			if err == nil {
				t.Errorf("%s is spoken", c.name)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case res.StatusCode != 200 || res.Proto != c.proto || res.TLS.Version != c.version:
			t.Errorf("%s: %d over %s", c.name, res.StatusCode, res.Proto)
		case res.Header.Get("Strict-Transport-Security") != "max-age=31536000":
			t.Errorf("%s: browsers may leave TLS again: %v", c.name, res.Header)
		}
	}
	if got, _ := s.talk(2, hello, `{"id":"1","type":"subscribe","payload":{"query":"{ health }"}}`); len(got) != 2 || !strings.Contains(got[1], `"health":"ok"`) {
		t.Errorf("a WebSocket over TLS: %q", got)
	}
	for origin, status := range map[string]int{"https://" + s.address: 200, "http://" + s.address: 403} {
		if got, _, body := s.do("POST", "/graphql", `{"query":"{ health }"}`, withHeader("Origin", origin)); got != status {
			t.Errorf("from %s: %d %s, want %d", origin, got, body, status)
		}
	}
	plain, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	fmt.Fprintf(plain, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(plain), nil); err != nil || res.StatusCode != 400 {
		t.Errorf("in the clear: %v %v", res, err)
	}
}

// TestBodiesOverHTTP2 (case 36): the bounds of HTTP/1.1 hold for a stream as well.
func TestBodiesOverHTTP2(t *testing.T) {
	t.Parallel()
	s, _ := runTLS(t)
	transport := &http.Transport{TLSClientConfig: s.secure, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	ask := func(body io.Reader) answer {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.url("/graphql"), body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.ProtoMajor != 2 {
			t.Errorf("over %s: %v", res.Proto, err)
		}
		return answer{res.StatusCode, res.Header, string(text)}
	}
	checkAnswer(t, ask(strings.NewReader(strings.Repeat(" ", 1<<20+1))), 413, "PAYLOAD_TOO_LARGE")
	checkAnswer(t, ask(io.LimitReader(spaces{}, 64<<20)), 413, "PAYLOAD_TOO_LARGE")
	stalled, never := io.Pipe()
	defer func() { _ = never.Close() }()
	began := time.Now()
	checkAnswer(t, ask(stalled), 408, "BAD_REQUEST")
	if took := time.Since(began); took < 9*time.Second || took > 14*time.Second {
		t.Errorf("a body that does not come is waited for %s", took)
	}
	checkAnswer(t, ask(strings.NewReader(query(`{ health }`, nil))), 200, "")
}

// spaces is endless.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for n := range p {
		p[n] = ' '
	}
	return len(p), nil
}

// TestACertificateIsReplaced without a restart and without a connection that is lost; half a pair and a wrong one change
// nothing, and are told once.
func TestACertificateIsReplaced(t *testing.T) {
	t.Parallel()
	s, files := runTLS(t)
	socket, _, err := s.dialWS(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	ask := func(message, want string) {
		t.Helper()
		if err := socket.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, data, err := socket.ReadMessage(); err != nil || !strings.Contains(string(data), want) {
			t.Fatalf("the open socket says %s %v", data, err)
		}
	}
	ask(hello, "connection_ack")
	keeps := &http.Transport{TLSClientConfig: s.secure}
	defer keeps.CloseIdleConnections()
	isKept := func() (kept bool) {
		t.Helper()
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { kept = i.Reused }})
		req, err := http.NewRequestWithContext(ctx, "GET", s.url("/healthz"), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := keeps.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = bufio.NewReader(res.Body).ReadString(0) // to its end: the connection is free again
		_ = res.Body.Close()
		return kept
	}
	isKept()

	until := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not come: %s", what, s.log.tail(5))
			}
		}
	}
	const refused = "the new certificate cannot be used, the old one serves"
	refusals := func() int { return strings.Count(s.log.String(), refused) }

	second, secondKey := newPair(t, 2)
	if err := os.WriteFile(files.key, secondKey, 0o600); err != nil {
		t.Fatal(err)
	}
	until("a word on half a pair", func() bool { return s.serial() == 1 && refusals() == 1 })
	for began := time.Now(); time.Since(began) < 2*lookTime; time.Sleep(100 * time.Millisecond) {
		if s.serial() != 1 {
			t.Fatal("half a pair serves")
		}
	}
	if n := refusals(); n != 1 {
		t.Errorf("half a pair is told %d times", n)
	}
	if err := os.WriteFile(files.cert, second, 0o600); err != nil {
		t.Fatal(err)
	}
	until("the second certificate", func() bool { return s.serial() == 2 })
	s.log.await(t, "the certificate was replaced", 1)

	if err := os.WriteFile(files.cert, second[:len(second)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	until("a word on half a file", func() bool { return s.serial() == 2 && refusals() == 2 })
	if err := os.Remove(files.cert); err != nil {
		t.Fatal(err)
	}
	until("a word on a file that is gone", func() bool { return s.serial() == 2 && refusals() == 3 })
	files.write(t, 3)
	until("the third certificate", func() bool { return s.serial() == 3 })

	if !isKept() {
		t.Error("a connection was given up for the certificate")
	}
	ask(`{"id":"1","type":"subscribe","payload":{"query":"{ health }"}}`, `"health":"ok"`)
}

// lookTime is how soon a new connection may find a replaced certificate.
const lookTime = time.Second

// TestWrongCertificatesEndTheStart in one line.
func TestWrongCertificatesEndTheStart(t *testing.T) {
	dir := t.TempDir()
	p := pair{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	p.write(t, 1)
	for part, c := range map[string]pair{
		"no such file":                   {cert: filepath.Join(dir, "none"), key: p.key},
		"are no certificate and its key": {cert: p.key, key: p.key},
		"belong together":                {cert: p.cert},
	} {
		settings := Defaults()
		settings.TLSCert, settings.TLSKey = c.cert, c.key
		err := settings.validateProcess()
		if err == nil {
			_, err = settings.certificate(zerolog.Nop())
		}
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v, want one line with %q", c, err, part)
		}
	}
}

// TestTLSThatAProxyEnds counts where the proxy is trusted.
func TestTLSThatAProxyEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flags  []string
		proto  string
		secure bool
	}{
		{[]string{"--trusted-proxies=127.0.0.1"}, "https", true},
		{[]string{"--trusted-proxies=127.0.0.1"}, "http", false},
		{[]string{"--trusted-proxies=192.0.2.1"}, "https", false},
	} {
		p := runBuilt(t, c.flags...)
		for origin, status := range map[string]int{"https://" + p.address: 200, "http://" + p.address: map[bool]int{true: 403, false: 200}[c.secure]} {
			a := p.ask("POST", "/graphql", query(`{ health }`, nil), withHeader("X-Forwarded-Proto", c.proto, "Origin", origin))
			if isKept := a.header.Get("Strict-Transport-Security") != ""; a.status != status || isKept != c.secure {
				t.Errorf("%v, %s, from %s: %d, want %d; browsers are kept on TLS: %t", c.flags, c.proto, origin, a.status, status, isKept)
			}
		}
	}
}
