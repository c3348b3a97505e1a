package gather

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chat/modules/fault"
)

// TestQuestionsAreReadTogether: what is asked while as many readings as may be are under way waits for the next, and each
// key is read once.
func TestQuestionsAreReadTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var readings []int
		r := New(t.Context(), 100, func(_ context.Context, keys []int) (map[int]int, error) {
			mu.Lock()
			readings = append(readings, len(keys))
			mu.Unlock()
			time.Sleep(time.Second)
			found := map[int]int{}
			for _, key := range keys {
				if key < 200 {
					found[key] = 10 * key
				}
			}
			return found, nil
		})
		var all sync.WaitGroup
		ask := func(key, want int) {
			all.Go(func() {
				if got, err := r.Get(t.Context(), key); got != want || err != nil {
					t.Errorf("%d is %d (%v), want %d", key, got, err, want)
				}
			})
		}
		for n := range parallel {
			ask(n, 10*n)
			synctest.Wait()
		}
		for n := range 150 {
			ask(n, 10*n)
			ask(n, 10*n)
		}
		ask(500, 0)
		all.Wait()
		slices.Sort(readings)
		if len(readings) != 5 || readings[2] != 1 || readings[3] < 51 || readings[4] != 100 {
			t.Errorf("readings: %v", readings)
		}
	})
}

func TestAFailureIsEverybodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("away")
		r := New(t.Context(), 100, func(ctx context.Context, _ []int) (map[int]int, error) {
			select {
			case <-time.After(time.Second):
				return nil, failure
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		if _, err := r.Get(t.Context(), 1); !errors.Is(err, failure) {
			t.Errorf("%v", err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := r.Get(short, 1); fault.CodeOf(err) != fault.Unavailable || time.Since(began) > time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
	})
}
