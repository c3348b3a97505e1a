// Package lab measures the product from outside: it starts the built binary with a PostgreSQL of its own and puts load on
// it. Floors are measured in the same run, because machines are noisy and only ratios last.
package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// Bench is one run of the benchmark.
type Bench struct {
	// Binary is the product. PGBench is PostgreSQL's own benchmark, the floor. Redis is its server, for a fleet.
	Binary, PGBench, Redis string
	// Centrifugo is its binary, a peer of RunFanout; "": there is none to compare with.
	Centrifugo string
	// Only, where it is not "", is a part of the name of the rows that RunFanout measures.
	Only string
	// Seconds each load lasts.
	Seconds int
	Out     io.Writer
}

const clients = 64

// Run prints one table: sends, their cost, the latency of a lone client, starts and memory, each beside its floor.
func (b *Bench) Run(ctx context.Context) error {
	dir, remove, err := makeDir()
	if err != nil {
		return err
	}
	defer remove()
	first, err := b.startAlone(ctx, dir)
	if err != nil {
		return err
	}
	if err := first.stop(); err != nil {
		return err
	}
	p, err := b.startAlone(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	d, err := databaseIn(filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	s := &system{
		users: []string{p.url}, senders: []string{p.url},
		parts: []part{{"chat", p.cpu}, {"PostgreSQL", d.cpu}},
	}
	atRest := p.memory()
	q, err := b.startSigned(ctx, d)
	if err != nil {
		return err
	}
	defer func() { _ = q.stop() }()
	signed := &system{
		users: []string{q.url}, senders: []string{q.url}, signsIn: true,
		parts: []part{{"chat", q.cpu}, {"PostgreSQL", d.cpu}},
	}

	t := newTable(b.Out, s)
	floor, err := b.sendsBesideFloor(ctx, t, d, s, signed)
	if err != nil {
		return err
	}
	two, thousand, err := abba(
		func() (load, error) { return b.sends(ctx, s, 1, 2, clients) },
		func() (load, error) { return b.sends(ctx, s, 1, 1000, clients) })
	if err != nil {
		return err
	}
	t.row("sends, one group of 2", clients, two, ofFloor(two, floor))
	t.row("sends, one group of 1,000", clients, thousand,
		fmt.Sprintf("%.2f of a group of 2 (%.2f by CPU)", thousand.rate/two.rate, two.total()/thousand.total()))
	lone, err := b.floor(ctx, d, 1)
	if err != nil {
		return err
	}
	t.floor(lone, 1)
	got, err := b.sends(ctx, s, 1, 2, 1)
	if err != nil {
		return err
	}
	t.row("sends", 1, got, fmt.Sprintf("%.1f times pgbench's p50", got.p50/lone.p50))
	if err := t.print(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(b.Out, "ready after %d ms at the first start (a new database), %d ms at a later one; %d MB resident at rest\n",
		first.ready.Milliseconds(), p.ready.Milliseconds(), atRest>>20); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return b.signingIn(ctx, s, signed, d)
}

// RunFleet prints the same of two processes of each role, with Redis between them and a subscriber in each chat: what the
// parts of the system cost, and that every message was delivered.
func (b *Bench) RunFleet(ctx context.Context) error {
	dir, remove, err := makeDir()
	if err != nil {
		return err
	}
	defer remove()
	f, err := b.startFleet(ctx, dir)
	if err != nil {
		return err
	}
	defer f.stop()
	t := newTable(b.Out, f.system())
	if _, err := b.sendsBesideFloor(ctx, t, f.database(), f.system(), nil); err != nil {
		return err
	}
	return t.print()
}

// sendsBesideFloor measures sends between two runs of pgbench, of which the mean is the floor; where there is a system that
// people sign in to, those to it beside the others.
func (b *Bench) sendsBesideFloor(ctx context.Context, t *table, d *database, s, signed *system) (floor load, err error) {
	before, err := b.floor(ctx, d, clients)
	if err != nil {
		return load{}, err
	}
	one, oneSigned, err := b.sendsBeside(ctx, s, signed, 1, clients)
	if err != nil {
		return load{}, err
	}
	many, manySigned, err := b.sendsBeside(ctx, s, signed, 100, 2)
	if err != nil {
		return load{}, err
	}
	after, err := b.floor(ctx, d, clients)
	if err != nil {
		return load{}, err
	}
	floor = mean(before, after)
	t.floor(floor, clients)
	t.row("sends, one chat of 64", clients, one, ofFloor(one, floor))
	if signed != nil {
		t.row("  with accounts", clients, oneSigned, ofBelieved(oneSigned, one))
	}
	t.row("sends, 100 chats of 2", clients, many, ofFloor(many, floor))
	if signed != nil {
		t.row("  with accounts", clients, manySigned, ofBelieved(manySigned, many))
	}
	return floor, nil
}

// sendsBeside measures sends to a system, and to another beside it where there is one.
func (b *Bench) sendsBeside(ctx context.Context, s, other *system, chats, members int) (load, load, error) {
	first := func() (load, error) { return b.sends(ctx, s, chats, members, clients) }
	if other == nil {
		l, err := first()
		return l, load{}, err
	}
	return abba(first, func() (load, error) { return b.sends(ctx, other, chats, members, clients) })
}

// abba measures two things in the order A B B A and gives the mean of each: a machine's speed drifts.
func abba(a, b func() (load, error)) (load, load, error) {
	var all [4]load
	for n, measure := range []func() (load, error){a, b, b, a} {
		var err error
		if all[n], err = measure(); err != nil {
			return load{}, load{}, err
		}
	}
	return mean(all[0], all[3]), mean(all[1], all[2]), nil
}

// ofBelieved compares sends of people who sign in with those where everybody is believed.
func ofBelieved(l, believed load) string {
	return fmt.Sprintf("%.2f of --auth=none (%.2f by CPU)", l.rate/believed.rate, believed.total()/l.total())
}

// ofFloor compares rates, and what everything costs together, the clients included: on a busy machine rates say less.
func ofFloor(l, floor load) string {
	return fmt.Sprintf("%.2f of pgbench (%.2f by CPU)", l.rate/floor.rate, floor.total()/l.total())
}

func makeDir() (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "chat-bench-"); err != nil {
		return "", nil, fmt.Errorf("make a directory: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		remove()
		return "", nil, fmt.Errorf("open the directory: %w", err)
	}
	return dir, remove, nil
}

// table is what a run prints.
type table struct {
	w     *tabwriter.Writer
	parts []part
}

func newTable(out io.Writer, s *system) *table {
	t := &table{w: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), parts: s.parts}
	cells := []string{"what", "messages/s"}
	for n, p := range s.parts {
		if n == 0 {
			p.name = "CPU s per 1,000: " + p.name
		}
		cells = append(cells, p.name)
	}
	t.line(append(cells, "clients", "p50 ms", "p99 ms", "beside the floor")...)
	return t
}

func (t *table) row(what string, clients int, l load, beside string) {
	cells := []string{fmt.Sprintf("%s, %s", what, count(clients)), fmt.Sprintf("%.0f", l.rate)}
	for _, p := range t.parts {
		cost := ""
		if l.cost[p.name] > 0 {
			cost = fmt.Sprintf("%.3f", l.cost[p.name])
		}
		cells = append(cells, cost)
	}
	p99 := ""
	if l.p99 > 0 {
		p99 = fmt.Sprintf("%.2f", l.p99)
	}
	t.line(append(cells, fmt.Sprintf("%.3f", l.clients), fmt.Sprintf("%.2f", l.p50), p99, beside)...)
}

func (t *table) floor(l load, clients int) {
	t.row("pgbench, plain single-row INSERT", clients, l, "1")
}

func count(clients int) string {
	if clients == 1 {
		return "1 client"
	}
	return fmt.Sprintf("%d clients", clients)
}

func (t *table) line(cells ...string) { _, _ = fmt.Fprintln(t.w, strings.Join(cells, "\t")) } // print tells

func (t *table) print() error {
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}
