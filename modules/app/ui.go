package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/rs/zerolog"

	"chat/frontend"
	"chat/modules/server"
)

// uiPort is where the pages are served unless told otherwise.
const uiPort = 3000

// RunUI serves the browser UI alone until ctx ends, for a deployment whose roles are processes of their own. It has no
// store. Of the settings it looks at Host, Port, AllowedHosts, TLSCert, TLSKey, MetricsAddr, those of the log, and what it
// tells the pages: Mode, Auth, Signup and the URLs of the roles.
//
// Errors are one line each, as those of Run.
func RunUI(ctx context.Context, c Config, version string, log zerolog.Logger) error {
	if err := c.validateProcess(); err != nil {
		return err
	}
	if err := c.validatePages(); err != nil {
		return err
	}
	roles, err := c.instances()
	if err != nil {
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
		UI: pages, Pages: pages, Installation: c.installation(version, roles), Hosts: c.hosts(), Certificate: certificate,
		Version: version, Role: "ui", Log: log, Metrics: registry,
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

// validatePages looks at what the pages are told.
func (c Config) validatePages() error {
	if err := oneOf("mode", c.Mode, "development", "production"); err != nil {
		return err
	}
	if err := oneOf("auth", c.Auth, "accounts", "none"); err != nil {
		return err
	}
	return oneOf("signup", c.Signup, "open", "closed")
}

// installation is what the pages are told.
func (c Config) installation(version string, roles server.Instances) server.Installation {
	return server.Installation{Version: version, Mode: c.Mode, Auth: c.Auth, Signup: c.Signup, Instances: roles}
}

// instances are the processes of the roles as browsers reach them: those that were configured, else one of each role on this
// machine. Errors: a URL that is no origin.
func (c Config) instances() (server.Instances, error) {
	var roles server.Instances
	for _, part := range []struct {
		role Role
		urls []string
		list *[]server.Instance
	}{{User, c.UserURLs, &roles.User}, {Sender, c.SenderURLs, &roles.Sender}, {Receiver, c.ReceiverURLs, &roles.Receiver}} {
		if len(part.urls) == 0 {
			part.urls = []string{fmt.Sprintf("http://localhost:%d", part.role.Port())}
		}
		for n, address := range part.urls {
			origin, err := url.Parse(address)
			if err != nil || origin.Scheme != "http" && origin.Scheme != "https" || origin.Host == "" || origin.User != nil ||
				strings.Trim(origin.Path, "/")+origin.RawQuery+origin.Fragment != "" {
				return roles, fmt.Errorf("--%s-urls: %q is not where a process is; write it as http://localhost:%d", part.role, address, part.role.Port())
			}
			*part.list = append(*part.list, server.InstanceAt(instanceName(part.role, n, len(part.urls)), origin))
		}
	}
	return roles, nil
}

// instanceName is the role as people read it, with a number where there are several.
func instanceName(role Role, n, of int) string {
	name := strings.ToUpper(string(role[:1])) + string(role[1:])
	if of == 1 {
		return name
	}
	return fmt.Sprintf("%s %d", name, n+1)
}
