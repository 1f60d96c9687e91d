package graph

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// mediaType is one that answers may have.
type mediaType struct {
	name string
	// failed is the status of a request that was well-formed and yet could not be executed: old clients take anything
	// but 200 under application/json for a failure of the way there.
	failed int
}

var (
	mediaJSON    = mediaType{"application/json", http.StatusOK}
	mediaGraphQL = mediaType{"application/graphql-response+json", http.StatusBadRequest}
)

// negotiate picks the media type that the client likes best; application/json when it has no preference.
func negotiate(accept []string) (mediaType, bool) {
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return mediaJSON, true
	}
	best, quality := mediaType{}, 0.0
	for part := range strings.SplitSeq(header, ",") {
		media, found := acceptable(part)
		if q := weight(part); found && q > quality {
			best, quality = media, q
		}
	}
	return best, quality > 0
}

func acceptable(part string) (mediaType, bool) {
	name, _, err := mime.ParseMediaType(part)
	if err != nil {
		return mediaType{}, false
	}
	switch name {
	case "*/*", "application/*", mediaJSON.name:
		return mediaJSON, true
	case mediaGraphQL.name:
		return mediaGraphQL, true
	}
	return mediaType{}, false
}

func weight(part string) float64 {
	_, options, err := mime.ParseMediaType(part)
	if err != nil {
		return 0
	}
	q, err := strconv.ParseFloat(options["q"], 64)
	if err != nil {
		return 1
	}
	return q
}

// size says a number of bytes in words.
func size(bytes int64) string { return strconv.FormatInt(bytes>>20, 10) + " MiB" }
