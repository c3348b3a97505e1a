package cmd

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestSettingsAreDocumented: docs/SETTINGS.md is as the settings are. UPDATE=1 makes it anew.
func TestSettingsAreDocumented(t *testing.T) {
	const path = "../docs/SETTINGS.md"
	want := `# Settings

Made from the settings themselves: ` + "`UPDATE=1 go test ./cmd -run Settings`" + ` writes this page, and without it the test fails when they
differ. A setting is a flag, a variable, or a member of a YAML file by the name of the flag, which ` + "`--config` or `CHAT_CONFIG`" + ` names: a
flag wins over its variable, a variable over the file. What is unknown, and what contradicts, is an error that says what to do.
` + "`chat config`" + ` prints the settings in force.

## chat serve

` + table(t, serveSettings()) + `
` + "`chat migrate` and `chat user`" + ` take those of the database and of the log, of which ` + "`chat user`" + ` has log-level warn unless told
otherwise; ` + "`chat demo`" + ` those and the ones that say where chat serve is.

## chat ui

It takes ` + keys(uiSettings()[:len(uiSettings())-len(pageSettings())]) + ` as chat serve does, and these:

` + table(t, pageSettings())
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("the settings have changed; look at their page, and make it anew with UPDATE=1")
	}
}

func table(t *testing.T, settings []setting) string {
	t.Helper()
	c := &cobra.Command{}
	addFlags(c, settings)
	var rows strings.Builder
	rows.WriteString("| setting | variable | default | what it is |\n|---|---|---|---|\n")
	for _, s := range settings {
		name, preset := "", ""
		if flag := c.Flags().Lookup(s.key); flag != nil {
			name = "`--" + s.key + "`"
			if preset = strings.Trim(flag.DefValue, "[]"); preset == "0" || preset == "false" {
				preset = ""
			}
		}
		help := cmp.Or(s.help, "the secret that signs access tokens; it has no flag, because others see command lines")
		variable := "`" + s.variable + "`"
		if slices.Contains(inFiles(), s.key) {
			variable += ", or a file: `" + s.variable + fileSuffix + "`"
		}
		fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", name, variable, preset, help)
	}
	return rows.String()
}

func keys(settings []setting) string {
	var all []string
	for _, s := range settings {
		all = append(all, "`"+s.key+"`")
	}
	return strings.Join(all, ", ")
}
