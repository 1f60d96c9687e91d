package issues

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/entry"
)

func TestWhatIsOneProblem(t *testing.T) {
	t.Parallel()
	head := entry.Head{Kind: entry.KindAPIRequest, IntegrationID: uuid.New(), Method: "POST", Endpoint: "/v3/contacts", ErrorCode: "PROPERTY_DOESNT_EXIST"}
	key := func(h entry.Head, d diagnostics.Diagnosis) Key {
		k, ok := KeyOf(&h, &d)
		require.True(t, ok)
		return k
	}
	elsewhere, webhook, longer := head, head, head
	elsewhere.Endpoint, webhook.Kind = "/v3/deals", entry.KindExternalWebhook
	longer.ErrorCode = strings.Repeat("é\x00", 400)
	expired := diagnostics.Diagnosis{Category: diagnostics.AuthTokenExpired, Entry: "hubspot.expired-authentication"}
	invalid := diagnostics.Diagnosis{Category: diagnostics.ValidationInvalidValue, Entry: "hubspot.property"}
	generic := diagnostics.Diagnosis{Category: diagnostics.ValidationInvalidValue, Entry: "status.400", Generic: true}
	forged := diagnostics.Diagnosis{Category: diagnostics.WebhookSignatureInvalid, Entry: "webhooks.signature", Generic: true}

	require.Equal(t, key(head, expired), key(elsewhere, expired), "credentials are the same for all calls")
	require.NotEqual(t, key(head, invalid), key(elsewhere, invalid))
	require.Equal(t, "hubspot.property", key(head, invalid).Cause)
	require.Equal(t, "status.400/PROPERTY_DOESNT_EXIST", key(head, generic).Cause)
	require.Equal(t, Key{Category: diagnostics.WebhookRejecting, IntegrationID: head.IntegrationID, Cause: "webhook_signature_invalid"}, key(webhook, forged))
	cause := key(longer, generic).Cause
	require.LessOrEqual(t, len(cause), mostText)
	require.NotContains(t, cause, "\x00")
	_, ok := KeyOf(&head, &diagnostics.Diagnosis{Category: diagnostics.None})
	require.False(t, ok)

	tenant, other := uuid.New(), uuid.New()
	a, b := key(head, expired), key(elsewhere, expired)
	require.Equal(t, a.ID(tenant), b.ID(tenant))
	require.NotEqual(t, a.ID(tenant), a.ID(other), "no two tenants share an id")
}
