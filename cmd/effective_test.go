package cmd

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"chat/modules/app"
	"chat/modules/pgtest"
)

// shown is a line of chat config --json.
type shown struct {
	Setting, Source, Variable string
	Value                     any
}

// configured runs chat config --json with these flags and variables.
func configured(t *testing.T, flags []string, environment ...string) (map[string]shown, string, error) {
	t.Helper()
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	text, err := output(t, append([]string{"config", "--json"}, flags...)...)
	var all []shown
	if e := json.Unmarshal([]byte(text), &all); e != nil {
		t.Fatalf("%v: %s (%v)", e, text, err)
	}
	settings := map[string]shown{}
	for _, s := range all {
		settings[s.Setting] = s
	}
	return settings, text, err
}

// TestConfigSaysWhereEachSettingIsFrom: the values are those that serve runs with, by the same sources.
func TestConfigSaysWhereEachSettingIsFrom(t *testing.T) {
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "chat.yaml"), filepath.Join(dir, "password")
	for path, text := range map[string]string{file: "port: 1001\nmode: production\nredis-host: h\nallowed-origins: [http://a, http://b]\n", secret: "p@ss word\r\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flags := []string{"--config", file, "--access-token-life", "5m"}
	environment := []string{"PORT=1002", "DB_HOST=db.example", "DB_PASSWORD_FILE=" + secret, "CHAT_ALLOWED_HOSTS=a b", signing}
	settings, text, err := configured(t, flags, environment...)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]shown{
		"role":                {Value: "all", Source: "default"},
		"port":                {Value: 1002.0, Source: "variable PORT"},
		"mode":                {Value: "production", Source: "file " + file},
		"redis-host":          {Value: "h", Source: "file " + file},
		"redis-port":          {Value: 6379.0, Source: "default"},
		"db-port":             {Value: 5432.0, Source: "default"},
		"db-name":             {Value: "chat_system", Source: "default"},
		"db-password":         {Value: "***", Source: "variable DB_PASSWORD_FILE"},
		"signing-secret":      {Value: "***", Source: "variable CHAT_SIGNING_SECRET"},
		"signing-secret-file": {Value: "", Source: "default"},
		"access-token-life":   {Value: "5m0s", Source: "flag"},
		"allowed-hosts":       {Value: []any{"a", "b"}, Source: "variable CHAT_ALLOWED_HOSTS"},
		"allowed-origins":     {Value: []any{"http://a", "http://b"}, Source: "file " + file},
		"database-url":        {Value: "", Source: "default"},
	} {
		got := settings[key]
		if got.Source != want.Source || !reflect.DeepEqual(got.Value, want.Value) || got.Variable == "" {
			t.Errorf("%s is %+v, want %+v", key, got, want)
		}
	}
	if strings.Contains(text, "p@ss") || strings.Contains(text, signing[len("CHAT_SIGNING_SECRET="):]) {
		t.Errorf("a secret is shown: %s", text)
	}
	table, err := output(t, append([]string{"config"}, flags...)...)
	if lines := strings.Split(table, "\n"); err != nil || len(lines) != len(settings)+2 || strings.Join(strings.Fields(lines[3]), " ") != "port 1002 variable PORT" {
		t.Errorf("the table: %v\n%s", err, table)
	}
	run := serveCommand(func(_ context.Context, c app.Config, _ string, _ zerolog.Logger) error {
		url, err := c.Database()
		if err != nil {
			return err
		}
		if url != "postgres://postgres:p%40ss%20word@db.example/chat_system?sslmode=prefer" || c.Port != 1002 {
			t.Errorf("serve runs with %s on %d", url, c.Port)
		}
		return nil
	})
	run.SetArgs(flags)
	if err := run.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestConfigMasksAndRefuses: what serve would refuse is printed first, without its secrets, and refused then, in one line.
func TestConfigMasksAndRefuses(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		flags       []string
		environment []string
		shows, part string
	}{
		{nil, []string{"DATABASE_URL=postgres://me:hunter22@h/d?sslmode=disable&p%61ssword=hunter22&x=1", signing}, `postgres://me:***@h/d?sslmode=disable&p%61ssword=***&x=1`, ""},
		{nil, []string{"DATABASE_URL=postgres://h/d?user=me&password=hunter22", signing}, `postgres://h/d?user=me&password=***`, ""},
		{nil, []string{"DATABASE_URL=postgres://me:hunter22/hunter22@hunter22@h/d", signing}, `postgres://me:***@h/d`, "DATABASE_URL is not"},
		{nil, []string{"DATABASE_URL=host=h password=hunter22", signing}, `"***"`, "DATABASE_URL is not"},
		{nil, []string{"DATABASE_URL=postgres://me:hunter22@h/d?sslmode=bogus", signing}, `postgres://me:***@h/d?sslmode=bogus`, "bogus"},
		{nil, []string{"REDIS_URL=redis://:hunter22@h:6379/1"}, `redis://:***@h:6379/1`, ""},
		{nil, []string{"REDIS_URL=redis://:hunter22/@h:x"}, `redis://:***@h:x`, "address of Redis"},
		{nil, []string{"CHAT_SIGNING_SECRET=hunter22"}, "***", "8 bytes"},
		{nil, []string{"CHAT_SIGNING_SECRET=hunter22-secret-key-that-somebody-has-made-up"}, "***", "samples"},
		{[]string{"--signing-secret-file=/nonexistent"}, nil, "/nonexistent", "no such file"},
		{[]string{"--role=sender"}, []string{"DB_HOST=h", "DB_PASSWORD=hunter22"}, "***", "Redis"},
		{nil, []string{"DB_HOST=h", "DB_PASSWORD=hunter22"}, "***", "signing secret"},
		{[]string{"--data-dir", data}, nil, filepath.Join(data, "signing-secret"), ""},
	} {
		t.Run(strings.Join(append(c.flags, c.environment...), " "), func(t *testing.T) {
			_, text, err := configured(t, c.flags, c.environment...)
			if !strings.Contains(text, c.shows) || strings.Contains(text, "hunter22") {
				t.Errorf("shows %s", text)
			}
			if (err == nil) != (c.part == "") || err != nil && (!strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), "hunter22") || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%v, want one line with %q", err, c.part)
			}
		})
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("looking at the settings has made the data directory")
	}
	for _, environment := range [][]string{{"DB_PASSWORD=hunter22", "DB_PASSWORD_FILE=x"}, {"DB_PASSWORD_FILE=/nonexistent"}, {"CHAT_DB_PASSWORD=hunter22"}} {
		t.Run(strings.Join(environment, " "), func(t *testing.T) {
			for _, entry := range environment {
				name, value, _ := strings.Cut(entry, "=")
				t.Setenv(name, value)
			}
			if text, err := output(t, "config"); err == nil || text != "" || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("printed %q and %v", text, err)
			}
		})
	}
}

// TestAFileOfAllCommands: a command takes of the file what concerns it.
func TestAFileOfAllCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.yaml")
	if err := os.WriteFile(file, []byte("role: sender\nargon2-memory: 19\nargon2-passes: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", pgtest.URL(t))
	if out, err := output(t, "migrate", "up", "--config", file, "--log-level", "error"); err != nil || out != "nothing to do\n" {
		t.Errorf("migrate: %v %s", err, out)
	}
	if out, err := output(t, "user", "list", "--config", file); err != nil || !strings.HasPrefix(out, "NAME") {
		t.Errorf("user list: %v %s", err, out)
	}
}
