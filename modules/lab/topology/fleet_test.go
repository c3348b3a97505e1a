package topology

import (
	"cmp"
	"database/sql"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/lib/pq"
	"github.com/rs/zerolog"

	"chat/modules/nodetest"
	"chat/modules/pglocal"
	"chat/modules/redistest"
)

const (
	upTime = 60 * time.Second
	here   = "127.0.0.1" // what every name of the file's network becomes, and every address that a container listens on
)

// fleet is the file's project as processes of this machine.
type fleet struct {
	t       *testing.T
	dir     string
	binary  string
	project *types.Project
	ports   map[string]string // those of this machine, by those of the file
	secrets map[string]string // the files that containers see, by what is mounted there
	redis   *redistest.Server
	started map[string]*process
	healthy map[string]bool
}

// process is one process of the product.
type process struct {
	cmd  *exec.Cmd
	log  string        // the path of what it says
	done chan struct{} // closed when it has ended
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "chat-topology-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		t.Fatal(err)
	}
	f := &fleet{
		t: t, dir: dir, project: load(t), ports: map[string]string{},
		secrets: map[string]string{}, started: map[string]*process{}, healthy: map[string]bool{},
	}
	f.binary = build(t, dir)
	f.writeSecrets()
	for _, s := range f.project.Services {
		for _, p := range s.Ports {
			f.ports[p.Published] = freePort(t)
		}
	}
	return f
}

// writeSecrets makes the files that the file of the project names, by the line that its head gives for that.
func (f *fleet) writeSecrets() {
	f.t.Helper()
	cmd := exec.Command("sh", "-c", secretLine(f.t))
	cmd.Dir = f.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("make the secrets: %v\n%s", err, out)
	}
	for name, secret := range f.project.Secrets {
		inside, err := filepath.Rel(f.project.WorkingDir, secret.File)
		if err != nil {
			f.t.Fatal(err)
		}
		f.secrets[name] = filepath.Join(f.dir, inside)
		info, err := os.Stat(f.secrets[name])
		if err != nil {
			f.t.Fatal(err)
		}
		if info.Mode() != 0o444 { // a process is nobody in particular
			f.t.Errorf("%s has the mode %s", name, info.Mode())
		}
		if info, err = os.Stat(filepath.Dir(f.secrets[name])); err != nil || info.Mode().Perm() != 0o700 {
			f.t.Errorf("the directory of %s has the mode %s %v", name, info.Mode(), err)
		}
	}
}

// secretLine is the command that makes the secret, as compose.yaml says it.
func secretLine(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^# +(mkdir .*)    once$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("compose.yaml does not say how its secret is made")
	}
	return string(line[1])
}

