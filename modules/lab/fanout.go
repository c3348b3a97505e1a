package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"chat/modules/pglocal"
)

// shape is one row of the table: who listens to what, and how many messages are on their way at a time. A message is on
// its way until the last of its subscribers has it.
type shape struct {
	name            string
	topics, members int // subscribers of each topic
	publishers      int // where publishing is no request; 0: one
	window          int
	rate            int // messages a second; 0: as many as the window lets through
}

func shapes() []shape {
	return []shape{
		{name: "1 chat x 1,000 subscribers, 16 in flight", topics: 1, members: 1_000, window: 16},
		{name: "1 chat x 1,000 subscribers, one at a time", topics: 1, members: 1_000, window: 1},
		{name: "500 chats x 4 subscribers, 4 publishers, 64 in flight", topics: 500, members: 4, publishers: 4, window: 64},
		{name: "1 chat x 1,000 subscribers, 50 messages/s", topics: 1, members: 1_000, window: 50, rate: 50},
	}
}

// reach is what one measurement gave. Costs are CPU seconds per million deliveries.
type reach struct {
	rate                    float64 // deliveries per second
	server, beside, clients float64
	p50, p99                float64 // ms from publishing to the last subscriber
}

func middle(all []reach) reach {
	var m reach
	for _, r := range all {
		n := float64(len(all))
		m.rate, m.server, m.beside, m.clients = m.rate+r.rate/n, m.server+r.server/n, m.beside+r.beside/n, m.clients+r.clients/n
		m.p50, m.p99 = m.p50+r.p50/n, m.p99+r.p99/n
	}
	return m
}

// RunFanout prints one table of what deliveries cost, each shape beside its peers: our transport, the library's, and
// Centrifugo where it is given. Every message is verified to reach every subscriber once and, where the server numbers
// them, in order.
func (b *Bench) RunFanout(ctx context.Context) error {
	dir, remove, err := makeDir()
	if err != nil {
		return err
	}
	defer remove()
	g, err := b.lay(ctx, dir)
	if err != nil {
		return err
	}
	defer g.remove()
	w := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { _, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) } // flushing tells
	line("what", "server", "deliveries/s", "CPU s per 1M: server", "beside it", "clients", "p50 ms to the last", "p99 ms")
	for _, s := range b.chosen(shapes()) {
		if err := g.row(ctx, s, line); err != nil {
			return err
		}
		if err := w.Flush(); err != nil { // a run takes minutes
			return fmt.Errorf("print the table: %w", err)
		}
	}
	if b.isChosen("idle") {
		if err := g.idle(ctx, line); err != nil {
			return err
		}
	}
	if b.isChosen("resume") {
		if err := g.resume(ctx, line); err != nil {
			return err
		}
	}
	if b.isChosen("growth") {
		line("growth of", "", "deliveries or sends/s", "CPU s per 1M: server", "beside it")
		if err := g.growth(ctx, line); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

func (b *Bench) isChosen(name string) bool { return b.Only == "" || strings.Contains(name, b.Only) }

func (b *Bench) chosen(all []shape) []shape {
	return slices.DeleteFunc(all, func(s shape) bool { return !b.isChosen(s.name) })
}

// lay starts what contenders stand on.
func (b *Bench) lay(ctx context.Context, dir string) (*ground, error) {
	g := &ground{bench: b, dir: dir}
	postgres, err := pglocal.Start(ctx, pglocal.Options{
		Dir: filepath.Join(dir, "data"), Binaries: os.Getenv("PG_BIN"), Settings: map[string]string{"max_connections": "250"},
		Log: zerolog.Nop(),
	})
	if err != nil {
		return nil, err
	}
	g.url = postgres.Database()
	g.database = &database{postmaster: postgres.PID(), socket: postgres.Socket(), dir: filepath.Join(dir, "data")}
	g.stops = append(g.stops, func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = postgres.Stop(late)
	})
	if g.redis, g.address, err = startRedis(ctx, b.Redis, dir); err != nil {
		g.remove()
		return nil, err
	}
	g.stops = append(g.stops, func() {
		_ = g.redis.Process.Kill()
		_ = g.redis.Wait()
	})
	return g, nil
}

