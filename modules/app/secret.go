package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rs/zerolog"

	"chat/modules/identity"
	"chat/modules/pg"
	"chat/modules/redis"
)

const (
	secretFile  = "signing-secret" // in the data directory
	secretBytes = 48
)

// Check finds what stands against a start and can be seen without one: what Validate finds, addresses of stores that are
// none, a certificate that cannot be read, and a signing secret that is missing, unreadable or weak.
func (c Config) Check() error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.HasDatabase() {
		url, err := c.Database()
		if err != nil {
			return err
		}
		db, err := pg.Open(url, 1)
		if err != nil {
			return err
		}
		_ = db.Close() // it has connected to nothing
	}
	if c.HasRedis() {
		if _, err := redis.Options(c.Redis()); err != nil {
			return err
		}
	}
	if _, err := c.certificate(zerolog.Nop()); err != nil {
		return err
	}
	_, err := c.keysFrom(readPrivate)
	if errors.Is(err, errNoSecret) { // it is made at the start
		return nil
	}
	return err
}

// keys are those that sign access tokens; nil where callers are believed. An embedded database has a secret of its own
// beside it, made when it is first needed.
func (c Config) keys() (*identity.Keys, error) { return c.keysFrom(ownSecret) }

// keysFrom is keys, with a way to get the secret in the file of an embedded database.
func (c Config) keysFrom(own func(path string) (string, error)) (*identity.Keys, error) {
	var secrets string
	var err error
	from := "CHAT_SIGNING_SECRET"
	switch {
	case c.Auth == "none":
		return nil, nil
	case c.SigningSecret != "":
		secrets = c.SigningSecret
	case c.SigningSecretFile != "":
		from = c.SigningSecretFile
		secrets, err = readSecret(from)
	case c.HasDatabase():
		return nil, errors.New("accounts need a signing secret that all processes on the database share: name its file with " +
			"--signing-secret-file, or set CHAT_SIGNING_SECRET; make one with: openssl rand -base64 48")
	default:
		if from, err = c.ownSecretPath(); err == nil {
			secrets, err = own(from)
		}
	}
	if err != nil {
		return nil, err
	}
	keys, err := identity.ParseKeys(secrets, c.Issuer, c.AccessTokenLife)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return keys, nil
}

func (c Config) ownSecretPath() (string, error) {
	dir, err := c.DataDirectory()
	return filepath.Join(dir, secretFile), err
}

// readSecret reads a file that an operator names. Who else may read it is the operator's business: containers get theirs with
// a mode that everybody in them can read.
func readSecret(path string) (string, error) {
	// #nosec G304 -- the one that whoever starts the process names
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read --signing-secret-file: %w", err)
	}
	return string(text), nil
}

// errNoSecret is that of a file that is not there.
var errNoSecret = errors.New("there is no signing secret yet")

// ownSecret gives the secret in a file of ours, and makes it where there is none. Several processes at once get the same.
func ownSecret(path string) (string, error) {
	secret, err := readPrivate(path)
	if !errors.Is(err, errNoSecret) {
		return secret, err
	}
	if err := makeSecret(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("keep a signing secret: %w", err)
	}
	return readPrivate(path)
}

// makeSecret puts a secret into a file that is whole from its first moment. Errors: fs.ErrExist where there is one.
func makeSecret(path string) error {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // it never fails
	f, err := os.CreateTemp(filepath.Dir(path), secretFile+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the secret has a name of its own by then
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// readPrivate reads a file that is ours and nobody else's: whoever can read the secret can be everybody, and whoever can
// put another one there as well. Errors: errNoSecret where there is none.
func readPrivate(path string) (string, error) {
	// #nosec G304 -- in the data directory
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errNoSecret
	}
	if err != nil {
		return "", fmt.Errorf("read the signing secret: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("read the signing secret: %w", err)
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return "", fmt.Errorf("%s, where the signing secret is kept, is no file", path)
	case mode.Perm()&0o077 != 0:
		return "", fmt.Errorf("%s, the signing secret, is open to others (mode %04o): if nobody has read it, close it with chmod 600; "+
			"otherwise delete it, and a new one is made", path, mode.Perm())
	case int(owner) != os.Geteuid():
		return "", fmt.Errorf("%s, the signing secret, belongs to the user with id %d, and chat runs as %d", path, owner, os.Geteuid())
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return "", fmt.Errorf("read the signing secret: %w", err)
	}
	return string(text), nil
}
