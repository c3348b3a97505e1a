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

// ticks is the unit of CPU time in /proc: USER_HZ, which is 100 on every Linux that Go runs on.
const ticks = 100

// cpu reads the CPU seconds of a process; with those of its dead children if asked. Source: proc(5), /proc/pid/stat.
func cpu(pid int, children bool) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	total := 0.0
	for n, field := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
		value, err := strconv.ParseFloat(fields[field], 64)
		if err == nil && (n < 2 || children) {
			total += value
		}
	}
	return total / ticks
}

func (p *process) serverCPU() float64 { return cpu(p.cmd.Process.Pid, false) }

// databaseCPU is that of PostgreSQL's postmaster and all its children, dead or alive.
func (p *process) databaseCPU() float64 {
	postmaster := p.postmaster()
	total := cpu(postmaster, true)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return total
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if fields[1] == strconv.Itoa(postmaster) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err == nil {
				total += cpu(pid, false)
			}
		}
	}
	return total
}

func (p *process) postmaster() int {
	text, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return pid
}

// memory is the product's resident set, in bytes.
func (p *process) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// floor runs pgbench with plain single-row inserts of the same text, on the same server.
func (b *Bench) floor(ctx context.Context, p *process, clients int) (load, error) {
	socket, err := os.ReadFile(filepath.Join(p.dir, "socket"))
	if err != nil {
		return load{}, fmt.Errorf("find PostgreSQL's socket: %w", err)
	}
	script := filepath.Join(p.dir, "insert.sql")
	if err := os.WriteFile(script, []byte("INSERT INTO bench_floor (content) VALUES ('"+text+"');\n"), 0o600); err != nil {
		return load{}, fmt.Errorf("write pgbench's script: %w", err)
	}
	psql := exec.CommandContext(ctx, filepath.Join(filepath.Dir(b.PGBench), "psql"), "-q", "-h", string(socket), "-U", "postgres", "chat",
		"-c", "CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, content text NOT NULL, at timestamptz DEFAULT now())",
		"-c", "SET client_min_messages = warning")
	psql.Env = append(os.Environ(), "PGOPTIONS=-c client_min_messages=warning")
	if out, err := psql.CombinedOutput(); err != nil {
		return load{}, fmt.Errorf("make pgbench's table: %s (%w)", out, err)
	}
	database := p.databaseCPU()
	cmd := exec.CommandContext(ctx, b.PGBench, "-n", "-h", string(socket), "-U", "postgres", "-f", script,
		"-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(b.Seconds), "chat")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("run pgbench: %s (%w)", out, err)
	}
	rate, latency := figure(out, `tps = ([\d.]+)`), figure(out, `latency average = ([\d.]+)`)
	if rate == 0 {
		return load{}, errors.New("pgbench gave no rate: " + string(out))
	}
	return load{rate: rate, p50: latency, database: (p.databaseCPU() - database) / rate / float64(b.Seconds) * 1000}, nil
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
