package cmd

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chat/migrations"
	"chat/modules/app"
	"chat/modules/pgtest"
)

// settings reads what a serve command with these flags and variables would run with.
func settings(t *testing.T, flags []string, environment ...string) (app.Config, error) {
	t.Helper()
	for _, name := range []string{"DATABASE_URL", "PORT", "NODE_ENV", "DB_HOST", "REDIS_URL"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	var got app.Config
	c := serveCommand(func(_ context.Context, c app.Config, _ string, _ zerolog.Logger) error {
		got = c
		return c.Validate()
	})
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(flags)
	return got, c.ExecuteContext(t.Context())
}

func TestFlagsWinOverVariablesOverTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.yaml")
	if err := os.WriteFile(file, []byte("port: 1001\nlog-level: debug\nmode: production\nallowed-origins: [http://a]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got app.Config
	for _, c := range []struct {
		flags       []string
		environment []string
		port        int
		level, mode string
	}{
		{nil, nil, 0, "info", "development"},
		{[]string{"--config", file}, nil, 1001, "debug", "production"},
		{[]string{"--config", file}, []string{"PORT=1002"}, 1002, "debug", "production"},
		{[]string{"--config", file, "--port", "1003"}, []string{"PORT=1002", "NODE_ENV=development"}, 1003, "debug", "development"},
		{nil, []string{"CHAT_CONFIG=" + file, "CHAT_LOG_LEVEL=warn"}, 1001, "warn", "production"},
	} {
		var seen app.Config
		cmd := serveCommand(func(_ context.Context, c app.Config, _ string, _ zerolog.Logger) error {
			seen = c
			return nil
		})
		for _, entry := range c.environment {
			name, value, _ := strings.Cut(entry, "=")
			t.Setenv(name, value)
		}
		cmd.SetArgs(c.flags)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got = seen; got.Port != c.port || got.LogLevel != c.level || got.Mode != c.mode {
			t.Errorf("%v %v: port %d, level %s, mode %s", c.flags, c.environment, got.Port, got.LogLevel, got.Mode)
		}
		for _, entry := range c.environment {
			name, _, _ := strings.Cut(entry, "=")
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTheBriefsVariablesName(t *testing.T) {
	t.Setenv("DB_HOST", "db.example")
	t.Setenv("DB_PORT", "5433")
	t.Setenv("DB_USERNAME", "me")
	t.Setenv("DB_PASSWORD", "p@ss/word")
	t.Setenv("DB_NAME", "chat")
	cmd := serveCommand(func(_ context.Context, c app.Config, _ string, _ zerolog.Logger) error {
		url, err := c.Database()
		if err != nil {
			return err
		}
		if url != "postgres://me:p%40ss%2Fword@db.example:5433/chat?sslmode=prefer" {
			t.Errorf("the database is %s", url)
		}
		return nil
	})
	cmd.SetArgs(nil)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWrongSettingsAreOneLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.yaml")
	if err := os.WriteFile(file, []byte("prot: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags       []string
		environment []string
		part        string
	}{
		{[]string{"--bogus"}, nil, "unknown flag"},
		{[]string{"extra"}, nil, "unexpected argument"},
		{[]string{"--config", file}, nil, `no setting "prot"`},
		{[]string{"--config", "/nonexistent"}, nil, "/nonexistent"},
		{nil, []string{"CHAT_PROT=1"}, "CHAT_PROT"},
		{nil, []string{"PORT=http"}, "wrong form"},
		{[]string{"--role=other"}, nil, "no role"},
		{[]string{"--role=sender"}, nil, "Redis"},
		{[]string{"--mode=test"}, nil, "--mode=test"},
		{[]string{"--port=70000"}, nil, "--port=70000"},
		{[]string{"--host=0.0.0.0", "--auth=none"}, nil, "--insecure-open-access"},
		{[]string{"--insecure-open-access"}, nil, "--auth=none"},
		{[]string{"--transport=library"}, nil, "for comparison"},
		{[]string{"--argon2-memory=8"}, nil, "--argon2-memory=8"},
		{[]string{"--signing-secret-file=x"}, []string{"CHAT_SIGNING_SECRET=y"}, "keep one"},
		{nil, []string{"DATABASE_URL=postgres://a/b", "DB_HOST=c"}, "keep one"},
		{nil, []string{"DB_NAME=x"}, "DB_HOST is missing"},
		{nil, []string{"REDIS_PORT=6379"}, "REDIS_HOST is missing"},
		{[]string{"--role=sender"}, []string{"REDIS_HOST=x"}, "DATABASE_URL"},
		{[]string{"--log-level=loud"}, nil, "--log-level"},
		{[]string{"--allowed-origins=*"}, nil, `"*" is no origin`},
		{[]string{"--allowed-origins=https://chat.example/"}, nil, "without a path"},
		{[]string{"--allowed-origins=http://localhost:3000,null"}, nil, `"null" is no origin`},
		{[]string{"--allowed-origins=https://chat.example:443"}, nil, "its scheme has anyway"},
		{[]string{"--allowed-origins=http://localhost:80"}, nil, "its scheme has anyway"},
		{[]string{"--allowed-hosts=https://chat.example"}, nil, "without a scheme"},
		{[]string{"--allowed-hosts=chat.example:443"}, nil, "without a scheme"},
		{nil, []string{"CHAT_HOST="}, "--host is empty"},
		{[]string{"--tls-cert=x"}, nil, "belong together"},
		{[]string{"--trusted-proxies=10.0.0.0/8,proxy"}, nil, `"proxy"`},
		{nil, []string{"CHAT_TRUSTED_PROXIES=10.0.0.0/99"}, "--trusted-proxies"},
		{[]string{"--rate=sends=1/1s"}, nil, `no rate "sends"`},
		{[]string{"--rate=send=5"}, nil, "no rate; one is like"},
		{nil, []string{"CHAT_RATE=send=0/1s"}, "no rate; one is like"},
		{[]string{"--rate-limits=maybe"}, nil, "--rate-limits"},
		{[]string{"--sockets-per-user=0"}, nil, "--sockets-per-user"},
	} {
		t.Run(strings.Join(append(c.flags, c.environment...), " "), func(t *testing.T) {
			_, err := settings(t, c.flags, c.environment...)
			if err == nil || !strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line with %q", err, c.part)
			}
		})
	}
}

// TestRatesAreTaken: by flags again and again, by a variable or a file in one list.
func TestRatesAreTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.yaml")
	if err := os.WriteFile(file, []byte("rate: [send=1/1s, login=off]\nrate-limits: off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags       []string
		environment []string
		limits      string
	}{
		{[]string{"--rate=send=1/1s", "--rate=login=off"}, nil, "on"},
		{nil, []string{"CHAT_RATE=send=1/1s,login=off", "RATE_LIMITS=off"}, "off"},
		{[]string{"--config", file}, nil, "off"},
		{[]string{"--config", file, "--rate-limits=on"}, []string{"CHAT_RATE=send=1/1s login=off"}, "on"},
	} {
		got, err := settings(t, c.flags, c.environment...)
		if err != nil || !slices.Equal(got.Rates, []string{"send=1/1s", "login=off"}) || got.RateLimits != c.limits {
			t.Errorf("%v %v: %v, limits %s, %v", c.flags, c.environment, got.Rates, got.RateLimits, err)
		}
		for _, entry := range c.environment {
			name, _, _ := strings.Cut(entry, "=")
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestAFleetsSettingsAreTaken: a role in a container listens on every address, and knows the secret that all share.
func TestAFleetsSettingsAreTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(strings.TrimPrefix(signing, "CHAT_SIGNING_SECRET=")), 0o444); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"user", "sender", "receiver"} {
		c, err := settings(t, []string{"--role=" + role, "--host=0.0.0.0"}, "DB_HOST=postgres", "REDIS_HOST=redis", "CHAT_SIGNING_SECRET_FILE="+file)
		if err == nil {
			err = c.Check()
		}
		if err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func TestWrongSettingsOfTheUIAreOneLine(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	_, port, err := net.SplitHostPort(busy.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for part, args := range map[string][]string{
		"unknown flag":        {"--role=user"},
		"unexpected argument": {"extra"},
		"--port=70000":        {"--port=70000"},
		"--log-format=x":      {"--log-format=x"},
		"--log-level=loud":    {"--log-level=loud"},
		"free the port":       {"--port=" + port},
		"--metrics-addr=x":    {"--port=" + freePort(t), "--metrics-addr=x"},
		"--auth=some":         {"--auth=some"},
		"--sender-urls":       {"--sender-urls=http://localhost:4002,localhost:4004"},
		"--receiver-urls":     {"--receiver-urls=http://localhost:4005/graphql"},
	} {
		_, err := output(t, append([]string{"ui"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("ui %v: %v, want one line with %q", args, err, part)
		}
	}
}

// TestUIAlone serves pages under the rules of every server, without any store.
func TestUIAlone(t *testing.T) {
	port, metrics := freePort(t), freePort(t)
	t.Setenv("PORT", port)
	t.Setenv("CHAT_AUTH", "none")
	t.Setenv("CHAT_RECEIVER_URLS", "https://one.example,https://two.example:8443")
	ctx, stop := context.WithCancel(t.Context())
	c := root()
	c.SetErr(io.Discard)
	c.SetArgs([]string{"ui", "--metrics-addr", "127.0.0.1:" + metrics})
	ended := make(chan error, 1)
	go func() { ended <- c.ExecuteContext(ctx) }()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := output(t, "healthcheck"); err == nil {
			break
		} else if time.Since(began) > 10*time.Second {
			t.Fatal(err)
		}
	}
	get := func(url, host string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(body)
	}
	here := "http://127.0.0.1:" + port
	status, header, body := get(here+"/", "localhost")
	if status != 200 || !strings.Contains(body, "<html") || !strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
		header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the page: %d %v %.80s", status, header, body)
	}
	if strings.Contains(body, "/graphql") {
		t.Errorf("the page points to an API that is not here: %s", body)
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self' http://localhost:4001 http://localhost:4002 "+
		"https://one.example https://two.example:8443 ws://localhost:4001 ws://localhost:4002 wss://one.example wss://two.example:8443;") {
		t.Errorf("whom the page may talk to: %s", csp)
	}
	_, header, body = get(here+"/config.json", "localhost")
	if want := `{"name":"Receiver 2","graphql":"https://two.example:8443/graphql","socket":"wss://two.example:8443/graphql",` +
		`"auth":"https://two.example:8443/auth"}`; header.Get("Content-Type") != "application/json; charset=utf-8" ||
		!strings.Contains(body, want) || !strings.Contains(body, `"auth":"none"`) || !strings.Contains(body, `"name":"User"`) {
		t.Errorf("what the page is told: %v %s", header, body)
	}
	if status, _, _ := get(here+"/graphql", "localhost"); status != 404 {
		t.Errorf("the API: %d", status)
	}
	if status, _, _ := get(here+"/", "evil.example"); status != 421 {
		t.Errorf("the page under another name: %d", status)
	}
	if _, _, body := get(here+"/healthz", "localhost"); !strings.Contains(body, `"role":"ui"`) {
		t.Errorf("healthz: %s", body)
	}
	if _, _, body := get("http://127.0.0.1:"+metrics+"/metrics", ""); !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics: %.80s", body)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the stop: %v", err)
	}
}

// output runs a command line and gives what it prints.
func output(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestMigrateUpDownRedoStatus(t *testing.T) {
	t.Setenv("DATABASE_URL", pgtest.Empty(t))
	step := func(name string, want ...string) {
		t.Helper()
		out, err := output(t, "migrate", name, "--log-level", "error")
		if err != nil {
			t.Fatalf("migrate %s: %v", name, err)
		}
		for _, part := range want {
			if !strings.Contains(out, part) {
				t.Errorf("migrate %s: %q, want %q", name, out, part)
			}
		}
	}
	step("status", "00001_user.sql", "not run")
	done := make(chan error, 2)
	for range 2 { // one waits for the other
		go func() {
			_, err := output(t, "migrate", "up", "--log-level", "error")
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Errorf("two migrations at once: %v", err)
		}
	}
	step("up", "nothing to do")
	all, err := fs.Glob(migrations.Files(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	newest := all[len(all)-1]
	step("redo", "down "+newest, "up "+newest)
	for range all {
		step("down", "down 0000")
	}
	step("status", "not run")
	step("up", "up "+all[0], "up "+newest)
}

func TestServeRefusesADatabaseThatWasNotMigrated(t *testing.T) {
	t.Setenv("DATABASE_URL", pgtest.Empty(t))
	t.Setenv("CHAT_SIGNING_SECRET", strings.TrimPrefix(signing, "CHAT_SIGNING_SECRET="))
	_, err := output(t, "serve", "--port", "0", "--log-level", "error")
	if err == nil || !strings.Contains(err.Error(), "chat migrate up") {
		t.Errorf("an empty database: %v", err)
	}
}

func TestSmallCommands(t *testing.T) {
	if out, err := output(t, "version"); err != nil || !strings.HasPrefix(out, "chat ") {
		t.Errorf("version: %q %v", out, err)
	}
	if out, err := output(t, "schema", "--role", "sender"); err != nil || !strings.Contains(out, "createMessage") || strings.Contains(out, "type Subscription") {
		t.Errorf("schema of the sender: %.80q %v", out, err)
	}
	if _, err := output(t, "healthcheck", "--url", "http://127.0.0.1:1"); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("healthcheck of nothing: %v", err)
	}
}
