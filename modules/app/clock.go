package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/pg"
)

const (
	clockTime = 2 * time.Second // for the store to say what time it is
	maxSkew   = 30 * time.Second
)

// clock compares this machine's clock with PostgreSQL's, which is everybody's, when somebody asks whether the process is ready
// and when its metrics are read. Access tokens are all that depends on the machine's: those of a process that is more than the
// leeway of a minute off are refused by others.
//
// A difference is a warning and turns nobody unready: everything else works, and where PostgreSQL's clock is the wrong one
// all processes would be unready at once. Safe for concurrent use.
type clock struct {
	db  *pg.DB
	log zerolog.Logger

	mu      sync.Mutex
	ahead   time.Duration // as it was last seen
	differs bool
}

func newClock(db *pg.DB, metrics prometheus.Registerer, log zerolog.Logger) *clock {
	c := &clock{db: db, log: log}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "chat_clock_skew_seconds", Help: "How far this machine's clock is ahead of PostgreSQL's.",
	}, func() float64 {
		c.warning(context.Background())
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.ahead.Seconds()
	}))
	return c
}

// warning looks at the clocks, and says what is wrong with them; "" is nothing, or that the store is out of reach.
func (c *clock) warning(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, clockTime)
	defer cancel()
	var theirs time.Time
	began := time.Now()
	if err := c.db.Get(ctx, &theirs, `SELECT clock_timestamp()`); err != nil {
		return "" // others say so
	}
	took := time.Since(began)
	ahead := began.Add(took / 2).Sub(theirs)
	differs := ahead.Abs()-took/2 > maxSkew
	c.mu.Lock()
	changed := differs != c.differs
	c.ahead, c.differs = ahead, differs
	c.mu.Unlock()
	if !differs {
		if changed {
			c.log.Info().Msg("this machine's clock agrees with PostgreSQL's again")
		}
		return ""
	}
	if changed {
		c.log.Warn().Stringer("ahead", ahead.Round(time.Second)).
			Msg("this machine's clock differs from PostgreSQL's: other processes may refuse the access tokens of this one")
	}
	return fmt.Sprintf("differs from PostgreSQL's by %s", ahead.Abs().Round(time.Second))
}
