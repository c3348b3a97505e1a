package receiver

import (
	"context"

	"chat/modules/fault"
)

// crew is goroutines for work that is short and goes deep, as executing a document does. Their stacks have grown already,
// and no more runs at a time than there are of them: clients who all come back at once wait with little memory.
type crew struct {
	life  context.Context
	tasks chan func()
}

func newCrew(life context.Context) *crew { return &crew{life: life, tasks: make(chan func())} }

// do has the crew run a task, which may not call do itself, and returns when it has run.
// Errors: fault.Unavailable when ctx or the crew ends before the task has begun.
func (c *crew) do(ctx context.Context, task func()) error {
	done := make(chan struct{})
	select {
	case c.tasks <- func() { defer close(done); task() }:
	case <-ctx.Done():
		return fault.Busy(ctx.Err())
	case <-c.life.Done():
		return fault.Busy(c.life.Err())
	}
	<-done
	return nil
}

// work runs tasks until the crew's life ends; each member calls it.
func (c *crew) work() {
	for {
		select {
		case task := <-c.tasks:
			task()
		case <-c.life.Done():
			return
		}
	}
}
