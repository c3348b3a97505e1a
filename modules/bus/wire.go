package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// maxNames is how many channels one command names.
const maxNames = 500

// wire is a connection to Redis that hears the channels of its lanes, made anew whenever it is lost. Where Redis is a
// cluster it has one lane, whose channels share a slot.
type wire struct {
	bus    *Redis
	client rueidis.Client
	lanes  []*lane
	anchor string // a channel of the first lane that nobody uses: it picks the node, and is heard before anything else
	wake   chan struct{}
	moved  chan struct{}       // Redis has ended the subscriptions, because the slot has moved to another node
	heard  map[string]struct{} // what this connection has subscribed to
}

func (r *Redis) newWire(client rueidis.Client, first int, lanes []*lane) *wire {
	return &wire{
		bus: r, client: client, lanes: lanes, anchor: fmt.Sprintf("chat:{%d}", first),
		wake: make(chan struct{}, 1), moved: make(chan struct{}, 1),
	}
}

// run hears hints until ctx ends.
func (w *wire) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := w.hold(ctx)
		for _, l := range w.lanes {
			l.lost()
		}
		if ctx.Err() != nil {
			return
		}
		w.bus.metrics.losses.Inc()
		if time.Since(began) > longestPause {
			pause = firstPause
		}
		if pause == firstPause {
			w.bus.log.Warn().Err(err).Msg("the connection that hears hints is lost: the sweep serves until it is back")
		}
		if rest(ctx, pause) != nil {
			return
		}
		pause = min(2*pause, longestPause)
	}
}

// errMoved ends a connection that has become the wrong one.
var errMoved = errors.New("the slot is on another node now")

// hold subscribes to everything that is wanted on a new connection, tells the listener to look for what it has missed,
// and then follows the changes until the connection is lost.
func (w *wire) hold(ctx context.Context) error {
	conn, release := w.client.Dedicate()
	defer release()
	defer conn.Close()
	lost := conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: w.bus.heard, OnSubscription: w.answered})
	w.heard = map[string]struct{}{}
	select {
	case <-w.moved: // meant for the connection before
	default:
	}
	names := []string{w.anchor}
	for _, l := range w.lanes {
		names = append(names, l.serve(w.wake)...)
	}
	if err := w.subscribe(ctx, conn, names); err != nil {
		return err
	}
	// A command returns at the first of its confirmations; the answer to this one comes after the last.
	if err := conn.Do(ctx, conn.B().Ping().Build()).Error(); err != nil {
		return fmt.Errorf("await the confirmations: %w", err)
	}
	w.bus.metrics.connected.Inc()
	defer w.bus.metrics.connected.Dec()
	w.bus.listener.Missed()
	for {
		select {
		case <-w.wake:
			if err := w.follow(ctx, conn); err != nil {
				return err
			}
		case err := <-lost:
			return fmt.Errorf("hear hints: %w", err)
		case <-w.moved:
			return errMoved
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow makes the connection hear what is wanted now.
func (w *wire) follow(ctx context.Context, conn rueidis.DedicatedClient) error {
	var fresh, stale []string
	for _, l := range w.lanes {
		f, s := l.changes(w.heard)
		fresh, stale = append(fresh, f...), append(stale, s...)
	}
	if err := w.subscribe(ctx, conn, fresh); err != nil {
		return err
	}
	return w.unsubscribe(ctx, conn, stale)
}

func (w *wire) subscribe(ctx context.Context, conn rueidis.DedicatedClient, names []string) error {
	for some := range slices.Chunk(names, maxNames) {
		command := conn.B().Subscribe().Channel(some...).Build()
		if w.bus.isCluster(w.client) {
			command = conn.B().Ssubscribe().Channel(some...).Build()
		}
		if err := conn.Do(ctx, command).Error(); err != nil {
			return fmt.Errorf("subscribe to %d channels: %w", len(some), err)
		}
		for _, name := range some {
			w.heard[name] = struct{}{}
		}
	}
	return nil
}

func (w *wire) unsubscribe(ctx context.Context, conn rueidis.DedicatedClient, names []string) error {
	for some := range slices.Chunk(names, maxNames) {
		command := conn.B().Unsubscribe().Channel(some...).Build()
		if w.bus.isCluster(w.client) {
			command = conn.B().Sunsubscribe().Channel(some...).Build()
		}
		if err := conn.Do(ctx, command).Error(); err != nil {
			return fmt.Errorf("unsubscribe from %d channels: %w", len(some), err)
		}
		for _, name := range some {
			delete(w.heard, name)
		}
	}
	return nil
}

// answered takes note of what Redis says about subscriptions. It runs where answers are read, so it only takes note.
func (w *wire) answered(s rueidis.PubSubSubscription) {
	switch {
	case strings.HasSuffix(s.Kind, "unsubscribe"):
		if s.Channel == w.anchor { // we never give it up
			select {
			case w.moved <- struct{}{}:
			default:
			}
		}
	default:
		for _, l := range w.lanes {
			l.confirm(s.Channel)
		}
	}
}
