package limit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how often something may happen: a token comes each Every, and at most Burst are saved up. The zero Rate is
// unlimited.
type Rate struct {
	Burst int
	Every time.Duration

	// Longest, if set, makes the wait grow, for what is tried only by mistake or in malice: each time the last token goes
	// the next one comes after twice the time, until that is Longest. It is forgotten when the bucket has been full for
	// Longest.
	Longest time.Duration
}

// Per is the rate of so many at once, and as many again in each period.
func Per(burst int, period time.Duration) Rate {
	return Rate{Burst: burst, Every: period / time.Duration(max(burst, 1))}
}

// ParseRate reads a rate as people write it, 20/1h: so many at once, and as many again in each period; or off.
func ParseRate(text string) (Rate, error) {
	if text == "off" {
		return Rate{}, nil
	}
	count, length, _ := strings.Cut(text, "/")
	burst, err := strconv.Atoi(count)
	if err != nil || burst < 1 {
		return Rate{}, notARate(text)
	}
	period, err := time.ParseDuration(length)
	if rate := Per(burst, period); err == nil && rate.Every >= time.Microsecond {
		return rate, nil
	}
	return Rate{}, notARate(text)
}

func notARate(text string) error {
	return fmt.Errorf("%q is no rate; one is like 20/1h, so many at once and as many again in each period, or off", text)
}

// String is the rate as ParseRate reads it.
func (r Rate) String() string {
	if r.isUnlimited() {
		return "off"
	}
	period := (time.Duration(r.Burst) * r.Every).Round(time.Microsecond).String()
	if short, ok := strings.CutSuffix(period, "m0s"); ok {
		period = short + "m"
	}
	if short, ok := strings.CutSuffix(period, "h0m"); ok {
		period = short + "h"
	}
	return fmt.Sprintf("%d/%s", r.Burst, period)
}

func (r Rate) isUnlimited() bool { return r.Burst <= 0 || r.Every <= 0 }

// measures are a rate's times in microseconds. whole is how long an empty bucket takes to be full.
type measures struct{ every, whole, longest int64 }

func (r Rate) measures() measures {
	every := max(r.Every.Microseconds(), 1)
	return measures{every: every, whole: every * int64(r.Burst), longest: r.Longest.Microseconds()}
}
