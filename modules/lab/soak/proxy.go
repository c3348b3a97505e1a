package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// proxy stands between the product and one of its stores.
type proxy struct {
	inner *toxiproxy.Proxy
}

func newProxy(name, upstream string) (*proxy, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &proxy{toxiproxy.NewProxy(server, name, "127.0.0.1:0", upstream)}
	if err := p.inner.Start(); err != nil {
		return nil, fmt.Errorf("start the proxy before %s: %w", name, err)
	}
	return p, nil
}

func (p *proxy) address() string { return p.inner.Listen }

// cut ends every connection and refuses new ones until it is mended.
func (p *proxy) cut() { p.inner.Stop() }

func (p *proxy) mend() error {
	if err := p.inner.Start(); err != nil {
		return fmt.Errorf("start a proxy again: %w", err)
	}
	return nil
}

// spoil adds a toxic to every connection, until the function that it gives is called. stream is upstream or downstream.
func (p *proxy) spoil(kind, stream, attributes string) (heal func() error, err error) {
	text := fmt.Sprintf(`{"name": %q, "type": %q, "stream": %q, "attributes": %s}`, kind, kind, stream, attributes)
	if _, err := p.inner.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		return nil, fmt.Errorf("add %s: %w", kind, err)
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.inner.Toxics.RemoveToxic(ctx, kind); err != nil {
			return fmt.Errorf("remove %s: %w", kind, err)
		}
		return nil
	}, nil
}

// registerToxics makes our own kinds known to the library.
func registerToxics() {
	toxics.Register("swallow_commit", new(swallowCommit))
	toxics.Register("lose_commit", new(loseCommit))
	toxics.Register("lose_publish", new(losePublish))
}

// swallowCommit ends a connection in the place of PostgreSQL's answer to COMMIT: what was written is stored, and nobody
// hears of it.
type swallowCommit struct{}

// commitTag is PostgreSQL's CommandComplete of a COMMIT. Source: PostgreSQL, "Message Formats".
var commitTag = []byte("C\x00\x00\x00\x0bCOMMIT\x00")

// Pipe passes everything on but the answer to COMMIT.
func (swallowCommit) Pipe(stub *toxics.ToxicStub) { pipeUntil(stub, commitTag) }

// loseCommit ends a connection in the place of a COMMIT: PostgreSQL never hears of it.
type loseCommit struct{}

// commitQuery is the end of a simple query whose last or only statement is COMMIT. Source: PostgreSQL, "Message Formats".
var commitQuery = []byte("COMMIT\x00")

// Pipe passes everything on but COMMIT.
func (loseCommit) Pipe(stub *toxics.ToxicStub) { pipeUntil(stub, commitQuery) }

// pipeUntil passes everything on, and ends the connection in the place of what holds the text.
func pipeUntil(stub *toxics.ToxicStub, text []byte) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil || bytes.Contains(chunk.Data, text) {
				stub.Close()
				return
			}
			stub.Output <- chunk
		}
	}
}

// losePublish lets every n-th PUBLISH go to a channel that nobody hears.
type losePublish struct {
	Every int64        `json:"every"`
	count atomic.Int64 // one toxic is that of all connections
}

// Pipe passes everything on, and renames the channel of some commands.
func (l *losePublish) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			l.rename(chunk.Data)
			stub.Output <- chunk
		}
	}
}

func (l *losePublish) rename(data []byte) {
	command := []byte("PUBLISH\r\n")
	for at := 0; ; {
		n := bytes.Index(data[at:], command)
		if n < 0 {
			return
		}
		at += n + len(command)
		if name := bytes.Index(data[at:], []byte("chat:{")); l.count.Add(1)%l.Every == 0 && name >= 0 {
			copy(data[at+name:], "lost:{")
		}
	}
}
