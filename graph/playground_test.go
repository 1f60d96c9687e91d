package graph

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// pageAt looks at a page and all that it links to, and gives what gets more of it.
func pageAt(t *testing.T, h http.Handler, at string) func(path string) *httptest.ResponseRecorder {
	t.Helper()
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	page := get(at)
	require.Equal(t, http.StatusOK, page.Code)
	require.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "script-src 'self';")
	linked := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	require.Len(t, linked, 3)
	for _, l := range linked {
		if l[1] == "data:," {
			continue
		}
		require.NotContains(t, l[1], "//")
		file := get("/" + l[1])
		require.Equal(t, http.StatusOK, file.Code, l[1])
		require.NotEmpty(t, file.Body.Bytes())
		require.NotRegexp(t, `(url\(|import\(?)["']?https?://`, file.Body.String(), "what is linked loads nothing from elsewhere")
	}
	require.Equal(t, http.StatusNotFound, get(at+"/../handler.go").Code)
	require.Equal(t, http.StatusMovedPermanently, get(at+"/").Code)
	return get
}

func TestTheLivePageNeedsNoOtherHost(t *testing.T) {
	t.Parallel()
	get := pageAt(t, LivePage(), "/live")
	require.NotContains(t, get("/live/live.js").Body.String(), "innerHTML", "what is told is text")
	require.Equal(t, http.StatusNotFound, get("/live/LICENSES.txt").Code)
}

func TestThePlaygroundNeedsNoOtherHost(t *testing.T) {
	t.Parallel()
	h := Playground()
	get := pageAt(t, h, "/playground")
	require.Contains(t, get("/playground/LICENSES.txt").Body.String(), "graphiql 3.8.2 (MIT)")

	again := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/playground/main.js", nil)
	again.Header.Set("If-None-Match", get("/playground/main.js").Header().Get("ETag"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, again)
	require.Equal(t, http.StatusNotModified, w.Code)
}
