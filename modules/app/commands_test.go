package app

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"mvdan.cc/sh/v3/syntax"

	"chat/modules/identity"
	"chat/modules/pgtest"
)

// shop is where the commands of a document are run: a directory with the built product, and a database of its own.
type shop struct {
	t       *testing.T
	dir     string
	env     []string
	product func() *served // that answers where the documents have localhost:4000
}

// TestCommands: what the documents tell to type is run, or its parts exist.
func TestCommands(t *testing.T) {
	path := build(t)
	for _, d := range papers(t) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, path)
			for n, b := range d.blocks {
				s.try(d, n, b)
			}
			for n, line := range d.lines {
				if !d.isInBlock(n) {
					s.checkSpans(d, n, line)
				}
			}
		})
	}
}

func newShop(t *testing.T, path string) *shop {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(path, filepath.Join(dir, "chat")); err != nil {
		t.Fatal(err)
	}
	var front *served
	return &shop{t: t, dir: dir, env: []string{
		"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir, "DATABASE_URL=" + pgtest.URL(t), "CHAT_SIGNING_SECRET=" + testSecret,
	}, product: func() *served {
		if front == nil {
			front = serveWorld(t, accounts(t))
		}
		return front
	}}
}

// isInBlock tells whether a line stands in a fenced block, its fences included.
func (d *paper) isInBlock(line int) bool {
	return slices.ContainsFunc(d.blocks, func(b block) bool { return line >= b.line-1 && line <= b.line+strings.Count(b.text, "\n")+1 })
}

// try does with a block what its language asks for. There is no block of which nothing is looked at.
func (s *shop) try(d *paper, n int, b block) {
	at := func(what string) { s.t.Errorf("%s:%d: %s", d.name, b.line, what) }
	switch b.language {
	case "graphql": // TestExamples
	case "json":
		if n == 0 || d.blocks[n-1].language != "graphql" && d.blocks[n-1].language != "json" {
			at("the JSON is the answer to nothing")
		}
	case "mermaid": // a picture
	case "sh":
		s.check(d, b.line, b.text)
		if why, isNot := strings.CutPrefix(b.note, "not run: "); isNot && why != "" {
			return
		}
		printed := s.run(d, b)
		if n+1 < len(d.blocks) && d.blocks[n+1].language == "text" {
			d.compare(s.t, n+1, printed)
		}
	case "text":
		if n == 0 || d.blocks[n-1].language != "sh" {
			at("the text is what no command prints")
		}
	case "folders":
		s.checkFolders(d, b)
	case "secrets":
		file := strings.NewReplacer("<the new secret>", testSecret, "<the old secret>", testSecret[:34]).Replace(b.text)
		if _, err := identity.ParseKeys(file, "chat", time.Minute); err != nil {
			at("these are no secrets: " + err.Error())
		}
	default:
		at("nobody looks at blocks of " + b.language)
	}
}

// run runs a block, with a password to read, and gives what it prints.
func (s *shop) run(d *paper, b block) string {
	text := strings.ReplaceAll(b.text, "go run . ", "chat ")
	if strings.Contains(text, "localhost:4000") {
		text = strings.ReplaceAll(text, "localhost:4000", s.product().address)
	}
	c := exec.CommandContext(s.t.Context(), "sh", "-euc", text)
	c.Dir, c.Env, c.Stdin = s.dir, s.env, strings.NewReader(password+"\n")
	var printed, beside bytes.Buffer
	c.Stdout, c.Stderr = &printed, &beside
	if err := c.Run(); err != nil {
		s.t.Errorf("%s:%d: %v\n%s", d.name, b.line, err, beside.String())
	}
	return strings.TrimSpace(requestID.ReplaceAllString(printed.String(), ""))
}

// checkFolders looks for the files and folders of a tree, which are indented below their folder.
func (s *shop) checkFolders(d *paper, b block) {
	above := ""
	for _, line := range strings.Split(b.text, "\n") {
		names := strings.Fields(strings.Split(strings.TrimSpace(line), "   ")[0])
		if !strings.HasPrefix(line, " ") {
			above = ""
		}
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(root, above, name)); err != nil {
				s.t.Errorf("%s:%d: %v", d.name, b.line, err)
			}
		}
		if !strings.HasPrefix(line, " ") {
			above = names[0]
		}
	}
}

// span is code in a line that is a command, by its first word.
var span = regexp.MustCompile("`((?:[A-Z_]+=[^ `]* )*(?:chat|go|task|npm|sh|docker|openssl) [^`]+)`")

func (s *shop) checkSpans(d *paper, n int, line string) {
	for _, found := range span.FindAllStringSubmatch(line, -1) {
		for _, command := range alternatives(found[1]) {
			s.check(d, n+1, command)
		}
	}
}

// alternatives are the commands that a span stands for: "chat user list\|enable" is two.
func alternatives(text string) []string {
	words := strings.Fields(text)
	for n, word := range words {
		if choices := strings.Split(word, `\|`); len(choices) > 1 {
			var all []string
			for _, choice := range choices {
				all = append(all, strings.Join(slices.Concat(words[:n], []string{choice}, words[n+1:]), " "))
			}
			return all
		}
	}
	return []string{text}
}

