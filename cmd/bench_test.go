package cmd

import (
	"os"
	"os/exec"
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
