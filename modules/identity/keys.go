package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chat/modules/id"
)

// What every access token says. Source: RFC 9068.
const (
	tokenType     = "at+jwt"
	audience      = "chat"
	leeway        = 60 * time.Second
	maxTokenBytes = 4 << 10
)

// Keys sign access tokens and verify them. Safe for concurrent use.
type Keys struct {
	issuer string
	life   time.Duration
	first  *key // signs
	byID   map[string]*key
	parser *jwt.Parser
	known  tokenMemory
}

// key is one secret. Its id is derived from it, so that nodes which know the same secrets know the same ids.
type key struct {
	id     string
	secret []byte
	until  time.Time // after which it verifies nothing; zero: it has no end
}

func (k *key) isOver(now time.Time) bool { return !k.until.IsZero() && now.After(k.until) }

// ParseKeys reads the signing secrets: one a line, the first signs and all verify. After a space a line may have the
// moment, in RFC 3339, after which its secret verifies nothing, so that a secret that was replaced ends by itself.
//
// issuer stands in the tokens as "iss": those of another environment are refused. Errors: a secret that is too weak, in
// words that do not repeat it.
func ParseKeys(secrets, issuer string, life time.Duration) (*Keys, error) {
	k := &Keys{issuer: issuer, life: life, byID: map[string]*key{}}
	n := 0
	for line := range strings.Lines(secrets) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		n++
		one, err := parseKey(fields)
		if err != nil {
			return nil, fmt.Errorf("signing secret %d: %w", n, err)
		}
		if k.first == nil {
			k.first = one
		}
		k.byID[one.id] = one
	}
	if k.first == nil {
		return nil, errors.New("there is no signing secret")
	}
	if !k.first.until.IsZero() {
		return nil, errors.New("the first signing secret signs and can have no end")
	}
	k.parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding())
	return k, nil
}

const (
	minSecretBytes    = 32
	minSecretDistinct = 10 // different bytes: fewer are somebody's fingers, not chance
)

func parseKey(fields []string) (*key, error) {
	secret := fields[0]
	distinct := map[byte]bool{}
	for n := range len(secret) {
		distinct[secret[n]] = true
	}
	switch {
	case len(secret) < minSecretBytes:
		return nil, fmt.Errorf("it has %d bytes and needs %d; make one with: openssl rand -base64 48", len(secret), minSecretBytes)
	case len(distinct) < minSecretDistinct:
		return nil, errors.New("it repeats a few characters; make one with: openssl rand -base64 48")
	case isGuessable(secret):
		return nil, errors.New("it is made of words or a row of keys, as samples are; make one with: openssl rand -base64 48")
	case len(fields) > 2:
		return nil, errors.New("a line has a secret and, after a space, at most the moment of its end")
	}
	sum := sha256.Sum256([]byte("chat signing key " + secret))
	one := &key{id: hex.EncodeToString(sum[:8]), secret: []byte(secret)}
	if len(fields) == 2 {
		until, err := time.Parse(time.RFC3339, fields[1])
		if err != nil {
			return nil, errors.New("its end is no moment as RFC 3339 writes it, like 2026-01-31T12:00:00Z")
		}
		one.until = until
	}
	return one, nil
}

// isGuessable tells whether a secret holds what the secrets of samples, tutorials and fingers do. By chance none does: of a
// million random ones less than one.
func isGuessable(secret string) bool {
	folded := strings.ToLower(secret)
	for _, part := range []string{
		"secret", "password", "passphrase", "passw0rd", "changeme", "change-me", "change_me", "change-this", "change_this", "changethis",
		"replace-", "replace_", "example", "default", "placeholder", "development", "your-jwt", "your_jwt", "sample", "signing",
		"01234567", "12345678", "23456789", "98765432", "abcdefgh", "qwertyui", "asdfghjk",
	} {
		if strings.Contains(folded, part) {
			return true
		}
	}
	return false
}

// claims are what an access token says.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
}

// Sign makes an access token, and gives the moment of its end.
func (k *Keys) Sign(caller Caller, now time.Time) (string, time.Time, error) {
	end := now.Add(k.life)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: k.issuer, Audience: jwt.ClaimStrings{audience}, Subject: caller.User.String(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(end), ID: id.New[id.Any]().String(),
		},
		Session: caller.Session.String(),
	})
	token.Header["typ"], token.Header["kid"] = tokenType, k.first.id
	text, err := token.SignedString(k.first.secret)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign an access token: %w", err)
	}
	return text, end, nil
}

// Verify gives the caller that a token was made for, whose session may have ended since.
// Errors: UNAUTHENTICATED, with one text for every reason.
func (k *Keys) Verify(text string) (Caller, error) {
	if !isCompact(text) { // before anything is parsed
		return Caller{}, errToken()
	}
	sum := sha256.Sum256([]byte(text))
	if caller, ok := k.known.find(sum); ok {
		return caller, nil
	}
	var said claims
	token, err := k.parser.ParseWithClaims(text, &said, k.find)
	if err != nil {
		return Caller{}, errToken()
	}
	caller := Caller{User: id.Parse[id.User](said.Subject), Session: id.Parse[id.Session](said.Session)}
	if caller.User.IsZero() || caller.Session.IsZero() {
		return Caller{}, errToken()
	}
	k.known.add(sum, verified{caller, said.ExpiresAt.Add(leeway), k.named(token)})
	return caller, nil
}

// isCompact tells whether a text has the form of a signed token: three parts of base64url. The decoder would let line feeds
// through, and a token has one form. Source: RFC 7515, 2 and 7.1.
func isCompact(text string) bool {
	if len(text) > maxTokenBytes {
		return false
	}
	dots := 0
	for n := range len(text) {
		switch c := text[n]; {
		case c == '.':
			dots++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return dots == 2
}

var errKey = errors.New("no key of ours")

// find gives the key that a token names. The name is looked up among our own and is used for nothing else.
func (k *Keys) find(token *jwt.Token) (any, error) {
	one := k.named(token)
	if one == nil || token.Header["typ"] != tokenType || one.isOver(time.Now()) {
		return nil, errKey
	}
	return one.secret, nil
}

func (k *Keys) named(token *jwt.Token) *key {
	name, _ := token.Header["kid"].(string)
	return k.byID[name]
}
