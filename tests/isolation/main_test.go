package isolation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestIsolation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now()
	t.Run("attacks", func(t *testing.T) {
		t.Run("everything has a value", w.everythingHasAValue)
		t.Run("every type resolves for its own tenant only", w.everyNodeResolves)
		t.Run("fields", w.fields)
		t.Run("mutations", w.mutations)
		t.Run("viewers see no payload", w.viewersSeeNoPayload)
		t.Run("roles see what is theirs", w.rolesSeeWhatIsTheirs)
		t.Run("customers see their own", w.customersSeeTheirOwn)
		t.Run("keys do what their scope says", w.keysDoWhatTheirScopeSays)
		t.Run("ended keys are refused", w.endedKeysAreRefused)
		t.Run("forged tokens are refused", w.forgedTokensAreRefused)
		t.Run("logs are one's own", w.logsAreOnesOwn)
		t.Run("every JSON endpoint tells its logs", w.everyJSONEndpointTellsItsLogs)
		t.Run("open paths name no tenant", w.openPathsNameNoTenant)
		t.Run("events stay at home", w.eventsStayAtHome)
		t.Run("bodies name no tenant", w.bodiesNameNoTenant)
		t.Run("tables", w.tables)
		t.Run("what no tenant reaches", w.unreachable)
		t.Run("functions", w.functions)
	})
	t.Run("mutations are meant", w.mutationsAreMeant)
	t.Run("mutations are told", w.mutationsAreTold)
	t.Run("tenant b is as if it were alone", func(t *testing.T) {
		require.Equal(t, untold(w.aloneOfB.dump), untold(w.crawl(t, w.b.owner).dump))
	})
	t.Run("tenant a is as it was", func(t *testing.T) {
		require.Equal(t, w.seenOfA.dump, w.crawl(t, w.a.owner).dump)
	})
	// They commit something, so they come last.
	t.Run("subscriptions", w.subscriptions)
	t.Logf("%d probes in %s", probed.Load(), time.Since(began).Round(time.Millisecond))
}

// everythingHasAValue shows that the search for tenant a's marks can find something: every field of every type had a
// value somewhere in tenant a.
func (w *world) everythingHasAValue(t *testing.T) {
	t.Parallel()
	for _, name := range w.schema.names() {
		if w.schema.types[name].Kind != "OBJECT" || name == "Query" || name == "Mutation" || name == "Subscription" || w.isPayload(name) {
			continue
		}
		for _, f := range w.schema.types[name].Fields {
			place := name + "." + f.Name
			if reason := unseen[place]; reason == "" && !unstable[place] && !w.seenOfA.filled[place] {
				t.Errorf("%s has no value anywhere in tenant a: send one in events_test.go, or say in hints_test.go why there is none", place)
			}
		}
	}
}

// isPayload tells whether only mutations answer the type.
func (w *world) isPayload(name string) bool {
	for _, i := range w.schema.types[name].Interfaces {
		if i.Name == "MutationPayload" {
			return true
		}
	}
	return name == "UserError"
}

// fields asks as every kind of caller of tenant b for what is tenant a's.
func (w *world) fields(t *testing.T) {
	t.Parallel()
	for _, name := range w.b.order {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			few := name != "OWNER" && name != "customer"
			w.fieldsAnswerNothingOfAnother(t, w.b.callers[name], w.tenantA(), few)
		})
	}
}
