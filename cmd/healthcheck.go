package cmd

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// healthcheckCommand asks a process whether it is ready, for container engines.
func healthcheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running process whether it is ready; exit code 0 if it is",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			target, err := c.Flags().GetString("url")
			if err != nil {
				return err
			}
			if !c.Flags().Changed("url") {
				target = ownURL()
			}
			return healthcheck(c, strings.TrimSuffix(target, "/")+"/readyz")
		},
	}
	c.Flags().String("url", "http://127.0.0.1:4000",
		"where the process listens ($PORT gives a local one, $CHAT_TLS_CERT makes it https); a loopback address needs no valid certificate")
	return c
}

// ownURL is where the process listens that has this process's environment.
func ownURL() string {
	scheme := "http"
	if os.Getenv("CHAT_TLS_CERT") != "" {
		scheme = "https"
	}
	return scheme + "://127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "4000")
}

// asker asks one URL. A certificate names the host that the product is for, not the loopback address on which a container
// engine asks; nothing secret is said there, and whoever could answer in its place is in the machine already. Of any other
// host the certificate is verified.
func asker(target string) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if u, err := url.Parse(target); err == nil && isLoopback(u.Hostname()) {
		// #nosec G402 -- above
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
	return &http.Client{Timeout: 5 * time.Second, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // elsewhere the certificate would matter again
	}}
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func healthcheck(c *cobra.Command, target string) error {
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, target, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", target, err)
	}
	res, err := asker(target).Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", target, errors.Unwrap(err))
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", target, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
	}
	c.Println("ready")
	return nil
}
