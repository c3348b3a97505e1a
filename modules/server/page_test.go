package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// TestWhatIsInstalled: browsers find a new worker at once, which lies where it may serve every place, and the manifest and
// its pictures are what they are.
func TestWhatIsInstalled(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"index.html", "worker.js", "worker.js.br", "manifest.webmanifest", "icon-192.png"} {
		files[name] = &fstest.MapFile{Data: []byte(name)}
	}
	pages := (&Server{}).pages(files)
	for name, kind := range map[string]string{
		"worker.js":            "text/javascript; charset=utf-8",
		"manifest.webmanifest": "application/manifest+json",
		"icon-192.png":         "image/png",
	} {
		request := httptest.NewRequest(http.MethodGet, "/"+name, nil)
		request.Header.Set("Accept-Encoding", "gzip, br")
		answer := httptest.NewRecorder()
		pages.ServeHTTP(answer, request)
		h := answer.Header()
		if answer.Code != http.StatusOK || h.Get("Content-Type") != kind || h.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", name, answer.Code, h)
		}
		if name == "worker.js" && (h.Get("Content-Encoding") != "br" || answer.Body.String() != "worker.js.br") {
			t.Errorf("the worker is not compressed: %v", h)
		}
		for _, rule := range []string{"manifest-src 'self'", "worker-src 'self'", "connect-src 'self'"} { // the worker's own too
			if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "; "+rule) {
				t.Errorf("%s has no %q: %s", name, rule, policy)
			}
		}
		if h.Get("Service-Worker-Allowed") != "" {
			t.Errorf("%s: at the root it needs no leave", name)
		}
	}
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/assets/worker.js", nil))
	if answer.Code != http.StatusNotFound || answer.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("a worker that is not there: %d %v", answer.Code, answer.Header())
	}
}
