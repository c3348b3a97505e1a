package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	messageAdded = `subscription($c: ID!) { messageAdded(chatId: $c, afterSeq: 0) { id seq content senderId createdAt isEdited } }`
	deliveryTime = 10 * time.Second // for the last message to be delivered
)

// audience is one subscriber in each chat, spread over the receivers. It counts what is delivered.
type audience struct {
	conns     []*websocket.Conn
	delivered atomic.Int64
	failed    atomic.Pointer[error]
	listening sync.WaitGroup
	leaving   atomic.Bool
}

// subscribe returns when everybody has asked. Nothing is missed meanwhile: they ask for the chat's messages from the first.
func (s *system) subscribe(ctx context.Context, rooms []room) (*audience, error) {
	a := &audience{}
	if len(s.receivers) == 0 {
		return a, nil
	}
	for n, r := range rooms {
		conn, err := follow(ctx, s.receivers[n%len(s.receivers)], r)
		if err != nil {
			a.leave()
			return nil, err
		}
		a.conns = append(a.conns, conn)
		a.listening.Go(func() { a.listen(conn) })
	}
	return a, nil
}

// follow opens a connection of a member of the chat and subscribes to its messages.
func follow(ctx context.Context, url string, r room) (*websocket.Conn, error) {
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, res, err := d.DialContext(ctx, strings.Replace(url, "http", "ws", 1)+"/graphql", nil)
	if err != nil {
		return nil, fmt.Errorf("open a WebSocket: %w", err)
	}
	_ = res.Body.Close()
	for _, message := range []map[string]any{
		{"type": "connection_init", "payload": map[string]any{"user-id": r.members[0].id}},
		{"type": "subscribe", "id": "1", "payload": map[string]any{"query": messageAdded, "variables": map[string]any{"c": r.id}}},
	} {
		if err := conn.WriteJSON(message); err != nil {
			return nil, errors.Join(fmt.Errorf("subscribe: %w", err), conn.Close())
		}
		if message["type"] == "subscribe" {
			continue
		}
		if _, text, err := conn.ReadMessage(); err != nil || !bytes.Contains(text, []byte(`"connection_ack"`)) {
			return nil, errors.Join(fmt.Errorf("open a WebSocket: %s (%w)", text, err), conn.Close())
		}
	}
	return conn, nil
}

// listen counts results until the connection ends.
func (a *audience) listen(conn *websocket.Conn) {
	for {
		_, text, err := conn.ReadMessage()
		switch {
		case err != nil:
			if !a.leaving.Load() {
				a.fail(fmt.Errorf("read a delivery: %w", err))
			}
			return
		case bytes.Contains(text, []byte(`"type":"next"`)) && bytes.Contains(text, []byte(`{"messageAdded":{"id":`)):
			a.delivered.Add(1)
		case !bytes.Contains(text, []byte(`"type":"ping"`)):
			a.fail(fmt.Errorf("%w: %s", errCall, text))
			return
		}
	}
}

func (a *audience) fail(err error) { a.failed.CompareAndSwap(nil, &err) }

// await returns when everything that was sent is delivered. Errors: it is not, or more is.
func (a *audience) await(ctx context.Context, sent int64) error {
	if len(a.conns) == 0 {
		return nil
	}
	for began := time.Now(); a.delivered.Load() < sent && a.failed.Load() == nil && time.Since(began) < deliveryTime; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := a.failed.Load(); err != nil {
		return *err
	}
	if got := a.delivered.Load(); got != sent {
		return fmt.Errorf("%d messages were sent and %d delivered", sent, got)
	}
	return nil
}

// leave ends the connections.
func (a *audience) leave() {
	a.leaving.Store(true)
	for _, conn := range a.conns {
		_ = conn.Close()
	}
	a.listening.Wait()
}
