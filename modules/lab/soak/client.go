package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/lab/trace"
)

// callTime is how long a client waits for an answer; the product answers within 5 s.
const callTime = 8 * time.Second

type vars = map[string]any

// refusal is an error that the product has answered.
type refusal struct {
	Message    string
	Extensions struct {
		Code    string
		Outcome string
		Role    string
	}
}

func (r *refusal) Error() string { return r.Extensions.Code + ": " + r.Message }

// client calls processes of the product over HTTP and over sockets, as the people that it knows.
type client struct {
	http   *http.Client
	isOpen bool // --auth=none: everybody is believed, and nobody signs in

	mu       sync.Mutex
	accounts map[string]*account // by id
	idle     []*account          // of runs that are over
}

func newClient(isOpen bool) *client {
	return &client{
		http: &http.Client{Timeout: callTime, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, isOpen: isOpen,
		accounts: map[string]*account{},
	}
}

// call executes a document at a process, by a user or by nobody, and reads its data into out. An answer with an error is a
// *refusal.
func (c *client) call(ctx context.Context, p *process, user, query string, v vars, out any) error {
	return c.callBy(ctx, p, c.by(user), query, v, out)
}

// callBy is call by whoever shows that.
func (c *client) callBy(ctx context.Context, p *process, by pass, query string, v vars, out any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		return fmt.Errorf("encode a call: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a call: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	by.head(req.Header)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("call %s: %w", p.name, err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Data   json.RawMessage
		Errors []*refusal
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", p.name, err)
	}
	if len(answer.Errors) > 0 {
		return answer.Errors[0]
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", p.name, err)
	}
	return nil
}

// head puts what is shown into the header of a request.
func (p pass) head(h http.Header) {
	switch {
	case p.token != "":
		h.Set("Authorization", "Bearer "+p.token)
	case p.session == "":
		h.Set("user-id", p.user) // which accounts do not look at
	}
}

// init is what is shown in connection_init.
func (p pass) init() map[string]string {
	if p.token != "" {
		return map[string]string{"authorization": "Bearer " + p.token}
	}
	return map[string]string{"user-id": p.user}
}

// errEnded is the end of a socket whose session is over, or its refusal.
var errEnded = errors.New("the session has ended")

// isRefused tells whether a session was refused as one that is over.
func isRefused(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.Extensions.Code == "UNAUTHENTICATED" || errors.Is(err, errEnded)
}

// closeForbidden is the code of such an end.
const closeForbidden = 4403

// outcome says what an error means: only the product can say that nothing has happened.
func outcome(err error) (trace.Outcome, string) {
	var r *refusal
	switch {
	case err == nil:
		return trace.OK, ""
	case !errors.As(err, &r):
		return trace.Unknown, ""
	case r.Extensions.Outcome == "unknown", r.Extensions.Code == "INTERNAL_SERVER_ERROR":
		return trace.Unknown, r.Extensions.Code
	}
	return trace.Refused, r.Extensions.Code
}

// frame is a message of graphql-transport-ws.
type frame struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// dial opens a socket as it is over a network, and has it acknowledged. Errors: errEnded is one of them.
func (c *client) dial(ctx context.Context, p *process, user string) (*websocket.Conn, error) {
	return dial(ctx, &net.Dialer{Control: narrow}, p, c.by(user))
}

// later is the refusal of a socket that may be tried again after a while.
type later struct {
	error
	wait time.Duration
}

func (l *later) Unwrap() error { return l.error }

// putOff is later where an answer says so, or else the error.
func putOff(res *http.Response, err error) error {
	if res == nil {
		return err
	}
	seconds, failed := strconv.Atoi(res.Header.Get("Retry-After"))
	if failed != nil {
		return err
	}
	return &later{err, time.Duration(seconds) * time.Second}
}

// dial is that over connections of a dialer, by whoever shows that.
func dial(ctx context.Context, over *net.Dialer, p *process, by pass) (*websocket.Conn, error) {
	dialer := websocket.Dialer{
		Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: callTime, ReadBufferSize: 4096,
		NetDialContext: over.DialContext,
	}
	ws, res, err := dialer.DialContext(ctx, fmt.Sprintf("ws://127.0.0.1:%d/graphql", p.port), nil)
	if err != nil {
		return nil, fmt.Errorf("open a socket to %s: %w", p.name, putOff(res, err))
	}
	_ = res.Body.Close()
	init, err := json.Marshal(map[string]any{"type": "connection_init", "payload": by.init()})
	if err == nil {
		err = ws.WriteMessage(websocket.TextMessage, init)
	}
	if err == nil {
		err = ws.SetReadDeadline(time.Now().Add(callTime))
	}
	var ack frame
	if err == nil {
		err = ws.ReadJSON(&ack)
	}
	if websocket.IsCloseError(err, closeForbidden) {
		err = errEnded
	}
	if err == nil && ack.Type != "connection_ack" {
		err = errors.New("no acknowledgement")
	}
	if err == nil {
		err = ws.SetReadDeadline(time.Time{})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a socket to %s: %w", p.name, err), ws.Close())
	}
	return ws, nil
}

// narrow makes a connection as it is over a network: with segments of a network's size and a small buffer. Over loopback
// the systems would hold megabytes between the two ends, and no reader would be felt as slow.
func narrow(_, _ string, c syscall.RawConn) error {
	var err error
	set := func(fd uintptr) {
		err = errors.Join(
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1400),
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 16<<10))
	}
	return errors.Join(c.Control(set), err)
}

