package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
)

// The SQLSTATEs that something is done about. Source: PostgreSQL, "Appendix A. Error Codes".
const (
	codeUniqueViolation      = "23505"
	codeSerializationFailure = "40001"
	codeDeadlockDetected     = "40P01"
	codeNotSupported         = "0A000"
	codeNoStatement          = "26000"
	codeStatementExists      = "42P05"
	codeReadOnly             = "25006"
	codeIdleTransaction      = "25P03"
)

// Code gives the SQLSTATE of an error of PostgreSQL, or "".
func Code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return string(e.Code)
	}
	return ""
}

// Conflicts tells whether the transaction lost against another one and may succeed when it is run again: a deadlock, a
// serialization failure, or a key that somebody else has taken meanwhile. Or it met a connection that does not know what was
// prepared, which a pooler may give.
func Conflicts(err error) bool {
	switch Code(err) {
	case codeDeadlockDetected, codeSerializationFailure, codeUniqueViolation, codeNoStatement, codeStatementExists:
		return true
	}
	return false
}

// Violates tells whether err is the violation of that unique index or constraint.
func Violates(err error, constraint string) bool {
	if Code(err) != codeUniqueViolation {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.ConstraintName == constraint
	}
	e, ok := errors.AsType[*pq.Error](err)
	return ok && e.Constraint == constraint
}

// unreachable tells whether err says nothing about the statement, only that PostgreSQL could not run it now.
func unreachable(err error) bool {
	if code := Code(err); code != "" {
		switch code[:2] {
		case "08", // connection exception
			"53", // insufficient resources: connections, memory, disk
			"57": // operator intervention: shutdown, cancelled statement
			return true
		}
		switch code {
		case codeReadOnly, // a standby, or a full disk being protected
			codeIdleTransaction: // we were frozen, and it has ended the transaction
			return true
		}
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
