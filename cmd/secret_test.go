package cmd

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chat/modules/pgtest"
)

// end stops the product, which has to end well.
func (b *binary) end(product *exec.Cmd) {
	b.t.Helper()
	if err := product.Process.Signal(syscall.SIGTERM); err != nil {
		b.t.Fatal(err)
	}
	if err := product.Wait(); err != nil {
		b.t.Fatalf("the stop: %v %s", err, product.Stderr)
	}
}

// status is that of a call with an access token.
func (b *binary) status(token string) int {
	b.t.Helper()
	b.token = token
	status, _ := b.ask(`{ me { id } }`)
	b.token = ""
	return status
}

// TestAReplacedSecretEndsAtItsMoment: tokens of the old one are good until then, and sessions go on.
func TestAReplacedSecretEndsAtItsMoment(t *testing.T) {
	b := newBinary(t)
	file := filepath.Join(t.TempDir(), "secret")
	b.env = []string{"DATABASE_URL=" + pgtest.URL(t), "CHAT_SIGNING_SECRET_FILE=" + file, "CHAT_ARGON2_MEMORY=19", "CHAT_ARGON2_PASSES=2"}
	const first, next = "kq3Vt8sYw2Zr5uXb9nMd4fGh7jLp1cAe6oTi0", "Rz7Lm2Qx9Vb4Kt6Wn1Ys8Hd3Pf5Gj0Ca"
	start := func(lines ...string) *exec.Cmd {
		t.Helper()
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return b.start()
	}
	product := start(first)
	b.user("correct horse\n", "create", "ann", "--email", "ann@example.org")
	old, refresh := b.login("ann", "correct horse")
	if status := b.status(old); status != http.StatusOK {
		t.Fatalf("a token: %d", status)
	}
	b.end(product)

	product = start(next, first) // without an end
	if status := b.status(old); status != http.StatusOK {
		t.Errorf("a token of the old secret: %d", status)
	}
	fresh, _ := b.login("ann", "correct horse")
	if strings.Split(fresh, ".")[0] == strings.Split(old, ".")[0] {
		t.Error("tokens are still signed with the old secret")
	}
	b.end(product)

	moment := time.Now().Add(4 * time.Second)
	product = start(next, first+" "+moment.Format(time.RFC3339Nano))
	for ended := false; !ended; time.Sleep(50 * time.Millisecond) {
		began := time.Now()
		status := b.status(old)
		switch ended = status == http.StatusUnauthorized; {
		case ended && time.Now().Before(moment):
			t.Errorf("a token of the old secret is refused %s before its end", time.Until(moment))
		case !ended && status != http.StatusOK, !ended && began.After(moment):
			t.Fatalf("a token of the old secret %s after its end: %d", began.Sub(moment), status)
		}
	}
	if status := b.status(fresh); status != http.StatusOK {
		t.Errorf("a token of the new secret: %d", status)
	}
	if _, text := b.ask(fmt.Sprintf(`mutation { refreshToken(refreshToken: %q) { accessToken } }`, refresh)); !strings.Contains(text, strings.Split(fresh, ".")[0]) {
		t.Errorf("the session does not go on: %s", text)
	}
	b.end(product)

	for _, line := range []string{first + " 2026-01-31T12:00:00Z", "a-secret-that-somebody-has-made-up-by-hand", next + "\n" + first[:20]} {
		if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := b.command().CombinedOutput()
		if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), file) || strings.Contains(string(out), first[:20]) || strings.Contains(string(out), "made-up") {
			t.Errorf("%q: %v\n%s", line, err, out)
		}
	}
}

// TestTheEmbeddedSecret is made at the first start, is for nobody else, and stays; as root, and as anybody else.
func TestTheEmbeddedSecret(t *testing.T) {
	runners := []*syscall.Credential{nil}
	if os.Geteuid() == 0 {
		runners = append(runners, &syscall.Credential{Uid: 65534, Gid: 65534})
	}
	for _, who := range runners {
		b := newBinary(t)
		b.as = who
		uid := os.Geteuid()
		if who != nil {
			uid = int(who.Uid)
			if err := os.Mkdir(b.dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(b.dir, uid, uid); err != nil {
				t.Fatal(err)
			}
		}
		product := b.start()
		b.populate()
		token := b.token
		path := filepath.Join(b.dir, "signing-secret")
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; info.Mode() != 0o600 || int(owner) != uid {
			t.Errorf("as %d the secret has the mode %s and the owner %d", uid, info.Mode(), owner)
		}
		if info, err = os.Stat(b.dir); err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("as %d the directory has the mode %s %v", uid, info.Mode(), err)
		}
		secret, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.end(product)
		product = b.start()
		if status := b.status(token); status != http.StatusOK {
			t.Errorf("as %d a token after a restart: %d", uid, status)
		}
		b.end(product)
		refused := func(part string) {
			t.Helper()
			out, err := b.command().CombinedOutput()
			if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), part) || strings.Contains(string(out), string(secret[:20])) {
				t.Errorf("as %d: %v\n%s", uid, err, out)
			}
		}
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		refused("open to others (mode 0640)")
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if who != nil {
			if err := os.Chown(path, 0, 0); err != nil {
				t.Fatal(err)
			}
			refused("permission denied")
		}
	}
}
