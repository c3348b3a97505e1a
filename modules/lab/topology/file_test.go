// Package topology proves compose.yaml on a machine without containers: what the file says is read by Compose's own
// library, and the very fleet is run as processes, with the commands, variables, health checks and conditions of the file.
package topology

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"chat/modules/app"
)

const (
	root = "../../.."
	job  = "migrate"
)

// roles are the processes of the product that have one, and the port of each.
func roles() map[string]struct{ role, port string } {
	return map[string]struct{ role, port string }{
		"user-service-1":     {"user", "4001"},
		"user-service-2":     {"user", "4003"},
		"sender-service-1":   {"sender", "4002"},
		"sender-service-2":   {"sender", "4004"},
		"receiver-service-1": {"receiver", "4005"},
		"receiver-service-2": {"receiver", "4006"},
	}
}

func load(t *testing.T) *types.Project {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(root, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	options, err := cli.NewProjectOptions([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatalf("load compose.yaml: %v", err)
	}
	return project
}

// variable gives a variable of a service, or nothing.
func variable(s types.ServiceConfig, name string) string {
	if value := s.Environment[name]; value != nil {
		return *value
	}
	return ""
}

// TestEveryService: the services of the brief on their ports, which nobody reaches from another machine, and what keeps
// each of them running.
func TestEveryService(t *testing.T) {
	project := load(t)
	ports := map[string]string{"postgres": "5432", "redis": "6379", "frontend": "3000", job: ""}
	images := map[string]string{"postgres": "postgres:15", "redis": "redis:7-alpine", "frontend": "chat", job: "chat"}
	for name, r := range roles() {
		ports[name], images[name] = r.port, "chat"
	}
	if got, want := project.ServiceNames(), slices.Sorted(maps.Keys(ports)); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Fatalf("the services are %v, want %v", got, want)
	}
	for name, s := range project.Services {
		if s.Image != images[name] {
			t.Errorf("%s is of the image %q, want %q", name, s.Image, images[name])
		}
		if built := s.Build != nil; built != (name == job) {
			t.Errorf("%s is built: %v; the job alone builds the image of all", name, built)
		}
		if s.Image == "chat" && s.PullPolicy != types.PullPolicyNever {
			t.Errorf("%s may pull an image of somebody else", name)
		}
		var published []string
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" || strconv.Itoa(int(p.Target)) != p.Published {
				t.Errorf("%s publishes %d as %s:%s", name, p.Target, p.HostIP, p.Published)
			}
			published = append(published, p.Published)
		}
		if got := strings.Join(published, " "); got != ports[name] {
			t.Errorf("%s publishes %q, want %q", name, got, ports[name])
		}
		if name == job {
			continue
		}
		if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) < 2 || s.HealthCheck.Test[0] != "CMD" {
			t.Errorf("%s has no health check that is a command", name)
		}
		if s.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("%s is restarted %q", name, s.Restart)
		}
	}
}

// TestEveryProcess: what the processes of the product are started with, and what they wait for.
func TestEveryProcess(t *testing.T) {
	project := load(t)
	for name, r := range roles() {
		s := project.Services[name]
		if want := []string{"serve", "--role=" + r.role, "--host=0.0.0.0"}; !slices.Equal(s.Command, want) {
			t.Errorf("%s runs %v, want %v", name, s.Command, want)
		}
		if got := s.DependsOn[job].Condition; got != types.ServiceConditionCompletedSuccessfully {
			t.Errorf("%s waits for the migrations until %q", name, got)
		}
		for _, store := range []string{"postgres", "redis"} {
			if got := s.DependsOn[store].Condition; got != types.ServiceConditionHealthy {
				t.Errorf("%s waits for %s until %q", name, store, got)
			}
		}
		for variableName, want := range map[string]string{
			"DB_HOST": "postgres", "DB_PORT": "5432", "DB_USERNAME": "postgres", "DB_PASSWORD": "postgres", "DB_NAME": "chat_system",
			"REDIS_HOST": "redis", "REDIS_PORT": "6379", "CHAT_SIGNING_SECRET_FILE": "/run/secrets/signing-secret",
		} {
			if got := variable(s, variableName); got != want {
				t.Errorf("%s has %s=%q, want %q", name, variableName, got, want)
			}
		}
	}
	if got := project.Services[job].Command; !slices.Equal(got, []string{"migrate", "up"}) {
		t.Errorf("the job runs %v", got)
	}
	if got := project.Services["frontend"].Command; !slices.Equal(got, []string{"ui", "--host=0.0.0.0"}) {
		t.Errorf("the frontend runs %v", got)
	}
	published := map[string][]string{}
	for name, r := range roles() {
		published[r.role] = append(published[r.role], "http://localhost:"+project.Services[name].Ports[0].Published)
	}
	for role, urls := range published {
		slices.Sort(urls)
		variableName := "CHAT_" + strings.ToUpper(role) + "_URLS"
		if got := variable(project.Services["frontend"], variableName); got != strings.Join(urls, ",") {
			t.Errorf("the pages look for %s on %q, and it is on %v", role, got, urls)
		}
	}
	for name, s := range project.Services {
		if s.Image != "chat" {
			continue
		}
		if got := variable(s, "NODE_ENV"); got != "production" {
			t.Errorf("%s has NODE_ENV=%q", name, got)
		}
		if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) <= 15*time.Second {
			t.Errorf("%s is killed before it has drained", name)
		}
		if name == job {
			continue
		}
		if got := variable(s, "PORT"); got != s.Ports[0].Published {
			t.Errorf("%s listens on %s and publishes %s", name, got, s.Ports[0].Published)
		}
		if got := variable(s, "CHAT_ALLOWED_HOSTS"); got != "localhost,127.0.0.1" {
			t.Errorf("%s answers to the names %q", name, got)
		}
		if !slices.Equal(s.HealthCheck.Test, []string{"CMD", "/chat", "healthcheck"}) {
			t.Errorf("%s is healthy by %v", name, s.HealthCheck.Test)
		}
	}
}

