package issues

import (
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// Key is what makes sightings one problem: its fingerprint, readable. Two sightings with the same key are of one issue.
type Key struct {
	Category diagnostics.Category `json:"category"`
	// IntegrationID is uuid.Nil for what is of no integration.
	IntegrationID uuid.UUID `json:"integration_id"`
	// Cause is the id of the catalogue's entry that matched, or a detector's own word, such as the key of a flow.
	Cause string `json:"cause"`
	// Scope is where it happens, when a problem of the category is another one elsewhere: "POST /v3/contacts", or a
	// flow's id. It is empty for what hits all calls alike, such as an expired token.
	Scope string `json:"scope,omitempty"`
}

// ID is the id of the tenant's issue with the key: derived, so that an entry knows its issue without a look-up.
func (k *Key) ID(tenantID uuid.UUID) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.Issue, strings.Join([]string{string(k.Category), k.IntegrationID.String(), k.Cause, k.Scope}, "\x00"))
}

// byEndpoint are the categories that are about one endpoint: the same message of another is another problem.
var byEndpoint = map[diagnostics.Category]bool{
	diagnostics.PayloadTooLarge: true, diagnostics.ValidationRequiredField: true, diagnostics.ValidationInvalidValue: true,
	diagnostics.MalformedRequest: true, diagnostics.DuplicateRecordConflict: true, diagnostics.ConcurrentModification: true,
	diagnostics.ResourceNotFound: true, diagnostics.PaginationOrCursorInvalid: true, diagnostics.EndpointOrVersionRetired: true,
	diagnostics.ProviderInternalError: true, diagnostics.DeprecationWarning: true,
}

// KeyOf is the key of an entry with a diagnosis, and false when nothing is wrong with it. A webhook that was turned
// away is WebhookRejecting, whatever for: that is its cause.
func KeyOf(h *entry.Head, d *diagnostics.Diagnosis) (Key, bool) {
	if d.Category == diagnostics.None || d.Category == "" {
		return Key{}, false
	}
	k := Key{Category: d.Category, IntegrationID: h.IntegrationID, Cause: d.Entry}
	switch {
	case k.Cause == "":
		k.Cause = h.ErrorCode
	case d.Generic && byEndpoint[d.Category] && h.ErrorCode != "":
		k.Cause += "/" + h.ErrorCode // The provider tells apart what the generic catalogue cannot.
	}
	switch {
	case h.Kind == entry.KindExternalWebhook:
		k.Category, k.Cause = diagnostics.WebhookRejecting, string(d.Category)
	case byEndpoint[d.Category] && h.Kind == entry.KindAPIRequest:
		k.Scope = h.Method + " " + h.Endpoint
	case byEndpoint[d.Category]:
		k.Scope = h.EventType
	}
	k.Cause, k.Scope = tidy(k.Cause), tidy(k.Scope)
	return k, true
}

// mostText is how long a cause or a scope is at most, in bytes.
const mostText = 300

// tidy makes a text one that can be stored and shown, whatever the sender wrote.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if len(s) > mostText {
		s = strings.ToValidUTF8(s[:mostText], "")
	}
	return s
}
