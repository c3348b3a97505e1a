package demo

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
)

//go:embed talk.txt
var talkText string

//go:embed words.txt
var wordsText string

// line is one message of a conversation: who of those that take part says it, and what, with gaps for words.
type line struct {
	speaker int
	text    string
}

// language is what people can say.
type language struct {
	conversations [][]line
	words         map[string][]string // that fill the gaps, by kind
}

func newLanguage() language {
	l := language{words: map[string][]string{}}
	for block := range strings.SplitSeq(talkText, "\n\n") {
		var lines []line
		for text := range strings.Lines(block) {
			who, what, isLine := strings.Cut(strings.TrimSpace(text), ": ")
			if isLine && len(who) == 1 {
				lines = append(lines, line{int(who[0] - 'A'), what})
			}
		}
		if len(lines) > 0 {
			l.conversations = append(l.conversations, lines)
		}
	}
	for text := range strings.Lines(wordsText) {
		if kind, list, isKind := strings.Cut(strings.TrimSpace(text), ": "); isKind {
			l.words[kind] = strings.Split(list, ", ")
		}
	}
	return l
}

// fill puts words into the gaps of a text.
func (l language) fill(r *rand.Rand, text string) string {
	var out strings.Builder
	for {
		before, rest, isGap := strings.Cut(text, "{")
		out.WriteString(before)
		if !isGap {
			return out.String()
		}
		kind, after, _ := strings.Cut(rest, "}")
		switch kind {
		case "number":
			fmt.Fprint(&out, 2+r.IntN(400))
		case "person":
			out.WriteString(some(r, l.words["first"]))
		default:
			out.WriteString(some(r, l.words[kind]))
		}
		text = after
	}
}

func some[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }
