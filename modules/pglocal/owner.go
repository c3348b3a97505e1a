package pglocal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// user is whom the server runs as. PostgreSQL refuses root, so root runs it as postgres or nobody; anybody else as
// themselves (nil).
type user struct {
	name     string
	uid, gid uint32
}

func runner() (*user, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := osuser.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &user{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: " +
		"start chat as another user, or name a running server with DATABASE_URL")
}

// apply makes a command run as the user, in a directory that the user can be in.
func (u *user) apply(cmd *exec.Cmd) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if u != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.uid, Gid: u.gid}
	}
}

// own gives a tree to the user.
func (u *user) own(dir string) error {
	if u == nil {
		return nil
	}
	root, err := os.OpenRoot(dir) // what the user puts there meanwhile cannot lead us elsewhere
	if err != nil {
		return fmt.Errorf("give %s to %s: %w", dir, u.name, err)
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("give %s to %s: %w", path, u.name, err)
		}
		return root.Lchown(path, int(u.uid), int(u.gid))
	})
}

// makeDir makes the server's directory, which nobody else can look into. Its parents must let the user through.
func makeDir(dir string, u *user) error {
	// #nosec G301 -- the user of PostgreSQL must pass through
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	switch err := os.Mkdir(dir, 0o700); {
	case errors.Is(err, fs.ErrExist):
		if err := refuseOthers(dir); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("make the data directory: %w", err)
	}
	// #nosec G302 -- a directory
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory private: %w", err)
	}
	if u == nil {
		return nil
	}
	if err := os.Chown(dir, int(u.uid), int(u.gid)); err != nil {
		return fmt.Errorf("give the data directory to %s: %w", u.name, err)
	}
	// #nosec G204 -- the directory is no part of the script
	probe := exec.Command("/bin/sh", "-c", `cd "$0"`, dir)
	u.apply(probe)
	if err := probe.Run(); err != nil {
		return fmt.Errorf("the user %s, as whom root runs PostgreSQL, cannot reach %s: choose another --data-dir", u.name, dir)
	}
	return nil
}

// refuseOthers refuses a directory that holds something and was never a data directory: nobody else could look into it any more.
func refuseOthers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the data directory: %w", err)
	}
	isEmpty := true
	for _, entry := range entries {
		switch entry.Name() {
		case "lock", "data", "data.new", "signing-secret":
			return nil
		case "lost+found": // of a file system of its own
		default:
			isEmpty = false
		}
	}
	if !isEmpty {
		return fmt.Errorf("%s holds other things: name a directory of its own with --data-dir", dir)
	}
	return nil
}

// openOwn opens a file of the data directory, where the user of PostgreSQL may put what it likes: a link is not followed.
func openOwn(path string, flags int) (*os.File, error) {
	// #nosec G304 -- in the data directory
	return os.OpenFile(path, flags|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
}

// takeLock claims a directory for this process, until the file is closed.
func takeLock(path string) (*os.File, error) {
	f, err := openOwn(path, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		// #nosec G304 -- in the data directory
		text, readErr := os.ReadFile(path)
		_ = f.Close()
		if readErr != nil {
			text = []byte("unknown")
		}
		return nil, fmt.Errorf("%s is in use by another chat process (process id %s)",
			filepath.Dir(path), strings.TrimSpace(string(text)))
	}
	if err := f.Truncate(0); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write the lock of the data directory: %w", err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write the lock of the data directory: %w", err)
	}
	return f, nil
}

// socketDir makes the private directory of the server's socket. It is short, because the path of a socket has at most
// 107 bytes; the one of a run that was killed is removed.
func socketDir(dir string, u *user) (string, error) {
	note := filepath.Join(dir, "socket")
	// #nosec G304 -- in the data directory
	if old, err := os.ReadFile(note); err == nil && strings.HasPrefix(string(old), filepath.Join("/tmp", socketPrefix)) && filepath.Dir(string(old)) == "/tmp" {
		// #nosec G703 -- one of ours, by its name and place
		_ = os.RemoveAll(string(old)) // at worst it stays
	}
	made, err := os.MkdirTemp("/tmp", socketPrefix)
	if err != nil {
		return "", fmt.Errorf("make a directory for PostgreSQL's socket: %w", err)
	}
	if err := u.own(made); err != nil {
		return "", err
	}
	if err := writeOwn(note, made); err != nil {
		return "", fmt.Errorf("note where PostgreSQL's socket is: %w", err)
	}
	return made, nil
}

func writeOwn(path, text string) error {
	f, err := openOwn(path, os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

const socketPrefix = "chat-pg-"
