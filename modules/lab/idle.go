package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	idleTopics  = 100
	idleMembers = 100              // of each
	idleRest    = 40 * time.Second // before anything is looked at
	idleTime    = 20 * time.Second // in which CPU is counted
)

// idle measures what a connection with one subscription takes while nothing happens.
func (g *ground) idle(ctx context.Context, line func(...string)) error {
	all := []start{g.alone("chat"), g.alone("chat --transport=library", "--transport=library")}
	if g.bench.Centrifugo != "" {
		all = append(all, g.centrifugo("Centrifugo, memory engine", false))
	}
	for _, begin := range all {
		kilobytes, percent, name, err := g.rest(ctx, begin)
		if err != nil {
			return fmt.Errorf("idle connections, %s: %w", name, err)
		}
		line(fmt.Sprintf("%d idle connections with one subscription each", idleTopics*idleMembers), name,
			fmt.Sprintf("%.1f KB resident each", kilobytes), fmt.Sprintf("%.1f %% of a core", percent))
	}
	return nil
}

func (g *ground) rest(ctx context.Context, begin start) (kilobytes, percent float64, name string, err error) {
	c, err := begin(ctx)
	if err != nil {
		return 0, 0, "its start", err
	}
	defer c.stop()
	server := process{cmd: c.server}
	before := server.memory()
	s := shape{topics: idleTopics, members: idleMembers, window: idleTopics}
	l, err := c.prepare(ctx, s)
	if err != nil {
		return 0, 0, c.name, err
	}
	defer l.crowd.leave()
	if err := pause(ctx, idleRest); err != nil {
		return 0, 0, c.name, err
	}
	began, used := time.Now(), server.cpu()
	if err := pause(ctx, idleTime); err != nil {
		return 0, 0, c.name, err
	}
	percent = 100 * (server.cpu() - used) / time.Since(began).Seconds()
	return float64(server.memory()-before) / 1024 / (idleTopics * idleMembers), percent, c.name, l.crowd.err()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const missedMessages = 100

// resume measures how much of the store clients ask for who come back all at once, each to the same messages.
func (g *ground) resume(ctx context.Context, line func(...string)) error {
	for _, s := range []shape{{topics: 1, members: 100}, {topics: 1, members: 1_000}, {topics: 10, members: 100}} {
		took, pages, statements, err := g.comeBack(ctx, s)
		if err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		line(fmt.Sprintf("resume of %d clients in %d chats, %d missed messages each", s.topics*s.members, s.topics, missedMessages), "chat",
			fmt.Sprintf("%.0f", float64(s.topics*s.members*missedMessages)/took.Seconds()), fmt.Sprintf("%d pages of logs read, %d statements in all", pages, statements),
			fmt.Sprintf("%d ms", took.Milliseconds()))
	}
	return nil
}

func (g *ground) comeBack(ctx context.Context, s shape) (took time.Duration, pages, statements int, err error) {
	port, err := freePort()
	if err != nil {
		return 0, 0, 0, err
	}
	metrics := fmt.Sprintf("127.0.0.1:%d", port)
	c, err := g.alone("chat", "--metrics-addr="+metrics)(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	defer c.stop()
	names, err := c.topics(ctx, s.topics)
	if err != nil {
		return 0, 0, 0, err
	}
	publish, err := c.publisher(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	topics := make([]*topic, len(names))
	for n, name := range names {
		topics[n] = &topic{name: name}
		for range missedMessages {
			if err := publish(news{topic: name}); err != nil {
				return 0, 0, 0, err
			}
		}
	}
	if err := g.bench.psql(ctx, g.database, "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"); err != nil {
		return 0, 0, 0, err
	}
	statements, err = g.database.statements(func() error {
		began := time.Now()
		crowd, err := gatherCrowd(ctx, c.address, c.dialect, topics, s.members, 0)
		if err != nil {
			return err
		}
		defer crowd.leave()
		err = crowd.await(ctx, int64(s.topics*s.members*missedMessages))
		took = time.Since(began)
		return err
	})
	if err != nil {
		return 0, 0, 0, err
	}
	if pages, err = pagesRead(ctx, metrics); err != nil {
		return 0, 0, 0, err
	}
	return took, pages, statements, g.bench.psql(ctx, g.database, "ALTER SYSTEM RESET log_statement", "SELECT pg_reload_conf()")
}

// pagesRead is how often the product has read pages of logs.
func pagesRead(ctx context.Context, metrics string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+metrics+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	return int(figure(text, `(?m)^chat_live_page_reads_total ([\d.]+)`)), nil
}
