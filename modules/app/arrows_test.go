package app

import (
	"os/exec"
	"strings"
	"testing"
)

// levels are the floors of the house, from the top. A package imports from floors below its own, except that a feature
// may import another to add that one's field to its object.
var levels = [][]string{
	{"cmd"},
	{"modules/lab/soak", "modules/lab/topology"},
	{"modules/app", "modules/lab"},
	{"modules/server", "modules/socket", "modules/demo"},
	{"modules/chat"}, // embeds the fields of read and user
	{"modules/read", "modules/user"},
	{"modules/sender", "modules/receiver", "modules/bustest"},
	{"modules/bus"},
	{"modules/history", "modules/gql"},
	{"modules/identity"},
	{"modules/pg", "modules/pglocal", "modules/redistest", "modules/gather", "modules/nodetest", "modules/limit"},
	{"modules/fault", "modules/id", "modules/sibling", "modules/redis", "migrations", "schema", "frontend", "modules/lab/trace", "modules/projection", "modules/poll"},
}

// TestArrowsPointDown fails when an import turns up or sideways, and when a package has no floor.
func TestArrowsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "chat/...").Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	floor := map[string]int{}
	for n, names := range levels {
		for _, name := range names {
			floor["chat/"+name] = n
		}
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := fields[0]
		if name == "chat" || strings.HasPrefix(name, "chat/modules/pgtest") { // the entry, and the tests' own
			continue
		}
		from, ok := floor[name]
		if !ok {
			t.Errorf("%s stands on no floor", name)
		}
		for _, imported := range fields[1:] {
			if to, ours := floor[imported]; ours && to <= from {
				t.Errorf("%s imports %s, which is not below it", name, imported)
			} else if strings.HasPrefix(imported, "chat/modules/pgtest") {
				t.Errorf("%s imports %s, which is for tests", name, imported)
			}
		}
	}
}
