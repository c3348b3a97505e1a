package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/rueidis"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"chat/modules/history"
	"chat/modules/redis"
)

const (
	maxQueued    = 4_096           // hints that wait to be published
	maxPipelined = 128             // hints published in one round trip
	maxBytes     = 64 << 10        // of a hint
	answerTime   = 3 * time.Second // for one round trip of hints
	flushTime    = time.Second     // for what is queued at the end
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
	lanes        = 16
)

// Redis is the bus of many processes, by Redis' publish and subscribe: sharded where Redis is a cluster, plain elsewhere.
//
// It needs no Redis to start. While Redis is out of reach hints are dropped and counted; when it is back every channel is
// subscribed to again, and the listener is told that it may have missed something.
//
// Channels are spread over 16 lanes by their id, and a lane's channels share a slot of a cluster, so that one connection
// per lane hears them. Without a cluster one connection hears everything.
type Redis struct {
	options rueidis.ClientOption
	log     zerolog.Logger
	metrics *metrics

	listener Listener
	queue    chan Hint
	lanes    [lanes]*lane
}

// NewRedis returns a bus over the Redis of a URL, as redis.Options reads it.
func NewRedis(url string, m prometheus.Registerer, log zerolog.Logger) (*Redis, error) {
	options, err := redis.Options(url)
	if err != nil {
		return nil, err
	}
	r := &Redis{options: options, log: log, metrics: newMetrics(m), queue: make(chan Hint, maxQueued)}
	for n := range r.lanes {
		r.lanes[n] = newLane()
	}
	return r, nil
}

// Attach names the listener.
func (r *Redis) Attach(l Listener) { r.listener = l }

// Publish queues the hint, or drops it where the queue is full.
func (r *Redis) Publish(h Hint) {
	select {
	case r.queue <- h:
	default:
		r.metrics.dropped.Inc()
	}
}

// errApart is the answer of Subscribe while there is no connection.
var errApart = errors.New("redis is out of reach")

