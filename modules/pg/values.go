package pg

import (
	"database/sql/driver"
	"strconv"
	"time"
)

// Time writes a moment for an array of timestamptz, to the microsecond that PostgreSQL keeps.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// NullInts is an array of integers in which a negative one is NULL.
type NullInts []int64

// Value is the SQL parameter, as text.
func (n NullInts) Value() (driver.Value, error) {
	text := []byte{'{'}
	for i, v := range n {
		if i > 0 {
			text = append(text, ',')
		}
		if v < 0 {
			text = append(text, "NULL"...)
		} else {
			text = strconv.AppendInt(text, v, 10)
		}
	}
	return string(append(text, '}')), nil
}
