package pg

import (
	"context"
	"sync/atomic"
)

type countKey struct{}

type counter struct {
	n     atomic.Int64
	first func()
}

// WithCount returns a context whose statements are counted. first, where it is not nil, is called before the first of them
// is sent.
func WithCount(ctx context.Context, first func()) (context.Context, *atomic.Int64) {
	c := &counter{first: first}
	return context.WithValue(ctx, countKey{}, c), &c.n
}

func count(ctx context.Context) {
	if c, ok := ctx.Value(countKey{}).(*counter); ok && c.n.Add(1) == 1 && c.first != nil {
		c.first()
	}
}
