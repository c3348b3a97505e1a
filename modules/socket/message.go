package socket

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"chat/modules/gql"
)

// Close codes of the protocol. Source: PROTOCOL.md of enisdenjo/graphql-ws.
const (
	closeBadRequest       = 4400
	closeUnauthorized     = 4401
	closeForbidden        = 4403
	closeInitTimeout      = 4408
	closeSubscriberExists = 4409
	closeTooManyInits     = 4429
)

// Types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// maxIDBytes bounds the id of an operation, which is kept as long as the operation lives. Clients count, or use UUIDs.
const maxIDBytes = 256

// message is one message of a client.
type message struct {
	ID      string
	Type    string
	Payload jsontext.Value // nil where there is none
}

// envelope is a message as it comes.
type envelope struct {
	ID      *string        `json:"id"`
	Type    *string        `json:"type"`
	Payload jsontext.Value `json:"payload"`
}

// isHalved reads a message that begins an operation and has half of a surrogate pair in its payload: that is wrong with the operation,
// and with nothing else of the connection.
func isHalved(data []byte, m *envelope) bool {
	*m = envelope{}
	return json.Unmarshal(data, m, jsontext.AllowInvalidUTF8(true)) == nil && m.Type != nil && *m.Type == typeSubscribe &&
		(m.ID == nil || !strings.ContainsRune(*m.ID, utf8.RuneError))
}

// parseMessage reads a message. Its error is the reason of close code 4400.
func parseMessage(data []byte) (message, error) {
	var m envelope
	if err := json.Unmarshal(data, &m); err != nil && !isHalved(data, &m) {
		return message{}, errors.New("invalid message received")
	}
	if m.Type == nil {
		return message{}, errors.New("message is missing the 'type' property")
	}
	out := message{Type: *m.Type, Payload: m.Payload}
	if bytes.Equal(out.Payload, []byte("null")) {
		out.Payload = nil
	}
	if m.ID != nil {
		out.ID = *m.ID
	}
	switch out.Type {
	case typeSubscribe, typeComplete:
		if out.ID == "" {
			return message{}, errors.New("message is missing the 'id' property")
		}
		if len(out.ID) > maxIDBytes {
			return message{}, fmt.Errorf("message has an 'id' of more than %d bytes", maxIDBytes)
		}
	case typeInit, typePing, typePong:
		if out.Payload != nil && out.Payload[0] != '{' {
			return message{}, fmt.Errorf("'%s' message payload must be an object", out.Type)
		}
	default:
		return message{}, errors.New("invalid message 'type' property")
	}
	return out, nil
}

// parseSubscribe reads the payload of a subscribe message. Its error is a fault.Fault about a text in it, or the reason of close
// code 4400.
func parseSubscribe(payload jsontext.Value) (gql.Request, error) {
	var p struct {
		OperationName *string        `json:"operationName"`
		Query         *string        `json:"query"`
		Variables     map[string]any `json:"variables"`
		Extensions    jsontext.Value `json:"extensions"`
	}
	refused := errors.New("'subscribe' message payload must have a query, and variables that are an object")
	if payload == nil {
		return gql.Request{}, refused
	}
	err := json.Unmarshal(payload, &p)
	switch {
	case err != nil && json.Unmarshal(payload, &p, jsontext.AllowInvalidUTF8(true)) == nil && p.Query != nil:
		return gql.Request{}, gql.HalfOfAPair()
	case err != nil || p.Query == nil:
		return gql.Request{}, refused
	}
	req := gql.Request{Query: *p.Query, Variables: p.Variables}
	if p.OperationName != nil {
		req.OperationName = *p.OperationName
	}
	return req, nil
}

// encode writes a message of ours; payload may be nil.
func encode(id, kind string, payload []byte) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	if id != "" {
		b.WriteString(`"id":`)
		b.Write(quote(id))
		b.WriteByte(',')
	}
	b.WriteString(`"type":"` + kind + `"`)
	if payload != nil {
		b.WriteString(`,"payload":`)
		b.Write(payload)
	}
	b.WriteByte('}')
	return b.Bytes()
}

func quote(text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil { // text always encodes
		return []byte(`""`)
	}
	return quoted
}
