package identity

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chat/modules/fault"
	"chat/modules/id"
)

const secret = "Vb7qLx2ZrT9mKe4WnYc8HgUj6PdRs3FoAt5i"

func newKeys(t testing.TB, secrets, issuer string) *Keys {
	t.Helper()
	k, err := ParseKeys(secrets, issuer, 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// part is one part of a token: a value in JSON, or text as it is.
func part(value any) string {
	text, ok := value.(string)
	if !ok {
		raw, _ := json.Marshal(value) // what these tests write always encodes
		text = string(raw)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// signed is a token with these parts and the signature of a secret.
func signed(header, claims any, secret string) string {
	text := part(header) + "." + part(claims)
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
}

// good gives the header and the claims of a token that is taken.
func good(k *Keys, now time.Time) (header, claims map[string]any) {
	header = map[string]any{"alg": "HS256", "typ": "at+jwt", "kid": k.first.id}
	claims = map[string]any{
		"iss": "chat", "aud": "chat", "sub": id.New[id.User]().String(), "sid": id.New[id.Session]().String(),
		"jti": "x", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	return header, claims
}

// but gives a copy with some members changed; nil takes one away.
func but(m map[string]any, more ...any) map[string]any {
	out := maps.Clone(m)
	for n := 0; n < len(more); n += 2 {
		if name := more[n].(string); more[n+1] == nil {
			delete(out, name)
		} else {
			out[name] = more[n+1]
		}
	}
	return out
}

// forgeries are tokens of which one thing is wrong. Source: RFC 8725, 3; RFC 9068, 4.
func forgeries(t testing.TB, k *Keys) map[string]string {
	t.Helper()
	now := time.Now()
	h, c := good(k, now)
	whole := signed(h, c, secret)
	head, rest, _ := strings.Cut(whole, ".")
	body, signature, _ := strings.Cut(rest, ".")
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	with := func(method jwt.SigningMethod, key crypto.PrivateKey) string {
		token := jwt.NewWithClaims(method, jwt.MapClaims(c))
		token.Header["typ"], token.Header["kid"] = "at+jwt", k.first.id
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	return map[string]string{
		"no algorithm":                        part(but(h, "alg", "none")) + "." + part(c) + ".",
		"no algorithm, with a capital":        part(but(h, "alg", "None")) + "." + part(c) + ".",
		"no algorithm, signed all the same":   signed(but(h, "alg", "none"), c, secret),
		"an algorithm that is missing":        signed(but(h, "alg", nil), c, secret),
		"an algorithm that is null":           signed(`{"alg":null,"typ":"at+jwt","kid":"`+k.first.id+`"}`, c, secret),
		"an algorithm that is a list":         signed(but(h, "alg", []string{"HS256"}), c, secret),
		"an algorithm in lower case":          signed(but(h, "alg", "hs256"), c, secret),
		"a signature that is empty":           head + "." + body + ".",
		"no signature":                        head + "." + body,
		"a signature of zeros":                head + "." + body + "." + part(string(make([]byte, 32))),
		"a signature that is cut":             whole[:len(whole)-2],
		"a signature with more behind it":     whole + "AA",
		"HS384":                               with(jwt.SigningMethodHS384, []byte(secret)),
		"HS512":                               with(jwt.SigningMethodHS512, []byte(secret)),
		"Ed25519":                             with(jwt.SigningMethodEdDSA, private),
		"RSA":                                 with(jwt.SigningMethodRS256, rsaKey),
		"a public key for a secret":           signed(h, c, string(public)),
		"the secret of somebody else":         signed(h, c, strings.ToUpper(secret)),
		"an empty secret":                     signed(h, c, ""),
		"the key's name for a secret":         signed(h, c, k.first.id),
		"claims that were changed":            head + "." + part(but(c, "sub", id.New[id.User]().String())) + "." + signature,
		"a header that was changed":           part(but(h, "x", 1)) + "." + body + "." + signature,
		"another environment":                 signed(h, but(c, "iss", "chat-staging"), secret),
		"no issuer":                           signed(h, but(c, "iss", nil), secret),
		"another audience":                    signed(h, but(c, "aud", "mail"), secret),
		"an empty list of audiences":          signed(h, but(c, "aud", []string{}), secret),
		"no audience":                         signed(h, but(c, "aud", nil), secret),
		"type JWT":                            signed(but(h, "typ", "JWT"), c, secret),
		"type rt+jwt":                         signed(but(h, "typ", "rt+jwt"), c, secret),
		"no type":                             signed(but(h, "typ", nil), c, secret),
		"a type that is a list":               signed(but(h, "typ", []string{"at+jwt"}), c, secret),
		"no end":                              signed(h, but(c, "exp", nil), secret),
		"an end that is null":                 signed(h, `{"iss":"chat","aud":"chat","sub":"`+c["sub"].(string)+`","sid":"`+c["sid"].(string)+`","exp":null}`, secret),
		"an end that is 0":                    signed(h, but(c, "exp", 0), secret),
		"an end that is text":                 signed(h, but(c, "exp", "tomorrow"), secret),
		"an end in the year 292277026596":     signed(h, but(c, "exp", json.Number("1e400")), secret),
		"an end 61 s ago":                     signed(h, but(c, "exp", at(-61*time.Second)), secret),
		"a beginning in the future":           signed(h, but(c, "nbf", at(2*time.Minute)), secret),
		"no subject":                          signed(h, but(c, "sub", nil), secret),
		"a subject that is no id":             signed(h, but(c, "sub", "ann"), secret),
		"a subject that is a list":            signed(h, but(c, "sub", []any{c["sub"]}), secret),
		"a subject that names nobody":         signed(h, but(c, "sub", "00000000-0000-0000-0000-000000000000"), secret),
		"no session":                          signed(h, but(c, "sid", nil), secret),
		"a session that is no id":             signed(h, but(c, "sid", "x' OR '1'='1"), secret),
		"a key that is not named":             signed(but(h, "kid", nil), c, secret),
		"a key that is a number":              signed(but(h, "kid", 1), c, secret),
		"a key that is a file":                signed(but(h, "kid", "../../etc/passwd"), c, secret),
		"a key that is /dev/null":             signed(but(h, "kid", "/dev/null"), c, ""),
		"a key that is a query":               signed(but(h, "kid", "x' UNION SELECT 'x"), c, "x"),
		"a key to be fetched":                 signed(but(h, "kid", "other", "jku", "http://127.0.0.1:1/keys"), c, "x"),
		"a certificate to be fetched":         signed(but(h, "kid", nil, "x5u", "http://127.0.0.1:1/key.pem"), c, "x"),
		"a key that it brings along":          signed(but(h, "kid", nil, "jwk", map[string]string{"kty": "oct", "k": part("x")}), c, "x"),
		"a refresh token":                     base64.RawURLEncoding.EncodeToString(make([]byte, 32)),
		"nothing":                             "",
		"two dots":                            "..",
		"four parts":                          whole + ".x",
		"five parts, as of an encrypted one":  strings.Join([]string{head, "", body, "", signature}, "."),
		"a space before it":                   " " + whole,
		"a space behind it":                   whole + " ",
		"a line feed in the signature":        whole[:len(whole)-3] + "\n" + whole[len(whole)-3:],
		"a signature with padding":            whole + "=",
		"a signature of the other alphabet":   head + "." + body + "." + strings.NewReplacer("-", "+", "_", "/").Replace(signature) + "+",
		"a signature with bits that say none": whole[:len(whole)-1] + loose(whole[len(whole)-1:]),
		"a header that is no JSON":            signed("{", c, secret),
		"a header that is a list":             signed("[]", c, secret),
		"claims that are no JSON":             signed(h, "{", secret),
		"claims with more behind them":        signed(h, string(must(json.Marshal(c)))+"{}", secret),
		"a header that is nested deep":        signed(strings.Repeat("[", 2000), c, secret),
	}
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

// loose gives the last character of 32 bytes in base64 with other unused bits.
func loose(last string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.Index(alphabet, last)|1])
}

// TestForgeriesAreRefused, all with one text.
func TestForgeriesAreRefused(t *testing.T) {
	k := newKeys(t, secret, "chat")
	h, c := good(k, time.Now())
	caller, err := k.Verify(signed(h, c, secret))
	if err != nil || caller.User.String() != c["sub"] || caller.Session.String() != c["sid"] {
		t.Fatalf("a good token: %+v %v", caller, err)
	}
	for name, token := range forgeries(t, k) {
		caller, err := k.Verify(token)
		if err == nil || caller != (Caller{}) {
			t.Errorf("%s: taken for %+v", name, caller)
		} else if fault.CodeOf(err) != fault.Unauthenticated || err.Error() != errToken().Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTokensEnd to the second: 60 s after their end, and as long before their beginning, which clocks of nodes may differ by.
func TestTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeys(t, secret, "chat")
		caller := Caller{User: id.New[id.User](), Session: id.New[id.Session]()}
		token, end, err := k.Sign(caller, time.Now())
		if err != nil || !end.Equal(time.Now().Add(15*time.Minute)) {
			t.Fatalf("signed until %s: %v", end, err)
		}
		h, c := good(k, time.Now())
		early := signed(h, but(c, "nbf", time.Now().Add(10*time.Minute).Unix(), "exp", time.Now().Add(time.Hour).Unix()), secret)
		for _, step := range []struct {
			after time.Duration
			goes  bool // the token
			early bool // the one that begins in 10 minutes
		}{
			{0, true, false}, {9*time.Minute - time.Second, true, false}, {9 * time.Minute, true, true}, {15 * time.Minute, true, true},
			{16*time.Minute - time.Second, true, true}, {16 * time.Minute, false, true}, {16*time.Minute + time.Second, false, true},
			{61 * time.Minute, false, false},
		} {
			time.Sleep(step.after - time.Since(end.Add(-15*time.Minute)))
			got, err := k.Verify(token)
			if (err == nil) != step.goes || step.goes && got != caller {
				t.Errorf("after %s: %+v %v", step.after, got, err)
			}
			if _, err := k.Verify(early); (err == nil) != step.early {
				t.Errorf("one that begins later, after %s: %v", step.after, err)
			}
		}
	})
}

// TestSecretsAreReplaced: the new one signs and both verify, until the old one's moment has come.
func TestSecretsAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fresh = "Rz7Lm2Qx9Vb4Kt6Wn1Ys8Hd3Pf5Gj0CaEoU"
		old := newKeys(t, secret, "chat")
		both := newKeys(t, fresh+"\n"+secret+" "+time.Now().Add(10*time.Minute).Format(time.RFC3339)+"\n", "chat")
		caller := Caller{User: id.New[id.User](), Session: id.New[id.Session]()}
		before, _, err := old.Sign(caller, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		after, _, err := both.Sign(caller, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		verify := func(k *Keys, token string, want bool) {
			t.Helper()
			if _, err := k.Verify(token); (err == nil) != want {
				t.Errorf("after %s: %v", time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), err)
			}
		}
		verify(both, before, true)
		verify(both, after, true)
		verify(old, after, false)
		time.Sleep(10*time.Minute + time.Second)
		verify(both, before, false)
		verify(both, after, true)
		verify(old, before, true)
	})
}

// TestWeakSecretsAreRefused, in words that do not repeat them.
func TestWeakSecretsAreRefused(t *testing.T) {
	for name, secrets := range map[string]string{
		"none": "", "white space": " \n\t\n", "31 bytes": secret[:31], "one character": strings.Repeat("x", 64),
		"a few characters": strings.Repeat("secret", 8), "a second one that is weak": secret + "\nshort",
		"a first one with an end": secret + " 2026-01-31T12:00:00Z", "an end that is none": secret + "\n" + strings.ToUpper(secret) + " tomorrow",
		"three words": secret + " 2026-01-31T12:00:00Z x",
		"a row":       "0123456789abcdef0123456789abcdef", "rows of keys": "keyboard-QWERTYUIOP-asdfghjkl-zxcvbnm",
		"a sample": "your-256-bit-secret-your-256-bit-SECRET", "another": "supersecretkeythatshouldbechanged!!",
		"an order": "Change-Me-in-production-please-4f5e6d", "a password": "My$ecretJWT-PASSWORD-for-the-chat-9987",
	} {
		_, err := ParseKeys(secrets, "chat", time.Minute)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, word := range strings.Fields(secrets) {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s: the error repeats it: %v", name, err)
			}
		}
	}
}

// TestRandomSecretsAreTaken, as openssl and others write them.
func TestRandomSecretsAreTaken(t *testing.T) {
	for range 2_000 {
		var raw [48]byte
		_, _ = rand.Read(raw[:])
		for _, random := range []string{base64.StdEncoding.EncodeToString(raw[:]), base64.RawURLEncoding.EncodeToString(raw[:]), hex.EncodeToString(raw[:])} {
			if _, err := ParseKeys(random+"\r\n", "chat", time.Minute); err != nil {
				t.Fatalf("%s: %v", random, err)
			}
		}
	}
}

// TestHugeTokensCostNothing: neither time nor memory. Source: CVE-2025-30204.
func TestHugeTokensCostNothing(t *testing.T) {
	k := newKeys(t, secret, "chat")
	h, c := good(k, time.Now())
	for name, token := range map[string]string{
		"100 kB":                    strings.Repeat("A", 100_000),
		"5,000 dots":                strings.Repeat(".", 5_000),
		"3,000 dots":                strings.Repeat(".", 3_000),
		"1 MiB of dots":             strings.Repeat(".", 1<<20),
		"a header of 100 kB":        signed(but(h, "x", strings.Repeat("x", 100_000)), c, secret),
		"claims of 4,000 brackets":  part(h) + "." + part(strings.Repeat("[", 2_500)) + ".x",
		"a header of 4,000 members": signed("{"+strings.Repeat(`"a":1,`, 450)+`"b":1}`, c, secret),
	} {
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for range runs {
			if _, err := k.Verify(token); err == nil {
				t.Fatalf("%s: taken", name)
			}
		}
		took := time.Since(began) / runs
		runtime.ReadMemStats(&after)
		if bytes := (after.TotalAlloc - before.TotalAlloc) / runs; bytes > 256<<10 || took > 5*time.Millisecond {
			t.Errorf("%s: %s and %d bytes", name, took, bytes)
		}
	}
}

// FuzzVerify: whatever is sent, nothing panics, and no token is taken but the one that was signed.
func FuzzVerify(f *testing.F) {
	k := newKeys(f, secret, "chat")
	for _, token := range forgeries(f, k) {
		f.Add(token, 0, byte(0))
	}
	caller := Caller{User: id.New[id.User](), Session: id.New[id.Session]()}
	whole, _, err := k.Sign(caller, time.Now().Add(24*time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	for n := range len(whole) {
		f.Add("", n, byte(1))
		f.Add("", n, byte('\n'^whole[n]))
	}
	f.Fuzz(func(t *testing.T, token string, at int, flip byte) {
		if got, err := k.Verify(token); err == nil {
			t.Fatalf("%q is taken for %+v", token, got)
		}
		n := ((at % len(whole)) + len(whole)) % len(whole)
		for name, changed := range map[string]string{
			"changed":  whole[:n] + string([]byte{whole[n] ^ flip}) + whole[n+1:],
			"inserted": whole[:n] + string([]byte{flip}) + whole[n:],
			"cut":      whole[:n],
		} {
			if got, err := k.Verify(changed); err == nil && changed != whole {
				t.Fatalf("%s at %d: %q is taken for %+v", name, n, changed, got)
			}
		}
		if got, err := k.Verify(whole); err != nil || got != caller {
			t.Fatalf("the token itself: %+v %v", got, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	k := newKeys(b, secret, "chat")
	token, _, err := k.Sign(Caller{User: id.New[id.User](), Session: id.New[id.Session]()}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Verify(token); err != nil {
			b.Fatal(err)
		}
	}
}