func (g *ground) remove() {
	for n := len(g.stops) - 1; n >= 0; n-- {
		g.stops[n]()
	}
}

type start func(context.Context) (*contender, error)

// contenders are those of one shape, the floor first. Where the sends bound what is delivered, or cost more, delivery is measured alone as
// well.
func (g *ground) contenders(s shape) []start {
	all := []start{g.bare, g.alone("chat")}
	if g.bench.Centrifugo != "" {
		all = append(all, g.centrifugo("Centrifugo, memory engine", false))
	}
	all = append(all, g.alone("chat --transport=library", "--transport=library"), g.apart("chat, receiver behind Redis", false))
	if s.window > 1 && s.rate == 0 {
		all = append(all, g.apart("chat, receiver behind Redis", true))
	}
	if g.bench.Centrifugo != "" {
		all = append(all, g.centrifugo("Centrifugo, Redis engine, node of the subscribers", true))
	}
	return all
}

// row measures a shape with each contender, there and back: a machine's speed drifts.
func (g *ground) row(ctx context.Context, s shape, line func(...string)) error {
	all := g.contenders(s)
	results, names := make([][]reach, len(all)), make([]string, len(all))
	order := make([]int, 0, 2*len(all))
	for n := range all {
		order = append(order, n)
	}
	for _, n := range slices.Backward(order) {
		order = append(order, n)
	}
	for _, n := range order {
		r, name, err := g.measure(ctx, all[n], s)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", s.name, name, err)
		}
		results[n], names[n] = append(results[n], r), name
	}
	for n, r := range results {
		m := middle(r)
		line(s.name, names[n], fmt.Sprintf("%.0f", m.rate), fmt.Sprintf("%.2f", m.server), fmt.Sprintf("%.2f", m.beside),
			fmt.Sprintf("%.2f", m.clients), fmt.Sprintf("%.2f", m.p50), fmt.Sprintf("%.2f", m.p99))
	}
	return nil
}

// warmUp is before anything is counted.
const warmUp = 500 * time.Millisecond

func (g *ground) measure(ctx context.Context, begin start, s shape) (r reach, name string, err error) {
	c, err := begin(ctx)
	if err != nil {
		return reach{}, "its start", err
	}
	defer c.stop()
	l, err := c.prepare(ctx, s)
	if err != nil {
		return reach{}, c.name, err
	}
	defer l.crowd.leave()
	if err := l.publish(ctx); err != nil {
		return reach{}, c.name, err
	}
	time.Sleep(warmUp)
	clients, server, beside, got, began := own(), cpu(c.server.Process.Pid, false), c.beside(), l.crowd.delivered.Load(), time.Now()
	select {
	case <-time.After(time.Duration(g.bench.Seconds) * time.Second):
	case <-ctx.Done():
	}
	took, millions := time.Since(began).Seconds(), float64(l.crowd.delivered.Load()-got)/1e6
	r = reach{
		rate: millions * 1e6 / took, server: (cpu(c.server.Process.Pid, false) - server) / millions, beside: (c.beside() - beside) / millions,
		clients: (own() - clients) / millions,
	}
	if err := l.finish(ctx); err != nil {
		return reach{}, c.name, err
	}
	r.p50, r.p99 = l.percentiles()
	return r, c.name, nil
}

// flow is messages on their way to a crowd.
type flow struct {
	shape
	contender *contender
	topics    []*topic
	crowd     *crowd
	slots     chan struct{} // one is held by each message on its way
	numbers   []atomic.Int64
	published atomic.Int64
	stopping  atomic.Bool
	running   sync.WaitGroup
	failed    atomic.Pointer[error]

	mu    sync.Mutex
	began [maxFlight]time.Time // by number, of the first topic
	times []time.Duration
}

