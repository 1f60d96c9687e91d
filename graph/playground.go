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

// playgroundFiles is GraphiQL, bundled by playground/build.js, and the page that follows what happens, which is what it is.
//
//go:embed playground/dist playground/live
var playgroundFiles embed.FS

// pagePolicy lets a page reach its own host and nothing else. GraphiQL's editor sets styles of elements, which takes
// 'unsafe-inline' for styles; scripts are files of ours alone.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Playground serves GraphiQL for the API at /graphql of the same host. It is to be mounted at /playground and
// /playground/. The page holds no credential and needs none: whoever uses it puts their own into its headers, or behind
// the # of the address.
func Playground() http.Handler {
	return pageFiles("/playground", "playground/dist", "index.html", "main.css", "main.js", "LICENSES.txt")
}

// LivePage serves a page that shows runs and issues as they change. It is to be mounted at /live and /live/. It holds no
// credential either: that stands behind the # of the address, or it asks for one.
func LivePage() http.Handler {
	return pageFiles("/live", "playground/live", "live.html", "live.css", "live.js")
}

// pageFiles serves a page, which is the first of the names, at a path, and its files below that.
func pageFiles(at, dir string, names ...string) http.Handler {
	files := map[string][]byte{}
	tags := map[string]string{}
	for _, name := range names {
		// Embedded files are there, or the program does not build.
		content, _ := fs.ReadFile(playgroundFiles, dir+"/"+name)
		sum := sha256.Sum256(content)
		files[name], tags[name] = content, `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, at+"/") {
			// The page names its files relative to where it is.
			http.Redirect(w, r, strings.TrimSuffix(r.URL.Path, "/"), http.StatusMovedPermanently)
			return
		}
		name := path.Base(r.URL.Path)
		if name == path.Base(at) {
			name = names[0]
		}
		content, ok := files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tags[name])
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
