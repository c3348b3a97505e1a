package pg

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/lib/pq"
)

// Ints is a bigint[].
type Ints []int64

// Value is the argument as text.
func (a Ints) Value() (driver.Value, error) { return pq.Int64Array(a).Value() }

// AppendBinary appends the binary form.
func (a Ints) AppendBinary(to []byte) ([]byte, error) {
	to = appendArray(to, pgtype.Int8OID, len(a))
	for _, i := range a {
		to = appendInt64(to, i)
	}
	return to, nil
}

// NullInts is a bigint[] in which a negative number is NULL.
type NullInts []int64

// Value is the argument as text.
func (a NullInts) Value() (driver.Value, error) {
	text := []byte{'{'}
	for n, i := range a {
		if n > 0 {
			text = append(text, ',')
		}
		if i < 0 {
			text = append(text, "NULL"...)
		} else {
			text = strconv.AppendInt(text, i, 10)
		}
	}
	return string(append(text, '}')), nil
}

// AppendBinary appends the binary form.
func (a NullInts) AppendBinary(to []byte) ([]byte, error) {
	to = appendArray(to, pgtype.Int8OID, len(a))
	for _, i := range a {
		if i < 0 {
			to = appendNull(to)
		} else {
			to = appendInt64(to, i)
		}
	}
	return to, nil
}

// Texts is a text[] in which nil is NULL.
type Texts []*string

// Value is the argument as text.
func (a Texts) Value() (driver.Value, error) { return pq.Array([]*string(a)).Value() }

// AppendBinary appends the binary form.
func (a Texts) AppendBinary(to []byte) ([]byte, error) {
	to = appendArray(to, pgtype.TextOID, len(a))
	for _, text := range a {
		if text == nil {
			to = appendNull(to)
		} else {
			to = append(appendLength(to, len(*text)), *text...)
		}
	}
	return to, nil
}

// Blobs is a bytea[] in which nil is NULL.
type Blobs [][]byte

// Value is the argument as text.
func (a Blobs) Value() (driver.Value, error) {
	texts := make(Texts, len(a))
	for n, blob := range a {
		if blob != nil {
			text := fmt.Sprintf(`\x%x`, blob)
			texts[n] = &text
		}
	}
	return texts.Value()
}

// AppendBinary appends the binary form.
func (a Blobs) AppendBinary(to []byte) ([]byte, error) {
	to = appendArray(to, pgtype.ByteaOID, len(a))
	for _, blob := range a {
		if blob == nil {
			to = appendNull(to)
		} else {
			to = append(appendLength(to, len(blob)), blob...)
		}
	}
	return to, nil
}

// Bools is a boolean[].
type Bools []bool

// Value is the argument as text.
func (a Bools) Value() (driver.Value, error) { return pq.BoolArray(a).Value() }

// AppendBinary appends the binary form.
func (a Bools) AppendBinary(to []byte) ([]byte, error) {
	to = appendArray(to, pgtype.BoolOID, len(a))
	for _, is := range a {
		to = appendLength(to, 1)
		if is {
			to = append(to, 1)
		} else {
			to = append(to, 0)
		}
	}
	return to, nil
}

// Times is a timestamptz[], to the microsecond that PostgreSQL keeps, in which the zero time is NULL.
type Times []time.Time

// Optional is a time for Times; nil is NULL.
func Optional(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// Value is the argument as text.
func (a Times) Value() (driver.Value, error) {
	text := []byte{'{'}
	for n, t := range a {
		if n > 0 {
			text = append(text, ',')
		}
		if t.IsZero() {
			text = append(text, "NULL"...)
		} else {
			text = append(t.UTC().AppendFormat(append(text, '"'), "2006-01-02T15:04:05.000000Z"), '"')
		}
	}
	return string(append(text, '}')), nil
}

// AppendBinary appends the binary form.
func (a Times) AppendBinary(to []byte) ([]byte, error) {
	to = appendArray(to, pgtype.TimestamptzOID, len(a))
	for _, t := range a {
		if t.IsZero() {
			to = appendNull(to)
		} else {
			to = appendInt64(to, t.UnixMicro()-epoch)
		}
	}
	return to, nil
}

// epoch is where PostgreSQL counts the microseconds of its times from, by Unix' count.
const epoch = 946_684_800_000_000

// appendArray appends the head of an array of that many elements, each to be appended behind its length. Source: PostgreSQL,
// array_recv.
func appendArray(to []byte, element uint32, length int) []byte {
	dimensions := uint32(1)
	if length == 0 {
		dimensions = 0
	}
	to = binary.BigEndian.AppendUint32(to, dimensions)
	to = binary.BigEndian.AppendUint32(to, 1) // there may be NULLs
	to = binary.BigEndian.AppendUint32(to, element)
	if length == 0 {
		return to
	}
	to = appendLength(to, length)
	return binary.BigEndian.AppendUint32(to, 1) // the first index
}

func appendLength(to []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(to, uint32(n)) // #nosec G115 -- PostgreSQL takes no longer ones
}

// appendNull appends the length that says that there is no value.
func appendNull(to []byte) []byte { return binary.BigEndian.AppendUint32(to, 0xffffffff) }

func appendInt64(to []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(appendLength(to, 8), uint64(n)) // #nosec G115 -- the same bits
}
