package main

import (
	"os"
	"testing"
	"time"
)

// newDir is a directory with a short path that every user may enter.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "chat-soak-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMain(m *testing.M) {
	registerToxics()
	os.Exit(m.Run())
}

// TestAMinuteOfEverything runs the built product as a fleet for a minute in which everything around it fails.
func TestAMinuteOfEverything(t *testing.T) {
	dir := newDir(t)
	binary, err := build(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	report, err := once(t.Context(), dir, binary, kind{tokenLife: time.Minute}, normal(7, time.Minute), os.Getenv("SOAK_KEEP"))
	print(t.Output(), 7, report)
	if err != nil {
		t.Error(err)
	}
	if len(report.Violations) > 0 {
		t.Errorf("%d promises were broken", len(report.Violations))
	}
	if report.Sends < 500 || report.Deliveries < 5*report.Sends {
		t.Errorf("%d sends and %d deliveries are too few to judge by", report.Sends, report.Deliveries)
	}
}