// check looks at every command of a text.
func (s *shop) check(d *paper, line int, text string) {
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), d.name)
	if err != nil {
		s.t.Errorf("%s:%d: %q is no command: %v", d.name, line, text, err)
		return
	}
	functions := map[string]bool{}
	syntax.Walk(parsed, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.FuncDecl:
			functions[node.Name.Value] = true
		case *syntax.CallExpr:
			if words := wordsOf(node); len(words) > 0 && !functions[words[0]] {
				if why := s.missing(words); why != "" {
					s.t.Errorf("%s:%d: %s: %s", d.name, line, strings.Join(words, " "), why)
				}
			}
		}
		return true
	})
}

func wordsOf(call *syntax.CallExpr) (words []string) {
	for _, arg := range call.Args {
		var word strings.Builder
		for _, part := range arg.Parts {
			switch part := part.(type) {
			case *syntax.Lit:
				word.WriteString(part.Value)
			case *syntax.SglQuoted:
				word.WriteString(part.Value)
			default:
				word.WriteString("?")
			}
		}
		words = append(words, word.String())
	}
	return words
}

// missing says what a command names that does not exist; "" is nothing.
func (s *shop) missing(words []string) string {
	switch words[0] {
	case "chat", "./chat":
		return s.missingFlags(words[1:])
	case "go":
		return s.missingGo(words[1:])
	case "task":
		var file struct{ Tasks map[string]any }
		return missingKey(s.t, "Taskfile.yml", &file, func() bool { return file.Tasks[words[1]] != nil })
	case "npm":
		if words[1] == "ci" {
			return ""
		}
		var file struct{ Scripts map[string]any }
		script := words[len(words)-1]
		if words[1] == "run" {
			script = words[2]
		}
		return missingKey(s.t, "frontend/package.json", &file, func() bool { return file.Scripts[script] != nil })
	case "docker":
		if strings.Join(words[:3], " ") == "docker compose up" {
			return ""
		}
		var file struct{ Services map[string]any }
		if why := missingKey(s.t, "compose.yaml", &file, func() bool { return file.Services[words[4]] != nil }); why != "" {
			return why
		}
		return s.missingFlags(words[5:])
	case "sh":
		return missingFile(words[1])
	case "cd", "chmod", "createdb", "curl", "echo", "export", "mkdir", "openssl", "sed": // of others
		return ""
	}
	return "nobody knows whether it exists"
}

// missingFlags asks the product for the help of a command with these flags, which reads them.
func (s *shop) missingFlags(words []string) string {
	c := exec.Command(s.dir+"/chat", append(slices.Clone(words), "--help")...)
	c.Env = s.env
	out, err := c.CombinedOutput()
	if err != nil {
		return string(out)
	}
	usage := "Usage:\n  chat"
	for _, word := range words {
		if strings.HasPrefix(word, "-") || strings.ToLower(word) != word || word == "ann" {
			break
		}
		usage += " " + word
	}
	if !strings.Contains(string(out), usage) {
		return "there is no such command"
	}
	return ""
}

var testName = regexp.MustCompile(`^(?:Test|Fuzz)?[A-Z][A-Za-z|]*$`)

// missingGo looks for the packages and files that a go command names, and for the tests.
func (s *shop) missingGo(words []string) string {
	if words[0] == "run" && words[1] == "." {
		return s.missingFlags(words[2:])
	}
	wanted := ""
	for n, word := range words {
		if path, hasPath := strings.CutPrefix(word, "-modfile="); hasPath {
			word = "./" + path
		}
		if strings.HasPrefix(word, "./") && word != "./..." {
			if why := missingFile(word); why != "" {
				return why
			}
		}
		if slices.Contains([]string{"-run", "-fuzz"}, word) {
			wanted = words[n+1]
		}
	}
	if wanted == "" || wanted == "NAME" {
		return ""
	}
	folder := words[slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "./") && w != "./modules/pgtest/once" })]
	files, _ := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && testName.MatchString(wanted) && regexp.MustCompile(`(?m)^func (?:Test|Fuzz)?\w*(?:`+wanted+`)\w*\(`).Match(text) {
			return ""
		}
	}
	return "there is no such test"
}

func missingFile(name string) string {
	if _, err := os.Stat(filepath.Join(root, name)); err != nil {
		return err.Error()
	}
	return ""
}

// missingKey reads a file of YAML or JSON and asks whether it has something.
func missingKey(t *testing.T, name string, file any, has func() bool) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err == nil && strings.HasSuffix(name, ".json") {
		err = json.Unmarshal(text, file)
	} else if err == nil {
		err = yaml.Unmarshal(text, file)
	}
	switch {
	case err != nil:
		return err.Error()
	case !has():
		return name + " does not have it"
	}
	return ""
}

// TestLinks: what the documents link to in the repository is there.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)|(?:srcset|src)="([^"]+)"`)
	for _, d := range papers(t) {
		for n, line := range d.lines {
			for _, found := range link.FindAllStringSubmatch(line, -1) {
				target := found[1] + found[2]
				if strings.Contains(target, "://") || d.isInBlock(n) {
					continue
				}
				if _, err := os.Stat(filepath.Join(root, filepath.Dir(d.name), target)); err != nil {
					t.Errorf("%s:%d: %v", d.name, n+1, err)
				}
			}
		}
	}
}
