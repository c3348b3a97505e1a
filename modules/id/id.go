// Package id has the typed ids: a chat's id cannot stand where a user's is asked.
//
// Text that is no id becomes the zero id, which names nothing: the lookup then answers as for any id that does not
// exist. An id is a GraphQL input and output, an SQL parameter and a column, and text in JSON.
package id

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Of is an id of one kind of thing. The zero value names nothing and is NULL in SQL.
type Of[Thing any] uuid.UUID

type (
	// User names an account.
	User = Of[user]
	// Chat names a chat.
	Chat = Of[chat]
	// Message names a message.
	Message = Of[message]
	// Member names one membership of a user in a chat.
	Member = Of[member]
	// Change names one change of a chat, so that it can be run again.
	Change = Of[change]
	// Session names one signing in of a user, and all that follows from it.
	Session = Of[session]
	// Any names the subject of an event, whatever it is.
	Any = Of[any]
)

type (
	user    struct{}
	chat    struct{}
	message struct{}
	member  struct{}
	change  struct{}
	session struct{}
)

// length is that of the canonical form.
const length = 36

// New makes an id, as in New[User](): UUIDv7, so that ids made later sort later and indexes grow at their end.
func New[I ~[16]byte]() I {
	return I(uuid.Must(uuid.NewV7())) // fails only where the system has no randomness
}

// Parse reads an id in its canonical form, in either case, as in Parse[User](text). Anything else is the zero id.
func Parse[I ~[16]byte](text string) I {
	var none I
	if len(text) != length {
		return none
	}
	u, err := uuid.Parse(text)
	if err != nil {
		return none
	}
	return I(u)
}

// IsZero tells whether the id names nothing.
func (i Of[Thing]) IsZero() bool { return i == Of[Thing]{} }

// String is the canonical form; empty for the zero id.
func (i Of[Thing]) String() string {
	if i.IsZero() {
		return ""
	}
	return uuid.UUID(i).String()
}

// Compare orders ids as PostgreSQL does: -1, 0 or 1.
func (i Of[Thing]) Compare(j Of[Thing]) int { return bytes.Compare(i[:], j[:]) }

// MarshalText is String.
func (i Of[Thing]) MarshalText() ([]byte, error) { return i.AppendText(make([]byte, 0, length)) }

// AppendText appends String.
func (i Of[Thing]) AppendText(text []byte) ([]byte, error) {
	if i.IsZero() {
		return text, nil
	}
	text = hex.AppendEncode(text, i[:4])
	for _, part := range [][]byte{i[4:6], i[6:8], i[8:10], i[10:]} {
		text = hex.AppendEncode(append(text, '-'), part)
	}
	return text, nil
}

// UnmarshalText is Parse; it never fails.
func (i *Of[Thing]) UnmarshalText(text []byte) error {
	*i = Parse[Of[Thing]](string(text))
	return nil
}

// ImplementsGraphQLType says where the id may stand: the brief's API has ids as ID and as String.
func (Of[Thing]) ImplementsGraphQLType(name string) bool { return name == "ID" || name == "String" }

// UnmarshalGraphQL is Parse; it never fails, because graphql-go would lose the code of the error.
func (i *Of[Thing]) UnmarshalGraphQL(input any) error {
	text, _ := input.(string)
	*i = Parse[Of[Thing]](text)
	return nil
}

// Value is the SQL parameter.
func (i Of[Thing]) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.String(), nil
}

// Scan reads a column; NULL is the zero id.
func (i *Of[Thing]) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*i = Of[Thing]{}
	case []byte: // as text, or in PostgreSQL's binary form
		if len(src) == len(i) {
			*i = Of[Thing](src)
		} else {
			*i = Parse[Of[Thing]](string(src))
		}
	case string:
		*i = Parse[Of[Thing]](src)
	default:
		return fmt.Errorf("read an id from %T", src)
	}
	return nil
}

// List is many ids of one kind: an SQL array as parameter and as column, in order, without NULLs.
type List[I ~[16]byte] []I

// Value is the SQL parameter, a uuid[] as text.
func (l List[I]) Value() (driver.Value, error) {
	text := make([]byte, 0, 2+(length+1)*len(l))
	text = append(text, '{')
	for n, i := range l {
		if n > 0 {
			text = append(text, ',')
		}
		if Any(i).IsZero() {
			text = append(text, "NULL"...)
		} else {
			text, _ = Any(i).AppendText(text) // it never fails
		}
	}
	return string(append(text, '}')), nil
}

// AppendBinary appends the SQL parameter in PostgreSQL's binary form. Source: PostgreSQL, array_recv and uuid_recv.
func (l List[I]) AppendBinary(to []byte) ([]byte, error) {
	// Dimensions, whether there may be NULLs, the type, how many there are, and the index of the first.
	head := []uint32{1, 1, uuidType, uint32(len(l)), 1} // #nosec G115 -- PostgreSQL takes no longer ones
	if len(l) == 0 {
		head = []uint32{0, 1, uuidType}
	}
	for _, word := range head {
		to = binary.BigEndian.AppendUint32(to, word)
	}
	for _, i := range l {
		if Any(i).IsZero() {
			to = binary.BigEndian.AppendUint32(to, 0xffffffff)
		} else {
			to = append(binary.BigEndian.AppendUint32(to, 16), i[:]...)
		}
	}
	return to, nil
}

// uuidType is PostgreSQL's number for the type.
const uuidType = 2950

// Scan reads a uuid[] column; NULL is an empty list.
func (l *List[I]) Scan(src any) error {
	var text string
	switch src := src.(type) {
	case nil:
	case []byte:
		text = string(src)
	case string:
		text = src
	default:
		return fmt.Errorf("read ids from %T", src)
	}
	*l = List[I]{}
	for part := range strings.SplitSeq(strings.Trim(text, "{}"), ",") {
		if part != "" {
			*l = append(*l, Parse[I](part))
		}
	}
	return nil
}
