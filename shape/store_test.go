package shape

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// bundle is a tenant with an integration, whose answers are sampled by two processes.
type bundle struct {
	door     *tenant.Door
	tenantID uuid.UUID
	ctx      context.Context
	at       time.Time
	samplers [2]*Sampler
	store    *Store
	// bodies are those that are kept of entries; nil is a journal that fails.
	bodies map[uuid.UUID]string
	n      int
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{at: start, bodies: map[uuid.UUID]string{}}
	b.door = tenant.NewDoor(pgtest.New(t).Pool(t))
	t.Cleanup(func() { require.NoError(t, b.door.Close()) })
	b.tenantID = b.tenant(t, "acme")
	b.ctx = tenant.WithPrincipal(t.Context(), tenant.System(b.tenantID))
	for i := range b.samplers {
		b.samplers[i] = NewSampler(b.door, func() time.Time { return b.at })
	}
	b.store = NewStore(Deps{Door: b.door, Body: func(_ context.Context, id uuid.UUID) (string, bool, error) {
		if b.bodies == nil {
			return "", false, errors.New("the journal is away")
		}
		text, ok := b.bodies[id]
		return text, ok, nil
	}})
	return b
}

// tenant makes a tenant with the integration that answers are of.
func (b *bundle) tenant(t *testing.T, slug string) uuid.UUID {
	t.Helper()
	made, err := tenant.NewStore(b.door, time.Now).CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: slug, Name: slug})
	require.NoError(t, err)
	require.NoError(t, b.door.Write(tenant.WithPrincipal(t.Context(), tenant.System(made.ID)), func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "INSERT INTO integration (tenant_id, id, key, name, created_at) VALUES ($1, $2, 'x', 'X', now())",
			tx.TenantID(), answer(start, 0, "{}").IntegrationID)
		return err
	}))
	return made.ID
}

// tell offers answers to the processes in turns, and writes what they took.
func (b *bundle) tell(t *testing.T, lasts, every time.Duration, app int, body string) (first, last uuid.UUID) {
	t.Helper()
	for end := b.at.Add(lasts); b.at.Before(end); b.at = b.at.Add(every) {
		e := answer(b.at, app, body)
		b.bodies[e.ID] = body
		if last = e.ID; first == uuid.Nil {
			first = last
		}
		b.samplers[b.n%2].Offer(b.tenantID, e)
		b.n++
		b.flush(t)
	}
	return first, last
}

func (b *bundle) flush(t *testing.T) {
	t.Helper()
	for _, s := range b.samplers {
		require.NoError(t, s.Flush(t.Context()))
	}
}

func (b *bundle) conditions(t *testing.T) []issues.Condition {
	t.Helper()
	list, err := b.store.Conditions(b.ctx, b.at)
	require.NoError(t, err)
	return list
}

func (b *bundle) count(t *testing.T, where string) (n int) {
	t.Helper()
	require.NoError(t, b.door.Read(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM response_shape WHERE tenant_id = $1 AND "+where, tx.TenantID()).Scan(&n)
	}))
	return n
}

func TestDriftFromAnswersToConditions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, before := b.tell(t, threeDays, time.Hour, 4, contact)
	require.Empty(t, b.conditions(t))
	changed := strings.Replace(strings.Replace(contact, `"id":1`, `"id":"1"`, 1), `"email":"a@example.com",`, "", 1)
	after, _ := b.tell(t, 10*time.Hour, time.Hour, 4, changed)

	list := b.conditions(t)
	require.Len(t, list, 1, "what began with one answer is one")
	c := list[0]
	require.Equal(t, diagnostics.SchemaDrift, c.Key.Category)
	require.Equal(t, answer(start, 0, "{}").IntegrationID, c.Key.IntegrationID)
	require.Equal(t, "GET /v3/contacts", c.Key.Scope)
	require.Regexp(t, "^[0-9a-f]{16}$", c.Key.Cause)
	require.Equal(t, issues.Warning, c.Severity)
	require.Equal(t, []issues.Affected{{
		CustomerID: accountID(4), ConnectedAppID: accountID(4), Since: start.Add(threeDays),
		Evidence: []issues.Evidence{{ID: after, Kind: entry.KindAPIRequest}, {ID: before, Kind: entry.KindAPIRequest}},
	}}, c.Affected)
	require.Equal(t, "The answers of GET /v3/contacts have another form: without properties.email, and with another type for id", c.Diagnosis.Title)
	require.Contains(t, c.Diagnosis.Cause, "Since 2026-03-05 10:00 UTC")
	require.Contains(t, c.Diagnosis.Cause, "properties.email was in practically all answers before")
	require.Contains(t, c.Diagnosis.Signals, "id: a number in 72 answers before, a string in the last 10")
	require.Len(t, c.Diagnosis.Steps, 3)
	require.NotContains(t, fmt.Sprint(c.Diagnosis), "a@example.com")

	// The names go with the bodies, the key stays.
	b.bodies = map[uuid.UUID]string{}
	nameless := b.conditions(t)
	require.Equal(t, c.Key, nameless[0].Key)
	require.Contains(t, nameless[0].Diagnosis.Title, "a field that they always had")
	require.Contains(t, nameless[0].Diagnosis.Cause, "known as long as an answer is kept")
	require.NotContains(t, fmt.Sprint(nameless[0].Diagnosis), "email")
	b.bodies = nil
	_, err := b.store.Conditions(b.ctx, b.at)
	require.ErrorContains(t, err, "the journal is away")
	b.bodies = map[uuid.UUID]string{}

	later, err := b.store.Conditions(b.ctx, b.at.Add(7*24*time.Hour))
	require.NoError(t, err)
	require.Empty(t, later, "the new form is normal then")
	require.Equal(t, 1, b.count(t, "drifting"))
	b.tell(t, 2*time.Hour, time.Hour, 4, contact)
	require.Empty(t, b.conditions(t), "it is back")
	require.Zero(t, b.count(t, "drifting"))
}

func TestOneTypeThatChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tell(t, threeDays, time.Hour, 0, contact)
	b.tell(t, 10*time.Hour, time.Hour, 0, strings.Replace(contact, `"id":1`, `"id":"1"`, 1))
	require.Equal(t, "id in the answers of GET /v3/contacts is a string now, and was a number", b.conditions(t)[0].Diagnosis.Title)
}

// Calls that ask for other fields are told apart; when both lose one, it is one condition.
func TestVariantsOfOneEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tell := func(lasts time.Duration, bodies [2]string) {
		for end := b.at.Add(lasts); b.at.Before(end); b.at = b.at.Add(time.Hour) {
			for i, body := range bodies {
				e := answer(b.at, i, body)
				e.URL += fmt.Sprintf("?fields=%d", i)
				// Another process sees the other one: one looks at one of both in ten seconds.
				b.samplers[i].Offer(b.tenantID, e)
			}
			b.flush(t)
		}
	}
	tell(threeDays, [2]string{`{"id":1,"a":1}`, `{"id":1,"b":1}`})
	require.Empty(t, b.conditions(t))
	require.Equal(t, 2, b.count(t, "samples = 72"))
	tell(10*time.Hour, [2]string{`{"a":1}`, `{"b":1}`})
	list := b.conditions(t)
	require.Len(t, list, 1)
	require.Len(t, list[0].Affected, 2)
}

func TestSamplesAreFew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.samplers[0]
	taken := func() (n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.waiting[b.tenantID])
	}
	for range 100 {
		s.Offer(b.tenantID, answer(b.at, 0, contact))
	}
	require.Equal(t, 1, taken(), "one in ten seconds")
	b.at = b.at.Add(10 * time.Second)
	for i := range 100 {
		e := answer(b.at, 0, contact)
		e.Endpoint = fmt.Sprintf("/%d", i)
		s.Offer(b.tenantID, e)
	}
	require.Equal(t, 1+bodiesASecond, taken(), "of all calls together")
	b.at = b.at.Add(time.Second)
	large := answer(b.at, 0, `{"x":"`+strings.Repeat("x", 60<<10)+`"}`)
	for i := range 10 {
		large.Endpoint = fmt.Sprintf("/large/%d", i)
		s.Offer(b.tenantID, large)
	}
	require.Equal(t, 1+bodiesASecond+4, taken(), "so many bytes")
	b.flush(t)
	require.Equal(t, 1+bodiesASecond-1+4+1, b.count(t, "samples > 0"), "those of one endpoint are of one row")
	b.at = b.at.Add(time.Minute)
	b.flush(t)
	require.Empty(t, s.gates)
	require.Zero(t, s.pending)
}

func TestWhatIsNotLookedAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, change := range map[string]func(e *entry.Entry){
		"failed":         func(e *entry.Entry) { e.Status = entry.StatusFailure },
		"redirect":       func(e *entry.Entry) { e.StatusCode = 302 },
		"diagnosed":      func(e *entry.Entry) { e.Category = string(diagnostics.AuthTokenRevoked) },
		"webhook":        func(e *entry.Entry) { e.Kind = entry.KindExternalWebhook },
		"no integration": func(e *entry.Entry) { e.IntegrationID = uuid.Nil },
		"no detail":      func(e *entry.Entry) { e.Detail = nil },
		"no body":        func(e *entry.Entry) { e.Detail.ResponseBody = nil },
		"cut":            func(e *entry.Entry) { e.Detail.ResponseBody.Truncated = true },
		"base64":         func(e *entry.Entry) { e.Detail.ResponseBody.Base64 = true },
		"HTML":           func(e *entry.Entry) { e.Detail.ResponseBody.Text = " <html>" },
		"empty":          func(e *entry.Entry) { e.Detail.ResponseBody.Text = "  " },
		"broken":         func(e *entry.Entry) { e.Detail.ResponseBody.Text = `{"a":` },
		"an error":       func(e *entry.Entry) { e.Detail.ResponseBody.Text = `{"ok":false}` },
		"old":            func(e *entry.Entry) { e.ID = nodeid.New(start.Add(-25 * time.Hour)) },
		"of tomorrow":    func(e *entry.Entry) { e.ID = nodeid.New(start.Add(25 * time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			e := answer(b.at, 0, contact)
			e.Endpoint = name
			change(e)
			b.samplers[0].Offer(b.tenantID, e)
			require.Empty(t, b.samplers[0].waiting)
		})
	}
	warned := answer(b.at, 0, contact)
	warned.Category = string(diagnostics.DeprecationWarning)
	b.samplers[0].Offer(b.tenantID, warned)
	require.Len(t, b.samplers[0].waiting[b.tenantID], 1)
}

