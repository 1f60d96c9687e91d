package token

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxKeySet    = 1 << 20 // bytes
)

// fetcher reads an issuer's key set.
type fetcher struct {
	url    string
	client http.Client
	logger *slog.Logger
}

// newFetcher follows no redirects: they would lead past the check of the URL.
func newFetcher(cfg Config) *fetcher {
	f := &fetcher{url: cfg.JWKSURL, client: *cfg.HTTPClient, logger: cfg.Logger}
	f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	return f
}

func (f *fetcher) fetch(ctx context.Context) (keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	body, err := f.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch signing keys: %w", err)
	}
	keys, skipped, err := parseKeySet(body)
	if err != nil {
		return nil, fmt.Errorf("read signing keys of %s: %w", f.url, err)
	}
	f.logger.DebugContext(ctx, "fetched signing keys", "keys", len(keys), "left_out", skipped)

	return keys, nil
}

func (f *fetcher) get(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: status %d", f.url, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeySet {
		return nil, fmt.Errorf("GET %s: more than 1 MiB", f.url)
	}

	return body, nil
}
