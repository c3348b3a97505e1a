package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rs/zerolog"

	"chat/frontend"
	"chat/modules/server"
)

// uiPort is where the pages are served unless told otherwise.
const uiPort = 3000

// RunUI serves the browser UI alone until ctx ends, for a deployment whose roles are processes of their own. It has no
// store. Of the settings it looks at Host, Port, AllowedHosts, TLSCert, TLSKey, MetricsAddr and those of the log.
//
// Errors are one line each, as those of Run.
func RunUI(ctx context.Context, c Config, version string, log zerolog.Logger) error {
	if err := c.validateProcess(); err != nil {
		return err
	}
	if c.Port == 0 {
		c.Port = uiPort
	}
	pages, err := fs.Sub(frontend.Dist, "dist")
	if err != nil {
		return fmt.Errorf("open the built pages: %w", err)
	}
	listener, err := listen(c)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	certificate, err := c.certificate(log)
	if err != nil {
		return err
	}
	registry := newRegistry()
	front := server.New(server.Config{
		UI: pages, Pages: pages, Hosts: c.hosts(), Certificate: certificate, Version: version, Role: "ui", Log: log, Metrics: registry,
	})
	failed := make(chan error, 2)
	if c.MetricsAddr != "" {
		stop, err := serveMetrics(c.MetricsAddr, registry, failed)
		if err != nil {
			return err
		}
		defer stop()
	}
	go func() { failed <- front.Serve(listener) }()
	log.Info().Msgf("the pages are on %s://%s", c.scheme(), listener.Addr())
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	log.Info().Msg("stopping")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return errors.Join(err, front.Drain(drain))
}
