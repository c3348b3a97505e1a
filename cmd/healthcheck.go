package cmd

import (
	"errors"
	"fmt"
	"io"
	"net/http"
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
			url, err := c.Flags().GetString("url")
			if err != nil {
				return err
			}
			if port := os.Getenv("PORT"); port != "" && !c.Flags().Changed("url") {
				url = "http://127.0.0.1:" + port
			}
			return healthcheck(c, strings.TrimSuffix(url, "/")+"/readyz")
		},
	}
	c.Flags().String("url", "http://127.0.0.1:4000", "where the process listens ($PORT gives a local one)")
	return c
}

func healthcheck(c *cobra.Command, url string) error {
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, errors.Unwrap(err))
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
	}
	c.Println("ready")
	return nil
}
