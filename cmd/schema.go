package cmd

import (
	"github.com/spf13/cobra"

	"chat/modules/app"
)

// schemaCommand prints the API that a role serves.
func schemaCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the GraphQL schema of a role",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			role, err := c.Flags().GetString("role")
			if err != nil {
				return err
			}
			sdl, err := app.SDL(role)
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write([]byte(sdl))
			return err
		},
	}
	c.Flags().String("role", string(app.All), "user, sender, receiver or all")
	return c
}
