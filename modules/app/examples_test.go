package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"chat/schema"
)

// The examples of the documents are run, in order, and their answers compared. UPDATE=1 writes the answers as they are now.
//
// A block of GraphQL begins with a comment: by whom it is sent, and the name that the id of its answer has from there on,
// which is bound to every variable of that name. The block of JSON after it is the answer. A subscription stays open: a block
// of JSON after it, or after the answer of something else, is its next result. A block of shell is run, and a block of text
// after it is what it prints; a comment in the place of that says why it is not run, and then what it names has to exist.

// block is one fenced example of a document.
type block struct {
	language string
	note     string // the comment above it
	text     string
	line     int // of its first line of text, from 0
}

// paper is a document with its examples.
type paper struct {
	name   string
	lines  []string
	blocks []block
}

// root is the repository.
const root = "../.."

// papers are all the documents that there are.
func papers(t *testing.T) []*paper {
	t.Helper()
	paths, err := filepath.Glob(root + "/docs/*.md")
	if err != nil || len(paths) < 7 {
		t.Fatalf("documents: %v %v", paths, err)
	}
	var all []*paper
	for _, path := range append(paths, root+"/README.md", root+"/CONTRIBUTING.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := &paper{name: strings.TrimPrefix(path, root+"/"), lines: strings.Split(string(text), "\n")}
		d.findBlocks(t)
		all = append(all, d)
	}
	return all
}

func (d *paper) findBlocks(t *testing.T) {
	t.Helper()
	open := false
	for n, line := range d.lines {
		language, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && !open:
			b := block{language: language, line: n + 1}
			for above := n - 1; above >= 0 && b.note == ""; above-- {
				if text := strings.TrimSpace(d.lines[above]); text != "" {
					if comment, isComment := strings.CutPrefix(text, "<!-- "); isComment {
						b.note = strings.TrimSuffix(comment, " -->")
					}
					break
				}
			}
			d.blocks = append(d.blocks, b)
			open = true
		case isFence:
			b := &d.blocks[len(d.blocks)-1]
			b.text, open = strings.Join(d.lines[b.line:n], "\n"), false
			if b.language == "" {
				t.Errorf("%s:%d: the block has no language", d.name, b.line)
			}
		}
	}
}

