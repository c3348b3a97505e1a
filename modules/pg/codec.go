package pg

import (
	"database/sql/driver"
	"encoding"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// The forms of arguments and results. Source: PostgreSQL, "Formats and Format Codes".
const (
	textForm   = 0
	binaryForm = 1
)

// encode gives the arguments of a call and their forms. They are good until the next call.
func (c *writer) encode(args []any) (values [][]byte, forms []int16, err error) {
	values, forms = make([][]byte, len(args)), make([]int16, len(args))
	buffer := c.buffer[:0]
	for n, arg := range args {
		began := len(buffer)
		var isNull bool
		if buffer, forms[n], isNull, err = appendArgument(buffer, arg); err != nil {
			return nil, nil, fmt.Errorf("encode argument %d: %w", n+1, err)
		}
		if !isNull {
			values[n] = buffer[began:len(buffer):len(buffer)] // also where the buffer moves when it grows
		}
	}
	c.buffer = buffer
	return values, forms, nil
}

// binaryArgument has PostgreSQL's binary form, and as every argument one that ordinary connections send as text.
type binaryArgument interface {
	driver.Valuer
	encoding.BinaryAppender
}

func appendArgument(to []byte, arg any) (_ []byte, form int16, isNull bool, err error) {
	if b, ok := arg.(binaryArgument); ok {
		to, err = b.AppendBinary(to)
		return to, binaryForm, false, err
	}
	value, err := driver.DefaultParameterConverter.ConvertValue(arg)
	if err != nil {
		return to, textForm, false, err
	}
	switch v := value.(type) {
	case nil:
		return to, textForm, true, nil
	case string:
		return append(to, v...), textForm, false, nil
	case []byte:
		return append(to, v...), binaryForm, false, nil
	case int64:
		return strconv.AppendInt(to, v, 10), textForm, false, nil
	case bool:
		return strconv.AppendBool(to, v), textForm, false, nil
	default:
		return to, textForm, false, fmt.Errorf("there is no form for a %T", v)
	}
}

// formsOf gives the forms in which columns are asked for: binary where decode reads it.
func formsOf(columns []pgconn.FieldDescription) []int16 {
	forms := make([]int16, len(columns))
	for n, column := range columns {
		switch column.DataTypeOID {
		case pgtype.Int8OID, pgtype.Int4OID, pgtype.Int2OID, pgtype.BoolOID, pgtype.TimestamptzOID, pgtype.ByteaOID, pgtype.UUIDOID:
			forms[n] = binaryForm
		}
	}
	return forms
}

// decode reads a column of a row; nil is NULL. A uuid is its 16 bytes, and what has no binary form here is text.
func decode(column pgconn.FieldDescription, value []byte) driver.Value {
	switch {
	case value == nil:
		return nil
	case column.Format == textForm:
		return string(value)
	}
	switch column.DataTypeOID {
	case pgtype.Int8OID:
		return int64(binary.BigEndian.Uint64(value)) // #nosec G115 -- the same bits
	case pgtype.Int4OID:
		return int64(int32(binary.BigEndian.Uint32(value))) // #nosec G115 -- the same bits
	case pgtype.Int2OID:
		return int64(int16(binary.BigEndian.Uint16(value))) // #nosec G115 -- the same bits
	case pgtype.BoolOID:
		return value[0] != 0
	case pgtype.TimestamptzOID:
		return time.UnixMicro(int64(binary.BigEndian.Uint64(value)) + epoch).UTC() // #nosec G115 -- the same bits
	default:
		return value
	}
}
