package receiver

import (
	"context"
	"sync"
)

// job is something that has work to do now and then: a hub or a watcher. It runs on one worker at a time.
type job interface{ run(ctx context.Context) }

// work is the queue of jobs that are ready, each in it at most once, and the places of those that run: no more than so
// many do, but for those that wait for something and have left their place to others.
type work struct {
	mu    sync.Mutex
	ready []job
	state map[job]jobState

	places  int // that are free
	backers int // want their place back, and come first
	stopped bool
	idle    *sync.Cond // for a job and a place
	back    *sync.Cond // for a place
}

type jobState int

const (
	queued  jobState = iota + 1
	running          // and nothing new
	again            // running, and to run once more
)

func newWork(places int) *work {
	w := &work{state: map[job]jobState{}, places: places}
	w.idle, w.back = sync.NewCond(&w.mu), sync.NewCond(&w.mu)
	return w
}

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
		w.signal()
	}
}

func (w *work) push(j job) {
	w.state[j] = queued
	w.ready = append(w.ready, j)
}

// signal wakes one who can go on.
func (w *work) signal() {
	switch {
	case w.places == 0:
	case w.backers > 0:
		w.back.Signal()
	case len(w.ready) > 0:
		w.idle.Signal()
	}
}

// next takes the job that a worker has done, if any, and waits for another one and a place to run it; false when the work
// has stopped. Nobody is woken for what the worker does itself.
func (w *work) next(done job) (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if done != nil {
		w.finish(done)
	}
	for len(w.ready) == 0 || w.places <= w.backers {
		w.signal()
		if w.stopped {
			return nil, false
		}
		w.idle.Wait()
	}
	j := w.ready[0]
	w.ready[0] = nil
	w.ready = w.ready[1:]
	w.state[j] = running
	w.places--
	w.signal() // for the next worker
	return j, true
}

func (w *work) finish(j job) {
	w.places++
	if w.state[j] == again {
		w.push(j)
	} else {
		delete(w.state, j)
	}
}

// absence is the time in which a running job may leave its place to others.
type absence struct {
	work *work

	mu     sync.Mutex
	isAway bool
	isOver bool
}

// begin leaves the place, unless it is too late for that.
func (a *absence) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isOver || a.isAway {
		return
	}
	a.isAway = true
	a.work.mu.Lock()
	a.work.places++
	a.work.signal()
	a.work.mu.Unlock()
}

// end waits for a place, where one was left.
func (a *absence) end() {
	a.mu.Lock()
	a.isOver = true
	isAway := a.isAway
	a.mu.Unlock()
	if !isAway {
		return
	}
	w := a.work
	w.mu.Lock()
	defer w.mu.Unlock()
	w.backers++
	for w.places == 0 {
		w.back.Wait()
	}
	w.backers--
	w.places--
	w.signal() // there may be more of both
}

// run has so many workers work on jobs until ctx ends. Jobs get the context life.
func (w *work) run(ctx, life context.Context, workers int) {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		w.stopped = true
		w.idle.Broadcast()
		w.mu.Unlock()
	})
	defer stop()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for j, ok := w.next(nil); ok; j, ok = w.next(j) {
				j.run(life)
			}
		})
	}
	all.Wait()
}
