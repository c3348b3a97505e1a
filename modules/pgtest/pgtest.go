// Package pgtest gives every test a PostgreSQL database of its own.
//
// The server is the one that PGTEST_URL names, which package once starts for a whole test run; without it each test
// process starts its own, which ends with the process, however that ends. A database is cloned from a migrated template
// and dropped after its test. Nothing is durable: fsync is off.
package pgtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chat/migrations"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/pglocal"
)

// EnvURL names the variable that holds a running server's address, with the rights to make databases.
const EnvURL = "PGTEST_URL"

// Settings make a server quick and forgetful.
func Settings() map[string]string {
	return map[string]string{
		"fsync": "off", "full_page_writes": "off", "max_connections": "300", "shared_buffers": "256MB", "autovacuum": "off",
	}
}

// shared is the server of this process: its start must happen once for all tests of a package.
var shared = sync.OnceValues(start)

// New is a pool on a migrated database of the test's own.
func New(t testing.TB) *pg.DB {
	t.Helper()
	return Open(t, URL(t))
}

// Open is a pool on a database, closed after the test.
func Open(t testing.TB, url string) *pg.DB {
	t.Helper()
	db, err := pg.Open(url, 10)
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// URL is the address of a migrated database of the test's own.
func URL(t testing.TB) string {
	t.Helper()
	return clone(t, "TEMPLATE "+template(t))
}

// Empty is the address of a database without a single table.
func Empty(t testing.TB) string {
	t.Helper()
	return clone(t, "TEMPLATE template0")
}

func clone(t testing.TB, from string) string {
	t.Helper()
	server := serverURL(t)
	name := "test_" + strings.ReplaceAll(id.New[id.Any]().String(), "-", "")
	exec := func(statement string) {
		t.Helper()
		db := admin(t, server)
		defer func() { _ = db.Close() }()
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("CREATE DATABASE " + name + " " + from)
	t.Cleanup(func() { exec("DROP DATABASE " + name + " WITH (FORCE)") })
	return inDatabase(t, server, name)
}

func serverURL(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("start PostgreSQL for the tests: %v", err)
	}
	return server.url
}

func admin(t testing.TB, server string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", server)
	if err != nil {
		t.Fatalf("reach the tests' PostgreSQL: %v", err)
	}
	return db
}

func inDatabase(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("read %s: %v", EnvURL, err)
	}
	u.Path = "/" + name
	return u.String()
}

// template gives the name of the migrated template, which the first who needs it makes. Test processes run side by side:
// a lock in the server keeps them apart, and the name appears when the template is whole.
func template(t testing.TB) string {
	t.Helper()
	server, name := serverURL(t), "template_"+fingerprint(t)
	db := admin(t, server)
	defer func() { _ = db.Close() }()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatalf("reach the tests' PostgreSQL: %v", err)
	}
	defer func() { _ = conn.Close() }()
	do := func(statement string) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Fatalf("make the template: %s: %v", statement, err)
		}
	}
	do("SELECT pg_advisory_lock(7301)")
	defer do("SELECT pg_advisory_unlock(7301)")
	var exists bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
		t.Fatalf("look for the template: %v", err)
	}
	if exists {
		return name
	}
	do("DROP DATABASE IF EXISTS " + name + "_new")
	do("CREATE DATABASE " + name + "_new TEMPLATE template0")
	migrate(t, inDatabase(t, server, name+"_new"))
	do("ALTER DATABASE " + name + "_new RENAME TO " + name)
	return name
}

func migrate(t testing.TB, url string) {
	t.Helper()
	db := admin(t, url)
	defer func() { _ = db.Close() }()
	provider, err := migrations.New(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(context.Background()); err != nil {
		t.Fatalf("migrate the template: %v", err)
	}
}

func fingerprint(t testing.TB) string {
	t.Helper()
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.Files(), path)
		sum.Write(text)
		return err
	})
	if err != nil {
		t.Fatalf("read the migrations: %v", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// start gives the server's address. One of our own is watched by a shell that holds the other end of a pipe: when this
// process ends, the shell stops the server and removes its directory.
func start() (*running, error) {
	if server := os.Getenv(EnvURL); server != "" {
		return &running{url: server}, nil
	}
	dir, err := os.MkdirTemp("/tmp", "chat-pgtest-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		return nil, fmt.Errorf("open the directory: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := pglocal.Start(ctx, pglocal.Options{
		Dir: dir + "/pg", Binaries: os.Getenv("PG_BIN"), Settings: Settings(), Log: zerolog.Nop(),
	})
	if err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("watch the server: %w", err)
	}
	watch := exec.Command("/bin/sh", "-c", `read -r _; kill -QUIT "$1"; sleep 1; rm -rf "$2" "$3"`,
		"sh", strconv.Itoa(server.PID()), dir, server.Socket())
	watch.Stdin = reader
	if err := watch.Start(); err != nil {
		return nil, fmt.Errorf("watch the server: %w", err)
	}
	_ = reader.Close()
	return &running{url: server.URL("postgres"), watch: writer}, nil
}

// running is a server, and the end of the pipe that closes with this process.
type running struct {
	url   string
	watch *os.File
}
