package app

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestOwnSecret: whoever comes first makes it, everybody gets the same, and it is for nobody else.
func TestOwnSecret(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, secretFile)
	secrets := make([]string, 50)
	var all sync.WaitGroup
	for n := range secrets {
		all.Go(func() {
			var err error
			if secrets[n], err = ownSecret(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, secret := range secrets {
		if secret != secrets[0] || len(secret) != 65 {
			t.Fatalf("one has got %q, another %q", secrets[0], secret)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("beside the secret is left %v", left)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("its mode is %s", info.Mode())
	}
}

// TestSecretsThatAreNotOurs are refused in one line that does not repeat them, and stay as they are.
func TestSecretsThatAreNotOurs(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		part string
	}{
		"open to its group":  {func(path string) error { return os.WriteFile(path, []byte(testSecret), 0o640) }, "mode 0640"},
		"open to everybody":  {func(path string) error { return os.WriteFile(path, []byte(testSecret), 0o604) }, "mode 0604"},
		"a directory":        {func(path string) error { return os.Mkdir(path, 0o700) }, "is no file"},
		"a link":             {func(path string) error { return os.Symlink("/dev/null", path) }, "read the signing secret"},
		"a link to nowhere":  {func(path string) error { return os.Symlink("elsewhere", path) }, "read the signing secret"},
		"cut off":            {func(path string) error { return os.WriteFile(path, nil, 0o600) }, "there is no signing secret"},
		"in a place of none": {func(path string) error { return os.WriteFile(filepath.Dir(path), nil, 0o600) }, "not a directory"},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		path := filepath.Join(dir, secretFile)
		if name != "in a place of none" {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.make(path); err != nil {
			t.Fatal(err)
		}
		config := Defaults()
		config.DataDir = dir
		for what, err := range map[string]error{"looked at": config.Check(), "taken": second(config.keys())} {
			if err == nil || !strings.Contains(err.Error(), c.part) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), testSecret) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestASecretOfSomebodyElse: what another user has put there, or what only another may read.
func TestASecretOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, secretFile)
	if err := os.WriteFile(path, []byte(testSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	want := "permission denied"
	if os.Geteuid() == 0 { // who may read everything, and gives it to somebody else
		want = "belongs to the user with id 65534"
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	} else if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	config := Defaults()
	config.DataDir = dir
	if err := config.Check(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
