package server

import (
	"net/http"
	"time"
)

// A client has so long to take every piece of an answer.
const (
	pieceTime  = 10 * time.Second
	pieceBytes = 64 << 10
)

// paced ends connections whose clients do not take what they are answered. A time for the whole would cut off those that are slow.
func paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isUpgrade(r) { // a WebSocket has its own times
			w = &pacedWriter{w, http.NewResponseController(w)}
		}
		next.ServeHTTP(w, r)
	})
}

type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w *pacedWriter) Write(p []byte) (n int, err error) {
	for more := true; more && err == nil; more = n < len(p) {
		_ = w.control.SetWriteDeadline(time.Now().Add(pieceTime)) // of a connection that can
		var taken int
		taken, err = w.ResponseWriter.Write(p[n:min(n+pieceBytes, len(p))])
		n += taken
	}
	return n, err
}

func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
