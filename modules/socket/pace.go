package socket

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"chat/modules/limit"
)

// pace is how fast a client sends. It belongs to the reader.
type pace struct {
	messages *rate.Limiter // nil: as fast as it likes
	pings    flood
}

func newPace(l Limits) *pace {
	p := &pace{pings: flood{most: l.Pings, lasts: int(l.PingTime / time.Second)}}
	if l.Messages != (limit.Rate{}) {
		p.messages = rate.NewLimiter(rate.Every(l.Messages.Every), l.Messages.Burst)
	}
	return p
}

// keep waits until another message may be read: a client that sends too fast is read slower.
func (p *pace) keep(ctx context.Context) {
	if p.messages != nil {
		_ = p.messages.Wait(ctx) // its end is seen by the reader
	}
}

// flood counts what comes, second by second.
type flood struct {
	most  int // in a second; 0: any number
	lasts int // seconds in a row that are too many

	began      time.Time // of the second that is counted
	count, row int
}

// another tells, of something that comes now, whether there was too much for too long.
func (f *flood) another(now time.Time) bool {
	if since := now.Sub(f.began); since >= time.Second {
		if f.row++; f.count <= f.most || since >= 2*time.Second {
			f.row = 0
		}
		f.began, f.count = now, 0
	}
	f.count++
	return f.most > 0 && f.row >= f.lasts
}
