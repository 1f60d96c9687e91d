package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

// tab is a tab of a browser without a screen, which is driven by the DevTools protocol.
type tab struct {
	t    *testing.T
	conn *websocket.Conn
	n    int
}

// browse opens an address in a browser. Without one the test is skipped, unless WEIR_TEST_BROWSER is set, as CI does.
func browse(t *testing.T, address string) *tab {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && program == "" {
			program = found
		}
	}
	if program == "" {
		require.Empty(t, os.Getenv("WEIR_TEST_BROWSER"), "WEIR_TEST_BROWSER is set, and there is no Chromium here")
		t.Skip("there is no Chromium here")
	}
	ctx, stop := context.WithCancel(t.Context())
	browser := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", //nolint:gosec // One of ours.
		"--user-data-dir="+t.TempDir(), "--remote-debugging-port=0", address)
	said, err := browser.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, browser.Start())
	t.Cleanup(func() { stop(); _ = browser.Wait() })
	listening := regexp.MustCompile(`DevTools listening on (ws://\S+)`)
	var host string
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			u, err := url.Parse(m[1])
			require.NoError(t, err)
			host = u.Host
			break
		}
	}
	require.NotEmpty(t, host, "the browser did not start")
	b := &tab{t: t}
	eventually(t, patience, "the browser has a tab", func(ctx context.Context) bool {
		answer, err := (&harness.Client{URL: "http://" + host}).Send(ctx, http.MethodGet, "/json/list", nil)
		var tabs []struct{ Type, WebSocketDebuggerURL string }
		if err != nil || json.Unmarshal(answer.Body, &tabs) != nil {
			return false
		}
		for _, one := range tabs {
			if one.Type == "page" {
				conn, _, err := websocket.Dial(ctx, one.WebSocketDebuggerURL, nil) //nolint:bodyclose // The socket is closed below.
				require.NoError(t, err)
				b.conn = conn
				return true
			}
		}
		return false
	})
	b.conn.SetReadLimit(8 << 20)
	t.Cleanup(func() { _ = b.conn.CloseNow() })
	return b
}

// value is what a script in the page comes to, as text.
func (b *tab) value(ctx context.Context, script string) (string, error) {
	b.n++
	ask, err := json.Marshal(map[string]any{"id": b.n, "method": "Runtime.evaluate", "params": map[string]any{"expression": "String(" + script + ")"}})
	if err != nil {
		return "", err
	}
	if err := b.conn.Write(ctx, websocket.MessageText, ask); err != nil {
		return "", err
	}
	for {
		_, raw, err := b.conn.Read(ctx)
		if err != nil {
			return "", err
		}
		var answer struct {
			ID     int
			Result struct {
				Result struct{ Value string }
			}
			Error struct{ Message string }
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return "", err
		}
		if answer.ID == b.n {
			if answer.Error.Message != "" {
				return "", errors.New(answer.Error.Message)
			}
			return answer.Result.Result.Value, nil
		}
	}
}

// shows waits until a script comes to a text that matches.
func (b *tab) shows(what, script, pattern string) {
	b.t.Helper()
	wanted, last := regexp.MustCompile(pattern), ""
	b.t.Cleanup(func() {
		if b.t.Failed() {
			b.t.Logf("%s: %s", what, last)
		}
	})
	took := eventually(b.t, patience, what, func(ctx context.Context) bool {
		var err error
		last, err = b.value(ctx, script)
		require.NoError(b.t, err)
		return wanted.MatchString(last)
	})
	b.t.Logf("%s after %s: %.120q", what, took, last)
}

// The address that the demo prints shows runs as they go, in a browser.
func TestDemoShowsLiveRunsInABrowser(t *testing.T) {
	t.Parallel()
	s, c, _ := demo(t, "--no-traffic")
	address := regexp.MustCompile(`http://\S+/live#token=\S+`).FindString(s.Stdout())
	require.NotEmpty(t, address)
	b := browse(t, address)
	b.shows("the page follows", `document.getElementById("state").textContent`, `^live$`)
	b.shows("the address has no token any more", "location.href", "/live$")
	flow := func(n int, status string) string {
		return fmt.Sprintf(`{"type":"flow_run","id":"r-%d","customer":"acme","data":{"flow":"orders","status":%q}}`, n, status)
	}
	n := 0
	// It may have subscribed a moment after it said so.
	eventually(t, patience, "a run is shown", func(ctx context.Context) bool {
		n++
		require.Equal(t, http.StatusAccepted, post(t, c, flow(n, "running")).Status)
		shown, err := b.value(ctx, `document.querySelectorAll("#runs li.busy.new").length`)
		require.NoError(t, err)
		return shown != "0"
	})
	require.Equal(t, http.StatusAccepted, post(t, c, flow(n, "failed")).Status)
	b.shows("the run fails before one's eyes", `document.querySelector("#runs li.bad")?.textContent`, `orders.*FAILED`)

	// And GraphiQL does, with a subscription.
	address = regexp.MustCompile(`http://\S+/playground#token=\S+`).FindString(s.Stdout())
	g := browse(t, address+"&query="+url.QueryEscape("subscription { flowRunsUpdated { runStatus flow { key } } }"))
	g.shows("GraphiQL is there", `document.querySelector(".graphiql-query-editor")?.textContent`, `flowRunsUpdated`)
	_, err := g.value(within(t, patience), `document.querySelector(".graphiql-execute-button").click()`)
	require.NoError(t, err)
	eventually(t, patience, "GraphiQL shows a run", func(ctx context.Context) bool {
		n++
		require.Equal(t, http.StatusAccepted, post(t, c, flow(n, "running")).Status)
		shown, err := g.value(ctx, `document.querySelector(".result-window").textContent`)
		require.NoError(t, err)
		return regexp.MustCompile(`RUNNING.*orders`).MatchString(shown)
	})
}
