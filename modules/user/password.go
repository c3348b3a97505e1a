package user

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"chat/modules/fault"
)

// Bounds of a password.
const (
	minPasswordRunes = 8
	maxPasswordBytes = 4 << 10
	minNameInside    = 3 // shorter names stand in many words
)

// common are the passwords of that length among the 3,000 that people choose most, sorted. Source: the frequency list of
// zxcvbn 4.4.2 by Dan Wheeler and Dropbox, Inc. (MIT).
//
//go:embed common.txt
var common string

// checkPassword refuses a password that would be guessed. The rules are those of OWASP's ASVS 6.2: length, and nothing about
// kinds of characters.
func checkPassword(field, password, username string) error {
	switch {
	case len(password) > maxPasswordBytes: // before anything is done with it
		return fault.Invalid(field, "is longer than %d bytes", maxPasswordBytes).Because(fault.TooLong)
	case utf8.RuneCountInString(password) < minPasswordRunes:
		return fault.Invalid(field, "must have at least %d characters", minPasswordRunes).Past(fault.TooShort, minPasswordRunes)
	case !storable(password): // it is not stored, but no client could say it again over HTTP
		return fault.Invalid(field, "holds U+0000 or is not valid UTF-8").Because(fault.BadCharacter)
	}
	folded, named := fold(password), fold(username)
	if _, isCommon := slices.BinarySearch(strings.Fields(common), folded); isCommon {
		return fault.Invalid(field, "is one of those that are tried first").Because(fault.CommonPassword)
	}
	if utf8.RuneCountInString(named) >= minNameInside && strings.Contains(folded, named) {
		return fault.Invalid(field, "holds the user name").Because(fault.NameInPassword)
	}
	return nil
}

// Hashing is what a hash of a password costs. Source: OWASP's Password Storage Cheat Sheet, Argon2id.
type Hashing struct {
	MemoryMiB int // at least 19
	Passes    int
	AtOnce    int // hashes at a time; the others wait
}

const (
	saltBytes = 16
	hashBytes = 32
	queueTime = 2 * time.Second // for a place to hash in
)

// Passwords hashes passwords and compares them. It keeps cores free for everybody who is signed in. Safe for concurrent
// use.
type Passwords struct {
	params *argon2id.Params
	places chan struct{}
	nobody string // a hash that no password has
}

// NewPasswords returns Passwords of that cost.
func NewPasswords(h Hashing) *Passwords {
	p := &Passwords{
		params: &argon2id.Params{
			// #nosec G115 -- the settings are within bounds
			Memory: uint32(h.MemoryMiB) << 10, Iterations: uint32(h.Passes), Parallelism: 1, SaltLength: saltBytes, KeyLength: hashBytes,
		},
		places: make(chan struct{}, max(h.AtOnce, 1)),
	}
	// Of this form a comparison costs what any other costs, and nobody can find a password for it.
	p.nobody = fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", p.params.Memory, p.params.Iterations,
		strings.Repeat("A", 22), strings.Repeat("A", 43))
	return p
}

// place waits for a place to hash in. Errors: RATE_LIMITED after 2 s.
func (p *Passwords) place(ctx context.Context) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, queueTime)
	defer cancel()
	select {
	case p.places <- struct{}{}:
		return func() { <-p.places }, nil
	case <-ctx.Done():
		return nil, &fault.Fault{Code: fault.RateLimited, Text: "Too many are signing in. Try again.", RetryAfter: queueTime}
	}
}

// hash gives a password's hash in PHC form. Errors: RATE_LIMITED.
func (p *Passwords) hash(ctx context.Context, password string) (string, error) {
	leave, err := p.place(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return p.create(password)
}

// hashNow is hash where a place is free, and "" where none is.
func (p *Passwords) hashNow(password string) (string, error) {
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
		return p.create(password)
	default:
		return "", nil
	}
}

func (p *Passwords) create(password string) (string, error) {
	hash, err := argon2id.CreateHash(opaque(password), p.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// matches compares a password with a hash; nil is an account without one, which costs the same. isOld tells that a hash
// was made at another cost than today's.
func (p *Passwords) matches(ctx context.Context, password string, hash *string) (ok, isOld bool, err error) {
	leave, err := p.place(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	against := p.nobody
	if hash != nil {
		against = *hash
	}
	if len(password) > maxPasswordBytes { // as long as a wrong one takes
		password, against = "", p.nobody
	}
	ok, params, err := argon2id.CheckHash(opaque(password), against)
	if err != nil {
		return false, false, fmt.Errorf("compare a password: %w", err)
	}
	return ok && hash != nil, *params != *p.params, nil
}

// opaque is a password as it is hashed: however a keyboard composes its letters, and whatever space it writes. Source: RFC
// 8265, 4.2.2, without its refusals.
func opaque(password string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, password))
}
