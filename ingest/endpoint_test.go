package ingest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEndpoint(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://a.example":       "/",
		"https://a.example/":      "/",
		"https://a.example?x=1/2": "/",
		"https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx000003DGb2AAG": "/services/data/v60.0/sobjects/Account/{id}",
		"https://api.hubapi.com/crm/v3/objects/contacts/512?archived=false":                      "/crm/v3/objects/contacts/{id}",
		"https://a.example/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301/roles":                     "/users/{id}/roles",
		"https://a.example/blobs/da39a3ee5e6b4b0d3255bfef95601890afd80709":                       "/blobs/{id}",
		"https://api.stripe.com/v1/customers/cus_NffrFeUfNV2Hib":                                 "/v1/customers/{id}",
		"https://a.example/people/ada%40example.com":                                             "/people/{id}",
		"https://a.example/people/ada@example.com/oauth2/token":                                  "/people/{id}/oauth2/token",
		"https://x.myshopify.com/admin/api/2024-01/orders/450789469.json":                        "/admin/api/2024-01/orders/{id}.json",
		"https://sheets.googleapis.com/v4/spreadsheets/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlb:append":  "/v4/spreadsheets/{id}:append",
		"https://a.example/odata/Accounts('0017')/Contacts":                                      "/odata/Accounts({id})/Contacts",
		"https://a.example/v2.1/GetAccountDetails/self/~all":                                     "/v2.1/GetAccountDetails/self/~all",
		"https://a.example/2015-03-31/functions/v1beta1":                                         "/2015-03-31/functions/v1beta1",
		"/v1/orders/A-1001/[redacted]":                                                           "/v1/orders/{id}/{id}",
	} {
		require.Equal(t, want, endpointOf(address), address)
	}
}
func FuzzEndpoint(f *testing.F) {
	f.Add("https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx000003DGb2AAG?fields=Id")
	f.Add("/v1/spreadsheets/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms:batchUpdate")
	f.Add("https://x/Accounts(17)/a@b.c//%20/17.json")
	f.Fuzz(func(t *testing.T, address string) {
		once := endpointOf(address)
		require.NotEmpty(t, once)
		if !strings.ContainsAny(once, "?#") && len(once) < maxEndpoint && !strings.Contains(once, "://") {
			require.Equal(t, once, endpointOf(once), "%q", address)
		}
	})
}
