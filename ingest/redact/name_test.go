package redact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
)

func TestFieldNames(t *testing.T) {
	t.Parallel()
	sensitive := strings.Fields(`access_token accessToken ACCESS_TOKEN access-token access.token accesstoken
		AccessTokenValue refresh_token id_token token Token auth_token csrf_token xsrfToken csrfmiddlewaretoken
		device_token page_access_token verification_token bearer_token oauth_token_secret token2 token_id
		client_secret clientSecret secret secret_key aws_secret_access_key webhook_secret secretary_password
		password Password passWord user_password new_password_confirmation passwd pwd passphrase userPassword
		password_hash password_reset_token next_page_token_secret user[password] authorization Authorization
		api_key apiKey APIKey api-key apikey x-api-key api.key xApiKeyId hapikey private_key privateKey
		signature X-Amz-Signature request_signature oauth_signature sig hmac session session_id sessionId
		JSESSIONID PHPSESSID session_key assertion client_assertion SAMLResponse code_verifier device_code
		authorization_code access_key account_key signing_key encryption_key subscription-key license_key
		jwt cookie Set-Cookie otp cvv cvc card_number cardNumber`)
	for _, name := range sensitive {
		require.True(t, redact.Builtin().HasName(name), name)
	}
	readable := strings.Fields(`next_page_token nextPageToken page_token pagetoken sync_token nextSyncToken
		continuation_token ContinuationToken NextContinuationToken nextToken skiptoken delta_token resumption_token
		idempotency_token cursor token_type tokenType tokentype client_assertion_type tokens_used total_token_count
		promptTokenCount prompt_tokens_details access_token_expires_in token_expires_at password_updated_at
		password_changed secret_name token_endpoint token_endpoint_auth_methods_supported session_count
		session_timeout session_duration signature_request signatureRequest signature_algorithm signature_valid
		has_password is_token_valid requires_password password_policy tokenizer tokenized secretary secret_scanning
		/oauth/invalidate_token in_to_kenya author authors authentic authority author_id key keys key_id public_key
		primary_key issue_key passenger passed compass bypass_rules sign_in design signal assets assignee
		keyword monkey turkey card cardinality code status_code country_code codec pin class_name otpauth_label
		session_status password_strength token_url assertions_passed sample cvc_check email id`)
	for _, name := range readable {
		require.False(t, redact.Builtin().HasName(name), name)
	}
}

func TestHeaderNames(t *testing.T) {
	t.Parallel()
	value := "no form at all"
	for _, name := range strings.Fields(`Authorization authorization PROXY-AUTHORIZATION Cookie Set-Cookie X-Api-Key
		api-key ApiKey X-Goog-Api-Key X-Auth-Token X-Amz-Security-Token X-Gitlab-Token X-Vault-Token X-CSRF-Token
		X-Client-Secret X-User-Password X-Hub-Signature X-Hub-Signature-256 Stripe-Signature X-SFDC-Session
		X-Session-Id X-Next-Page-Token X-Ratelimit-Remaining-Tokens Ocp-Apim-Subscription-Key DD-Application-Key
		X-Shopify-Hmac-Sha256 X-Functions-Key`) {
		got, redacted := redact.Builtin().Header(name, value)
		require.True(t, redacted, name)
		require.Equal(t, "[redacted]", got, name)
	}
	for _, name := range strings.Fields(`Content-Type Content-Security-Policy Strict-Transport-Security X-Request-Id
		WWW-Authenticate Access-Control-Allow-Headers Idempotency-Key Sec-Fetch-Mode X-Author ETag Date Location`) {
		got, redacted := redact.Builtin().Header(name, value)
		require.False(t, redacted, name)
		require.Equal(t, value, got, name)
	}
}

func TestPolicyNames(t *testing.T) {
	t.Parallel()
	r, err := redact.Compile(redact.Policy{
		Headers:  []string{"X-Tenant-Pin"},
		Fields:   []string{"iban", "card_holder", "Élan"},
		Patterns: []string{`\bFI\d{16}\b`},
	})
	require.NoError(t, err)

	got, redacted := r.Header("x-tenant-pin", "4711")
	require.True(t, redacted)
	require.Equal(t, "[redacted]", got)

	out, redacted := r.JSON([]byte(`{"IBAN":"x","cardHolder":{"a":1},"Card-Holder":2,"ibans":"y","élan":"z","note":"to FI2112345600000785."}`), nil)
	require.True(t, redacted)
	require.JSONEq(t, `{"IBAN":"[redacted]","cardHolder":"[redacted]","Card-Holder":"[redacted]","ibans":"y","élan":"z","note":"to [redacted]."}`, string(out))

	url, redacted := r.URL("/pay?iban=abc&n=FI2112345600000785#x")
	require.True(t, redacted)
	require.Equal(t, "/pay?iban=[redacted]&n=[redacted]#x", url)
}
