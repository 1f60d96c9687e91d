package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
)

// serveProfiles serves Go's profiles where the settings say so. They tell nothing of tenants' data, but cost what they
// measure, so their address must be a loopback one.
func (a *App) serveProfiles(ctx context.Context) error {
	if a.cfg.DebugAddr == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.DebugAddr)
	if err != nil {
		return fmt.Errorf("listen on WEIR_DEBUG_ADDR %s: %w", a.cfg.DebugAddr, err)
	}
	if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		_ = listener.Close()
		return fmt.Errorf("WEIR_DEBUG_ADDR %s is no loopback address: profiles ask for no credential", a.cfg.DebugAddr)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	a.onClose(func(context.Context) error { return server.Close() })
	go func() { _ = server.Serve(listener) }()
	return nil
}
