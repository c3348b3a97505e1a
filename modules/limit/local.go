package limit

import (
	"sync"
	"time"
)

const (
	maxBuckets = 1 << 16
	firstReach = int64(time.Second / time.Microsecond)
)

// local keeps the buckets of this process. Its memory is bounded: when it is full, those that would be forgotten first
// anyway go at once, so that many small debts do not wash away a large one. Safe for concurrent use.
type local struct {
	began time.Time

	mu      sync.Mutex
	buckets map[digest]kept
}

type kept struct {
	bucket
	until int64 // when it is as good as new
}

func newLocal() *local { return &local{began: time.Now(), buckets: map[digest]kept{}} }

func (l *local) do(key digest, m measures, cost int) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.began).Microseconds()
	k := l.buckets[key]
	if k.until <= now {
		k = kept{}
	}
	if cost > 0 {
		if wait := k.take(now, m, cost); wait > 0 {
			return time.Duration(wait) * time.Microsecond
		}
	} else {
		k.give(now, m, -cost)
	}
	if k.full <= now && k.dry == 0 {
		delete(l.buckets, key)
		return 0
	}
	k.until = k.full + m.longest
	l.buckets[key] = k
	if len(l.buckets) > maxBuckets {
		l.forget(now)
	}
	return 0
}

// forget makes a quarter of the room free, reaching further into the future until that is done. The caller holds the lock.
func (l *local) forget(now int64) {
	for reach := int64(0); len(l.buckets) > maxBuckets*3/4; reach = 2*reach + firstReach {
		for key, k := range l.buckets {
			if k.until <= now+reach {
				delete(l.buckets, key)
			}
		}
	}
}
