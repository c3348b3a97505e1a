package receiver

import (
	"testing"
	"time"
)

// TestTheIntervalOfSweeps: it stretches with what sweeps cost, not with what one of them had to wait for, and not before
// that is known.
func TestTheIntervalOfSweeps(t *testing.T) {
	const slow = 400 * time.Millisecond
	for name, c := range map[string]struct {
		costs []time.Duration
		want  time.Duration
	}{
		"none yet":               {nil, sweepInterval},
		"a slow first one":       {[]time.Duration{slow}, sweepInterval},
		"cheap ones":             {[]time.Duration{1, 2, 3, 4, 5}, sweepInterval},
		"one that had to wait":   {[]time.Duration{1, 2, slow, 4, 5}, sweepInterval},
		"every one of them slow": {[]time.Duration{slow, slow, slow, slow, slow}, sweepShare * slow},
	} {
		if got := stretched(c.costs); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
