package limit

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/rueidis"
	"github.com/rs/zerolog"
)

const (
	defaultPatience = 50 * time.Millisecond
	pause           = time.Second // in which Redis is left alone
	returnTime      = time.Second // for the first answer after an absence: it may need a connection
)

// script is bucket.take, or with a negative cost bucket.give, over one key. The time is that of Redis, so that the clocks
// of the processes do not matter.
const script = `
local every, whole, longest, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function extra(n) return math.max(math.min(every * 2 ^ n, longest) - every, 0) end

local debt, dry = 0, 0
local kept = redis.call('GET', KEYS[1])
if kept then
  local full, n = string.match(kept, '^(%d+) (%d+)$')
  debt = math.min(math.max(full - now, 0), whole + math.max(longest - every, 0))
  dry = tonumber(n)
end
if cost > 0 then
  debt = debt + math.min(cost * every, whole)
  if debt > whole then return debt - whole end
  if longest > 0 and whole - debt < every then
    debt = debt + extra(dry)
    dry = math.min(dry + 1, 20)
  end
else
  if dry > 0 and whole - debt < every then
    dry = dry - 1
    debt = debt - extra(dry)
  end
  debt = math.max(debt + cost * every, 0)
end
if debt == 0 and dry == 0 then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.format('%.0f %d', now + debt, dry), 'PX', math.ceil((debt + longest) / 1000))
end
return 0`

// remote keeps the buckets of all processes in Redis.
type remote struct {
	options  rueidis.ClientOption
	patience time.Duration
	script   *rueidis.Lua
	log      zerolog.Logger
	alone    prometheus.Gauge
	losses   prometheus.Counter

	client atomic.Pointer[rueidis.Client] // nil while Redis is not asked
	lost   chan loss
	isGone bool // for run alone
}

// loss is the key that Redis did not decide, and why.
type loss struct {
	key digest
	err error
}

func newRemote(options rueidis.ClientOption, patience time.Duration, m prometheus.Registerer, log zerolog.Logger) *remote {
	options.AlwaysPipelining = true // else an answer that is late costs the connection
	r := &remote{
		options: options, patience: patience, script: rueidis.NewLuaScript(script), log: log, lost: make(chan loss, 1),
		alone: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chat_limit_alone", Help: "1 while this process limits rates alone, because Redis is slow or out of reach.",
		}),
		losses: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_limit_losses_total", Help: "How often Redis stopped deciding about rates, because it was slow or out of reach.",
		}),
	}
	m.MustRegister(r.alone, r.losses)
	r.alone.Set(1)
	return r
}

// do lets Redis decide; decided is false where it cannot. Who finds out first tells run, and nobody asks again until that
// has found Redis well.
func (r *remote) do(ctx context.Context, key digest, m measures, cost int) (wait time.Duration, decided bool) {
	client := r.client.Load()
	if client == nil {
		return 0, false
	}
	wait, err := r.ask(ctx, *client, key.name(), m, cost, r.patience)
	if err != nil {
		if r.client.CompareAndSwap(client, nil) {
			r.lost <- loss{key, err} // there is room: one for each time that run has set the client
		}
		return 0, false
	}
	return wait, true
}

// ask runs the script and waits so long for it. A client that connects anew does not look at the context, so that somebody
// else has to wait for it.
func (r *remote) ask(ctx context.Context, client rueidis.Client, name string, m measures, cost int, d time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d) // a caller that is gone says nothing of Redis
	defer cancel()
	args := []string{format(m.every), format(m.whole), format(m.longest), strconv.Itoa(cost)}
	answers := make(chan rueidis.RedisResult, 1)
	go func() { answers <- r.script.Exec(ctx, client, []string{name}, args) }()
	select {
	case answer := <-answers:
		wait, err := answer.AsInt64()
		return time.Duration(wait) * time.Microsecond, err
	case <-ctx.Done():
		return 0, fmt.Errorf("no answer in %s", d)
	}
}

func format(n int64) string { return strconv.FormatInt(n, 10) }

// run connects, and looks after Redis whenever it did not decide, until ctx ends.
func (r *remote) run(ctx context.Context) {
	client := r.connect(ctx)
	if client == nil {
		return
	}
	defer client.Close()
	for {
		r.client.Store(&client)
		r.back()
		select {
		case <-ctx.Done():
			r.client.Store(nil)
			return
		case l := <-r.lost:
			r.gone(l.err)
			if !r.awaitReturn(ctx, client, l.key) {
				return
			}
		}
	}
}

// connect tries until Redis answers for the first time; nil when ctx has ended. Later losses are mended by the client.
func (r *remote) connect(ctx context.Context) rueidis.Client {
	for {
		client, err := rueidis.NewClient(r.options)
		if err == nil {
			return client
		}
		r.gone(err)
		if !rest(ctx) {
			return nil
		}
	}
}

// awaitReturn returns when Redis decides again where it did not; false when ctx has ended.
func (r *remote) awaitReturn(ctx context.Context, client rueidis.Client, key digest) bool {
	probe := Rate{Burst: 1_000, Every: time.Microsecond}.measures()
	for rest(ctx) {
		name := key.name() + ":probe" // in a cluster it is where the key is
		if _, err := r.ask(ctx, client, name, probe, 1, returnTime); err != nil {
			continue
		}
		if _, err := r.ask(ctx, client, name, probe, 1, r.patience); err == nil {
			return true
		}
	}
	return false
}

// rest leaves Redis alone for a while; false when ctx has ended.
func rest(ctx context.Context) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *remote) gone(err error) {
	if !r.isGone {
		r.isGone = true
		r.alone.Set(1)
		r.losses.Inc()
		r.log.Warn().Err(err).Msg("Redis is slow or out of reach: this process limits rates alone until it is back")
	}
}

func (r *remote) back() {
	r.alone.Set(0)
	if r.isGone {
		r.isGone = false
		r.log.Info().Msg("Redis is back: rates are limited together with other processes")
	}
}
