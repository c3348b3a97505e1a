// Package cmd is the command line: one file per command, flags in, app.Config out.
package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"chat/modules/app"
)

// version is set by the release build: -ldflags "-X chat/cmd.version=v1.2.3".
var version = ""

// Execute runs the command line of this process and returns its exit code. An error is one line on stderr.
func Execute() int {
	ctx, stop := interruptible()
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		return 1
	}
	return 0
}

// interruptible ends its context at the first signal to stop; a second one ends the process at once.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "chat: stopped at once, by a second signal")
		os.Exit(1)
	}()
	return ctx, cancel
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "chat",
		Short:         "A real-time chat system in one binary",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetOut(os.Stdout)
	c.AddCommand(serveCommand(app.Run), configCommand(), uiCommand(app.RunUI), migrateCommand(), userCommand(), schemaCommand(), healthcheckCommand(), versionCommand(),
		benchCommand(), demoCommand())
	return c
}

// help is what a command does that has others below it. With Args it refuses one that there is not.
func help(c *cobra.Command, _ []string) error { return c.Help() }

// versionText is the release, or what is known of the build.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

// logger writes lines for people on a terminal, and JSON otherwise.
func logger(c app.Config, out io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel // Validate refuses it
	}
	onTerminal := isTerminal(out)
	if c.LogFormat == "console" || c.LogFormat == "auto" && onTerminal {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: "15:04:05", NoColor: !onTerminal}
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}

func isTerminal(out io.Writer) bool {
	file, isFile := out.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}