// update makes a block have that text, and forgets where the blocks after it were.
func (d *paper) update(t *testing.T, n int, text string) {
	t.Helper()
	b := &d.blocks[n]
	had := strings.Count(b.text, "\n") + 1
	now := strings.Split(text, "\n")
	d.lines = append(d.lines[:b.line:b.line], append(now, d.lines[b.line+had:]...)...)
	b.text = text
	for later := n + 1; later < len(d.blocks); later++ {
		d.blocks[later].line += len(now) - had
	}
	if err := os.WriteFile(root+"/"+d.name, []byte(strings.Join(d.lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compare compares what came with the block that says it.
func (d *paper) compare(t *testing.T, n int, got string) {
	t.Helper()
	b := d.blocks[n]
	switch {
	case got == b.text:
	case os.Getenv("UPDATE") != "":
		d.update(t, n, got)
	default:
		t.Errorf("%s:%d says\n%s\nand the product\n%s", d.name, b.line, b.text, got)
	}
}

// reader goes through a document as a reader does who tries everything.
type reader struct {
	*served
	t      *testing.T
	tokens map[string]string // by the name of who is signed in
	bound  map[string]any
	open   map[string]*followed // by the field of the subscription
	opened int
}

// followed is an open subscription.
type followed struct {
	line *line
	name string
	read int
}

func newReader(t *testing.T) *reader {
	return &reader{served: serveWorld(t, accounts(t)), t: t, tokens: map[string]string{}, bound: map[string]any{}, open: map[string]*followed{}}
}

var (
	byWhom    = regexp.MustCompile(`\bby (\w+)`)
	givesWhat = regexp.MustCompile(`\$(\w+)`)
)

// TestExamples: every document's GraphQL is answered as the document says.
func TestExamples(t *testing.T) {
	for _, d := range papers(t) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			var r *reader
			for n, b := range d.blocks {
				if b.language != "graphql" {
					continue
				}
				if r == nil {
					r = newReader(t)
				}
				r.send(d, n)
			}
		})
	}
}

// send sends the document of a block, and compares with the blocks after it.
func (r *reader) send(d *paper, n int) {
	t, b := r.t, d.blocks[n]
	head, _, _ := strings.Cut(b.text, "\n")
	who := byWhom.FindStringSubmatch(head)
	doc, err := parser.ParseQuery(&ast.Source{Input: b.text})
	if err != nil || !strings.HasPrefix(head, "# ") || who == nil || len(doc.Operations) != 1 {
		t.Errorf("%s:%d: it has to be one operation, and begin with a comment that says by whom (%v)", d.name, b.line, err)
		return
	}
	operation := doc.Operations[0]
	v := vars{}
	for _, variable := range operation.VariableDefinitions {
		if value, isBound := r.bound[variable.Variable]; isBound {
			v[variable.Variable] = value
		}
	}
	field := operation.SelectionSet[0].(*ast.Field).Name
	answers := n + 1
	if operation.Operation == ast.Subscription {
		r.open[field] = r.follow(who[1], b.text, v)
	} else {
		_, answer := r.post(r.token(who[1]), b.text, v)
		if gives := givesWhat.FindStringSubmatch(head); gives != nil {
			r.bind(gives[1], answer)
		}
		if answers == len(d.blocks) || d.blocks[answers].language != "json" {
			t.Errorf("%s:%d: it has no answer", d.name, b.line)
			return
		}
		d.compare(t, answers, r.plain(answer))
		answers++
		r.forget(field)
	}
	for ; answers < len(d.blocks) && d.blocks[answers].language == "json"; answers++ {
		d.compare(t, answers, r.next(d, answers))
	}
}

// token is that of somebody; they sign in when they are first named.
func (r *reader) token(name string) string {
	if name == "nobody" {
		return ""
	}
	if r.tokens[name] == "" {
		r.tokens[name] = r.login(name, password).AccessToken
	}
	return r.tokens[name]
}

// forget forgets who is signed in, after what ends sessions.
func (r *reader) forget(field string) {
	if strings.HasPrefix(field, "logout") {
		clear(r.tokens)
	}
}

// bind gives a name to the field of an answer that has that name, or else to its id.
func (r *reader) bind(name, answer string) {
	r.t.Helper()
	for _, field := range []string{name, "id"} {
		if found := regexp.MustCompile(`"` + field + `":"([^"]+)"`).FindStringSubmatch(answer); found != nil {
			r.bound[name] = found[1]
			return
		}
	}
	r.t.Errorf("there is nothing to call %s in %s", name, answer)
}

// follow opens a subscription, and waits until it is.
func (r *reader) follow(who, text string, v vars) *followed {
	l := r.connect(r.token(who))
	s := &followed{line: l, name: l.subscribe(text, v)}
	r.opened++
	r.awaitMetric("chat_live_subscriptions", r.opened)
	return s
}

// next is the next result of the subscription that a block is about.
func (r *reader) next(d *paper, n int) string {
	var said struct{ Data map[string]json.RawMessage }
	_ = json.Unmarshal([]byte(d.blocks[n].text), &said)
	for field := range said.Data {
		s := r.open[field]
		if s == nil {
			break
		}
		s.line.await("a result of "+field, func() bool { return len(s.line.frames[s.name]) > s.read })
		s.line.mu.Lock()
		defer s.line.mu.Unlock()
		s.read++
		return r.plain(string(s.line.frames[s.name][s.read-1].Payload))
	}
	r.t.Errorf("%s:%d: it is the result of no subscription", d.name, d.blocks[n].line)
	return d.blocks[n].text
}

var (
	requestID = regexp.MustCompile(`,"requestId":"[^"]*"`)
	differs   = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"|"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]*Z"|"[A-Za-z0-9_.-]{40,}"`)
)

