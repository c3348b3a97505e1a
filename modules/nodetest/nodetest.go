// Package nodetest runs clients that are written for Node, with the packages of their lock file.
package nodetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Run runs a script of dir and gives what it prints. It fails the test when the script fails.
func Run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	if err := install(dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// install installs the packages unless that is done. Tests of several packages may need a directory at once: its lock lets
// one of them install.
func install(dir string) error {
	lock, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the clients' directory: %w", err)
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the clients' directory: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil { // npm writes it last
		return nil
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("install the clients' packages: %w: %s", err, out)
	}
	return nil
}
