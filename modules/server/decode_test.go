package server

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRequest: the decoder never panics, and what it lets through is text that can be stored.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"query":"{ health }"}`, `{"query":"{ health }","variables":{"a":[1,{"b":"\ud83d\ude00"}]},"operationName":null}`,
		`{"query":"\u0000"}`, `{"query":"x","variables":{"\udc00":1}}`, `{`, `[]`, `null`, `"x"`, "\ufeff{}", "{\"query\":\"\xff\"}",
		strings.Repeat("[", 1000), `{"query":"\\u0000"}`, `{"query":"\\\u0000"}`, `{"query":1}`, `{"query":"x","variables":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := decode(strings.NewReader(string(body)), int64(len(body)))
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q is no JSON and was taken", body)
		}
		check := func(text string) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || strings.ContainsRune(text, utf8.RuneError) && !strings.ContainsRune(string(body), utf8.RuneError) && !strings.Contains(strings.ToLower(string(body)), `\ufffd`) {
				t.Fatalf("%q let through %q", body, text)
			}
		}
		check(req.Query)
		check(req.OperationName)
		each(req.Variables, check)
	})
}

// each calls f with every text in a value of JSON, keys as well.
func each(value any, f func(string)) {
	switch v := value.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			each(e, f)
		}
	case map[string]any:
		for key, e := range v {
			f(key)
			each(e, f)
		}
	}
}
