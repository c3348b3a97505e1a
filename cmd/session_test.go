package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestSessionsOutliveTheProcess, and so do their ends: what was acknowledged before a kill -9 holds after it.
func TestSessionsOutliveTheProcess(t *testing.T) {
	b := newBinary(t)
	product := b.start("--rate-limits=off")
	if _, text := b.ask(`mutation { createUser(username: "ann", email: "ann@example.org", password: "correct horse") { id } }`); strings.Contains(text, "errors") {
		t.Fatal(text)
	}
	kill := func() {
		t.Helper()
		if err := product.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = product.Wait() // how it ended is known
		product = b.start("--rate-limits=off")
	}
	refresh := func(token string) (next string) {
		t.Helper()
		_, text := b.ask(fmt.Sprintf(`mutation { refreshToken(refreshToken: %q) { refreshToken } }`, token))
		var answer struct {
			Data struct {
				RefreshToken struct{ RefreshToken string }
			}
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return answer.Data.RefreshToken.RefreshToken
	}
	access, first := b.login("ann", "correct horse")
	second := refresh(first)
	ended, dead := b.login("ann", "correct horse")
	b.token = ended
	if _, text := b.ask(`mutation { logout }`); !strings.Contains(text, `"logout":true`) {
		t.Fatal(text)
	}
	b.token = ""
	kill()
	if status := b.status(access); status != http.StatusOK {
		t.Errorf("a session that goes on, after a kill: %d", status)
	}
	if status := b.status(ended); status != http.StatusUnauthorized {
		t.Errorf("a session that was ended before a kill: %d", status)
	}
	if refresh(dead) != "" {
		t.Error("the refresh token of a session that was ended before a kill is good")
	}
	if again := refresh(first); again != second {
		t.Error("a repeat within the grace, after a kill, gave another token")
	}
	b.token = access
	if _, text := b.ask(`mutation { changePassword(current: "correct horse", new: "another horse") }`); !strings.Contains(text, `"changePassword":true`) {
		t.Fatal(text)
	}
	b.token = ""
	kill()
	if _, text := b.ask(`mutation { login(username: "ann", password: "correct horse") { accessToken } }`); !strings.Contains(text, "UNAUTHENTICATED") {
		t.Errorf("the old password after a kill: %s", text)
	}
	b.login("ann", "another horse")
	if refresh(second) == "" {
		t.Error("the session whose password was changed by itself does not go on")
	}
	b.end(product)
}
