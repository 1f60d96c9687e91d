package detect

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noon is a Tuesday.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

// bundle is a detector beside a service that takes events in.
type bundle struct {
	door     *tenant.Door
	handler  http.Handler
	detector *Detector
	tenantID uuid.UUID
	ctx      context.Context
	now      time.Time

	categories []diagnostics.Category
	conditions []issues.Condition
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{door: tenant.NewDoor(pgtest.New(t).Pool(t)), tenantID: uuid.New(), now: noon}
	t.Cleanup(func() { require.NoError(t, b.door.Close()) })
	now := func() time.Time { return b.now }
	entries := journal.NewStore(b.door, journal.Options{Now: now})
	_, err := entries.EnsurePartitions(t.Context(), journal.DayOf(noon)-70, journal.DayOf(noon)+1)
	require.NoError(t, err)
	service := ingest.NewService(ingest.Deps{
		Door: b.door, Journal: entries, Runs: run.NewStore(b.door), Directory: directory.NewStore(b.door, now), Policies: tenant.NewStore(b.door, now), Now: now,
	})
	t.Cleanup(func() { require.NoError(t, service.Close(context.Background())) })
	b.handler = ingest.NewHandler(service)
	b.ctx = tenant.WithPrincipal(t.Context(), tenant.System(b.tenantID))
	b.restart(t)
	return b
}

// restart makes a detector that remembers nothing.
func (b *bundle) restart(t *testing.T) {
	t.Helper()
	catalogue, err := diagnostics.Builtin()
	require.NoError(t, err)
	b.detector = New(Deps{
		Door: b.door, Statistics: statistics.NewStore(b.door, nil), Issues: b, Advice: catalogue.Advice, Now: func() time.Time { return b.now },
	})
}

// Observe is what package issues does: it takes what is seen.
func (b *bundle) Observe(_ context.Context, categories []diagnostics.Category, conditions []issues.Condition) error {
	b.categories, b.conditions = categories, conditions
	return nil
}

// event is one event, its data as JSON.
type event struct {
	kind, id, customer, integration string
	at                              time.Time
	data                            string
	// run is the one that it is in.
	run string
}

func (e event) json() string {
	fields := map[string]any{"type": e.kind, "occurred_at": e.at.Format(time.RFC3339Nano), "data": json.RawMessage(e.data)}
	for name, value := range map[string]string{"id": e.id, "customer": e.customer, "integration": e.integration, "flow_run": e.run} {
		if value != "" {
			fields[name] = value
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// post stores events.
func (b *bundle) post(t *testing.T, events ...event) {
	t.Helper()
	for len(events) > 0 {
		n := min(len(events), 4000)
		lines := make([]string, n)
		for i, e := range events[:n] {
			lines[i] = e.json()
		}
		events = events[n:]
		key := &tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}}
		r := httptest.NewRequestWithContext(tenant.WithPrincipal(t.Context(), key), http.MethodPost, "/v1/events", strings.NewReader(strings.Join(lines, "\n")))
		r.Header.Set("Content-Type", "application/x-ndjson")
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusAccepted, w.Code, w.Body.String())
		require.Contains(t, w.Body.String(), `"rejected":[]`)
	}
}

// detect gives what is seen now of a category.
func (b *bundle) detect(t *testing.T, c diagnostics.Category) (list []issues.Condition) {
	t.Helper()
	require.NoError(t, b.detector.Detect(b.ctx))
	for _, one := range b.conditions {
		if one.Key.Category == c {
			list = append(list, one)
		}
	}
	return list
}

// quiet requires that nothing is seen at all.
func (b *bundle) quiet(t *testing.T) {
	t.Helper()
	require.NoError(t, b.detector.Detect(b.ctx))
	require.Empty(t, b.conditions)
}

// one requires that one condition of the category is seen, of so many apps, and gives it.
func (b *bundle) one(t *testing.T, c diagnostics.Category, customers ...string) issues.Condition {
	t.Helper()
	list := b.detect(t, c)
	require.Len(t, list, 1)
	got := list[0]
	want := make([]uuid.UUID, len(customers))
	for i, name := range customers {
		want[i] = directory.CustomerID(b.tenantID, name)
	}
	found := make([]uuid.UUID, len(got.Affected))
	for i := range got.Affected {
		found[i] = got.Affected[i].CustomerID
		require.NotZero(t, got.Affected[i].ConnectedAppID)
		require.False(t, got.Affected[i].Since.IsZero())
		require.False(t, got.Affected[i].Since.After(b.now) && c != diagnostics.CredentialsExpiring)
	}
	require.ElementsMatch(t, want, found)
	require.Equal(t, c, got.Diagnosis.Category)
	require.NotEmpty(t, got.Diagnosis.Steps)
	require.NotContains(t, got.Diagnosis.Title+got.Diagnosis.Cause, "{")
	require.NotEmpty(t, got.Severity)
	return got
}

func named(id, name string) event {
	return event{kind: "customer", id: id, at: ago(60 * 24 * time.Hour), data: fmt.Sprintf(`{"name":%q}`, name)}
}

func flowRun(id, flow, customer, integration, status string, from time.Time, took time.Duration) event {
	data := fmt.Sprintf(`{"flow":%q,"status":%q,"started_at":%q`, flow, status, from.Format(time.RFC3339Nano))
	if took > 0 {
		data += fmt.Sprintf(`,"finished_at":%q`, from.Add(took).Format(time.RFC3339Nano))
	}
	if status == "failed" {
		data += `,"error":{"code":"E7","message":"No such account"}`
	}
	return event{kind: "flow_run", id: id, customer: customer, integration: integration, at: from.Add(took), data: data + "}"}
}

func request(customer, integration string, at time.Time, status int, ms float64) event {
	return event{kind: "api_request", customer: customer, integration: integration, at: at, data: fmt.Sprintf(
		`{"method":"GET","url":"https://api.example.com/v3/contacts","endpoint":"/v3/contacts","duration_ms":%g,"response":{"status":%d}}`, ms, status)}
}

// hit makes an open issue that hits a customer's connected app.
func (b *bundle) hit(t *testing.T, c diagnostics.Category, customer, integration string) {
	t.Helper()
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		id, customerID := uuid.New(), directory.CustomerID(b.tenantID, customer)
		if _, err := tx.Pgx().Exec(ctx, `INSERT INTO issue (tenant_id, id, category, integration_id, cause, scope, status, severity, base_severity, first_seen_at, last_seen_at, changed_at)
			VALUES ($1, $2, $3, $4, '', '', 'OPEN', 'ERROR', 'ERROR', $5, $5, $5)`, tx.TenantID(), id, string(c), directory.IntegrationID(b.tenantID, integration), b.now); err != nil {
			return err
		}
		_, err := tx.Pgx().Exec(ctx, `INSERT INTO issue_affected (tenant_id, issue_id, customer_id, connected_app_id, first_seen_at, last_seen_at)
			SELECT $1, $2, $3, a.id, $4, $4 FROM connected_app a WHERE a.tenant_id = $1 AND a.customer_id = $3`, tx.TenantID(), id, customerID, b.now)
		return err
	}))
}
