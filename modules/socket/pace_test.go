package socket

import (
	"testing"
	"time"
)

// TestFlood: too many a second, for ten seconds without a rest.
func TestFlood(t *testing.T) {
	second := func(n int) []int {
		each := make([]int, 0, n)
		for range n {
			each = append(each, 1000/n)
		}
		return each
	}
	times := func(n int, pattern ...[]int) (all []int) {
		for range n {
			for _, p := range pattern {
				all = append(all, p...)
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		gaps []int // in ms, each after a ping
		want bool
	}{
		"60 a second for 11 s":               {times(11, second(60)), true},
		"60 a second for 9 s":                {times(9, second(60)), false},
		"50 a second for a minute":           {times(60, second(50)), false},
		"1,000 at once":                      {make([]int, 1_000), false},
		"1,000 at once, every second second": {times(20, make([]int, 1_000), []int{2000}), false},
		"500 at once, every second":          {times(12, make([]int, 500), []int{1000}), true},
		"9 s of 60, a rest, 9 s of 60":       {times(2, times(9, second(60)), []int{3000}), false},
	} {
		f, now, got := flood{most: 50, lasts: 10}, time.Unix(1_000_000, 500_000_000), false
		for _, gap := range c.gaps {
			got = f.another(now) || got
			now = now.Add(time.Duration(gap) * time.Millisecond)
		}
		if got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
