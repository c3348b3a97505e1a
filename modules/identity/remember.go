package identity

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxRemembered is how many tokens are remembered at least, of those that come again and again; twice as many at most.
const maxRemembered = 10_000

// tokenMemory knows tokens that were verified, so that one that comes with every request costs a tenth of verifying it each time.
// A token is known by its SHA-256, and is good no longer than it would be if it were verified again. Whether its session
// goes on is no matter of the token. Safe for concurrent use.
type tokenMemory struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]verified // what is found in the old is taken over; the others go when the young are many
}

// verified is what a token has said.
type verified struct {
	caller Caller
	end    time.Time // from when on it is no good, with the leeway
	key    *key
}

// find gives the caller of a token that is known and still good.
func (m *tokenMemory) find(token [sha256.Size]byte) (Caller, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.young[token]
	if !ok {
		if v, ok = m.old[token]; ok {
			m.keep(token, v)
		}
	}
	if now := time.Now(); !ok || !now.Before(v.end) || v.key.isOver(now) {
		return Caller{}, false
	}
	return v.caller, true
}

// add remembers a token that has just been verified.
func (m *tokenMemory) add(token [sha256.Size]byte, v verified) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(token, v)
}

func (m *tokenMemory) keep(token [sha256.Size]byte, v verified) {
	if m.young == nil || len(m.young) >= maxRemembered {
		m.young, m.old = map[[sha256.Size]byte]verified{}, m.young
	}
	m.young[token] = v
}
