package gql

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// readable writes a document's texts in the one way that both parsers read alike. GraphQL's \/, \u{1F600}, pairs of surrogates, \"""
// in blocks and the mark of the byte order are each unknown to one of them, or read as something else. What follows a text stays in
// its line and column, as far as there is room. A document without any of these is itself, and what is no text is left to the
// parsers. It is not ok where a text holds half of a surrogate pair. Source: GraphQL, 2.9.4, "String Value".
func readable(query string) (text string, ok bool) {
	if !isOdd(query) {
		return query, true
	}
	var out strings.Builder
	out.Grow(len(query))
	for rest := query; rest != ""; {
		n := lexed(rest)
		token := rest[:n]
		rest = rest[n:]
		switch {
		case token[0] != '"':
			out.WriteString(strings.ReplaceAll(token, byteOrderMark, " "))
		case !isOdd(token):
			out.WriteString(token)
		case strings.HasPrefix(token, `"""`):
			out.WriteString(readableBlock(token))
		default:
			written, ok := readableString(token)
			if !ok {
				return "", false
			}
			out.WriteString(written)
		}
	}
	return out.String(), true
}

// byteOrderMark is a character that graphql-go takes at the start of a document alone.
const byteOrderMark = "\ufeff"

func isOdd(text string) bool {
	return strings.IndexByte(text, '\\') >= 0 || strings.Contains(text, byteOrderMark)
}

// lexed is how long the text, the comment, or what is neither, at the start of a document is.
func lexed(query string) int {
	switch {
	case strings.HasPrefix(query, `"""`):
		return blockEnd(query)
	case query[0] == '"':
		return stringEnd(query)
	case query[0] == '#':
		if n := strings.IndexAny(query, "\r\n"); n >= 0 {
			return n
		}
		return len(query)
	}
	if n := strings.IndexAny(query, `"#`); n >= 0 {
		return n
	}
	return len(query)
}

// stringEnd is where a text ends; one that does not end, which the parsers refuse, goes to the end of its line.
func stringEnd(query string) int {
	for n := 1; n < len(query); n++ {
		switch query[n] {
		case '\\':
			n++
		case '"':
			return n + 1
		case '\r', '\n':
			return n
		}
	}
	return len(query)
}

// blockEnd is where a block ends: with all the quotes there, as gqlparser has it.
func blockEnd(query string) int {
	for n := 3; n < len(query); n++ {
		switch {
		case strings.HasPrefix(query[n:], `\"""`):
			n += 3
		case strings.HasPrefix(query[n:], `"""`):
			return len(query) - len(strings.TrimLeft(query[n:], `"`))
		}
	}
	return len(query)
}

// readableString writes a text of one line; one with an escape that there is not stays as it is.
func readableString(token string) (written string, ok bool) {
	var out strings.Builder
	for rest := token; rest != ""; {
		if rest[0] != '\\' {
			before, _, _ := strings.Cut(rest, `\`)
			out.WriteString(strings.ReplaceAll(before, byteOrderMark, `\ufeff`))
			rest = rest[len(before):]
			continue
		}
		r, n := unescaped(rest)
		switch {
		case n == 0:
			return token, true
		case r >= surrogates && r <= lastSurrogate:
			return "", false
		}
		writeRune(&out, r)
		rest = rest[n:]
	}
	return padded(token, out.String()), true
}

// Halves of surrogate pairs, of which the first comes from below lows.
const (
	surrogates    = 0xd800
	lows          = 0xdc00
	lastSurrogate = 0xdfff
)

// What stands behind a backslash, and what it is.
const (
	escapes = `"\/bfnrt`
	escaped = "\"\\/\b\f\n\r\t"
)

// unescaped reads an escape and gives its length; 0 where it is none.
func unescaped(text string) (r rune, length int) {
	if len(text) < 2 {
		return 0, 0
	}
	if text[1] == 'u' {
		return codePoint(text)
	}
	n := strings.IndexByte(escapes, text[1])
	if n < 0 {
		return 0, 0
	}
	return rune(escaped[n]), len(`\n`)
}

// codePoint reads \u{…}, \uXXXX or two of the latter that are a surrogate pair.
func codePoint(text string) (r rune, length int) {
	if digits, isBraced := strings.CutPrefix(text, `\u{`); isBraced {
		digits, _, isClosed := strings.Cut(digits, "}")
		n, err := strconv.ParseUint(digits, 16, 32)
		if !isClosed || err != nil || n > utf8.MaxRune {
			return 0, 0
		}
		return rune(n), len(`\u{`) + len(digits) + 1
	}
	high, ok := codeUnit(text)
	if !ok {
		return 0, 0
	}
	if low, ok := codeUnit(text[6:]); ok && high >= surrogates && high < lows && low >= lows && low <= lastSurrogate {
		return (high-surrogates)<<10 + (low - lows) + 0x10000, 12
	}
	return high, 6
}

func codeUnit(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}

// writeRune writes a character of a text as both parsers read it.
func writeRune(out *strings.Builder, r rune) {
	if n := strings.IndexRune(escaped, r); n >= 0 && r != '/' {
		out.WriteByte('\\')
		out.WriteByte(escapes[n])
		return
	}
	if r < ' ' || r == '\ufeff' {
		out.WriteString(`\u`)
		digits := strconv.FormatInt(int64(r), 16)
		out.WriteString(strings.Repeat("0", 4-len(digits)) + digits)
		return
	}
	out.WriteRune(r)
}

// readableBlock writes a block as a text of one line, and then its lines, empty.
func readableBlock(token string) string {
	if !strings.Contains(token, `\"""`) && !strings.Contains(token, byteOrderMark) {
		return token
	}
	l := lexer.New(&ast.Source{Input: token})
	value, err := l.ReadToken()
	if err != nil {
		return token
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range value.Value {
		writeRune(&out, r)
	}
	out.WriteByte('"')
	last := strings.LastIndexAny(token, "\r\n")
	if last < 0 {
		return padded(token, out.String())
	}
	for _, r := range strings.ReplaceAll(token, "\r\n", "\n") {
		if r == '\r' || r == '\n' {
			out.WriteRune(r)
		}
	}
	return out.String() + padded(token[last+1:], "")
}

// padded is a text with spaces behind it, to the length of what it stands for.
func padded(token, written string) string {
	return written + strings.Repeat(" ", max(utf8.RuneCountInString(token)-utf8.RuneCountInString(written), 0))
}