// build builds the product by the command of the image, which has nothing that a binary could be linked with.
func build(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(dir, "chat")
	line := regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 go build .*) -o /chat \.$`).FindStringSubmatch(dockerfile(t))
	if line == nil {
		t.Fatal("the Dockerfile does not build /chat")
	}
	cmd := exec.Command("sh", "-c", line[1]+" -o "+binary+" chat")
	cmd.Env = append(os.Environ(), "VERSION=v0.topology")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	file, err := elf.Open(binary)
	if err != nil {
		return binary // another system's format
	}
	defer func() { _ = file.Close() }()
	if file.Section(".interp") != nil {
		t.Error("the binary is not static")
	}
	return binary
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", here+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// words gives those of a command as they are on this machine.
func (f *fleet) words(command []string) []string {
	var all []string
	for _, word := range command {
		switch {
		case f.ports[word] != "":
			word = f.ports[word]
		case word == "/chat":
			word = f.binary
		}
		all = append(all, strings.Replace(word, "0.0.0.0", here, 1))
	}
	return all
}

// environment gives the variables of a service as they are on this machine.
func (f *fleet) environment(s types.ServiceConfig) []string {
	var all []string
	for name := range s.Environment {
		value := variable(s, name)
		if _, isHost := f.project.Services[value]; isHost && strings.HasSuffix(name, "_HOST") {
			value = here
		}
		for _, secret := range s.Secrets { // others are not there
			if value == mounted(secret) {
				value = f.secrets[secret.Source]
			}
		}
		all = append(all, name+"="+cmp.Or(f.ports[value], value))
	}
	return all
}

// mounted is where a container finds a secret. Source: the Compose specification, "secrets".
func mounted(s types.ServiceSecretConfig) string {
	if filepath.IsAbs(s.Target) {
		return s.Target
	}
	return "/run/secrets/" + cmp.Or(s.Target, s.Source)
}

// url is how a service's published port is called from this machine.
func (f *fleet) url(service string) string {
	return "http://" + here + ":" + f.ports[f.project.Services[service].Ports[0].Published]
}

// up starts every service when the file lets it, and returns when all are healthy and the job is done.
func (f *fleet) up() {
	f.t.Helper()
	waiting := slices.Collect(maps.Keys(f.project.Services))
	for began := time.Now(); len(waiting) > 0 || !f.allHealthy(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > upTime {
			f.t.Fatalf("%v do not start; healthy are %v", waiting, f.healthy)
		}
		waiting = slices.DeleteFunc(waiting, func(name string) bool {
			may := f.mayStart(f.project.Services[name])
			if may {
				f.start(f.project.Services[name])
			}
			return may
		})
	}
}

func (f *fleet) mayStart(s types.ServiceConfig) bool {
	f.t.Helper()
	for name, d := range s.DependsOn {
		switch d.Condition {
		case types.ServiceConditionHealthy:
			if !f.isHealthy(name) {
				return false
			}
		case types.ServiceConditionCompletedSuccessfully:
			if !f.hasSucceeded(name) {
				return false
			}
		default:
			f.t.Fatalf("%s waits for %s until %q", s.Name, name, d.Condition)
		}
	}
	return true
}

func (f *fleet) allHealthy() bool {
	for name := range f.project.Services {
		if name != job && !f.isHealthy(name) {
			return false
		}
	}
	return true
}

// isHealthy runs the health check of a service that was started.
func (f *fleet) isHealthy(name string) bool {
	if f.healthy[name] {
		return true
	}
	if p, ok := f.started[name]; !ok {
		return false
	} else if p != nil {
		f.hasNotEnded(name, p)
	}
	f.healthy[name] = f.healthcheck(name) == nil
	return f.healthy[name]
}

func (f *fleet) hasNotEnded(name string, p *process) {
	f.t.Helper()
	select {
	case <-p.done:
		f.t.Fatalf("%s ended by itself: %s", name, p.words())
	default:
	}
}

// healthcheck runs the very command of the file, in the environment of the service.
func (f *fleet) healthcheck(name string) error {
	s := f.project.Services[name]
	words := f.words(s.HealthCheck.Test[1:])
	cmd := exec.CommandContext(f.t.Context(), installed(words[0]), words[1:]...)
	cmd.Env = f.environment(s)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", words, err, out)
	}
	return nil
}

// installed finds a client of PostgreSQL where systems keep it beside the server.
func installed(command string) string {
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + command); err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	return command
}

// hasSucceeded tells whether a job has ended well. One that has ended badly ends the test.
func (f *fleet) hasSucceeded(name string) bool {
	f.t.Helper()
	p := f.started[name]
	if p == nil {
		return false
	}
	select {
	case <-p.done:
	default:
		return false
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		f.t.Fatalf("%s ended with code %d: %s", name, code, p.words())
	}
	return true
}

func (f *fleet) start(s types.ServiceConfig) {
	f.t.Helper()
	switch s.Name {
	case "postgres":
		f.startPostgres(s)
		f.started[s.Name] = nil
	case "redis":
		f.redis = redistest.New(f.t, s.Command[1:]...)
		f.ports["6379"] = f.redis.Address()[len(here)+1:]
		f.started[s.Name] = nil
	default:
		f.started[s.Name] = f.run(s)
	}
}

// startPostgres starts a server with the settings, the user and the database of the file.
func (f *fleet) startPostgres(s types.ServiceConfig) {
	f.t.Helper()
	port, err := strconv.Atoi(f.ports["5432"])
	if err != nil {
		f.t.Fatal(err)
	}
	server, err := pglocal.Start(f.t.Context(), pglocal.Options{
		Dir: filepath.Join(f.dir, "pg"), Binaries: os.Getenv("PG_BIN"), Port: port, Settings: settings(s), Log: zerolog.Nop(),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := server.Stop(f.t.Context()); err != nil { // the context has ended: at once
			f.t.Error(err)
		}
	})
	db, err := sql.Open("postgres", server.URL("postgres"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if user := variable(s, "POSTGRES_USER"); user != "postgres" {
		if _, err := db.Exec("CREATE ROLE " + pq.QuoteIdentifier(user) + " SUPERUSER LOGIN"); err != nil {
			f.t.Fatal(err)
		}
	}
	if _, err := db.Exec("CREATE DATABASE " + pq.QuoteIdentifier(variable(s, "POSTGRES_DB"))); err != nil {
		f.t.Fatal(err)
	}
}

// run starts a process of the product.
func (f *fleet) run(s types.ServiceConfig) *process {
	f.t.Helper()
	p := &process{log: filepath.Join(f.dir, s.Name+".log"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	p.cmd = exec.Command(f.binary, f.words(s.Command)...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = f.environment(s), out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // nothing outlives the test
	if err := p.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is looked at where that matters
		close(p.done)
	}()
	f.t.Cleanup(func() { // of a test that failed
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	return p
}

func (p *process) words() string {
	text, err := os.ReadFile(p.log)
	return cmp.Or(string(text), fmt.Sprint("it said nothing ", err))
}

// down asks all processes of the product to end and checks that each does, in its time.
func (f *fleet) down() {
	f.t.Helper()
	names := append([]string{"frontend"}, slices.Collect(maps.Keys(roles()))...)
	for _, name := range names {
		p := f.started[name]
		f.hasNotEnded(name, p)
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			f.t.Fatal(err)
		}
	}
	for _, name := range names {
		p, grace := f.started[name], time.Duration(*f.project.Services[name].StopGracePeriod)
		select {
		case <-p.done:
		case <-time.After(grace):
			f.t.Errorf("%s does not end within %s", name, grace)
			continue
		}
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			f.t.Errorf("%s ended with code %d", name, code)
		}
		if said := p.words(); strings.Contains(said, `"level":"error"`) || strings.Contains(said, "panic") {
			f.t.Errorf("%s has said:\n%s", name, said)
		}
	}
}

// get asks a service as a browser would, whose page is of an origin.
func (f *fleet) get(method, url, host, origin string) (int, http.Header, string) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, url, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Host = host
	if origin != "" {
		req.Header.Set("Origin", origin)
		req.Header.Set("Access-Control-Request-Method", http.MethodPost)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

// TestTheFleet runs the file, lets clients that others wrote walk through it, over both of every role, and stops it.
func TestTheFleet(t *testing.T) {
	f := newFleet(t)
	f.up()
	if said := f.started[job].words(); !strings.Contains(said, "up 00001_") {
		t.Errorf("the job has migrated nothing: %s", said)
	}
	f.checkDoors()
	var lists []string
	for _, role := range []string{"user", "sender", "receiver"} {
		lists = append(lists, f.url(role+"-service-1")+"/graphql,"+f.url(role+"-service-2")+"/graphql")
	}
	out := nodetest.Run(t, filepath.Join(root, "modules/app/testdata/walk"), append([]string{"walk.mjs", "--accounts"}, lists...)...)
	if !strings.Contains(out, "walked") {
		t.Errorf("the walk: %s", out)
	}
	stats, err := f.redis.Do("INFO", "commandstats")
	if err != nil || !strings.Contains(stats, "cmdstat_publish:") || !strings.Contains(stats, "cmdstat_subscribe:") {
		t.Errorf("hints did not go through Redis: %v %s", err, stats)
	}
	f.down()
	for name := range roles() {
		if err := f.healthcheck(name); err == nil {
			t.Errorf("%s is healthy after its end", name)
		} else if _, ran := errors.AsType[*exec.ExitError](err); !ran {
			t.Errorf("the health check of %s: %v", name, err)
		}
	}
}

// TestARoleWithoutTheSecretDoesNotStart, and says in one line what it lacks. What old versions of Compose make in the place of a
// file that is not there is a directory.
func TestARoleWithoutTheSecretDoesNotStart(t *testing.T) {
	f := newFleet(t)
	path := f.secrets["signing-secret"]
	for _, spoil := range []struct {
		part string
		do   func() error
	}{
		{"no such file", func() error { return os.Remove(path) }},
		{"is a directory", func() error { return os.Mkdir(path, 0o700) }},
	} {
		if err := spoil.do(); err != nil {
			t.Fatal(err)
		}
		for name := range roles() {
			s := f.project.Services[name]
			cmd := exec.CommandContext(t.Context(), f.binary, f.words(s.Command)...)
			cmd.Env = f.environment(s)
			out, err := cmd.CombinedOutput()
			if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), path) || !strings.Contains(string(out), spoil.part) {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
	}
}

// checkDoors: pages of the frontend may call every role, those of strangers none, whatever name they point here.
func (f *fleet) checkDoors() {
	f.t.Helper()
	status, header, body := f.get(http.MethodGet, f.url("frontend")+"/", "localhost:3000", "")
	if status != 200 || !strings.Contains(body, "<html") || header.Get("Content-Security-Policy") == "" {
		f.t.Errorf("the page: %d %v %.80s", status, header, body)
	}
	for name := range f.project.Services {
		if p := f.started[name]; p == nil || name == job {
			continue
		}
		if status, _, _ := f.get(http.MethodGet, f.url(name)+"/", "rebound.example", ""); status != http.StatusMisdirectedRequest {
			f.t.Errorf("%s under a stranger's name: %d", name, status)
		}
		if _, _, body := f.get(http.MethodGet, f.url(name)+"/healthz", "localhost", ""); !strings.Contains(body, "v0.topology") {
			f.t.Errorf("%s is of another version: %s", name, body)
		}
	}
	for name := range roles() {
		for origin, want := range map[string]string{"http://localhost:3000": "http://localhost:3000", "http://rebound.example": ""} {
			_, header, _ := f.get(http.MethodOptions, f.url(name)+"/graphql", "localhost", origin)
			if got := header.Get("Access-Control-Allow-Origin"); got != want {
				f.t.Errorf("%s allows a page of %s as %q", name, origin, got)
			}
		}
	}
}