// Subscribe returns when Redis has confirmed all channels.
func (r *Redis) Subscribe(ctx context.Context, channels ...Channel) error {
	waits := make([]<-chan struct{}, 0, len(channels))
	apart := false
	for _, channel := range channels {
		confirmed, connected := r.lanes[channel.lane()].want(channel.name())
		waits = append(waits, confirmed)
		apart = apart || !connected
	}
	if apart {
		return errApart
	}
	for _, confirmed := range waits {
		select {
		case <-confirmed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Unsubscribe takes effect soon.
func (r *Redis) Unsubscribe(channels ...Channel) {
	for _, channel := range channels {
		r.lanes[channel.lane()].unwant(channel.name())
	}
}

// Run connects, and then publishes and hears until ctx ends. What is queued then is published within a second.
func (r *Redis) Run(ctx context.Context) error {
	client, err := r.connect(ctx)
	if err != nil {
		return nil // ctx has ended before Redis was there
	}
	defer client.Close()
	var running errgroup.Group
	running.Go(func() error {
		r.publish(ctx, client)
		return nil
	})
	for _, w := range r.wires(client) {
		running.Go(func() error {
			w.run(ctx)
			return nil
		})
	}
	return running.Wait()
}

func (r *Redis) isCluster(client rueidis.Client) bool {
	return client.Mode() == rueidis.ClientModeCluster
}

// wires are one connection for all lanes, and in a cluster one for each; none for a process that only publishes.
func (r *Redis) wires(client rueidis.Client) []*wire {
	if r.listener == nil {
		return nil
	}
	if !r.isCluster(client) {
		return []*wire{r.newWire(client, 0, r.lanes[:])}
	}
	var each []*wire
	for n := range r.lanes {
		each = append(each, r.newWire(client, n, r.lanes[n:n+1]))
	}
	return each
}

// connect tries until Redis answers for the first time; later losses are mended by the client and by the wires. What is
// published meanwhile is dropped.
func (r *Redis) connect(ctx context.Context) (rueidis.Client, error) {
	pause := firstPause
	for {
		client, err := rueidis.NewClient(r.options)
		if err == nil {
			return client, nil
		}
		if pause == firstPause {
			r.log.Warn().Err(err).Msg("Redis is out of reach: news from other processes come by the sweep until it is back")
		}
		r.discard()
		if err := rest(ctx, pause); err != nil {
			return nil, err
		}
		pause = min(2*pause, longestPause)
	}
}

// rest waits about that long.
func rest(ctx context.Context, d time.Duration) error {
	select {
	// #nosec G404 -- it spreads attempts, and need not be hard to guess
	case <-time.After(d/2 + rand.N(d)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Redis) discard() {
	for {
		select {
		case <-r.queue:
			r.metrics.dropped.Inc()
		default:
			return
		}
	}
}

// publish sends what is queued, many hints in one round trip.
func (r *Redis) publish(ctx context.Context, client rueidis.Client) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	for {
		select {
		case h := <-r.queue:
			r.send(late, client, r.gather(h))
		case <-ctx.Done():
			time.AfterFunc(flushTime, cancel)
			for len(r.queue) > 0 && late.Err() == nil {
				r.send(late, client, r.gather(<-r.queue))
			}
			return
		}
	}
}

func (r *Redis) gather(first Hint) []Hint {
	hints := []Hint{first}
	for len(hints) < maxPipelined {
		select {
		case h := <-r.queue:
			hints = append(hints, h)
		default:
			return hints
		}
	}
	return hints
}

func (r *Redis) send(ctx context.Context, client rueidis.Client, hints []Hint) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	commands := make([]rueidis.Completed, 0, len(hints))
	for _, h := range hints {
		text, err := encode(h)
		if err != nil {
			r.metrics.dropped.Inc()
			r.log.Error().Err(err).Msg("a hint cannot be encoded")
			continue
		}
		if r.isCluster(client) {
			commands = append(commands, client.B().Spublish().Channel(h.Channel.name()).Message(text).Build())
		} else {
			commands = append(commands, client.B().Publish().Channel(h.Channel.name()).Message(text).Build())
		}
	}
	for _, answer := range client.DoMulti(ctx, commands...) {
		if err := answer.Error(); err != nil {
			r.metrics.dropped.Inc()
			r.log.Debug().Err(err).Msg("a hint was not published")
		} else {
			r.metrics.published.Inc()
		}
	}
}

// encode writes a hint as JSON. One that is too long goes without its bodies, and one that still is with the newest event of
// each log alone: who hears it reads what is missing.
func encode(h Hint) (string, error) {
	text, err := json.Marshal(h)
	for _, shorten := range []func([]history.Event) []history.Event{withoutBodies, newest} {
		if err != nil || len(text) <= maxBytes {
			break
		}
		h.Events = shorten(h.Events)
		text, err = json.Marshal(h)
	}
	return rueidis.BinaryString(text), err
}

func withoutBodies(events []history.Event) (names []history.Event) {
	for _, e := range events {
		e.Body = nil
		names = append(names, e)
	}
	return names
}

func newest(events []history.Event) []history.Event {
	last := map[history.Topic]history.Event{}
	for _, e := range events {
		last[e.Topic()] = e
	}
	return slices.Collect(maps.Values(last))
}

// heard gives a message to the listener.
func (r *Redis) heard(m rueidis.PubSubMessage) {
	h, ok := decode(m.Channel, m.Message)
	if !ok {
		r.metrics.foreign.Inc() // by somebody else, or another version: the sweep sees what it was about
		return
	}
	r.listener.Hint(h)
}

// decode reads a message on a channel; false where it is no hint that belongs there. Whoever writes to Redis can say what is
// not true, but nothing that the listener could not take.
func decode(channel, text string) (Hint, bool) {
	var h Hint
	if len(text) > maxBytes || json.Unmarshal([]byte(text), &h) != nil {
		return Hint{}, false
	}
	if h.Channel.Chat.IsZero() == h.Channel.User.IsZero() || h.Channel.name() != channel {
		return Hint{}, false
	}
	for _, e := range h.Events {
		if e.Chat != h.Channel.Chat || !e.Kind.IsKnown() {
			return Hint{}, false
		}
	}
	return h, true
}

// lane gives the lane that a channel belongs to: the last byte of an id is random.
func (c Channel) lane() int {
	if c.Chat.IsZero() {
		return int(c.User[15] % lanes)
	}
	return int(c.Chat[15] % lanes)
}

// name is the channel in Redis. What is between braces decides about the slot in a cluster.
func (c Channel) name() string {
	if c.Chat.IsZero() {
		return fmt.Sprintf("chat:{%d}:user:%s", c.lane(), c.User)
	}
	return fmt.Sprintf("chat:{%d}:chat:%s", c.lane(), c.Chat)
}
