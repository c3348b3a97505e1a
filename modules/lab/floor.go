package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// database is the PostgreSQL that the product and its floor share.
type database struct {
	postmaster int
	socket     string // the directory of it
	dir        string // for files
}

// databaseIn finds the embedded database of a data directory.
func databaseIn(dir string) (*database, error) {
	socket, err := os.ReadFile(filepath.Join(dir, "socket"))
	if err != nil {
		return nil, fmt.Errorf("find PostgreSQL's socket: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return nil, fmt.Errorf("find PostgreSQL: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		return nil, fmt.Errorf("find PostgreSQL: %w", err)
	}
	return &database{postmaster: postmaster, socket: string(socket), dir: dir}, nil
}

func (d *database) cpu() float64 { return family(d.postmaster) }

// floor runs pgbench with plain single-row inserts of the same text, on the same server.
func (b *Bench) floor(ctx context.Context, d *database, clients int) (load, error) {
	script := filepath.Join(d.dir, "insert.sql")
	if err := os.WriteFile(script, []byte("INSERT INTO bench_floor (content) VALUES ('"+text+"');\n"), 0o600); err != nil {
		return load{}, fmt.Errorf("write pgbench's script: %w", err)
	}
	if err := b.psql(ctx, d,
		"CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, content text NOT NULL, at timestamptz DEFAULT now())"); err != nil {
		return load{}, err
	}
	for seconds := b.Seconds; ; seconds *= 2 {
		l, err := b.pgbench(ctx, d, script, clients, seconds)
		if err != nil || l.rate > 0 {
			return l, err
		}
		if seconds > 4*b.Seconds {
			return load{}, errors.New("pgbench gives no rate")
		}
	}
}

// pgbench runs a script for a while; a rate of 0 says that its clients were not connected before that was over.
func (b *Bench) pgbench(ctx context.Context, d *database, script string, clients, seconds int) (load, error) {
	before := d.cpu()
	cmd := exec.CommandContext(ctx, b.PGBench, "-n", "-h", d.socket, "-U", "postgres", "-f", script,
		"-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(seconds), "chat")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("run pgbench: %s (%w)", out, err)
	}
	rate, latency := figure(out, `tps = ([\d.]+)`), figure(out, `latency average = ([\d.]+)`)
	thousands := rate * float64(seconds) / 1000
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return load{
		rate: rate, p50: latency, cost: map[string]float64{"PostgreSQL": (d.cpu() - before) / thousands},
		clients: used.Seconds() / thousands,
	}, nil
}

// psql runs statements as the superuser.
func (b *Bench) psql(ctx context.Context, d *database, statements ...string) error {
	args := []string{"-q", "-h", d.socket, "-U", "postgres", "chat"}
	for _, statement := range statements {
		args = append(args, "-c", statement)
	}
	psql := exec.CommandContext(ctx, filepath.Join(filepath.Dir(b.PGBench), "psql"), args...)
	psql.Env = append(os.Environ(), "PGOPTIONS=-c client_min_messages=warning")
	if out, err := psql.CombinedOutput(); err != nil {
		return fmt.Errorf("run psql: %s (%w)", out, err)
	}
	return nil
}

func figure(out []byte, pattern string) float64 {
	match := regexp.MustCompile(pattern).FindSubmatch(out)
	if match == nil {
		return 0
	}
	value, err := strconv.ParseFloat(string(match[1]), 64)
	if err != nil {
		return 0
	}
	return value
}
