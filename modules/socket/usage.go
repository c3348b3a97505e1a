package socket

import (
	"sync"

	"chat/modules/id"
)

// usage counts what users have open in this process. Nobody in particular has no count. Safe for concurrent use.
type usage struct {
	limits Limits

	mu    sync.Mutex
	users map[id.User]held
}

type held struct{ sockets, subscriptions int }

func newUsage(l Limits) *usage { return &usage{limits: l, users: map[id.User]held{}} }

// connect counts a socket in; false where it would be one too many.
func (u *usage) connect(user id.User) bool { return u.change(user, held{sockets: 1}) }

func (u *usage) disconnect(user id.User) { u.change(user, held{sockets: -1}) }

// subscribe counts a subscription in; false where it would be one too many.
func (u *usage) subscribe(user id.User) bool { return u.change(user, held{subscriptions: 1}) }

func (u *usage) unsubscribe(user id.User) { u.change(user, held{subscriptions: -1}) }

func (u *usage) change(user id.User, by held) bool {
	if user.IsZero() {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	h := u.users[user]
	h.sockets += by.sockets
	h.subscriptions += by.subscriptions
	if by.sockets > 0 && exceeds(h.sockets, u.limits.UserSockets) || by.subscriptions > 0 && exceeds(h.subscriptions, u.limits.UserSubscriptions) {
		return false
	}
	if u.users[user] = h; h == (held{}) {
		delete(u.users, user)
	}
	return true
}

// exceeds: a limit of 0 is none.
func exceeds(n, limit int) bool { return limit > 0 && n > limit }