const (
	logID   = "log"
	otherID = "other" // and a number; what comes for it is not looked at
	others  = 6
)

// subscribe asks for the log of a chat after a seq.
func subscribe(ws *websocket.Conn, chat string, after int64) error {
	return ws.WriteJSON(map[string]any{"type": "subscribe", "id": logID, "payload": map[string]any{
		"query":     `subscription($c: ID!, $s: Seq) { chatEvents(chatId: $c, afterSeq: $s) { seq kind userId message { id content } } }`,
		"variables": vars{"c": chat, "s": after},
	}})
}

// fill follows the chat some times more, so that the queue of a socket that is not read fills within seconds.
func fill(ws *websocket.Conn, chat string) error {
	for n := range others {
		err := ws.WriteJSON(map[string]any{"type": "subscribe", "id": fmt.Sprint(otherID, n), "payload": map[string]any{
			"query":     `subscription($c: ID!) { chatEvents(chatId: $c) { seq kind message { content } } }`,
			"variables": vars{"c": chat},
		}})
		if err != nil {
			return fmt.Errorf("fill a socket: %w", err)
		}
	}
	return nil
}

// event is a row as chatEvents gives it.
type event struct {
	Seq     int64
	Kind    string
	UserID  string
	Message *struct{ ID, Content string }
}

func (e event) entry(kind trace.Kind) trace.Entry {
	out := trace.Entry{Kind: kind, Seq: e.Seq, Change: e.Kind, User: e.UserID}
	if e.Message != nil {
		out.Message, out.Text = e.Message.ID, e.Message.Content
	}
	return out
}

// next reads one event. The reason is set when the subscription has ended.
func next(ws *websocket.Conn) (e event, reason string, err error) {
	for {
		_, data, err := ws.ReadMessage()
		if websocket.IsCloseError(err, closeForbidden) {
			return e, trace.Revoked, nil
		}
		if err != nil {
			return e, trace.Closed, nil
		}
		if bytes.HasPrefix(data, []byte(`{"id":"`+otherID)) { // the usual case, without decoding
			continue
		}
		var f frame
		if err := json.Unmarshal(data, &f); err != nil {
			return e, "", fmt.Errorf("read a frame: %w", err)
		}
		if strings.HasPrefix(f.ID, otherID) {
			continue
		}
		switch f.Type {
		case "next":
			var payload struct{ Data struct{ ChatEvents event } }
			if err := json.Unmarshal(f.Payload, &payload); err != nil {
				return e, "", fmt.Errorf("read an event: %w", err)
			}
			return payload.Data.ChatEvents, "", nil
		case "complete":
			return e, trace.Complete, nil
		case "error":
			var refusals []*refusal
			if err := json.Unmarshal(f.Payload, &refusals); err != nil || len(refusals) == 0 {
				return e, "", fmt.Errorf("read an error: %s", f.Payload)
			}
			switch refusals[0].Extensions.Code {
			case "RESYNC_REQUIRED":
				return e, trace.Resync, nil
			case "NOT_FOUND":
				return e, trace.Denied, nil
			}
			return e, "", fmt.Errorf("a subscription was ended with %w", refusals[0])
		case "ping":
			if err := ws.WriteJSON(frame{Type: "pong"}); err != nil {
				return e, trace.Closed, nil
			}
		}
	}
}
