package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// maxPasswordLine is more than any password may have.
const maxPasswordLine = 64 << 10

// readPassword asks for a password where in is a terminal; otherwise it is the first line.
func readPassword(ctx context.Context, in io.Reader, out io.Writer) (string, error) {
	if file, isFile := in.(*os.File); isFile && term.IsTerminal(int(file.Fd())) {
		return ask(ctx, file, out)
	}
	return firstLine(in)
}

func firstLine(in io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password from standard input: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("there is no password on standard input: write one there, or call this in a terminal")
	}
	return line, nil
}

// ask asks twice on a terminal, which shows nothing of what is typed, and is as it was afterwards. When ctx ends first, what
// reads there ends with the process.
func ask(ctx context.Context, terminal *os.File, out io.Writer) (string, error) {
	before, err := term.MakeRaw(int(terminal.Fd())) // before it asks: what is typed ahead is not shown either
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	defer func() { _ = term.Restore(int(terminal.Fd()), before) }() // there is nothing better to do
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := askTwice(bufio.NewReader(terminal), out)
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		_, _ = fmt.Fprint(out, newLine)
		return "", errStopped
	case a := <-answers:
		return a.text, a.err
	}
}

var errStopped = errors.New("stopped; nothing was changed")

const newLine = "\r\n" // of a terminal that changes nothing of what is written

// askTwice reads two lines that are the same.
func askTwice(in *bufio.Reader, out io.Writer) (string, error) {
	var lines [2]string
	for n, prompt := range []string{"Password: ", "Again: "} {
		_, _ = fmt.Fprint(out, prompt)
		line, err := typedLine(in)
		_, _ = fmt.Fprint(out, newLine)
		if err != nil {
			return "", err
		}
		lines[n] = line
	}
	switch {
	case lines[0] != lines[1]:
		return "", errors.New("the two passwords differ")
	case lines[0] == "":
		return "", errors.New("no password was given")
	}
	return lines[0], nil
}

// What keys send that do something. Source: ASCII; stty's defaults.
const (
	keyInterrupt = 0x03 // Ctrl-C
	keyEnd       = 0x04 // Ctrl-D
	keyErase     = 0x7f // Backspace; of some terminals Ctrl-H
	keyErase2    = 0x08
	keyKill      = 0x15 // Ctrl-U
)

// typedLine reads the keys of one line. x/term has the same for a terminal of its own, which waits for ever after a byte
// that is not UTF-8, even for Ctrl-C.
func typedLine(in *bufio.Reader) (string, error) {
	var line []byte
	for len(line) < maxPasswordLine {
		key, err := in.ReadByte()
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		switch key {
		case '\r', '\n':
			return string(line), nil
		case keyInterrupt, keyEnd:
			return "", errStopped
		case keyErase, keyErase2:
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		case keyKill:
			line = line[:0]
		default:
			line = append(line, key)
		}
	}
	return "", errors.New("the password is too long")
}
