package lab

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"strings"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// A subscriber of a crowd is a bare socket: a load generator that costs as much as a client library would be what is
// measured.

// upgrade opens a socket to host:port and makes it a WebSocket. It blocks.
func upgrade(address, path, protocol, header string) (fd int, err error) {
	to, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return 0, fmt.Errorf("open a WebSocket: %w", err)
	}
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err != nil {
		return 0, fmt.Errorf("open a socket: %w", err)
	}
	unix.CloseOnExec(fd)
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	if err = unix.Connect(fd, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())}); err != nil {
		return 0, fmt.Errorf("connect to %s: %w", address, err)
	}
	key := make([]byte, 16)
	_, _ = rand.Read(key) // it never fails
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n%s\r\n", path, address, base64.StdEncoding.EncodeToString(key), protocol, header)
	if protocol == "" {
		request = bytes.Replace(request, []byte("Sec-WebSocket-Protocol: \r\n"), nil, 1)
	}
	if _, err = unix.Write(fd, request); err != nil {
		return 0, fmt.Errorf("open a WebSocket: %w", err)
	}
	var answer []byte
	for one := make([]byte, 1); !bytes.HasSuffix(answer, []byte("\r\n\r\n")); answer = append(answer, one...) {
		if n, err := unix.Read(fd, one); err != nil || n == 0 {
			return 0, fmt.Errorf("open a WebSocket: the connection has ended after %q (%w)", answer, err)
		}
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.1 101 ") {
		return 0, fmt.Errorf("open a WebSocket: %w: %s", errCall, answer)
	}
	return fd, nil
}

// sendFrame writes a frame, masked with zeros as a client may.
func sendFrame(fd int, op ws.OpCode, payload []byte) error {
	var frame bytes.Buffer
	_ = ws.WriteHeader(&frame, ws.Header{Fin: true, OpCode: op, Masked: true, Length: int64(len(payload))})
	frame.Write(payload)
	if _, err := unix.Write(fd, frame.Bytes()); err != nil {
		return fmt.Errorf("write a frame: %w", err)
	}
	return nil
}

// readText reads one text message to its end, on a socket that blocks; pings are passed over.
func readText(fd int) ([]byte, error) {
	for {
		head, err := readFull(fd, 2)
		if err != nil {
			return nil, err
		}
		length := int(head[1] & 0x7f)
		if length >= 126 {
			wide, err := readFull(fd, map[int]int{126: 2, 127: 8}[length])
			if err != nil {
				return nil, err
			}
			length = int(binary.BigEndian.Uint64(append(make([]byte, 8-len(wide)), wide...)))
		}
		payload, err := readFull(fd, length)
		switch {
		case err != nil:
			return nil, err
		case ws.OpCode(head[0]&0x0f) == ws.OpText:
			return payload, nil
		case ws.OpCode(head[0]&0x0f) == ws.OpClose:
			return nil, fmt.Errorf("%w: closed with %q", errCall, payload)
		}
	}
}

func readFull(fd, length int) ([]byte, error) {
	out := make([]byte, length)
	for have := 0; have < length; {
		n, err := unix.Read(fd, out[have:])
		if err != nil || n == 0 {
			return nil, fmt.Errorf("read a frame: the connection has ended (%w)", err)
		}
		have += n
	}
	return out, nil
}

// nextFrame gives the first frame of what a server has sent; ok is false where it is not whole yet.
func nextFrame(data []byte) (op ws.OpCode, payload, rest []byte, ok bool) {
	if len(data) < 2 {
		return 0, nil, nil, false
	}
	head, length := 2, int(data[1]&0x7f)
	switch {
	case length == 126 && len(data) >= 4:
		head, length = 4, int(binary.BigEndian.Uint16(data[2:]))
	case length == 127 && len(data) >= 10:
		head, length = 10, int(binary.BigEndian.Uint64(data[2:])) // #nosec G115 -- what we measure sends no such frame
	case length >= 126:
		return 0, nil, nil, false
	}
	if len(data) < head+length {
		return 0, nil, nil, false
	}
	return ws.OpCode(data[0] & 0x0f), data[head : head+length], data[head+length:], true
}

// numberAfter reads the digits behind the last place of a mark; ok is false where there are none.
func numberAfter(text, mark []byte) (n int64, ok bool) {
	at := bytes.LastIndex(text, mark)
	if at < 0 {
		return 0, false
	}
	digits := text[at+len(mark):]
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			break
		}
		n, ok = 10*n+int64(digit-'0'), true
	}
	return n, ok
}