// prepare gathers the crowd, and returns when everybody in it hears.
func (c *contender) prepare(ctx context.Context, s shape) (*flow, error) {
	names, err := c.topics(ctx, s.topics)
	if err != nil {
		return nil, err
	}
	l := &flow{shape: s, contender: c, slots: make(chan struct{}, s.window), numbers: make([]atomic.Int64, len(names))}
	for n, name := range names {
		t := &topic{name: name}
		if n == 0 {
			t.over = l.first
		} else {
			t.over = func(int64) { <-l.slots }
		}
		l.topics = append(l.topics, t)
	}
	if l.crowd, err = gatherCrowd(ctx, c.address, c.dialect, l.topics, s.members, 0); err != nil {
		return nil, err
	}
	publish, err := c.opener(ctx)
	if err != nil {
		l.crowd.leave()
		return nil, err
	}
	for n := range l.topics {
		if err := l.send(publish, n); err != nil {
			l.crowd.leave()
			return nil, err
		}
	}
	if err := l.crowd.await(ctx, int64(len(l.crowd.members))); err != nil {
		l.crowd.leave()
		return nil, err
	}
	l.mu.Lock()
	l.times = nil
	l.mu.Unlock()
	return l, nil
}

// first takes note that everybody has a message of the first topic.
func (l *flow) first(number int64) {
	now := time.Now()
	l.mu.Lock()
	l.times = append(l.times, now.Sub(l.began[number%maxFlight]))
	l.mu.Unlock()
	<-l.slots
}

// send publishes a message when there is room on the way.
func (l *flow) send(publish func(news) error, t int) error {
	l.slots <- struct{}{}
	number := l.numbers[t].Add(1)
	if t == 0 {
		l.mu.Lock()
		l.began[number%maxFlight] = time.Now()
		l.mu.Unlock()
	}
	l.published.Add(1)
	return publish(news{l.topics[t].name, number})
}

// publish begins to publish as the shape wants it.
func (l *flow) publish(ctx context.Context) error {
	publishers := max(l.publishers, 1)
	if l.contender.waits && l.rate == 0 {
		publishers = l.window
	}
	for p := range publishers {
		publish, err := l.contender.publisher(ctx)
		if err != nil {
			return err
		}
		l.running.Go(func() {
			if err := l.publishFrom(p, publishers, publish); err != nil {
				l.failed.Store(&err)
				l.stopping.Store(true)
			}
		})
	}
	return nil
}

// publishFrom publishes to every topic that is this publisher's, or to the only one.
func (l *flow) publishFrom(p, publishers int, publish func(news) error) error {
	next := p % len(l.topics)
	due := time.Now()
	for !l.stopping.Load() && l.crowd.err() == nil {
		if l.rate > 0 {
			due = due.Add(time.Second / time.Duration(l.rate))
			time.Sleep(time.Until(due))
		}
		if err := l.send(publish, next); err != nil {
			return err
		}
		if next += publishers; next >= len(l.topics) {
			next = p % len(l.topics)
		}
	}
	return nil
}

// finish ends the publishing and verifies that everything was delivered.
func (l *flow) finish(ctx context.Context) error {
	l.stopping.Store(true)
	done := make(chan struct{})
	go func() {
		l.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(deliveryTime):
		return errors.Join(l.crowd.err(), errors.New("messages that were published do not arrive"))
	}
	if err := l.failed.Load(); err != nil {
		return *err
	}
	return l.crowd.await(ctx, l.published.Load()*int64(l.members))
}

func (l *flow) percentiles() (p50, p99 float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.times)
	if len(l.times) == 0 {
		return 0, 0
	}
	return ms(l.times[len(l.times)/2]), ms(l.times[len(l.times)*99/100])
}
