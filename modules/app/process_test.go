package app

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chat/modules/pgtest"
)

// built is a process of the product as it is built, on a database of the test's own.
type built struct {
	*served
	cmd      *exec.Cmd
	log      *journal
	forgives bool // that the log tells of a panic
}

// build makes the binary. Flags are those of go build.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chat")
	if out, err := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), "chat")...).CombinedOutput(); err != nil {
		t.Fatalf("build the product: %v\n%s", err, out)
	}
	return path
}

// runBuilt runs the product until it is ready: under --auth=none, unless a flag says otherwise.
func runBuilt(t *testing.T, flags ...string) *built {
	t.Helper()
	return run(t, build(t), flags...)
}

func run(t *testing.T, path string, flags ...string) *built {
	t.Helper()
	database := pgtest.URL(t)
	p := &built{
		served: &served{world: newWorldOn(t, pgtest.Open(t, database)), address: freeAddress(t), metrics: freeAddress(t)},
		log:    &journal{},
	}
	if slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(f, "--tls-cert=") }) {
		p.secure = &tls.Config{InsecureSkipVerify: true}
	}
	_, port, _ := strings.Cut(p.address, ":")
	p.cmd = exec.Command(path, append([]string{"serve", "--auth=none", "--port", port, "--metrics-addr", p.metrics, "--log-level=debug", "--log-format=json"}, flags...)...)
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "DATABASE_URL=" + named(t, database), "CHAT_SIGNING_SECRET=" + testSecret}
	p.cmd.Stderr = p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // nothing outlives the test
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", p.address); err == nil {
			_ = conn.Close()
			if status, _, _ := p.do("GET", "/readyz", "", nil); status == http.StatusOK {
				return p
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the product does not become ready: %s", p.log)
		}
	}
}

// processName is how the connections of a built process are told from others.
const processName = "built"

func named(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("application_name", processName)
	u.RawQuery = q.Encode()
	return u.String()
}

// end stops the process, which must have nothing to be ashamed of.
func (p *built) end() {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Errorf("the process has ended by itself: %s", p.log)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("the process ended with %v: %s", err, p.log)
	}
	for line := range strings.Lines(p.log.String()) {
		if !p.forgives && (strings.Contains(line, "panic") || strings.Contains(line, "goroutine ")) {
			p.t.Errorf("the log says: %s", line)
		}
	}
	if p.t.Failed() {
		p.t.Logf("the last of the log: %s", p.log.tail(20))
	}
}

// metricOf is the value of a metric as /metrics writes it, labels included.
func (p *built) metricOf(name string) float64 {
	p.t.Helper()
	res, err := http.Get("http://" + p.metrics + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return value
		}
	}
	p.t.Fatalf("there is no metric %s", name)
	return 0
}

// allocates is how many bytes the process allocates for what f does, in all: it holds at most that much of it.
func (p *built) allocates(f func()) float64 {
	p.t.Helper()
	const total = "go_memstats_alloc_bytes_total"
	before := p.metricOf(total)
	f()
	return p.metricOf(total) - before
}

// asksNothing fails when the process asks its database anything while f runs.
func (p *built) asksNothing(what string, f func()) {
	p.t.Helper()
	last := func() (at string) {
		p.t.Helper()
		if err := p.db.Get(p.t.Context(), &at, `SELECT coalesce(max(state_change)::text, '') FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = $1`, processName); err != nil {
			p.t.Fatal(err)
		}
		return at
	}
	before := last()
	if before == "" {
		p.t.Fatal("the process has no connection to look at")
	}
	f()
	if after := last(); after != before {
		p.t.Errorf("%s: the store was asked", what)
	}
}

// checkQuick fails when f takes longer than that whenever it is tried: once at least the machine does nothing else.
func checkQuick(t *testing.T, most time.Duration, f func()) {
	t.Helper()
	least := time.Hour
	for n := 0; n < 20 && least > most; n++ {
		began := time.Now()
		f()
		least = min(least, time.Since(began))
	}
	if least > most {
		t.Errorf("it takes %s, want %s at most", least, most)
	}
}

// journal keeps what a process writes. Safe for concurrent use.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(data []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(data)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) tail(lines int) string {
	all := strings.Split(strings.TrimSpace(j.String()), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// await waits until a text stands in the log so many times.
func (j *journal) await(t *testing.T, text string, times int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Count(j.String(), text) < times; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not say %d times %q: %s", times, text, j.tail(20))
		}
	}
}
