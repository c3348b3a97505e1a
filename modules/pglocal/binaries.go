package pglocal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
	"github.com/rs/zerolog"
)

// The versions of PostgreSQL that serve.
const (
	oldest = 14
	newest = 18
)

// findBinaries gives the directory of a server that fits the data: installed ones first, the newest that will do, then a
// download.
func findBinaries(ctx context.Context, o Options, dir, data string, who *user) (string, error) {
	want := dataVersion(data)
	downloaded := filepath.Join(dir, "postgres")
	candidates := installed()
	if o.Binaries != "" {
		candidates = []string{o.Binaries}
	} else {
		candidates = append(candidates, filepath.Join(downloaded, "bin"))
	}
	best, bestMajor := "", 0
	for _, bin := range candidates {
		major := version(ctx, bin)
		if fits := major >= oldest && major <= newest && (want == 0 || major == want); fits && major > bestMajor {
			best, bestMajor = bin, major
		}
	}
	switch {
	case best != "":
		return best, nil
	case o.Binaries != "":
		return "", fmt.Errorf("PG_BIN=%s holds no PostgreSQL %s", o.Binaries, wanted(want))
	case want != 0 && want != newest:
		return "", fmt.Errorf("the data in %s is of PostgreSQL %d, which is not installed; install it or name it with PG_BIN", data, want)
	}
	return download(downloaded, who, o.Log)
}

func wanted(major int) string {
	if major != 0 {
		return strconv.Itoa(major)
	}
	return fmt.Sprintf("%d to %d", oldest, newest)
}

// installed lists the directories in which systems keep PostgreSQL's server.
func installed() []string {
	var found []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			found = append(found, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		dirs, err := filepath.Glob(pattern)
		if err == nil { // the patterns are constant
			found = append(found, dirs...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// version asks a server for its major version; 0 where there is none.
func version(ctx context.Context, bin string) int {
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return 0
	}
	// #nosec G204 -- whoever starts the process names the directory, or it is one of the system's
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	digits := regexp.MustCompile(`\d+`).FindString(string(out))
	major, _ := strconv.Atoi(digits) // no digits: 0
	return major
}

// dataVersion is the major version that made the data; 0 where there is none yet.
func dataVersion(data string) int {
	// #nosec G304 -- in the data directory
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, _ := strconv.Atoi(strings.TrimSpace(string(text))) // unreadable: as if there were none
	return major
}

// download fetches a server. The library has no call that only fetches: its start on a directory that is thrown away
// fetches first, and how far it comes after that (as root initdb refuses) is of no interest.
func download(to string, who *user, log zerolog.Logger) (string, error) {
	log.Info().Str("to", to).Msgf("no PostgreSQL %d to %d is installed: downloading one (about 10 MB) from Maven Central", oldest, newest)
	scratch, err := os.MkdirTemp("", "chat-download-")
	if err != nil {
		return "", fmt.Errorf("make room for a download: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	port, err := freePort()
	if err != nil {
		return "", err
	}
	db := embedded.NewDatabase(embedded.DefaultConfig().Version(embedded.V18).Port(port).BinariesPath(to).
		CachePath(filepath.Join(scratch, "cache")).RuntimePath(filepath.Join(scratch, "run")).
		DataPath(filepath.Join(scratch, "data")).Logger(nopWriter{}))
	started := db.Start()
	if started == nil {
		started = db.Stop()
	}
	bin := filepath.Join(to, "bin")
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return "", fmt.Errorf("no PostgreSQL is installed and none can be downloaded (%w): install PostgreSQL, name its directory "+
			"with PG_BIN, or name a running server with DATABASE_URL", errors.Join(started))
	}
	return bin, who.own(to)
}

func freePort() (uint32, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	// #nosec G115 -- a port
	return uint32(l.Addr().(*net.TCPAddr).Port), nil
}

type nopWriter struct{}

func (nopWriter) Write(p []byte) (int, error) { return len(p), nil }
