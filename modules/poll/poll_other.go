//go:build !linux

// Package poll tells which of many sockets can be read, so that a connection that only waits needs neither a goroutine nor
// a buffer. It is Linux's epoll; elsewhere there is none, and who asks for it has to do with a goroutine for each.
package poll

import "errors"

// Poller watches sockets; here there is none.
type Poller struct{}

var errNone = errors.New("this system has no epoll")

// New always fails.
func New() (*Poller, error) { return nil, errNone }

func (p *Poller) Watch(int, int64) error             { return errNone }
func (p *Poller) WatchOnce(int, int64) error         { return errNone }
func (p *Poller) Again(int, int64) error             { return errNone }
func (p *Poller) Forget(int) error                   { return errNone }
func (p *Poller) Wait(keys []int64) ([]int64, error) { return keys, errNone }
func (p *Poller) Close() error                       { return nil }
