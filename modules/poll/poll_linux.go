// Package poll tells which of many sockets can be read, so that a connection that only waits needs neither a goroutine nor
// a buffer. It is Linux's epoll; elsewhere there is none, and who asks for it has to do with a goroutine for each.
package poll

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// batch is how many sockets one call asks after.
const batch = 128

// Poller watches sockets, each under a key of its user's. Safe for concurrent use, except that one goroutine waits.
type Poller struct {
	file   *os.File        // watched by Go's own poller: who waits holds no thread
	raw    syscall.RawConn // the same
	events []unix.EpollEvent
}

// New returns a poller that watches nothing.
func New() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &Poller{file: os.NewFile(uintptr(fd), "epoll"), events: make([]unix.EpollEvent, batch)}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	return p, nil
}

// Watch gives a socket's key at each Wait while it can be read or has ended.
func (p *Poller) Watch(fd int, key int64) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, key, unix.EPOLLIN|unix.EPOLLRDHUP)
}

// WatchOnce gives a socket's key once, and not again before Again.
func (p *Poller) WatchOnce(fd int, key int64) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, key, unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLONESHOT)
}

// Again watches a socket once more; at once where it can be read already.
func (p *Poller) Again(fd int, key int64) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, key, unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLONESHOT)
}

// Forget ends the watch. Closing a socket does so as well; a key that was given already may still be on its way.
func (p *Poller) Forget(fd int) error {
	return p.control(unix.EPOLL_CTL_DEL, fd, 0, 0)
}

func (p *Poller) control(what, fd int, key int64, events uint32) error {
	// #nosec G115 -- together they are the 64 bits that are the user's
	e := unix.EpollEvent{Events: events, Fd: int32(key), Pad: int32(key >> 32)}
	var failed error
	if err := p.raw.Control(func(own uintptr) { failed = unix.EpollCtl(int(own), what, fd, &e) }); err != nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("watch a socket: %w", failed)
	}
	return nil
}

// Wait appends the keys of sockets that are ready, of at least one. Its error is that of a poller that is closed.
func (p *Poller) Wait(keys []int64) ([]int64, error) {
	var n int
	var failed error
	err := p.raw.Read(func(own uintptr) bool {
		for {
			n, failed = unix.EpollWait(int(own), p.events, 0)
			if failed != unix.EINTR {
				return n != 0
			}
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return keys, fmt.Errorf("wait for sockets: %w", err)
	}
	for _, e := range p.events[:n] {
		keys = append(keys, int64(uint32(e.Fd))|int64(e.Pad)<<32) // #nosec G115 -- likewise
	}
	return keys, nil
}

// Close ends a Wait and all watches.
func (p *Poller) Close() error { return p.file.Close() }
