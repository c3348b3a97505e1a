package cmd

import (
	"context"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"chat/modules/app"
)

// uiCommand serves the pages by run.
func uiCommand(run func(context.Context, app.Config, string, zerolog.Logger) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "ui",
		Short: "Serve the browser UI alone, beside roles that are processes of their own",
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config(c, uiSettings())
			if err != nil {
				return err
			}
			return run(c.Context(), settings, versionText(), logger(settings, c.ErrOrStderr()))
		},
	}
	addFlags(c, uiSettings())
	return c
}
