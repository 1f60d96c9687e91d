package graph

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// playgroundFiles is GraphiQL, bundled by playground/build.js.
//
//go:embed playground/dist
var playgroundFiles embed.FS

// playgroundPolicy lets the page reach its own host and nothing else. GraphiQL's editor sets styles of elements, which
// takes 'unsafe-inline' for styles; scripts are files of ours alone.
const playgroundPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Playground serves GraphiQL for the API at /graphql of the same host. It is to be mounted at /playground and
// /playground/. The page holds no credential and needs none: whoever uses it puts their own into its headers.
func Playground() http.Handler {
	files := map[string][]byte{}
	tags := map[string]string{}
	for _, name := range []string{"index.html", "main.css", "main.js", "LICENSES.txt"} {
		// Embedded files are there, or the program does not build.
		content, _ := fs.ReadFile(playgroundFiles, "playground/dist/"+name)
		sum := sha256.Sum256(content)
		files[name], tags[name] = content, `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/playground/") {
			// The page names its files relative to where it is.
			http.Redirect(w, r, strings.TrimSuffix(r.URL.Path, "/"), http.StatusMovedPermanently)
			return
		}
		name := path.Base(r.URL.Path)
		if name == "playground" {
			name = "index.html"
		}
		content, ok := files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", playgroundPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tags[name])
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
