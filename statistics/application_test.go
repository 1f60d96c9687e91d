package statistics_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/statistics"
)

// An application is one, whether an integration brought it or a transaction names it.
func TestDrawKnowsApplicationsByName(t *testing.T) {
	t.Parallel()
	salesforce := uuid.New()
	link := func(from, to statistics.Party, total int64, operation string, at time.Time) *statistics.Link {
		return &statistics.Link{
			From: from, To: to, Totals: statistics.Totals{Total: total, Failed: 1}, Operations: map[string]int64{operation: total}, LastSeenAt: at,
		}
	}
	own, app := statistics.Party{}, statistics.Party{IntegrationID: salesforce}
	drawn := statistics.Draw([]*statistics.Link{
		link(own, app, 5, "GET /a", noon),
		link(statistics.Party{Name: "ACME"}, statistics.Party{Name: "salesforce"}, 2, "ship", noon.Add(time.Hour)),
		link(statistics.Party{Name: "ERP"}, statistics.Party{Name: "Sales Cloud"}, 3, "ship", noon),
		link(statistics.Party{Name: "erp"}, own, 1, "ship", noon),
	}, statistics.Names{Own: "Acme", Integrations: map[uuid.UUID]string{salesforce: "Sales Cloud"}, Keys: map[uuid.UUID]string{salesforce: "salesforce"}})
	var apps []statistics.Application
	for _, a := range drawn.Applications {
		apps = append(apps, *a)
	}
	require.Equal(t, []statistics.Application{
		{Name: "Sales Cloud", IntegrationID: salesforce, Total: 10, Failed: 3}, {Name: "Acme", Total: 8, Failed: 3}, {Name: "ERP", Total: 4, Failed: 2},
	}, apps)
	require.Len(t, drawn.Links, 3)
	require.Equal(t, "Acme", drawn.Links[0].From)
	require.Equal(t, int64(7), drawn.Links[0].Total)
	require.Equal(t, noon.Add(time.Hour), drawn.Links[0].LastSeenAt)
	require.Equal(t, []string{"GET /a", "ship"}, drawn.Links[0].MostOperations(20))
}

func TestDrawTellsIntegrationsOfOneNameApart(t *testing.T) {
	t.Parallel()
	one, two := uuid.New(), uuid.New()
	drawn := statistics.Draw([]*statistics.Link{
		{To: statistics.Party{IntegrationID: one}, Totals: statistics.Totals{Total: 2}}, {To: statistics.Party{IntegrationID: two}, Totals: statistics.Totals{Total: 1}},
	}, statistics.Names{
		Own: "Acme", Integrations: map[uuid.UUID]string{one: "ERP", two: "erp"}, Keys: map[uuid.UUID]string{one: "sap", two: "odoo"},
	})
	require.Equal(t, "ERP (sap)", drawn.Links[0].To)
	require.Equal(t, "erp (odoo)", drawn.Links[1].To)
}

func TestTrendIsMoreThanChance(t *testing.T) {
	t.Parallel()
	of := func(total, failed int64) *statistics.Totals { return &statistics.Totals{Total: total, Failed: failed} }
	require.Equal(t, statistics.Worsening, statistics.TrendOf(of(1000, 60), of(1000, 30)))
	require.Equal(t, statistics.Improving, statistics.TrendOf(of(1000, 30), of(1000, 60)))
	require.Equal(t, statistics.Steady, statistics.TrendOf(of(1000, 33), of(1000, 30)))
	require.Equal(t, statistics.Steady, statistics.TrendOf(of(10, 10), of(1000, 0)), "too few to tell")
	require.Equal(t, statistics.Steady, statistics.TrendOf(of(100, 0), of(100, 0)))
}