// Each tenant has its own, whoever has none of it is not in the way, and a process that is late breaks nothing.
func TestFlushesOfSeveral(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.tenant(t, "globex")
	for i := range 5 {
		e := answer(b.at, 0, contact)
		e.Endpoint = fmt.Sprintf("/%d", i)
		for _, s := range b.samplers {
			s.Offer(b.tenantID, e)
			s.Offer(other, e)
			s.Offer(uuid.New(), e) // A tenant that is gone, or an integration that is not there yet.
		}
	}
	var all sync.WaitGroup
	var failures [2]error
	for i, s := range b.samplers {
		all.Go(func() { failures[i] = s.Flush(context.WithoutCancel(t.Context())) })
	}
	all.Wait()
	require.NoError(t, errors.Join(failures[:]...))
	require.Equal(t, 5, b.count(t, "true"))
	require.NoError(t, tenant.NewStore(b.door, time.Now).DeleteTenant(tenant.WithPrincipal(t.Context(), tenant.System(other))))
	require.Equal(t, 5, b.count(t, "true"))
}

func TestCustomersAndOldCallsAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tell(t, threeDays, time.Hour, 4, contact)
	b.tell(t, 10*time.Hour, time.Hour, 4, `{"id":1,"properties":{"name":"x"},"tags":[],"at":"x"}`)
	require.Equal(t, accountID(4), b.conditions(t)[0].Affected[0].CustomerID)
	require.NoError(t, b.store.EraseCustomer(b.ctx, accountID(4)))
	c := b.conditions(t)[0]
	require.Equal(t, []issues.Affected{{Since: start.Add(threeDays)}}, c.Affected)
	require.NoError(t, b.store.EraseCustomer(b.ctx, uuid.New()))

	n, err := b.store.Expire(b.ctx, start)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = b.store.Expire(b.ctx, b.at)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func TestARowThatCannotBeReadBeginsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tell(t, time.Hour, time.Hour, 0, contact)
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE response_shape SET state = '\\xff', drifting = true WHERE tenant_id = $1", tx.TenantID())
		return err
	}))
	require.Empty(t, b.conditions(t))
	b.tell(t, time.Hour, time.Hour, 0, contact)
	require.Equal(t, 1, b.count(t, "samples = 1 AND NOT drifting"))
}

// A tenant whose endpoints are without end keeps some of them.
func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, `INSERT INTO response_shape (tenant_id, integration_id, call, method, endpoint, samples, last_at, drifting, state)
			SELECT $1, $2, n, 'GET', '/', 1, $3, false, '' FROM generate_series(1, $4::int) n`, tx.TenantID(), answer(start, 0, "{}").IntegrationID, start, mostCalls-1)
		return err
	}))
	for i := range 3 {
		e := answer(b.at, 0, contact)
		e.Endpoint = fmt.Sprintf("/%d", i)
		b.samplers[0].Offer(b.tenantID, e)
	}
	b.flush(t)
	require.Equal(t, mostCalls, b.count(t, "true"))
}

// BenchmarkOffer says what an entry costs: most are not looked at.
func BenchmarkOffer(b *testing.B) {
	now := start
	body := `{"id":"51","properties":{"company":"Acme","email":"a@example.com","firstname":"Ann","lastname":"Lee","phone":"+1 555 0100","lastmodifieddate":"2026-03-02T10:00:00Z"},"createdAt":"2026-03-02T10:00:00Z","updatedAt":"2026-03-02T10:00:00Z","archived":false,
		"associations":{"deals":{"results":[{"id":"1","type":"x"},{"id":"2","type":"y"}]}}}`
	b.Run("passed over", func(b *testing.B) {
		s := NewSampler(nil, func() time.Time { return now })
		e := answer(now, 0, body)
		b.ReportAllocs()
		for b.Loop() {
			s.Offer(acme, e)
		}
	})
	b.Run("a failure", func(b *testing.B) {
		s := NewSampler(nil, func() time.Time { return now })
		e := answer(now, 0, body)
		e.Status = entry.StatusFailure
		for b.Loop() {
			s.Offer(acme, e)
		}
	})
	b.Run("looked at", func(b *testing.B) {
		e := answer(now, 0, body)
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			sampleOf(acme, e)
		}
	})
	b.Run("a large one", func(b *testing.B) {
		large := "[" + strings.Repeat(body+",", 100) + body + "]"
		e := answer(now, 0, large)
		b.SetBytes(int64(len(large)))
		for b.Loop() {
			sampleOf(acme, e)
		}
	})
	b.Run("brought in", func(b *testing.B) {
		state, found := &state{}, sampleOf(acme, answer(now, 0, body))
		for b.Loop() {
			state.apply(found)
			state.pack()
		}
	})
}
