package receiver

import (
	"testing"
	"time"

	"chat/modules/id"
)

// TestASubscriptionTakesInManyChats in a time that goes with their number, not with its square, and each membership once.
func TestASubscriptionTakesInManyChats(t *testing.T) {
	const chats = 50_000
	s := &Subscription{followers: map[standing]*follower{}}
	began := time.Now()
	for range chats {
		if !s.add(&follower{sub: s, hub: &hub{}, member: id.New[id.Member]()}) {
			t.Fatal("a chat was not taken in")
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("%d chats took %s", chats, took)
	}
	h, first, second := &hub{}, id.New[id.Member](), id.New[id.Member]()
	for n, c := range []struct {
		member id.Member
		taken  bool
	}{{first, true}, {first, false}, {second, true}} {
		if taken := s.add(&follower{sub: s, hub: h, member: c.member}); taken != c.taken {
			t.Errorf("membership %d of one chat: taken in %t, want %t", n, taken, c.taken)
		}
	}
}
