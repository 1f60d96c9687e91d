package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

// received is a webhook as it came in.
type received struct {
	header http.Header
	body   []byte
}

// A connection that its customer has withdrawn is an issue, with the steps that mend it, and whoever asked for it is told
// with a signature that the standard's own library verifies; when the customer has reconnected, that is told too.
func TestAnIssueIsFoundToldAndResolved(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	ctx := within(t, patience)
	client := w.tenant(t, "told")
	admin, err := w.binary.CreateKey(ctx, w.env, client.Slug, "read,admin")
	require.NoError(t, err)
	api := &harness.Client{URL: client.URL, Token: admin.Secret}
	came := make(chan received, 9)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- received{r.Header, body}
	}))
	t.Cleanup(receiver.Close)

	var made struct {
		CreateNotificationEndpoint struct {
			Secret     string
			UserErrors []struct{ Message string }
		}
	}
	require.NoError(t, api.Query(ctx, fmt.Sprintf(`mutation { createNotificationEndpoint(input: {channel: WEBHOOK, target: %q, events: [ISSUE_OPENED, ISSUE_RESOLVED, CONNECTED_APP_STATUS_CHANGED]}) `+
		`{ secret userErrors { message } } }`, receiver.URL), nil, &made))
	require.Empty(t, made.CreateNotificationEndpoint.UserErrors)
	verify, err := standardwebhooks.NewWebhook(made.CreateNotificationEndpoint.Secret)
	require.NoError(t, err)
	next := func() map[string]any {
		select {
		case one := <-came:
			require.NoError(t, verify.Verify(one.body, one.header))
			var payload struct {
				Type string
				Data map[string]any
			}
			require.NoError(t, json.Unmarshal(one.body, &payload))
			payload.Data["type"] = payload.Type
			return payload.Data
		case <-ctx.Done():
			require.Fail(t, "nothing was told")
			return nil
		}
	}

	at := func() string { return time.Now().UTC().Format(time.RFC3339Nano) }
	send := func(event string) {
		answer, err := client.Events(ctx, []byte(event))
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
	}
	send(fmt.Sprintf(`{"type":"api_request","id":"r1","customer":"globex","integration":"salesforce","occurred_at":%q,"data":{"method":"POST",`+
		`"url":"https://login.salesforce.com/services/oauth2/token","request":{"body":"grant_type=refresh_token"},`+
		`"response":{"status":400,"headers":{"content-type":"application/json"},"body":"{\"error\":\"invalid_grant\",\"error_description\":\"expired access/refresh token\"}"}}}`, at()))
	told := map[string]map[string]any{}
	for range 2 {
		one := next()
		told[one["type"].(string)] = one
	}
	opened := told["issue.opened"]
	require.NotNil(t, opened, "%v", told)
	require.Equal(t, "OAUTH_REFRESH_FAILED", opened["category"])
	require.Contains(t, fmt.Sprint(opened["steps"]), "again", "what the customer has to do")
	require.Contains(t, fmt.Sprint(opened["customers"]), "globex")
	require.NotNil(t, told["connected_app.status_changed"], "the app needs to be connected again")

	var found struct {
		Issues struct {
			Nodes []struct {
				ID, Category, Status string
				Customers            struct{ Nodes []struct{ ExternalID string } }
				Evidence             struct{ Nodes []struct{ ID string } }
			}
		}
		ConnectedApps struct {
			Nodes []struct{ Status, Health string }
		}
	}
	const query = `{ issues { nodes { id category status customers { nodes { externalId } } evidence { nodes { id } } } } connectedApps { nodes { status health } } }`
	require.NoError(t, api.Query(ctx, query, nil, &found))
	require.Len(t, found.Issues.Nodes, 1)
	require.Equal(t, opened["id"], found.Issues.Nodes[0].ID)
	require.Equal(t, "globex", found.Issues.Nodes[0].Customers.Nodes[0].ExternalID)
	require.NotEmpty(t, found.Issues.Nodes[0].Evidence.Nodes)
	require.Equal(t, "NEEDS_REAUTH", found.ConnectedApps.Nodes[0].Status)
	require.Equal(t, "FAILING", found.ConnectedApps.Nodes[0].Health)

	send(fmt.Sprintf(`{"type":"connected_app","customer":"globex","integration":"salesforce","occurred_at":%q,"data":{"status":"connected"}}`, at()))
	for {
		if one := next(); one["type"] == "issue.resolved" {
			require.Equal(t, opened["id"], one["id"])
			break
		}
	}
	require.NoError(t, api.Query(ctx, query, nil, &found))
	require.Equal(t, "RESOLVED", found.Issues.Nodes[0].Status)
	require.Equal(t, "CONNECTED", found.ConnectedApps.Nodes[0].Status)
}
