package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"chat/modules/app"
	"chat/modules/user"
)

// userCommand makes and changes accounts, for whoever runs the product. Processes that serve a configured database may
// run meanwhile, and notice within a second.
func userCommand() *cobra.Command {
	c := &cobra.Command{Use: "user", Short: "Make, list and change accounts", Args: cobra.NoArgs, RunE: help}
	c.AddCommand(createCommand(), listCommand(),
		accountCommand("reset-password NAME", "Give an account a password, and end its sessions",
			func(c *cobra.Command, o *user.Operator, name string) error {
				if err := o.ResetPassword(c.Context(), name, asking(c)); err != nil {
					return err
				}
				c.Printf("%s has a new password, and has to sign in anew\n", name)
				return nil
			}),
		accountCommand("disable NAME", "Make an account inactive, and end its sessions; what it has written stays",
			func(c *cobra.Command, o *user.Operator, name string) error {
				if err := o.Disable(c.Context(), name); err != nil {
					return err
				}
				c.Printf("%s is disabled\n", name)
				return nil
			}),
		accountCommand("enable NAME", "Make an inactive account active",
			func(c *cobra.Command, o *user.Operator, name string) error {
				if err := o.Enable(c.Context(), name); err != nil {
					return err
				}
				c.Printf("%s is enabled\n", name)
				return nil
			}))
	for _, sub := range c.Commands() {
		addFlags(sub, userSettings())
		quiet := sub.Flags().Lookup("log-level") // what is done is said, and an error is one line
		quiet.DefValue = "warn"
		_ = quiet.Value.Set(quiet.DefValue) // a text takes any
	}
	return c
}

func createCommand() *cobra.Command {
	draft, hasNone := user.Draft{}, false
	c := accountCommand("create NAME", "Make an account; its password is asked for, or is the first line of standard input",
		func(c *cobra.Command, o *user.Operator, name string) error {
			draft.Name = name
			password := asking(c)
			if hasNone {
				password = nil
			}
			isAdministrator, err := o.Create(c.Context(), draft, password)
			if err != nil {
				return err
			}
			what := "an account"
			if isAdministrator {
				what = "an administrator"
			}
			c.Printf("%s is %s\n", name, what)
			return nil
		})
	c.Flags().StringVar(&draft.Email, "email", "", "its e-mail address")
	c.Flags().StringVar(&draft.DisplayName, "display-name", "", "the name that people see; none: the user name")
	c.Flags().BoolVar(&draft.IsAdministrator, "administrator", false, "make it an administrator; the first account is one in any case")
	c.Flags().BoolVar(&hasNone, "no-password", false, "make it without a password: it cannot sign in before reset-password")
	_ = c.MarkFlagRequired("email") // it exists
	return c
}

func listCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "list", Short: "List every account: who is active, who is an administrator, and who has been there when", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return operate(c, func(o *user.Operator) error {
				all, err := o.List(c.Context())
				if err != nil {
					return err
				}
				if asJSON {
					out := json.NewEncoder(c.OutOrStdout())
					out.SetIndent("", "  ")
					return out.Encode(all)
				}
				return writeAccounts(c.OutOrStdout(), all)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// writeAccounts writes a table. Names and addresses hold nothing that a terminal would take for a command.
func writeAccounts(out io.Writer, all []user.Listed) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NAME\tE-MAIL\tACTIVE\tADMINISTRATOR\tCREATED\tLAST SEEN\tSESSIONS") // Flush has the error
	for _, a := range all {
		seen := "-"
		if a.LastUsedAt != nil {
			seen = minute(*a.LastUsedAt)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", a.Name, a.Email, yes(a.IsActive), yes(a.IsAdministrator),
			minute(a.CreatedAt), seen, a.Sessions)
	}
	return w.Flush()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// accountCommand does something to the account of a name.
func accountCommand(use, short string, do func(*cobra.Command, *user.Operator, string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: oneName, RunE: func(c *cobra.Command, args []string) error {
		return operate(c, func(o *user.Operator) error { return do(c, o, args[0]) })
	}}
}

// oneName wants one argument. Others are not repeated: one may be a password.
func oneName(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d arguments instead of one; call it as: %s", len(args), c.UseLine())
	}
	return nil
}

// userSettings are those of the database and of what a password's hash costs.
func userSettings() []setting {
	return append(settingsOf("argon2-memory", "argon2-passes"), databaseSettings()...)
}

// operate opens the database for do.
func operate(c *cobra.Command, do func(*user.Operator) error) error {
	l, err := load(c.Flags(), userSettings(), os.Environ())
	if err != nil {
		return err
	}
	settings := l.config
	if err := settings.Validate(); err != nil {
		return err
	}
	db, err := app.OpenDatabase(c.Context(), settings, logger(settings, c.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer db.Close()
	return do(user.NewOperator(db.DB, settings.Hashing()))
}

// asking gives what asks for a password where the command runs.
func asking(c *cobra.Command) user.Ask {
	return func(ctx context.Context) (string, error) { return readPassword(ctx, c.InOrStdin(), c.ErrOrStderr()) }
}
