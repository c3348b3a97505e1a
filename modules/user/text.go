package user

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"chat/modules/fault"
)

// Bounds of an account's texts, after white space around them is taken away.
const (
	maxNameRunes        = 64
	maxNameBytes        = 1_024 // of what may be a name in another Unicode form
	minEmailBytes       = 3
	maxEmailBytes       = 254 // RFC 5321, 4.5.3.1.3, less the angle brackets
	maxDisplayNameRunes = 100
)

// keyed is a text as it is kept and shown, and as it is compared.
type keyed struct {
	text, key string
}

// name reads a user name. It is kept as it was given, but for white space, which becomes one space between its parts, and
// its Unicode form, which is NFC.
//
// It is compared by the profile UsernameCaseMapped, each part of its own: without case and width. Control, bidi, invisible
// and compatibility characters are refused, and so are the two joiners, which the profile lets stand in some scripts:
// names that differ by them look the same. A final sigma is a sigma, of which there is one capital. Source: RFC 8265, 3.1
// (a name may have several parts) and 3.3.
func name(text string) (keyed, error) {
	parts := strings.Fields(text)
	kept := strings.Join(parts, " ")
	if len(kept) <= maxNameBytes { // more is too long in any form, and not worth the work
		kept = norm.NFC.String(kept)
	}
	switch {
	case kept == "":
		return keyed{}, errNameLength().Because(fault.Empty)
	case utf8.RuneCountInString(kept) > maxNameRunes:
		return keyed{}, errNameLength().Past(fault.TooLong, maxNameRunes)
	}
	for n, part := range parts {
		key, err := precis.UsernameCaseMapped.CompareKey(part)
		if err != nil || strings.ContainsAny(part, "\u200c\u200d") {
			return keyed{}, fault.Invalid("username", "holds a character that a name cannot have").Because(fault.BadCharacter)
		}
		parts[n] = strings.ReplaceAll(key, "ς", "σ")
	}
	return keyed{text: kept, key: strings.Join(parts, " ")}, nil
}

func errNameLength() *fault.Fault {
	return fault.Invalid("username", "must have 1 to %d characters", maxNameRunes)
}

// email reads an address. Whether it receives mail is not known.
func email(text string) (keyed, error) {
	kept := strings.TrimSpace(text)
	if len(kept) < minEmailBytes || len(kept) > maxEmailBytes || !isAddress(kept) {
		return keyed{}, fault.Invalid("email", "is no e-mail address").Because(fault.NoAddress)
	}
	key := fold(kept)
	if len(key) > maxEmailBytes || !isAddress(key) { // a fullwidth ＠ becomes a second @
		return keyed{}, fault.Invalid("email", "is no e-mail address").Because(fault.NoAddress)
	}
	return keyed{text: kept, key: key}, nil
}

// isAddress tells whether a text is an address alone, by RFC 5322 and as it is written shortest, with nothing in it that
// cannot be seen.
func isAddress(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Name == "" && parsed.Address == text &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf)
		})
}

// displayName reads a display name; nothing but white space is none, and both texts are empty.
func displayName(text string) (keyed, error) {
	kept := strings.TrimSpace(text)
	if err := checkDisplayName("displayName", kept); err != nil {
		return keyed{}, err
	}
	return keyed{text: kept, key: searchKey(kept)}, nil
}

// checkDisplayName bounds a display name, or what is searched for in one.
func checkDisplayName(field, text string) error {
	isStorable := storable(text)
	if isStorable && utf8.RuneCountInString(text) <= maxDisplayNameRunes {
		return nil
	}
	err := fault.Invalid(field, "must have at most %d characters, none of them U+0000", maxDisplayNameRunes)
	if !isStorable {
		return err.Because(fault.BadCharacter)
	}
	return err.Past(fault.TooLong, maxDisplayNameRunes)
}

// searchKey is what a search compares of a display name, and of what is searched for. It is a bounded beginning, because
// a compatibility form can be many times as long and an index takes no more than 2,704 bytes.
func searchKey(text string) string {
	key := []rune(strings.Join(strings.Fields(fold(text)), " "))
	return string(key[:min(len(key), maxDisplayNameRunes)])
}

// fold takes from a text what does not tell two of them apart: case, width and compatibility forms.
func fold(text string) string {
	return cases.Fold().String(norm.NFKC.String(text))
}

// storable tells whether PostgreSQL can take a text.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
