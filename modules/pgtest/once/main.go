// Command once runs another command with one PostgreSQL for all of its tests:
//
//	go run ./modules/pgtest/once go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"chat/modules/pglocal"
	"chat/modules/pgtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "once:", err)
	}
	os.Exit(code)
}

// run gives the exit code of the command.
func run(command []string) (int, error) {
	if len(command) == 0 {
		return 2, errors.New("name a command")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	dir, err := os.MkdirTemp("/tmp", "chat-pgtest-")
	if err != nil {
		return 1, fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		return 1, fmt.Errorf("open the directory: %w", err)
	}
	server, err := pglocal.Start(context.Background(), pglocal.Options{
		Dir: dir + "/pg", Binaries: os.Getenv("PG_BIN"), Settings: pgtest.Settings(), Log: zerolog.New(os.Stderr),
	})
	if err != nil {
		return 1, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Stop(ctx)
	}()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.EnvURL+"="+server.URL("postgres"))
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start %s: %w", command[0], err)
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s) // it may have ended just now
			case <-ended:
				return
			}
		}
	}()
	err = cmd.Wait()
	close(ended)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, fmt.Errorf("run %s: %w", command[0], err)
	}
	return 0, nil
}