// TestTheSecret is the same file for every role, and for nobody else; it is made by hand, and never kept with the sources.
func TestTheSecret(t *testing.T) {
	project := load(t)
	if len(project.Secrets) != 1 {
		t.Fatalf("the secrets are %v", project.Secrets)
	}
	for name, s := range project.Services {
		var got []string
		for _, secret := range s.Secrets {
			got = append(got, mounted(secret))
		}
		var want []string
		if _, isRole := roles()[name]; isRole {
			want = []string{"/run/secrets/signing-secret"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the secrets %v, want %v", name, got, want)
		}
	}
	file := project.Secrets["signing-secret"].File
	if out, err := exec.Command("git", "-C", root, "check-ignore", "--no-index", file).CombinedOutput(); err != nil {
		t.Errorf("git does not ignore %s: %v %s", file, err, out)
	}
	for _, document := range []string{"README.md", "docs/OPERATIONS.md", "docs/MULTI_INSTANCE_IMPLEMENTATION.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "docker compose up") && !strings.Contains(string(text), secretLine(t)) {
			t.Errorf("%s does not say how the secret is made", document)
		}
	}
}

// TestEveryStore: the data outlives its container, Redis keeps nothing, and the server has room for all pools.
func TestEveryStore(t *testing.T) {
	project := load(t)
	volumes := project.Services["postgres"].Volumes
	if len(volumes) != 1 || volumes[0].Type != types.VolumeTypeVolume || volumes[0].Target != "/var/lib/postgresql/data" {
		t.Fatalf("PostgreSQL's volumes are %+v", volumes)
	}
	if _, ok := project.Volumes[volumes[0].Source]; !ok {
		t.Errorf("the volume %q is not named in the file", volumes[0].Source)
	}
	if got := project.Services["redis"].Tmpfs; !slices.Contains(got, "/data") {
		t.Errorf("Redis' directory would be a volume without a name: %v", got)
	}
	if got := settings(project.Services["postgres"])["log_error_verbosity"]; got != "terse" {
		t.Errorf("PostgreSQL's log has the values of rows: log_error_verbosity is %q", got)
	}
	connections, err := strconv.Atoi(settings(project.Services["postgres"])["max_connections"])
	if err != nil {
		t.Fatal(err)
	}
	if need := len(roles()) * app.Defaults().DBPool; need >= connections {
		t.Errorf("the pools take %d connections of %d", need, connections)
	}
}

// settings are those that PostgreSQL's command has.
func settings(s types.ServiceConfig) map[string]string {
	found := map[string]string{}
	for n, word := range s.Command {
		if name, value, ok := strings.Cut(word, "="); ok && s.Command[n-1] == "-c" {
			found[name] = value
		}
	}
	return found
}

// TestTheImage runs as nobody in particular and starts the binary that the health check calls.
func TestTheImage(t *testing.T) {
	stages := regexp.MustCompile(`(?m)^FROM `).Split(dockerfile(t), -1)
	last := stages[len(stages)-1]
	for _, line := range []string{"scratch", "COPY --from=build /chat /chat", "USER 65532:65532", `ENTRYPOINT ["/chat"]`} {
		if !slices.Contains(strings.Split(last, "\n"), line) {
			t.Errorf("the last stage has no line %q:\n%s", line, last)
		}
	}
}

func dockerfile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
