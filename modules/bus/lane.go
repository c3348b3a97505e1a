package bus

import "sync"

// lane keeps what is wanted of a part of the channels, by their names in Redis; its wire makes it so.
type lane struct {
	mu        sync.Mutex
	connected bool
	wanted    map[string]*interest
	changed   map[string]struct{} // names that were wanted or given up since the wire last looked
	wake      chan<- struct{}     // of the wire; nil before there is one
}

// interest is one channel that is wanted.
type interest struct {
	confirmed chan struct{} // closed when Redis has confirmed it for the first time
	isHeard   bool
}

func newLane() *lane {
	return &lane{wanted: map[string]*interest{}, changed: map[string]struct{}{}}
}

// want gives a channel that is closed when hints come, and tells whether there is a connection.
func (l *lane) want(name string) (confirmed <-chan struct{}, connected bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := l.wanted[name]
	if in == nil {
		in = &interest{confirmed: make(chan struct{})}
		l.wanted[name] = in
		l.touch(name)
	}
	return in.confirmed, l.connected
}

func (l *lane) unwant(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wanted[name] != nil {
		delete(l.wanted, name)
		l.touch(name)
	}
}

func (l *lane) touch(name string) {
	l.changed[name] = struct{}{}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// serve names the wire that looks after the lane, which hears nothing yet, and gives every name that is wanted.
func (l *lane) serve(wake chan<- struct{}) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.changed)
	l.wake, l.connected = wake, true
	names := make([]string, 0, len(l.wanted))
	for name := range l.wanted {
		names = append(names, name)
	}
	return names
}

// changes gives the names that are wanted now and not heard, and those that are heard and not wanted. One that was given up
// and wanted again in between is heard all along.
func (l *lane) changes(heard map[string]struct{}) (fresh, stale []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range l.changed {
		_, isHeard := heard[name]
		switch in := l.wanted[name]; {
		case in != nil && isHeard:
			in.confirm()
		case in != nil:
			fresh = append(fresh, name)
		case isHeard:
			stale = append(stale, name)
		}
	}
	clear(l.changed)
	return fresh, stale
}

// confirm takes note that Redis sends a channel's messages from here on.
func (l *lane) confirm(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in := l.wanted[name]; in != nil {
		in.confirm()
	}
}

// confirm is called with the lock of the lane held.
func (in *interest) confirm() {
	if !in.isHeard {
		in.isHeard = true
		close(in.confirmed)
	}
}

// lost takes note that the connection is gone.
func (l *lane) lost() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected = false
}
