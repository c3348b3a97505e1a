package socket

import (
	"errors"
	"syscall"
)

// readBytes is what is read at a time.
const readBytes = 4 << 10

// watch has a connection's readiness told by the poller; false where there is none, or the connection is no plain socket.
func (h *Handler) watch(c *conn) bool {
	if h.poller == nil || c.raw == nil {
		return false
	}
	var failed error
	err := c.raw.Control(func(fd uintptr) { failed = h.poller.WatchOnce(int(fd), c.key) })
	return err == nil && failed == nil
}

// poll lets connections read that have something to read.
func (h *Handler) poll() {
	var keys []int64
	var err error
	for {
		if keys, err = h.poller.Wait(keys[:0]); err != nil {
			return // it is closed
		}
		for _, key := range keys {
			if c := h.find(key); c != nil {
				go c.readReady()
			}
		}
	}
}

// readReady reads and handles what is there, and has the connection watched again.
func (c *conn) readReady() {
	c.reading.Lock()
	defer c.reading.Unlock()
	buffer := c.handler.reads.get()
	defer c.handler.reads.put(buffer)
	for {
		n, err := c.readNow(*buffer)
		switch {
		case errors.Is(err, syscall.EAGAIN):
			c.await()
			return
		case err != nil || n == 0 || !c.take((*buffer)[:n]):
			c.end()
			return
		case n < len(*buffer): // what came since is seen at once
			c.await()
			return
		}
	}
}

// readNow reads without waiting.
func (c *conn) readNow(buffer []byte) (n int, err error) {
	var failed error
	err = c.raw.Read(func(fd uintptr) bool {
		for {
			if n, failed = syscall.Read(int(fd), buffer); failed != syscall.EINTR {
				return true
			}
		}
	})
	if err == nil {
		err = failed
	}
	return n, err
}

// await has the connection watched for what comes next.
func (c *conn) await() {
	var failed error
	if err := c.raw.Control(func(fd uintptr) { failed = c.handler.poller.Again(int(fd), c.key) }); err != nil || failed != nil {
		c.end()
	}
}

// readAll reads with a goroutine of its own, where a connection cannot be watched.
func (c *conn) readAll() {
	buffer := make([]byte, readBytes)
	for {
		n, err := c.net.Read(buffer)
		c.reading.Lock()
		goesOn := err == nil && c.take(buffer[:n])
		c.reading.Unlock()
		if !goesOn {
			c.end()
			return
		}
	}
}
