// Package sibling loads something for a whole list when its first member is asked for it: no list costs a statement per
// item.
package sibling

import (
	"context"
	"sync"
)

// Group belongs to one list. Get gives what load found for a key; load runs once per argument, when it is first needed,
// and its error is everybody's. Safe for concurrent use.
type Group[Arg, Key comparable, Value any] struct {
	load func(context.Context, Arg) (map[Key]Value, error)

	mu    sync.Mutex
	loads map[Arg]func() (map[Key]Value, error)
}

// New returns a group over load.
func New[Arg, Key comparable, Value any](load func(context.Context, Arg) (map[Key]Value, error)) *Group[Arg, Key, Value] {
	return &Group[Arg, Key, Value]{load: load, loads: map[Arg]func() (map[Key]Value, error){}}
}

// Get gives the value of a key; the zero value when load found none.
func (g *Group[Arg, Key, Value]) Get(ctx context.Context, arg Arg, key Key) (Value, error) {
	g.mu.Lock()
	once, ok := g.loads[arg]
	if !ok {
		once = sync.OnceValues(func() (map[Key]Value, error) { return g.load(ctx, arg) })
		g.loads[arg] = once
	}
	g.mu.Unlock()
	values, err := once()
	return values[key], err
}
