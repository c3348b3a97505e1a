package bus

import (
	"context"
	"sync"
)

// Memory is the bus of one process: a hint reaches the listener before Publish returns.
type Memory struct {
	mu       sync.RWMutex
	listener Listener
	wanted   map[Channel]struct{}
}

// NewMemory returns a bus without subscriptions.
func NewMemory() *Memory { return &Memory{wanted: map[Channel]struct{}{}} }

// Attach names the listener.
func (m *Memory) Attach(l Listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listener = l
}

// Subscribe takes effect at once.
func (m *Memory) Subscribe(_ context.Context, channels ...Channel) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, channel := range channels {
		m.wanted[channel] = struct{}{}
	}
	return nil
}

// Unsubscribe takes effect at once, except for a Publish that is under way.
func (m *Memory) Unsubscribe(channels ...Channel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, channel := range channels {
		delete(m.wanted, channel)
	}
}

// Publish gives the hint to the listener if it wants the channel.
func (m *Memory) Publish(h Hint) {
	m.mu.RLock()
	listener := m.listener
	_, wanted := m.wanted[h.Channel]
	m.mu.RUnlock()
	if wanted && listener != nil {
		listener.Hint(h)
	}
}

// Run has nothing to do.
func (m *Memory) Run(context.Context) error { return nil }
