// Package limit says how often something may happen: token buckets for users, addresses and accounts, shared by all
// processes through Redis.
//
// It promises an answer within 50 ms (Config.Patience), whatever becomes of Redis: where Redis is away, slow or answers an error, the
// buckets of this process decide, and Redis is left alone for about a second. So a limit holds for each process by itself
// while Redis is away, and begins anew where Redis has lost its memory. What is limited, and how much, is the caller's
// business.
package limit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/redis"
)

// Config is what a Limiter is made of.
type Config struct {
	RedisURL string        // "": this process limits alone, and needs neither Log nor Metrics
	Patience time.Duration // for one decision of Redis; 0: 50 ms
	Off      bool          // everything is granted
	Log      zerolog.Logger
	Metrics  prometheus.Registerer
}

// Limiter grants and refuses. Safe for concurrent use.
type Limiter struct {
	off    bool
	local  *local
	remote *remote // nil without Redis
}

// New returns a limiter. It connects to nothing: that is the work of Run, and until then this process limits alone.
// Errors: a URL that is none.
func New(c Config) (*Limiter, error) {
	l := &Limiter{off: c.Off, local: newLocal()}
	if c.RedisURL == "" || c.Off {
		return l, nil
	}
	options, err := redis.Options(c.RedisURL)
	if err != nil {
		return nil, err
	}
	l.remote = newRemote(options, cmp.Or(c.Patience, defaultPatience), c.Metrics, c.Log)
	return l, nil
}

// Run keeps the connection to Redis until ctx ends. It is not needed where no Redis is configured.
func (l *Limiter) Run(ctx context.Context) error {
	if l.remote != nil {
		l.remote.run(ctx)
	}
	return nil
}

// Take takes cost tokens from the bucket of a key: 0 means granted; else nothing was taken, and another try makes sense
// after wait. A cost beyond the burst is that of a full bucket. The key names what is limited and for whom, as in
// "send:" and a user's id; one key always has the same rate. Only a digest of it is kept.
func (l *Limiter) Take(ctx context.Context, key string, rate Rate, cost int) (wait time.Duration) {
	if cost <= 0 {
		return 0
	}
	return l.do(ctx, key, rate, cost)
}

// Give puts tokens back that were taken and not used: those of a login that succeeded. It also takes back what the wait
// has grown by when the last of them was taken.
func (l *Limiter) Give(ctx context.Context, key string, rate Rate, cost int) {
	if cost > 0 {
		l.do(ctx, key, rate, -cost)
	}
}

func (l *Limiter) do(ctx context.Context, key string, rate Rate, cost int) time.Duration {
	if l.off || rate.isUnlimited() {
		return 0
	}
	sum, m := digestOf(key), rate.measures()
	if l.remote != nil {
		if wait, decided := l.remote.do(ctx, sum, m, cost); decided {
			return wait
		}
	}
	return l.local.do(sum, m, cost)
}

// digest stands for a key: a short one however long the key is, and without the names in it.
type digest [16]byte

func digestOf(key string) digest {
	sum := sha256.Sum256([]byte(key))
	return digest(sum[:16])
}

// name is the key in Redis. What is between braces decides about the slot in a cluster.
func (d digest) name() string { return "chat:limit:{" + hex.EncodeToString(d[:]) + "}" }
