package diagnostics

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdviceOfWhatOnlyTimeTells(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	for _, category := range []Category{
		RunStuck, RunOverdue, EventNotLaunching, PullStalled, SourceSilent, WebhookRejecting, CredentialsExpiring, ErrorRateSpike,
		LatencyRegression, ProviderIncident, SchemaDrift, FlowFailing, AuthTokenExpired,
	} {
		for _, provider := range []string{"hubspot", "HubSpot", "acme_billing", ""} {
			d := c.Advice(category, provider)
			require.Equal(t, category, d.Category)
			require.NotEmpty(t, d.Title, category)
			require.NotEmpty(t, d.Cause, category)
			require.NotEmpty(t, d.Steps, category)
			require.NotEmpty(t, d.ResolvedBy, category)
			for _, s := range d.Steps {
				require.NotContains(t, s.Text, "{")
			}
		}
	}
	require.Equal(t, "HubSpot has stopped sending", c.Advice(SourceSilent, "hubspot").Title)
	require.Equal(t, "Acme Billing has stopped sending", c.Advice(SourceSilent, "acme_billing").Title)
	require.Equal(t, "The provider has stopped sending", c.Advice(SourceSilent, "").Title)
	require.Equal(t, ActorCustomer, c.Advice(CredentialsExpiring, "").ResolvedBy)

	// What is given may be changed.
	c.Advice(SourceSilent, "hubspot").Steps[0].Text = "other"
	require.NotEqual(t, "other", c.Advice(SourceSilent, "hubspot").Steps[0].Text)
}
