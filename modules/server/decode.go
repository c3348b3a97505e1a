package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"chat/modules/fault"
	"chat/modules/gql"
)

// maxNesting is how deep JSON may be nested; the parser itself allows 10,000.
const maxNesting = 64

// maxTrusted is for how many bytes there is room before they have come.
const maxTrusted = 16 << 10

var errBody = errors.New("not a GraphQL request")

// decode reads the body of a POST. Errors: BAD_USER_INPUT for text that cannot be stored (U+0000, half of a surrogate
// pair); those of the reader; anything else is not a GraphQL request.
//
// length is how many bytes the client says that the body has; negative: it does not say.
func decode(body io.Reader, length int64) (gql.Request, error) {
	var text bytes.Buffer
	text.Grow(int(min(max(length, 0), maxTrusted)) + bytes.MinRead) // ReadFrom wants that much at the end
	if _, err := text.ReadFrom(body); err != nil {
		return gql.Request{}, fmt.Errorf("read the body: %w", err)
	}
	data := text.Bytes()
	if err := checkJSON(data); err != nil {
		return gql.Request{}, err
	}
	var in struct {
		Query         *string        `json:"query"`
		OperationName *string        `json:"operationName"`
		Variables     map[string]any `json:"variables"`
		Extensions    map[string]any `json:"extensions"`
	}
	// Unlike encoding/json this refuses an object that names a member twice, and takes no "QUERY" for a "query".
	if err := json.Unmarshal(data, &in); err != nil || in.Query == nil {
		return gql.Request{}, errBody
	}
	req := gql.Request{Query: *in.Query, Variables: in.Variables}
	if in.OperationName != nil {
		req.OperationName = *in.OperationName
	}
	return req, nil
}

// checkJSON looks at the bytes before they are parsed: how deep they are nested, and what their texts hold.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errBody
	}
	depth, inText := 0, false
	for n := 0; n < len(data); n++ {
		switch c := data[n]; {
		case inText && c == '\\':
			skip, err := checkEscape(data[n:])
			if err != nil {
				return err
			}
			n += skip - 1
		case c == '"':
			inText = !inText
		case !inText && (c == '[' || c == '{'):
			if depth++; depth > maxNesting {
				return errBody
			}
		case !inText && (c == ']' || c == '}'):
			depth--
		}
	}
	return nil
}

// checkEscape looks at an escape in a text and gives its length.
func checkEscape(data []byte) (int, error) {
	unit, ok := codeUnit(data)
	switch {
	case !ok:
		return 2, nil // another escape, or an error that the parser finds
	case unit == 0:
		return 0, fault.New(fault.BadUserInput, "A text holds U+0000").Because(fault.BadCharacter)
	case unit < 0xd800 || unit > 0xdfff:
		return 6, nil
	}
	if low, ok := codeUnit(data[6:]); ok && unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff {
		return 12, nil
	}
	return 0, gql.HalfOfAPair()
}

// codeUnit reads an escape of four hexadecimal digits.
func codeUnit(data []byte) (uint32, bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	var unit uint32
	for _, c := range data[2:6] {
		switch {
		case c >= '0' && c <= '9':
			unit = unit<<4 | uint32(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			unit = unit<<4 | uint32(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}
