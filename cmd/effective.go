package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

// configCommand prints what serve would run with, and then refuses what serve would refuse.
func configCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "config",
		Short: "Print the settings that chat serve would run with, and where each is from",
		Long: "Print the settings that chat serve would run with, by the same flags, variables and file, and where each is from.\n" +
			"Secrets are masked. Settings that serve would refuse are refused after that, with exit code 1.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := load(c.Flags(), serveSettings(), os.Environ())
			if err != nil {
				return err
			}
			write := writeSettings
			if asJSON {
				write = writeSettingsJSON
			}
			if err := write(c.OutOrStdout(), l.effective()); err != nil {
				return err
			}
			return l.config.Check()
		},
	}
	addFlags(c, serveSettings())
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// effective is a setting as it is in force.
type effective struct {
	Setting  string `json:"setting"`
	Value    any    `json:"value"` // without its secrets
	Source   string `json:"source"`
	Variable string `json:"variable"`
}

// effective gives all settings in the order of the help.
func (l loaded) effective() []effective {
	values := map[string]any{}
	config := reflect.ValueOf(l.config.Effective())
	for field, value := range config.Fields() {
		values[field.Tag.Get("koanf")] = value.Interface()
	}
	var all []effective
	for _, s := range serveSettings() {
		e := effective{Setting: s.key, Value: values[s.key], Source: l.sources[s.key], Variable: s.variable}
		if e.Source == "" {
			e.Source = "default"
		}
		switch value := e.Value.(type) {
		case time.Duration:
			e.Value = value.String()
		case string:
			e.Value = masked(s.key, value)
		case int:
			if value == 0 && strings.HasSuffix(s.key, "-port") { // that of a store which is not configured
				e.Value = nil
			}
		}
		all = append(all, e)
	}
	return all
}

const mask = "***"

// masked takes the secrets from the value of a setting.
func masked(key, value string) string {
	switch {
	case value == "":
		return ""
	case slices.Contains([]string{"signing-secret", "db-password"}, key):
		return mask
	case slices.Contains([]string{"database-url", "redis-url"}, key):
		return maskedURL(value)
	}
	return value
}

// maskedURL takes the password from a URL. It is not parsed, because one that is wrong is printed as well: everything
// between the scheme and the last @ counts as user and password.
func maskedURL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return mask
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		name, _, hasPassword := strings.Cut(rest[:at], ":")
		if hasPassword {
			name += ":" + mask
		}
		rest = name + rest[at:]
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	if !hasQuery {
		return scheme + "://" + rest
	}
	parts := strings.Split(query, "&")
	for n, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err != nil || strings.Contains(strings.ToLower(plain), "pass") {
			parts[n] = name + "=" + mask
		}
	}
	return scheme + "://" + rest + "?" + strings.Join(parts, "&")
}

func writeSettings(out io.Writer, all []effective) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SETTING\tVALUE\tSOURCE") // Flush has the error
	for _, e := range all {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", e.Setting, visible(e.Value), visible(e.Source))
	}
	return w.Flush()
}

// visible is a value in one line.
func visible(value any) string {
	text := fmt.Sprint(value)
	if list, ok := value.([]string); ok {
		text = strings.Join(list, ",")
	}
	switch {
	case value == nil, text == "":
		return "-"
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return strconv.Quote(text)
	}
	return text
}

func writeSettingsJSON(out io.Writer, all []effective) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // it is for no page
	return e.Encode(all)
}
