package server

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// lookInterval is how often the files of a certificate are looked at, while connections come.
const lookInterval = time.Second

// Certificate is a certificate and its key in two files, which may be replaced while it serves: connections that come get
// the new pair, those that are open stay. While the files hold no pair (one is written before the other) the last one
// serves. Safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	log               zerolog.Logger

	mu        sync.Mutex
	looked    time.Time
	cert, key []byte // as they were read last
	refused   string // what was said about them; "": they serve
	serves    *tls.Certificate
}

// NewCertificate reads the files, which hold PEM. Errors: files that cannot be read, or hold no pair.
func NewCertificate(certFile, keyFile string, log zerolog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now()}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// config is how a listener offers the certificate.
func (c *Certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}
}

func (c *Certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookInterval {
		return c.serves
	}
	c.looked = time.Now()
	before := c.serves
	if err := c.read(); err != nil {
		if err.Error() != c.refused { // once, however long it lasts
			c.log.Error().Err(err).Msg("the new certificate cannot be used, the old one serves")
		}
		c.refused = err.Error()
		return c.serves
	}
	c.refused = ""
	if c.serves != before {
		c.log.Info().Time("expires", c.serves.Leaf.NotAfter).Msg("the certificate was replaced")
	}
	return c.serves
}

// read takes what the files hold, where that is new.
func (c *Certificate) read() error {
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate's key: %w", err)
	}
	if bytes.Equal(cert, c.cert) && bytes.Equal(key, c.key) {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s and %s are no certificate and its key: %w", c.certFile, c.keyFile, err)
	}
	c.cert, c.key, c.serves = cert, key, &pair
	return nil
}
