package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"chat/modules/lab"
)

// benchCommand measures this binary beside PostgreSQL's own benchmark.
func benchCommand() *cobra.Command {
	seconds, fleet := 8, false
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure sends, their cost, starts and memory beside pgbench, in one table",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this binary: %w", err)
			}
			pgbench, err := findPGBench()
			if err != nil {
				return err
			}
			b := lab.Bench{Binary: binary, PGBench: pgbench, Seconds: seconds, Out: c.OutOrStdout()}
			if !fleet {
				return b.Run(c.Context())
			}
			if b.Redis, err = findRedis(); err != nil {
				return err
			}
			return b.RunFleet(c.Context())
		},
	}
	c.Flags().IntVar(&seconds, "seconds", seconds, "how long each load lasts")
	c.Flags().BoolVar(&fleet, "fleet", fleet, "measure two processes of each role, with Redis and a subscriber in each chat")
	c.AddCommand(benchFanoutCommand(), benchBareCommand())
	return c
}

// benchFanoutCommand measures what deliveries cost.
func benchFanoutCommand() *cobra.Command {
	b := lab.Bench{Seconds: 5, Centrifugo: os.Getenv("CENTRIFUGO")}
	c := &cobra.Command{
		Use:   "fanout",
		Short: "Measure deliveries beside the library's handler and Centrifugo, in one table",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if b.Binary, err = os.Executable(); err != nil {
				return fmt.Errorf("find this binary: %w", err)
			}
			if b.PGBench, err = findPGBench(); err != nil {
				return err
			}
			if b.Redis, err = findRedis(); err != nil {
				return err
			}
			b.Out = c.OutOrStdout()
			return b.RunFanout(c.Context())
		},
	}
	c.Flags().IntVar(&b.Seconds, "seconds", b.Seconds, "how long each load lasts")
	c.Flags().StringVar(&b.Centrifugo, "centrifugo", b.Centrifugo, "the binary of Centrifugo v6, a peer in the table ($CENTRIFUGO)")
	c.Flags().StringVar(&b.Only, "only", b.Only, "a part of the name of the rows to measure, or idle, resume, growth")
	return c
}

// benchBareCommand is the floor that bench fanout starts.
func benchBareCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "bare SUBSCRIBERS PUBLISHERS",
		Short:  "Serve the floor of fanout at two addresses",
		Args:   cobra.ExactArgs(2),
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			return new(lab.Bare).Serve(c.Context(), args[0], args[1])
		},
	}
}

func findRedis() (string, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", errors.New("redis-server, which a fleet hears by, is not installed; on Debian: sudo apt-get install redis-server")
	}
	return path, nil
}

// findPGBench prefers the real program to the wrapper that Debian puts into the path.
func findPGBench() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err == nil && len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath("pgbench")
	if err != nil {
		return "", errors.New("pgbench, the floor of the benchmark, is not installed; it comes with PostgreSQL's server")
	}
	return filepath.EvalSymlinks(path)
}
