package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/spf13/cobra"

	"chat/migrations"
	"chat/modules/app"
	"chat/modules/pg"
)

// migrateCommand moves the database's shape. Two at once are safe: one waits for the other.
func migrateCommand() *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Move the database to this version's shape, or back", Args: cobra.NoArgs, RunE: help}
	for _, step := range []struct {
		name, short string
		do          func(context.Context, *goose.Provider, *cobra.Command) error
	}{
		{"up", "Run every migration that was not run", up},
		{"down", "Take the newest migration back, with what it holds", down},
		{"redo", "Take the newest migration back and run it again", redo},
		{"status", "List the migrations and when they were run", status},
	} {
		sub := &cobra.Command{Use: step.name, Short: step.short, RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config(c, databaseSettings())
			if err != nil {
				return err
			}
			return onDatabase(c, settings, step.do)
		}}
		addFlags(sub, databaseSettings())
		c.AddCommand(sub)
	}
	return c
}

func onDatabase(c *cobra.Command, settings app.Config, do func(context.Context, *goose.Provider, *cobra.Command) error) error {
	if err := settings.Validate(); err != nil {
		return err
	}
	store, err := app.OpenStore(c.Context(), settings, logger(settings, c.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer store.Stop()
	db, err := pg.Open(store.URL, 5)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := app.Reach(c.Context(), db); err != nil {
		return err
	}
	provider, err := migrations.New(db.Pool())
	if err != nil {
		return err
	}
	return do(c.Context(), provider, c)
}

func up(ctx context.Context, p *goose.Provider, c *cobra.Command) error {
	done, err := p.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate up: %w", err)
	}
	for _, result := range done {
		report(c, result)
	}
	if len(done) == 0 {
		c.Println("nothing to do")
	}
	return nil
}

func down(ctx context.Context, p *goose.Provider, c *cobra.Command) error {
	result, err := p.Down(ctx)
	if err != nil {
		return fmt.Errorf("migrate down: %w", err)
	}
	report(c, result)
	return nil
}

func redo(ctx context.Context, p *goose.Provider, c *cobra.Command) error {
	if err := down(ctx, p, c); err != nil {
		return err
	}
	result, err := p.UpByOne(ctx)
	if err != nil {
		return fmt.Errorf("migrate up again: %w", err)
	}
	report(c, result)
	return nil
}

func report(c *cobra.Command, r *goose.MigrationResult) {
	c.Printf("%s %s (%s)\n", r.Direction, r.Source.Path, r.Duration.Round(time.Millisecond))
}

func status(ctx context.Context, p *goose.Provider, c *cobra.Command) error {
	all, err := p.Status(ctx)
	if err != nil {
		return fmt.Errorf("read the state of the migrations: %w", err)
	}
	for _, m := range all {
		when := "not run"
		if m.State == goose.StateApplied {
			when = "run " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		c.Printf("%-24s %s\n", m.Source.Path, when)
	}
	return nil
}
