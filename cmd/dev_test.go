package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// TestDevelopment: what task backend starts answers with what was changed at most 3 s after that was built, and its PostgreSQL
// is stopped as it should be.
func TestDevelopment(t *testing.T) {
	const bound, tries = 3 * time.Second, 3
	d := startDevelopment(t)
	var took time.Duration
	for n := range tries {
		took = d.change("changed-" + strings.Repeat("again-", n))
		if took < bound {
			break // others use the machine, too
		}
	}
	if took >= bound {
		t.Errorf("the backend answers %s after it was built, want less than %s", took, bound)
	}
	d.stop()
	said, err := os.ReadFile(filepath.Join(d.data, "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(said, []byte("not properly shut down")) || !bytes.HasSuffix(bytes.TrimSpace(said), []byte("database system is shut down")) {
		t.Errorf("PostgreSQL was not stopped as it should be: %s", said)
	}
}

// development is task backend, at work on a copy of the sources.
type development struct {
	t       *testing.T
	sources string
	data    string
	port    string
	cmd     *exec.Cmd
	said    *bytes.Buffer
}

func startDevelopment(t *testing.T) *development {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "chat-dev-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		t.Fatal(err)
	}
	d := &development{t: t, sources: filepath.Join(dir, "sources"), data: filepath.Join(dir, "data"), port: freePort(t), said: &bytes.Buffer{}}
	copySources(t, d.sources)
	d.cmd = exec.Command("sh", "-c", backendTask(t))
	d.cmd.Dir = d.sources
	d.cmd.Env = append(os.Environ(), "PORT="+d.port, "CHAT_DATA_DIR="+d.data)
	d.cmd.Stdout, d.cmd.Stderr = d.said, d.said
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to be interrupted whole, as by Ctrl-C
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	d.await("development")
	return d
}

// copySources copies what the backend is built from, and what starts it. The pages are not among it.
func copySources(t *testing.T, to string) {
	t.Helper()
	for _, name := range []string{"go.mod", "go.sum", "main.go", ".ci", "cmd", "migrations", "modules", "schema", "frontend/embed.go", "frontend/dist/.keep"} {
		err := filepath.WalkDir(filepath.Join("..", name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			target := filepath.Join(to, strings.TrimPrefix(path, "../"))
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
			return os.WriteFile(target, text, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// backendTask is the command line of task backend.
func backendTask(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../Taskfile.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Tasks map[string]any }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	line, isLine := file.Tasks["backend"].(string)
	if !isLine {
		t.Fatal("Taskfile.yml has no line for the backend")
	}
	return line
}

// change changes the version that the product names, and gives how long after it was built it is told.
func (d *development) change(to string) time.Duration {
	d.t.Helper()
	path := filepath.Join(d.sources, "cmd", "root.go")
	text, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	from, rest, isFound := strings.Cut(string(text), "var version = ")
	_, rest, isWhole := strings.Cut(rest, "\n")
	if !isFound || !isWhole {
		d.t.Fatal("cmd/root.go has no version")
	}
	if err := os.WriteFile(path, []byte(from+"var version = \""+to+"\"\n"+rest), 0o600); err != nil {
		d.t.Fatal(err)
	}
	saved := time.Now()
	d.await(to)
	answered := time.Now()
	built, err := os.Stat(filepath.Join(d.sources, "tmp", "chat"))
	if err != nil {
		d.t.Fatal(err)
	}
	took := answered.Sub(built.ModTime())
	d.t.Logf("it answers %s after it was saved, %s after it was built", answered.Sub(saved).Round(time.Millisecond), took.Round(time.Millisecond))
	return took
}

// await waits until the product names that version.
func (d *development) await(version string) {
	d.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if named, err := d.version(); err == nil && named == version {
			return
		}
	}
	d.stop() // what it says is whole then
	d.t.Fatalf("waited in vain for %q: %s", version, d.said)
}

func (d *development) version() (string, error) {
	res, err := http.Get("http://127.0.0.1:" + d.port + "/config.json")
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	var config struct{ Version string }
	return config.Version, json.NewDecoder(res.Body).Decode(&config)
}

// stop interrupts it, and waits until all of it has ended.
func (d *development) stop() {
	if d.cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGINT) // it may have ended just now
	err := d.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Error(err)
	}
}
