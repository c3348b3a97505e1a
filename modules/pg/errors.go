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
	codeLongTransaction      = "25P04"
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
// prepared, which a pooler may give, or knows it as it was before a migration.
func Conflicts(err error) bool {
	if isStale(err) {
		return true
	}
	switch Code(err) {
	case codeDeadlockDetected, codeSerializationFailure, codeUniqueViolation, codeNoStatement, codeStatementExists:
		return true
	}
	return false
}

// isStale tells whether what was prepared gives other columns now. PostgreSQL has no SQLSTATE of its own for it; source:
// RevalidateCachedQuery in its plancache.c.
func isStale(err error) bool {
	const routine = "RevalidateCachedQuery"
	if Code(err) != codeNotSupported {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Routine == routine
	}
	e, ok := errors.AsType[*pq.Error](err)
	return ok && e.Routine == routine
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

// noConnection is the error of making a connection, whatever PostgreSQL says about it: no statement was run.
type noConnection struct{ error }

// Unwrap gives what went wrong.
func (e noConnection) Unwrap() error { return e.error }

// unreachable tells whether err says nothing about the statement, only that PostgreSQL could not run it now.
func unreachable(err error) bool {
	if _, ok := errors.AsType[noConnection](err); ok {
		return true
	}
	if code := Code(err); code != "" {
		switch code[:2] {
		case "08", // connection exception
			"53", // insufficient resources: connections, memory, disk
			"57": // operator intervention: shutdown, cancelled statement
			return true
		}
		switch code {
		case codeReadOnly, // a standby, or a full disk being protected
			codeIdleTransaction, codeLongTransaction: // we were frozen, and it has ended the transaction
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
