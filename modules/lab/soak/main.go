// Command soak runs the built product as a fleet, lets people use it while everything around them fails, and judges
// whether every promise was kept:
//
//	go run ./modules/lab/soak --minutes=10 --seed=7
//
// Two processes of each role, PostgreSQL and Redis, each store behind a proxy. The seed decides who does what and which
// faults come; what the processes make of it is theirs. A trace that breaks a promise is kept as a file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"chat/modules/lab/trace"
)

func main() {
	minutes := flag.Float64("minutes", 1, "how long each run lasts")
	seed := flag.Uint64("seed", 1, "what decides about the first run")
	runs := flag.Int("runs", 1, "how many runs, each with the next seed")
	life := flag.Duration("token-life", time.Minute, "how long an access token is good for; 0: nobody signs in (--auth=none)")
	keep := flag.String("keep", os.TempDir(), "where the trace of a run that failed is kept")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	registerToxics()
	if err := soak(ctx, time.Duration(*minutes*float64(time.Minute)), *seed, *runs, kind{isOpen: *life == 0, tokenLife: *life}, *keep, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// soak runs on a fleet of its own for each seed.
func soak(ctx context.Context, lasts time.Duration, seed uint64, runs int, k kind, keep string, out io.Writer) error {
	dir, err := os.MkdirTemp("/tmp", "chat-soak-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		return fmt.Errorf("open the directory: %w", err)
	}
	binary, err := build(ctx, dir, "")
	if err != nil {
		return err
	}
	var failures []error
	for n := range runs {
		report, err := once(ctx, dir, binary, k, normal(seed+uint64(n), lasts), keep)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		print(out, seed+uint64(n), report)
		if err == nil && len(report.Violations) > 0 {
			err = errors.New("promises were broken")
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("seed %d: %w", seed+uint64(n), err))
		}
	}
	return errors.Join(failures...)
}

// build builds the product; overlay, where it is not empty, names a file of replaced sources.
func build(ctx context.Context, dir, overlay string) (string, error) {
	path := filepath.Join(dir, "chat")
	args := []string{"build", "-o", path}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	if out, err := exec.CommandContext(ctx, "go", append(args, "chat")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the product: %w: %s", err, out)
	}
	return path, nil
}

// once carries out one plan on a new fleet and judges it. The trace of a failure is kept.
func once(ctx context.Context, dir, binary string, k kind, p plan, keep string) (report trace.Report, err error) {
	home, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return report, fmt.Errorf("make a directory: %w", err)
	}
	if err := os.Chmod(home, 0o755); err != nil {
		return report, fmt.Errorf("open the directory: %w", err)
	}
	f, err := newFleet(ctx, home, binary, k)
	if err != nil {
		return report, err
	}
	entries, err := execute(ctx, f, p)
	err = errors.Join(err, f.stop())
	report = trace.Check(entries)
	if keep == "" || err == nil && len(report.Violations) == 0 {
		return report, err
	}
	return report, errors.Join(err, save(home, filepath.Join(keep, fmt.Sprintf("soak-%d", p.seed)), entries))
}

// save keeps a trace and what the processes have said.
func save(home, to string, entries []trace.Entry) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("keep a trace: %w", err)
	}
	file, err := os.Create(filepath.Join(to, "trace.jsonl"))
	if err != nil {
		return fmt.Errorf("keep a trace: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := trace.Write(file, entries); err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(home, "*.log"))
	if err != nil {
		return fmt.Errorf("keep the logs: %w", err)
	}
	for _, log := range logs {
		if err := os.Rename(log, filepath.Join(to, filepath.Base(log))); err != nil {
			return fmt.Errorf("keep the logs: %w", err)
		}
	}
	return nil
}

// print writes a report: what was done, the delays by fault, and the first violations with what shows them.
func print(out io.Writer, seed uint64, r trace.Report) {
	fmt.Fprintf(out, "seed %d: %d sends, %d deliveries, %d calls of unknown outcome, %d violations\n",
		seed, r.Sends, r.Deliveries, r.Unknown, len(r.Violations))
	fmt.Fprintf(out, "  %-40s %9s %9s %9s %9s\n", "delivery after the answer, during", "count", "p50 ms", "p99 ms", "max ms")
	for _, name := range slices.Sorted(maps.Keys(r.Delays)) {
		d := r.Delays[name]
		if name == "" {
			name = "nothing"
		}
		fmt.Fprintf(out, "  %-40s %9d %9.1f %9.1f %9.1f\n", name, d.Count, ms(d.P50), ms(d.P99), ms(d.Max))
	}
	fmt.Fprintf(out, "  %d refreshes, %d of them by a token that was used more than once\n", r.Refreshes, r.Repeats)
	fmt.Fprintf(out, "  %d sessions were ended: %d sockets closed after p50 %.1f ms, p99 %.1f ms, max %.1f ms, the last call accepted after %.1f ms\n",
		r.Sessions, r.Closes.Count, ms(r.Closes.P50), ms(r.Closes.P99), ms(r.Closes.Max), ms(r.Accepted))
	for _, v := range r.Violations[:min(10, len(r.Violations))] {
		fmt.Fprintf(out, "  %s: %s\n", v.Kind, v.Text)
		_ = trace.Write(out, v.Slice) // where the rest went as well
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
