package server

import (
	"bytes"
	"crypto/rand"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// answerPolicy is the Content-Security-Policy of what is no page.
const answerPolicy = "default-src 'none'; frame-ancestors 'none'"

// policyOf is the Content-Security-Policy of the UI's pages, which talk to those origins beside their own. Styles that a
// library writes into the page need the nonce; there are no scripts in it.
func policyOf(nonce, origins string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' blob: data:; font-src 'self'; " +
		"manifest-src 'self'; worker-src 'self'; connect-src 'self'" + origins + "; frame-ancestors 'none'; base-uri 'none'; " +
		"form-action 'self'; object-src 'none'"
}

// explorerPolicy is GraphiQL's, whose editor writes styles into the page and starts workers of its own.
const explorerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' ws: wss:; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"

// unbuilt is shown where the frontend was not built into the binary; unbuiltAPI follows where there is an API beside it.
const (
	unbuilt = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>chat</title></head><body>
<h1>chat is running</h1>
<p>The pages are not part of this build. Build them with <code>go generate ./...</code>, which needs Node, and build chat again.</p>
`
	unbuiltAPI = `<p>The API works: send GraphQL to <a href="/graphql">/graphql</a>.</p>
`
)

// pages serves a built frontend. Names under /assets/ hold a hash of their content and are kept for ever. Whatever looks like
// no file is a place in the UI, which its one page shows.
func (s *Server) pages(files fs.FS) http.Handler {
	origins := s.config.Installation.origins()
	return read(func(w http.ResponseWriter, r *http.Request) {
		nonce := rand.Text()
		w.Header().Set("Content-Security-Policy", policyOf(nonce, origins))
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		isAsset := strings.HasPrefix(name, "assets/")
		if isAsset {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			w.Header().Set("Cache-Control", "no-cache")
		}
		if name == "" || name == indexName || path.Ext(name) == "" && !isAsset && accepts(r, "text/html") {
			s.index(w, r, files, nonce)
			return
		}
		serveFile(w, r, files, name)
	})
}

const (
	indexName  = "index.html"
	emptyNonce = "__CSP_NONCE__" // the build leaves it where the nonce has to stand
)

// index serves the one page of the UI, with the nonce of this answer.
func (s *Server) index(w http.ResponseWriter, r *http.Request, files fs.FS, nonce string) {
	page, err := fs.ReadFile(files, indexName)
	if err != nil {
		s.unbuilt(w)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(bytes.ReplaceAll(page, []byte(emptyNonce), []byte(nonce))) // a client that is gone gets none
}

// serveFile serves one file, compressed where the build has done that and the client takes it.
func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name string) {
	info, err := fs.Stat(files, name)
	if err != nil || info.IsDir() || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
		w.Header().Set("Cache-Control", "no-store")
		notFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Vary", "Accept-Encoding")
	for _, packed := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if _, err := fs.Stat(files, name+packed.suffix); err == nil && strings.Contains(r.Header.Get("Accept-Encoding"), packed.encoding) {
			w.Header().Set("Content-Encoding", packed.encoding)
			name += packed.suffix
			break
		}
	}
	// #nosec G703 -- a name that is no path of its own is not found in an fs.FS
	http.ServeFileFS(w, r, files, name)
}

func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if known := mime.TypeByExtension(ext); known != "" {
			return known
		}
	}
	return "application/octet-stream"
}

// graphiql is the explorer of the API, in development.
func (s *Server) graphiql(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", explorerPolicy)
	w.Header().Set("Cache-Control", "no-cache")
	if s.config.Pages == nil || !exists(s.config.Pages, "graphiql.html") {
		s.unbuilt(w)
		return
	}
	serveFile(w, r, s.config.Pages, "graphiql.html")
}

func (s *Server) unbuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	text := unbuilt
	if s.config.Exec != nil {
		text += unbuiltAPI
	}
	_, _ = w.Write([]byte(text + "</body></html>")) // a client that is gone gets none
}

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}
