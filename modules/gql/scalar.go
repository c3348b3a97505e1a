package gql

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"chat/modules/fault"
)

// maxSeq is the greatest number that JavaScript keeps exact: 2^53-1.
const maxSeq = 1<<53 - 1

// Seq is the scalar of that name, and an SQL column. As an input it takes anything and marks it bad, because graphql-go
// would lose the code of an error; a resolver asks Value.
type Seq struct {
	n   int64
	bad bool
}

// NewSeq is the scalar of a number.
func NewSeq(n int64) Seq { return Seq{n: n} }

// Value gives the number of an optional argument, and nil for one that is absent.
// Errors: BAD_USER_INPUT naming the field for anything that is not a whole number from 0 to 2^53-1.
func (s *Seq) Value(field string) (*int64, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.bad:
		return nil, fault.Invalid(field, "is not a whole number from 0 to 2^53-1")
	}
	return &s.n, nil
}

// ImplementsGraphQLType names the scalar.
func (Seq) ImplementsGraphQLType(name string) bool { return name == "Seq" }

// UnmarshalGraphQL takes a literal (int32, float64) or a variable's value (float64, json.Number).
func (s *Seq) UnmarshalGraphQL(input any) error {
	*s = Seq{bad: true}
	switch v := input.(type) {
	case int32:
		s.set(float64(v))
	case int64:
		s.set(float64(v))
	case int:
		s.set(float64(v))
	case float64:
		s.set(v)
	case json.Number:
		if f, err := v.Float64(); err == nil {
			s.set(f)
		}
	}
	return nil
}

func (s *Seq) set(f float64) {
	if f >= 0 && f <= maxSeq && f == math.Trunc(f) {
		*s = Seq{n: int64(f)}
	}
}

// MarshalJSON is the number.
func (s Seq) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, s.n, 10), nil }

// DateTime is the scalar of that name: a moment, given out in UTC to the microsecond.
type DateTime struct{ time.Time }

// At is the scalar of an optional moment.
func At(t *time.Time) *DateTime {
	if t == nil {
		return nil
	}
	return &DateTime{*t}
}

// ImplementsGraphQLType names the scalar.
func (DateTime) ImplementsGraphQLType(name string) bool { return name == "DateTime" }

// UnmarshalGraphQL reads RFC 3339. Anything else is the zero moment, which a resolver refuses.
func (d *DateTime) UnmarshalGraphQL(input any) error {
	text, _ := input.(string)
	d.Time, _ = time.Parse(time.RFC3339Nano, text) // the zero moment says it
	return nil
}

// MarshalJSON is RFC 3339 in UTC with six digits of fraction.
func (d DateTime) MarshalJSON() ([]byte, error) {
	return d.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000000Z"`), nil
}

// Int reads an optional argument that must lie within bounds, and gives the fallback when it is absent.
// Errors: BAD_USER_INPUT naming the field.
func Int(field string, arg *int32, lowest, highest, fallback int) (int, error) {
	if arg == nil {
		return fallback, nil
	}
	if n := int(*arg); n >= lowest && n <= highest {
		return n, nil
	}
	return 0, fault.Invalid(field, "is not between %d and %d", lowest, highest)
}
