package receiver

import (
	"context"
	"sync"
)

// job is something that has work to do now and then: a hub or a watcher. It runs on one worker at a time.
type job interface{ run(ctx context.Context) }

// work is the queue of jobs that are ready, each in it at most once.
type work struct {
	mu    sync.Mutex
	ready []job
	state map[job]jobState
	wake  chan struct{}
}

type jobState int

const (
	queued  jobState = iota + 1
	running          // and nothing new
	again            // running, and to run once more
)

func newWork() *work { return &work{state: map[job]jobState{}, wake: make(chan struct{}, 1)} }

// add makes a job run soon, and once more if it is running.
func (w *work) add(j job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.state[j] {
	case queued, again:
	case running:
		w.state[j] = again
	default:
		w.push(j)
	}
}

func (w *work) push(j job) {
	w.state[j] = queued
	w.ready = append(w.ready, j)
	w.signal()
}

func (w *work) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *work) take() (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ready) == 0 {
		return nil, false
	}
	j := w.ready[0]
	w.ready[0] = nil
	w.ready = w.ready[1:]
	w.state[j] = running
	if len(w.ready) > 0 {
		w.signal() // for the next worker
	}
	return j, true
}

func (w *work) done(j job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state[j] == again {
		w.push(j)
	} else {
		delete(w.state, j)
	}
}

// run works on so many jobs at a time until ctx ends. Jobs get the context life.
func (w *work) run(ctx, life context.Context, size int) {
	var workers sync.WaitGroup
	for range size {
		workers.Go(func() {
			for {
				if j, ok := w.take(); ok {
					j.run(life)
					w.done(j)
					continue
				}
				select {
				case <-w.wake:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	workers.Wait()
}
