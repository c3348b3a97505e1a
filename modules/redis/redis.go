// Package redis knows how this product reaches Redis.
package redis

import (
	"errors"
	"net"
	"time"

	"github.com/redis/rueidis"
)

const (
	dialTime    = 2 * time.Second
	answerTime  = 3 * time.Second // after which a connection counts as dead
	bufferBytes = 64 << 10
)

// Options are those of a client for the Redis of a URL: redis:// or rediss://, with ?addr= for further nodes and
// ?master_set= for sentinels, as rueidis.ParseURL reads it. They connect to nothing yet.
func Options(url string) (rueidis.ClientOption, error) {
	options, err := rueidis.ParseURL(url)
	if err != nil {
		// What is wrong may be a part of the password: it is not repeated.
		return options, errors.New("the address of Redis is not of the form redis://user:password@host:port/number, or rediss:// for TLS")
	}
	options.Dialer = net.Dialer{Timeout: dialTime, KeepAlive: time.Second}
	options.ConnWriteTimeout = answerTime
	options.DisableCache = true
	options.ReadBufferEachConn, options.WriteBufferEachConn = bufferBytes, bufferBytes
	options.ClientName = "chat"
	return options, nil
}