// plain is an answer without what is never the same: names for what has one, dots for other ids, times and tokens.
func (r *reader) plain(answer string) string {
	for name, value := range r.bound {
		answer = strings.ReplaceAll(answer, fmt.Sprint(value), "$"+name)
	}
	answer = differs.ReplaceAllString(requestID.ReplaceAllString(strings.TrimSpace(answer), ""), `"…"`)
	if wrapped, err := wrap(jsontext.NewDecoder(strings.NewReader(answer)), ""); err == nil {
		return wrapped
	}
	return answer
}

// maxLine is how long a value may be to stand in one line.
const maxLine = 120

// wrap gives a value in one line where there is room, and else each of its members in a line of its own.
func wrap(in *jsontext.Decoder, indent string) (string, error) {
	kind := in.PeekKind()
	if kind != '{' && kind != '[' {
		value, err := in.ReadValue()
		return string(value), err
	}
	if _, err := in.ReadToken(); err != nil {
		return "", err
	}
	var members []string
	length := len(indent)
	for in.PeekKind() != '}' && in.PeekKind() != ']' {
		name := ""
		if kind == '{' {
			token, err := in.ReadValue()
			if err != nil {
				return "", err
			}
			name = string(token) + ": "
		}
		value, err := wrap(in, indent+"  ")
		if err != nil {
			return "", err
		}
		members = append(members, name+value)
		length += len(name) + len(value) + 2
	}
	closing, err := in.ReadToken()
	if err != nil {
		return "", err
	}
	text := strings.Join(members, ", ")
	if length > maxLine || strings.Contains(text, "\n") {
		inner := indent + "  "
		text = "\n" + inner + strings.Join(members, ",\n"+inner) + "\n" + indent
	}
	return string(rune(kind)) + text + closing.String(), nil
}

// TestEveryOperationIsInTheDocument, where its role is, with its errors and an example that is run.
func TestEveryOperationIsInTheDocument(t *testing.T) {
	d := &paper{name: "docs/API_ENDPOINTS.md"}
	text, err := os.ReadFile(root + "/" + d.name)
	if err != nil {
		t.Fatal(err)
	}
	d.lines = strings.Split(string(text), "\n")
	d.findBlocks(t)
	codes := codeNames(t)
	for _, role := range []Role{User, Sender, Receiver} {
		fields, err := schema.Roots(role.keep())
		if err != nil {
			t.Fatal(err)
		}
		_, chapter, _ := strings.Cut(string(text), "\n## "+string(role)+"\n")
		chapter, _, _ = strings.Cut(chapter, "\n## ")
		for _, operation := range fields {
			_, field, _ := strings.Cut(operation, " ")
			if field == "health" && role != Receiver { // every role has it
				continue
			}
			_, section, _ := strings.Cut(chapter, "\n### "+field+"\n")
			section, _, _ = strings.Cut(section, "\n### ")
			_, errors, _ := strings.Cut(section, "\nErrors: ")
			errors, _, _ = strings.Cut(errors, "\n\n")
			if errors == "" {
				t.Errorf("%s: of %s there is no section with its errors among those of the role %s", d.name, field, role)
			}
			for _, code := range regexp.MustCompile(`[A-Z]+_?[A-Z_]{5,}`).FindAllString(errors, -1) {
				if !slices.Contains(codes, code) {
					t.Errorf("%s: %s: there is no code %s", d.name, field, code)
				}
			}
			if !regexp.MustCompile("(?s)```graphql[^`]*\\b" + field + `\b`).MatchString(section) {
				t.Errorf("%s: %s has no example", d.name, field)
			}
		}
		if extra := strings.Count(chapter, "\n### "); extra != len(fields)-map[bool]int{true: 1}[role != Receiver] {
			t.Errorf("%s: the role %s has %d sections for %d operations", d.name, role, extra, len(fields))
		}
	}
}
