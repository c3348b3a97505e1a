// Package schema holds the API as SDL, one file per feature, and composes what a role serves.
//
// Every file states its types and, in "extend type Query", "Mutation" and "Subscription" blocks, its root fields. A
// role has every type, so that documents share fragments between roles, and the root fields that it keeps.
package schema

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

//go:embed *.graphql
var files embed.FS

// Keep maps a feature (the name of its file) to the roots of which a role serves that feature's fields.
type Keep map[string][]ast.Operation

// Compose returns the SDL of a role. Errors: a file that does not parse, or a root field that two files define.
func Compose(keep Keep) (string, error) {
	doc, err := read(keep)
	if err != nil {
		return "", err
	}
	var sdl strings.Builder
	formatter.NewFormatter(&sdl, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
	return sdl.String(), nil
}

// Roots lists the root fields that a role serves, each as "mutation createMessage".
func Roots(keep Keep) ([]string, error) {
	doc, err := read(keep)
	if err != nil {
		return nil, err
	}
	var fields []string
	for _, definition := range doc.Definitions {
		if isRoot(definition.Name) {
			for _, field := range definition.Fields {
				fields = append(fields, strings.ToLower(definition.Name)+" "+field.Name)
			}
		}
	}
	return fields, nil
}

// AsQueries makes an SDL whose subscriptions are its queries: an event is executed as the root value of the
// subscription's selection.
func AsQueries(keep Keep) (string, error) {
	doc, err := read(keep)
	if err != nil {
		return "", err
	}
	doc.Definitions = slices.DeleteFunc(doc.Definitions, func(d *ast.Definition) bool {
		return isRoot(d.Name) && d.Name != "Subscription"
	})
	doc.Schema = append(doc.Schema, &ast.SchemaDefinition{
		OperationTypes: ast.OperationTypeDefinitionList{{Operation: ast.Query, Type: "Subscription"}},
	})
	var sdl strings.Builder
	formatter.NewFormatter(&sdl, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
	return sdl.String(), nil
}

func isRoot(name string) bool { return name == "Query" || name == "Mutation" || name == "Subscription" }

// read merges the files into one document without extensions.
func read(keep Keep) (*ast.SchemaDocument, error) {
	names, err := fs.Glob(files, "*.graphql")
	if err != nil {
		return nil, fmt.Errorf("list the schema: %w", err)
	}
	merged := &ast.SchemaDocument{}
	var extensions ast.DefinitionList
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the schema: %w", err)
		}
		doc, err := parser.ParseSchema(&ast.Source{Name: name, Input: string(text)})
		if err != nil {
			return nil, fmt.Errorf("parse the schema: %w", err)
		}
		merged.Merge(doc)
		kept := keep[strings.TrimSuffix(path.Base(name), ".graphql")]
		for _, extension := range doc.Extensions {
			if !isRoot(extension.Name) || slices.Contains(kept, ast.Operation(strings.ToLower(extension.Name))) {
				extensions = append(extensions, extension)
			}
		}
	}
	merged.Extensions = nil
	for _, extension := range extensions {
		if err := extend(merged, extension); err != nil {
			return nil, err
		}
	}
	return merged, nil
}

func extend(doc *ast.SchemaDocument, extension *ast.Definition) error {
	base := doc.Definitions.ForName(extension.Name)
	if base == nil {
		base = &ast.Definition{Kind: extension.Kind, Name: extension.Name, Position: extension.Position}
		doc.Definitions = append(doc.Definitions, base)
	}
	for _, field := range extension.Fields {
		if base.Fields.ForName(field.Name) != nil {
			return fmt.Errorf("compose the schema: %s.%s is defined twice", extension.Name, field.Name)
		}
		base.Fields = append(base.Fields, field)
	}
	return nil
}
