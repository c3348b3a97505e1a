package receiver

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

type task func()

func (t *task) run(context.Context) { (*t)() }

func does(f func()) *task { return new(task(f)) }

// working runs a work of one place until the test ends.
func working(t *testing.T) *work {
	w := newWork(1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(ctx, ctx, 3)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("the work does not stop")
		}
	})
	return w
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited for %s", what)
	}
}

// TestOthersRunWhileAJobIsAway, and no more than there are places for.
func TestOthersRunWhileAJobIsAway(t *testing.T) {
	w := working(t)
	var running, most atomic.Int32
	enter := func() { most.Store(max(most.Load(), running.Add(1))) }
	away, answer, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	w.add(does(func() {
		enter()
		a := absence{work: w}
		running.Add(-1)
		a.begin()
		close(away)
		<-answer
		a.end()
		enter()
		running.Add(-1)
		close(over)
	}))
	await(t, "the job to leave its place", away)
	var others [50]chan struct{}
	for n := range others {
		others[n] = make(chan struct{})
		w.add(does(func() {
			enter()
			if n == 25 {
				close(answer)
			}
			time.Sleep(time.Millisecond)
			running.Add(-1)
			close(others[n])
		}))
	}
	await(t, "the job to have its place again", over)
	for _, other := range others {
		await(t, "the others", other)
	}
	if n := most.Load(); n != 1 {
		t.Errorf("%d jobs ran at a time, want 1", n)
	}
}

// TestAJobIsNotAwayTooLate: what it left behind as it ended has no place to give.
func TestAJobIsNotAwayTooLate(t *testing.T) {
	w := working(t)
	a := absence{work: w}
	a.end()
	a.begin()
	done := make(chan struct{})
	w.add(does(func() { close(done) }))
	await(t, "a job", done)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.places > 1 {
		t.Errorf("%d places, want 1", w.places)
	}
}

// BenchmarkJobs is what a job costs beside what it does.
func BenchmarkJobs(b *testing.B) {
	w := newWork(2)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go w.run(ctx, ctx, 66)
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan struct{})
	f := func() {
		if left.Add(-1) == 0 {
			close(done)
		}
	}
	for range b.N {
		w.add(does(f))
	}
	<-done
}
