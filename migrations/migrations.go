// Package migrations holds the shape of the database as numbered SQL files and runs them.
//
// A file that was released never changes; shape only moves forward (expand, backfill, contract), and every file has a
// down that is tested. Two runs at once are safe: the second waits for the lock of the first.
package migrations

import (
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// Files are the migrations themselves.
func Files() fs.FS { return files }

// New returns the runner of every migration of this binary on db. It holds a session lock while it works, so db must
// reach PostgreSQL directly, not through a pooler that shares sessions.
func New(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, fmt.Errorf("make the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}
