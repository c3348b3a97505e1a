package poll

import (
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// pair is a connection, by its end that is watched and the other.
func pair(t *testing.T) (fd int, watched, other net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if other, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if watched, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = other.Close(), watched.Close() })
	raw, err := watched.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(n uintptr) { fd = int(n) }); err != nil {
		t.Fatal(err)
	}
	return fd, watched, other
}

// keysOf gives what becomes ready, one batch at a time, until the poller is closed.
func keysOf(p *Poller) <-chan []int64 {
	out := make(chan []int64)
	go func() {
		defer close(out)
		for {
			keys, err := p.Wait(nil)
			if err != nil {
				return
			}
			out <- keys
		}
	}()
	return out
}

func expect(t *testing.T, keys <-chan []int64, want ...int64) {
	t.Helper()
	select {
	case got := <-keys:
		if !slices.Equal(got, want) {
			t.Fatalf("ready: %d, want %d", got, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("nothing is ready, want %d", want)
	}
}

// TestOnce: a key comes once until it is asked for again, then at once; for what came meanwhile, and for the end.
func TestOnce(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	keys := keysOf(p)
	fd, watched, other := pair(t)
	const key = 1<<40 + 7
	if err := p.WatchOnce(fd, key); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Write([]byte("one")); err != nil {
		t.Fatal(err)
	}
	expect(t, keys, key)
	if _, err := watched.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Write([]byte("two")); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-keys:
		t.Fatalf("a key came again without being asked for: %d", got)
	case <-time.After(50 * time.Millisecond):
	}
	if err := p.Again(fd, key); err != nil {
		t.Fatal(err)
	}
	expect(t, keys, key)
	if _, err := watched.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if err := p.Again(fd, key); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, keys, key)
}

// TestForget: what is forgotten gives no key; a poller that is closed ends who waits.
func TestForget(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	keys := keysOf(p)
	forgotten, _, one := pair(t)
	kept, _, two := pair(t)
	for key, fd := range map[int64]int{1: forgotten, 2: kept} {
		if err := p.WatchOnce(fd, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Forget(forgotten); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{one, two} {
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, keys, 2)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-keys; open {
		t.Error("a closed poller is still waited for")
	}
	if err := p.Watch(kept, 2); err == nil || os.IsTimeout(err) {
		t.Errorf("a closed poller watches: %v", err)
	}
}

// TestNothingIsLost: what comes while others are asked for again, on many sockets at once, is told of.
func TestNothingIsLost(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	const sockets, rounds = 300, 100
	fds, watched := make([]int, sockets), make([]net.Conn, sockets)
	var all sync.WaitGroup
	for n := range sockets {
		var other net.Conn
		fds[n], watched[n], other = pair(t)
		if err := p.WatchOnce(fds[n], int64(n)); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			one := make([]byte, 1)
			_ = other.SetDeadline(time.Now().Add(30 * time.Second)) // its end is an error below
			for round := range rounds {
				if _, err := other.Write(one); err != nil {
					t.Errorf("socket %d, round %d: %v", n, round, err)
					return
				}
				if _, err := other.Read(one); err != nil {
					t.Errorf("socket %d, round %d: %v", n, round, err)
					return
				}
			}
		})
	}
	go func() {
		for keys := range keysOf(p) {
			for _, key := range keys {
				go func() {
					one := make([]byte, 1)
					if _, err := watched[key].Read(one); err == nil {
						_, _ = watched[key].Write(one) // the other end sees it
						_ = p.Again(fds[key], key)
					}
				}()
			}
		}
	}()
	all.Wait()
	_ = p.Close()
}
