package cmd

import (
	"context"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"chat/modules/app"
)

// serveCommand serves a role by run.
func serveCommand(run func(context.Context, app.Config, string, zerolog.Logger) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the browser UI",
		Long: "Serve a role: with nothing configured everything, on a PostgreSQL of its own that is kept between runs.\n" +
			"A flag wins over its variable, a variable over the file.",
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config(c, serveSettings())
			if err != nil {
				return err
			}
			return run(c.Context(), settings, versionText(), logger(settings, c.ErrOrStderr()))
		},
	}
	addFlags(c, serveSettings())
	return c
}
