package cmd

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestBenchOfAFleet: six processes are measured in one table, which there is only if every message was delivered; without
// Redis it is one line.
func TestBenchOfAFleet(t *testing.T) {
	b := newBinary(t)
	bench := func(path string) (string, error) {
		cmd := exec.Command(b.path, "bench", "--fleet", "--seconds", "1")
		cmd.Env = []string{"PATH=" + path}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := bench(os.Getenv("PATH"))
	if err != nil {
		t.Fatalf("bench --fleet: %v\n%s", err, out)
	}
	for _, want := range []string{"senders  receivers  PostgreSQL  Redis", "pgbench, plain", "sends, one chat", "sends, 100 chats"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	out, err = bench(t.TempDir())
	if err == nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, "apt-get install redis-server") {
		t.Errorf("without Redis: %v\n%s", err, out)
	}
}

// TestBenchOfFanout: deliveries are measured, which are only counted if every message reached everybody once and in order;
// and a resume reads the store by chats.
func TestBenchOfFanout(t *testing.T) {
	b := newBinary(t)
	for only, want := range map[string]string{
		"one at a time": `(?m)^1 chat x 1,000 subscribers, one at a time  chat --transport=library +\d+ +\d+\.\d+ `,
		"resume":        `(?m)^resume of 1000 clients in 1 chats, 100 missed messages each +chat +\d+ +\d pages of logs read`,
	} {
		cmd := exec.Command(b.path, "bench", "fanout", "--seconds", "1", "--only", only)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		if err != nil || !regexp.MustCompile(want).Match(out) {
			t.Errorf("bench fanout --only %q: %v\n%s", only, err, out)
		}
	}
}
