package app

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// TestTables: the tables of docs/ERRORS.md are as the code has them. UPDATE=1 makes them anew.
func TestTables(t *testing.T) {
	meanings := func(what string, all []meant) string {
		table := "| " + what + " | what it means |\n|---|---|\n"
		for _, one := range all {
			table += fmt.Sprintf("| %s | %s |\n", one.name, one.meaning)
		}
		return table
	}
	closes := "| code | reasons |\n|---|---|\n"
	reasons := closesOf(t)
	for _, code := range slices.Sorted(maps.Keys(reasons)) {
		slices.Sort(reasons[code])
		closes += fmt.Sprintf("| %d | %s |\n", code, strings.Join(slices.Compact(reasons[code]), "; "))
	}
	checkMade(t, "docs/ERRORS.md", "codes", meanings("code", meantOf(t, "Code")))
	checkMade(t, "docs/ERRORS.md", "reasons", meanings("reason", meantOf(t, "Reason")))
	checkMade(t, "docs/ERRORS.md", "closes", closes)
}

// checkMade compares a part of a document with what it is made from.
func checkMade(t *testing.T, name, part, want string) {
	t.Helper()
	text, err := os.ReadFile(root + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "<!-- made: "+part+" -->\n")
	got, after, isThere := strings.Cut(rest, "<!-- end -->")
	switch {
	case !isThere:
		t.Errorf("%s has no place for the %s", name, part)
	case got == want:
	case os.Getenv("UPDATE") == "":
		t.Errorf("%s: the %s have changed; look at them, and make them anew with UPDATE=1", name, part)
	default:
		made := before + "<!-- made: " + part + " -->\n" + want + "<!-- end -->" + after
		if err := os.WriteFile(root+"/"+name, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// sources parses the files of a package that are no tests.
func sources(t *testing.T, folder string) (all []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(root + "/modules/" + folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}

// constants calls found with each constant that has a value of its own.
func constants(files []*ast.File, found func(spec *ast.ValueSpec, value string)) {
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			if spec, isValue := node.(*ast.ValueSpec); isValue && len(spec.Values) == 1 {
				if literal, isLiteral := spec.Values[0].(*ast.BasicLit); isLiteral {
					found(spec, literal.Value)
				}
			}
			return true
		})
	}
}

// meant is what errors carry for programs, and what it means by the comment behind it.
type meant struct{ name, meaning string }

// meantOf are all constants of one of those types (Code or Reason), in the order of the code.
func meantOf(t *testing.T, wanted string) (all []meant) {
	t.Helper()
	constants(slices.Concat(sources(t, "fault"), sources(t, "gql")), func(spec *ast.ValueSpec, value string) {
		kind := ""
		switch of := spec.Type.(type) {
		case *ast.Ident:
			kind = of.Name
		case *ast.SelectorExpr:
			kind = of.Sel.Name
		}
		if kind != wanted {
			return
		}
		name, err := strconv.Unquote(value)
		if err != nil || strings.TrimSpace(spec.Comment.Text()) == "" {
			t.Errorf("behind %s does not stand what it means (%v)", value, err)
		}
		all = append(all, meant{name, strings.TrimSpace(spec.Comment.Text())})
	})
	if len(all) < 13 {
		t.Errorf("%d constants of the type %s", len(all), wanted)
	}
	return all
}

func codeNames(t *testing.T) (names []string) {
	t.Helper()
	for _, c := range meantOf(t, "Code") {
		names = append(names, c.name)
	}
	return names
}

// closesOf are the codes that a socket is closed with, each with its reasons.
func closesOf(t *testing.T) map[int][]string {
	t.Helper()
	files := sources(t, "socket")
	known := map[string]int{ // of RFC 6455 and IANA
		"CloseInvalidFramePayloadData": websocket.CloseInvalidFramePayloadData, "CloseMessageTooBig": websocket.CloseMessageTooBig,
		"CloseProtocolError": websocket.CloseProtocolError, "CloseTryAgainLater": websocket.CloseTryAgainLater,
		"CloseServiceRestart": websocket.CloseServiceRestart,
	}
	constants(files, func(spec *ast.ValueSpec, value string) {
		if code, err := strconv.Atoi(value); err == nil {
			known[spec.Names[0].Name] = code
		}
	})
	reasons := map[int][]string{}
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			name, text := closeOf(node)
			if name == "" || name == "code" { // one that is handed on stands where it comes from
				return true
			}
			code := known[name]
			if code == 0 {
				t.Errorf("a socket is closed with %q, whose number is not known", name)
			}
			reasons[code] = append(reasons[code], reasonOf(text))
			return true
		})
	}
	return reasons
}

// closeOf gives the name of the code and the reason where a socket is closed, or a client is found to have broken a rule.
func closeOf(node ast.Node) (name string, text ast.Expr) {
	var pair []ast.Expr
	switch node := node.(type) {
	case *ast.CallExpr:
		method, isMethod := node.Fun.(*ast.SelectorExpr)
		if isMethod && (method.Sel.Name == "close" || method.Sel.Name == "misbehaved") {
			pair = node.Args
		}
	case *ast.CompositeLit:
		if kind, isNamed := node.Type.(*ast.Ident); isNamed && kind.Name == "broken" {
			pair = node.Elts
		}
	}
	if len(pair) != 2 {
		return "", nil
	}
	switch code := pair[0].(type) {
	case *ast.Ident:
		return code.Name, pair[1]
	case *ast.SelectorExpr:
		return code.Sel.Name, pair[1]
	}
	return "", nil
}

// reasonOf is the text of a close, with dots for what is put into it.
func reasonOf(text ast.Expr) string {
	switch text := text.(type) {
	case *ast.BasicLit:
		plain, _ := strconv.Unquote(text.Value) // it compiles
		return plain
	case *ast.BinaryExpr:
		return cmp.Or(reasonOf(text.X), "…") + reasonOf(text.Y)
	}
	return "…"
}
