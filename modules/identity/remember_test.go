package identity

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"chat/modules/id"
)

// TestARememberedTokenEnds when it would if it were verified each time: by itself, and with its key.
func TestARememberedTokenEnds(t *testing.T) {
	const former, present = secret, "Wm4dRz8KpQ1vXc6NbTj3YsGf9LhEu2AoJ7ie"
	for name, end := range map[string]time.Duration{"by itself": 15*time.Minute + leeway, "with its key": 5*time.Minute + time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				secrets := present + "\n" + former
				if name == "with its key" {
					secrets += " " + time.Now().Add(5*time.Minute).Format(time.RFC3339)
				}
				before, err := ParseKeys(former, "chat", 15*time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				keys, err := ParseKeys(secrets, "chat", 15*time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				caller := Caller{User: id.New[id.User](), Session: id.New[id.Session]()}
				token, _, err := before.Sign(caller, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				for _, after := range []time.Duration{0, end - time.Nanosecond} {
					time.Sleep(after)
					if got, err := keys.Verify(token); err != nil || got != caller {
						t.Errorf("after %s: %+v, %v", after, got, err)
					}
				}
				time.Sleep(time.Nanosecond)
				for range 2 {
					if got, err := keys.Verify(token); err == nil {
						t.Errorf("at its end it is good for %+v", got)
					}
				}
				if _, err := keys.Verify(token[:len(token)-1]); err == nil {
					t.Error("a part of a token that is known is good")
				}
			})
		})
	}
}

// TestSoManyTokensAreRemembered, and no more; what comes again and again stays.
func TestSoManyTokensAreRemembered(t *testing.T) {
	var m tokenMemory
	add := func(n int) (sum [32]byte) {
		copy(sum[:], fmt.Sprint(n))
		m.add(sum, verified{end: time.Now().Add(time.Hour), key: &key{}})
		return sum
	}
	first := add(0)
	for n := range 5 * maxRemembered {
		add(n + 1)
		if _, ok := m.find(first); !ok {
			t.Fatalf("after %d others it is forgotten", n)
		}
		if len(m.young)+len(m.old) > 2*maxRemembered {
			t.Fatalf("%d and %d are remembered", len(m.young), len(m.old))
		}
	}
}

func BenchmarkARememberedToken(b *testing.B) {
	keys, err := ParseKeys("0123456789abcdefghijklmnopqrstuvwxyz", "chat", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	token, _, err := keys.Sign(Caller{User: id.New[id.User](), Session: id.New[id.Session]()}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := keys.Verify(token); err != nil {
			b.Fatal(err)
		}
	}
}
