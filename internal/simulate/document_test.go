package simulate

import (
	"encoding/json"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQuotedTextSurvives(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain", `quote " backslash \`, "line\nbreak\ttab\x01", "Baltic Timber OÜ ✓"} {
		var back string
		require.NoError(t, json.Unmarshal(appendQuoted(nil, text), &back))
		require.Equal(t, text, back)
	}
}

func TestEveryTemplateOfEveryProviderIsWhatItSaysItIs(t *testing.T) {
	t.Parallel()
	sc := newScene(streamOf(1), newCustomers(1, 1, flows(), providersByKey())[0], seam)
	check := func(what string, tpl *template) {
		if tpl != nil && tpl.json {
			require.True(t, json.Valid(tpl.append(nil, sc)), "%s: %s", what, tpl.render(sc))
		}
	}
	require.Len(t, providers(), 12)
	for _, p := range providers() {
		sc.provider = p
		for _, e := range p.endpoints {
			require.NotEmpty(t, e.route, p.key+e.name)
			checkURL(t, p.baseTemplate.render(sc)+e.pathTemplate.render(sc))
			check(p.key+e.name, e.requestBody)
			check(p.key+e.name, e.responseBody)
			// A body comes with every answer but the ones that have none by their status.
			require.Equal(t, e.status == http.StatusNoContent || e.status == http.StatusAccepted, e.responseBody == nil, p.key+e.name)
		}
		if p.tokenTemplate != nil {
			checkURL(t, p.tokenTemplate.render(sc))
		}
		for kind := range p.refusals {
			r := &p.refusals[kind]
			require.NotZero(t, r.status, "%s refusal %d", p.key, kind)
			require.NotEmpty(t, r.code)
			require.NotEmpty(t, r.message)
			check(p.key, r.bodyTemplate)
			checkDistinct(t, p.headerTemplates, r.headerTemplates)
		}
		checkDistinct(t, p.headerTemplates, p.limitTemplates)
		for _, e := range p.hook.events {
			check(p.key+e.kind, e.payloadTemplate)
		}
	}
}

// checkDistinct looks for a header that two sets of one answer would both write.
func checkDistinct(t *testing.T, sets ...[]headerTemplate) {
	t.Helper()
	names := map[string]bool{}
	for _, set := range sets {
		for _, h := range set {
			name := http.CanonicalHeaderKey(h.name)
			require.False(t, names[name], "%s twice", h.name)
			names[name] = true
		}
	}
}

func TestEveryFlowCanBeWalked(t *testing.T) {
	t.Parallel()
	known := providersByKey()
	keys := map[string]bool{}
	for _, f := range flows() {
		keys[f.key] = true
		require.True(t, len(f.nodes) >= 4 && len(f.nodes) <= 15, "%s has %d nodes", f.key, len(f.nodes))
		seen := map[string]bool{}
		for _, n := range f.nodes {
			for _, parent := range n.after {
				require.True(t, seen[parent], "%s.%s comes before its parent %s", f.key, n.key, parent)
			}
			require.False(t, seen[n.key], "%s.%s twice", f.key, n.key)
			seen[n.key] = true
			if n.call != "" {
				require.Contains(t, known, n.integration())
			}
		}
		if f.trigger == triggeredExternally {
			require.NotNil(t, known[f.integration].event(f.eventType))
		}
	}
	for _, trade := range trades {
		for _, key := range trade {
			require.True(t, keys[key], key)
		}
	}
}

func TestSchedulesAreDueWhenTheirCronSays(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 14, 7, 0, 0, time.UTC)
	due := map[string]string{
		"inventory-sync": "2026-03-04T16:10:00Z", "ledger-export": "2026-03-05T02:30:00Z",
		"release-notes": "2026-03-04T18:00:00Z", "sla-watch": "2026-03-04T15:05:00Z",
	}
	for _, f := range flows() {
		if f.trigger == triggeredBySchedule {
			require.Equal(t, due[f.key], f.next(at).Format(time.RFC3339), f.key)
			require.True(t, f.next(f.next(at)).After(f.next(at)))
		}
	}
}

func TestRandomKeepsItsDistributions(t *testing.T) {
	t.Parallel()
	r := streamOf(1)
	const n = 20000
	sum, below := 0.0, 0
	ranks := map[int]int{}
	z := newZipf(40, 0.9)
	for range n {
		sum += r.exponential(3)
		if r.logNormal(100, 0.5) < 100 {
			below++
		}
		ranks[z.rank(&r)]++
	}
	require.InEpsilon(t, 3, sum/n, 0.05)
	require.InEpsilon(t, n/2, below, 0.05)
	require.InEpsilon(t, math.Pow(2, 0.9), float64(ranks[0])/float64(ranks[1]), 0.12)
	require.Len(t, ranks, 40)
}
