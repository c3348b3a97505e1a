package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"chat/modules/identity"
)

const (
	secretFile  = "signing-secret" // in the data directory
	secretBytes = 48
)

// keys are those that sign access tokens; nil where callers are believed.
func (c Config) keys() (*identity.Keys, error) {
	if c.Auth == "none" {
		return nil, nil
	}
	secrets, err := c.signingSecrets()
	if err != nil {
		return nil, err
	}
	return identity.ParseKeys(secrets, c.Issuer, c.AccessTokenLife)
}

// signingSecrets are the configured ones. An embedded database has its own beside it, made when it is first needed.
func (c Config) signingSecrets() (string, error) {
	switch {
	case c.SigningSecret != "":
		return c.SigningSecret, nil
	case c.SigningSecretFile != "":
		text, err := os.ReadFile(c.SigningSecretFile)
		if err != nil {
			return "", fmt.Errorf("read --signing-secret-file: %w", err)
		}
		return string(text), nil
	case c.HasDatabase():
		return "", errors.New("accounts need a signing secret that all processes on the database share: name its file with " +
			"--signing-secret-file, or set CHAT_SIGNING_SECRET; make one with: openssl rand -base64 48")
	}
	dir, err := c.DataDirectory()
	if err != nil {
		return "", err
	}
	return ownSecret(filepath.Join(dir, secretFile))
}

// ownSecret reads the secret in a file that nobody else can read, and makes it where there is none.
func ownSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return string(text), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the signing secret: %w", err)
	}
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // it never fails
	secret := base64.StdEncoding.EncodeToString(raw) + "\n"
	fresh := path + ".new" // a name of its own until it is whole: nobody reads half a secret
	if err := os.WriteFile(fresh, []byte(secret), 0o600); err != nil {
		return "", fmt.Errorf("keep a signing secret: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return "", fmt.Errorf("keep a signing secret: %w", err)
	}
	return secret, nil
}
