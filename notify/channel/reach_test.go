package channel

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/fakedns"
	"github.com/weirhq/weir/notify"
)

// A public name that means a private address is refused when it is connected to, however it was before.
func TestANameThatTurnsOutToBePrivateIsRefused(t *testing.T) {
	t.Parallel()
	reached := atomic.Int64{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(server.Close)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	target := fmt.Sprintf("https://rebinding.example.com:%d/", port)
	trusting := func(tr *http.Transport) {
		tr.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		tr.TLSClientConfig.ServerName = "example.com"
	}

	asked := atomic.Int64{}
	resolver := fakedns.Resolver(t, func(string) net.IP {
		asked.Add(1)
		return net.IPv4(127, 0, 0, 1)
	})
	require.NoError(t, allow(t).CheckHost("rebinding.example.com"), "it says nothing of itself")
	result := New(Options{Resolver: resolver, Transport: trusting}).Send(t.Context(), message(notify.Webhook, target))
	require.Contains(t, result.Error, "private or reserved")
	require.Positive(t, asked.Load())
	require.Zero(t, reached.Load())

	// Where the operator allows it, the same goes through; and the name is asked for each time.
	open := New(Options{Reach: allow(t, "127.0.0.0/8"), Resolver: resolver, Transport: trusting})
	before := asked.Load()
	for range 2 {
		require.Empty(t, open.Send(t.Context(), message(notify.Webhook, target)).Error)
	}
	require.Equal(t, int64(2), reached.Load())
	require.GreaterOrEqual(t, asked.Load(), before+2)

	// It changes its mind between two attempts.
	var private atomic.Bool
	turning := fakedns.Resolver(t, func(string) net.IP {
		if private.Load() {
			return net.IPv4(10, 0, 0, 1)
		}
		return net.IPv4(127, 0, 0, 1)
	})
	s := New(Options{Reach: allow(t, "127.0.0.0/8"), Resolver: turning, Transport: trusting})
	require.Empty(t, s.Send(t.Context(), message(notify.Webhook, target)).Error)
	private.Store(true)
	require.Contains(t, s.Send(t.Context(), message(notify.Webhook, target)).Error, "private or reserved", "no connection is kept")
}

func TestTargetsThatAreRefusedWhenConnectedTo(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	for _, target := range []string{
		"https://127.0.0.1:1/", "https://[::1]:1/", "https://[::ffff:127.0.0.1]:1/", "https://10.0.0.1:1/", "https://169.254.169.254/", "https://0.0.0.0:1/",
		"https://[64:ff9b::7f00:1]:1/", "https://100.64.0.1:1/", "https://localhost:1/", "http://8.8.8.8:1/",
	} {
		result := s.Send(t.Context(), message(notify.Webhook, target))
		require.NotEmpty(t, result.Error, target)
		require.Contains(t, result.Error, "WEIR_NOTIFY_ALLOW_CIDRS", target)
		require.NotContains(t, result.Error, "refused", target)
	}
}

// Each redirect is asked for as the target was.
func TestRedirectsLeadNowhereElse(t *testing.T) {
	t.Parallel()
	arrived := make(chan string, 9)
	var base string
	base = receiver(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/arrive":
			arrived <- r.Method
		case "/loop":
			http.Redirect(w, r, base+"/loop", http.StatusTemporaryRedirect)
		default:
			code := http.StatusTemporaryRedirect
			if r.URL.Query().Get("get") != "" {
				code = http.StatusFound
			}
			http.Redirect(w, r, r.URL.Query().Get("to"), code)
		}
	})
	s := New(Options{Reach: allow(t, "127.0.0.0/8")})
	to := func(target string) string { return base + "/?to=" + url.QueryEscape(target) }
	require.Empty(t, s.Send(t.Context(), message(notify.Webhook, to(base+"/arrive"))).Error)
	require.Equal(t, http.MethodPost, <-arrived)
	for _, target := range []string{
		"http://10.0.0.1/", "https://0xa.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/", "http://8.8.8.8/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "file:///etc/passwd",
	} {
		require.NotEmpty(t, s.Send(t.Context(), message(notify.Webhook, to(target))).Error, target)
	}
	result := s.Send(t.Context(), message(notify.Webhook, to(base+"/arrive")+"&get=1"))
	require.Equal(t, http.StatusFound, result.StatusCode)
	require.NotEmpty(t, result.Error)
	require.Contains(t, s.Send(t.Context(), message(notify.Webhook, base+"/loop")).Error, "redirects")
	require.Empty(t, arrived)
}

// A proxy of the environment would connect in our place.
func TestNoProxyIsUsed(t *testing.T) {
	t.Parallel()
	transport := newClient(&Options{Reach: allow(t)}).Transport.(byScheme)
	require.Nil(t, transport.https.Proxy)
	require.Nil(t, transport.http.Proxy)
}
