package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"chat/modules/app"
	"chat/modules/demo"
	"chat/modules/user"
)

// demoCommand fills a database with people who have talked. Processes that serve a configured database may run meanwhile.
func demoCommand() *cobra.Command {
	sizes := demo.Defaults()
	among := false
	c := &cobra.Command{
		Use:   "demo",
		Short: "Fill the database with people, chats and a history, and print how to sign in",
		Long: "Fill the database with people, chats and a history that could have been, and print how to sign in.\n" +
			"It is the same every time: a second run adds nothing, other sizes make other chats, another seed also other people.\n" +
			"Everybody has one password, which is printed: it is for looking at the product, not for a database that is in use.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := load(c.Flags(), demoSettings(), os.Environ())
			if err != nil {
				return err
			}
			if err := sizes.Validate(); err != nil {
				return err
			}
			if err := l.config.Validate(); err != nil {
				return err
			}
			return runDemo(c, l.config, sizes, among)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.IntVar(&sizes.People, "people", sizes.People, "how many people")
	flags.IntVar(&sizes.Chats, "chats", sizes.Chats, "how many chats they have")
	flags.IntVar(&sizes.Messages, "messages", sizes.Messages, "how many messages they have sent, in all chats together")
	flags.IntVar(&sizes.Weeks, "weeks", sizes.Weeks, "since how many weeks")
	flags.Uint64Var(&sizes.Seed, "seed", sizes.Seed, "what it is made up from: the same seed and sizes give the same")
	flags.BoolVar(&among, "among-others", false, "do so in a database that has other accounts, whose people are shown those of the demo")
	addFlags(c, demoSettings())
	return c
}

// demoSettings are those of the database, of what a password's hash costs, and of where chat serve is.
func demoSettings() []setting {
	return append(settingsOf("host", "port", "auth", "insecure-open-access", "argon2-memory", "argon2-passes", "tls-cert", "tls-key"), databaseSettings()...)
}

func runDemo(c *cobra.Command, settings app.Config, sizes demo.Sizes, among bool) error {
	log := logger(settings, c.ErrOrStderr())
	db, err := app.OpenDatabase(c.Context(), settings, log)
	if err != nil {
		return err
	}
	defer db.Close()
	accounts := user.NewOperator(db.DB, settings.Hashing())
	if err := checkAlone(c.Context(), accounts, among); err != nil {
		return err
	}
	show, end := progress(c.ErrOrStderr(), log, sizes.Messages)
	made, err := demo.Fill(c.Context(), db.DB, accounts, sizes, time.Now(), show)
	end()
	if err != nil {
		return err
	}
	return writeDemo(c, settings, accounts, sizes, made)
}

// checkAlone refuses a database that is in use: whoever knows the password of the demo would be among its people.
func checkAlone(ctx context.Context, accounts *user.Operator, among bool) error {
	all, err := accounts.List(ctx)
	if err != nil || among {
		return err
	}
	others := slices.DeleteFunc(all, func(a user.Listed) bool { return strings.HasSuffix(a.Email, "@"+demo.Domain) })
	if len(others) > 0 {
		return fmt.Errorf("the database has accounts that are not of a demo (%d), and everybody knows the password of a demo's people: "+
			"use a database of its own, or insist with --among-others", len(others))
	}
	return nil
}

// progressTime is how often a log tells how far it is.
const progressTime = 10 * time.Second

// progress shows how many messages are there: by a bar on a terminal, else by a line now and then. end ends it.
func progress(out io.Writer, log zerolog.Logger, total int) (show func(messages int), end func()) {
	if isTerminal(out) {
		bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("messages"),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(40), progressbar.OptionThrottle(50*time.Millisecond),
			progressbar.OptionClearOnFinish())
		return func(messages int) { _ = bar.Set(messages) }, func() { _ = bar.Finish() } // a picture that fails is none
	}
	var done atomic.Int64
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticks := time.NewTicker(progressTime)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				log.Info().Int64("messages", done.Load()).Int("of", total).Msg("the demo is being made")
			case <-over:
				return
			}
		}
	}()
	return func(messages int) { done.Store(int64(messages)) }, func() { close(over); <-ended }
}

// examples is how many people and chats are printed.
const examples = 5

// writeDemo says what there is and how to look at it.
func writeDemo(c *cobra.Command, settings app.Config, accounts *user.Operator, sizes demo.Sizes, made *demo.Demo) error {
	all, err := accounts.List(c.Context())
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(out, "%d people, %d chats, %d messages: %s, where chat serve runs\n\n", // Flush has the error
		sizes.People, sizes.Chats, sizes.Messages, settings.Address())
	for _, p := range made.People[:min(examples, len(made.People))] {
		signs := fmt.Sprintf("password %q", demo.Password)
		if settings.Auth == "none" {
			signs = "user-id " + p.ID.String()
		}
		if slices.ContainsFunc(all, func(a user.Listed) bool { return a.ID == p.ID && a.IsAdministrator }) {
			signs += ", an administrator"
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\n", p.Name, signs)
	}
	_, _ = fmt.Fprintf(out, "\nchats of %s:\n", made.People[0].Name)
	for _, chat := range chatsOf(made) {
		_, _ = fmt.Fprintf(out, "%s\t%s/c/%s\n", chat.Name, settings.Address(), chat.ID)
	}
	return out.Flush()
}

// chatsOf are some chats of the first person, by name; a direct one has that of the other.
func chatsOf(made *demo.Demo) (some []demo.Chat) {
	me := made.People[0].ID
	for _, chat := range made.Chats {
		if len(some) == examples || !slices.Contains(chat.Members, me) {
			continue
		}
		for _, p := range made.People {
			if chat.Name == "" && p.ID != me && slices.Contains(chat.Members, p.ID) {
				chat.Name = p.DisplayName
			}
		}
		some = append(some, chat)
	}
	return some
}
