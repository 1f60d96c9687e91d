package graph

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePlaygroundNeedsNoOtherHost(t *testing.T) {
	t.Parallel()
	h := Playground()
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	page := get("/playground")
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
	require.Contains(t, get("/playground/LICENSES.txt").Body.String(), "graphiql 3.8.2 (MIT)")
	require.Equal(t, http.StatusNotFound, get("/playground/../handler.go").Code)
	require.Equal(t, http.StatusMovedPermanently, get("/playground/").Code)

	again := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/playground/main.js", nil)
	again.Header.Set("If-None-Match", get("/playground/main.js").Header().Get("ETag"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, again)
	require.Equal(t, http.StatusNotModified, w.Code)
}
