package diagnostics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

// shelf keeps tenants' entries.
type shelf struct {
	mu    sync.Mutex
	saved map[uuid.UUID]*tenant.Catalogue
	reads int
	fails bool
}

func (s *shelf) CatalogueSince(ctx context.Context, known int64) (*tenant.Catalogue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	p, err := tenant.FromContext(ctx)
	if err != nil || s.fails {
		return nil, errors.Join(err, errors.New("no database"))
	}
	found, ok := s.saved[p.TenantID]
	if !ok {
		return &tenant.Catalogue{TenantID: p.TenantID}, nil
	}
	copied := *found
	if known == copied.Version {
		copied.YAML = ""
	}
	return &copied, ctx.Err()
}

func (s *shelf) UpdateCatalogue(ctx context.Context, text string, check func(string) error) (*tenant.Catalogue, error) {
	p, err := tenant.FromContext(ctx)
	if err == nil {
		err = check(text)
	}
	if err != nil {
		return nil, err
	}
	s.put(p.TenantID, text)
	return s.saved[p.TenantID], nil
}

func (s *shelf) put(tenantID uuid.UUID, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := int64(1)
	if had := s.saved[tenantID]; had != nil {
		version = had.Version + 1
	}
	s.saved[tenantID] = &tenant.Catalogue{TenantID: tenantID, YAML: text, Version: version}
}

// library are Catalogues over a shelf, at a time that the test moves.
type library struct {
	*Catalogues
	shelf *shelf
	at    time.Time
	log   bytes.Buffer
}

func newLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{shelf: &shelf{saved: map[uuid.UUID]*tenant.Catalogue{}}, at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	l.Catalogues = l.another(t)
	return l
}

// another is what another process has.
func (l *library) another(t *testing.T) *Catalogues {
	t.Helper()
	return NewCatalogues(builtin(t), l.shelf, func() time.Time { return l.at }, slog.New(slog.NewTextHandler(&l.log, nil)))
}

func as(t *testing.T, tenantID uuid.UUID) context.Context {
	t.Helper()
	return tenant.WithPrincipal(t.Context(), tenant.System(tenantID))
}

// answers is the entry that answers.
func answers(c *Catalogue) string { return c.Diagnose(&Observation{Status: 400, Body: "E-1"}).Entry }

func TestEachTenantHasItsOwnEntries(t *testing.T) {
	t.Parallel()
	l, acme, globex := newLibrary(t), uuid.New(), uuid.New()
	require.NoError(t, l.Update(as(t, acme), ownText("of-acme", "E-1", "rate_limited")))
	require.Equal(t, "of-acme", answers(l.Of(as(t, acme), acme)))
	require.Same(t, builtin(t), l.Of(as(t, globex), globex))
	require.Same(t, builtin(t), l.Of(as(t, globex), acme), "who asks for another's gets none")
	require.Same(t, builtin(t), l.Of(t.Context(), acme))
	require.Error(t, l.Update(as(t, acme), "version: 7"))
	require.Equal(t, "of-acme", answers(l.Of(as(t, acme), acme)))
}

func TestAChangeShowsOnEveryProcess(t *testing.T) {
	t.Parallel()
	l, acme := newLibrary(t), uuid.New()
	other, ctx := l.another(t), as(t, acme)
	require.Same(t, builtin(t), other.Of(ctx, acme))
	for i := range 3 {
		id := fmt.Sprintf("of-acme-%d", i)
		require.NoError(t, l.Update(ctx, ownText(id, "E-1", "rate_limited")))
		require.Equal(t, id, answers(l.Of(ctx, acme)), "this process shows its own change at once")
		before := l.shelf.reads
		for range 10 {
			require.NotEqual(t, id, answers(other.Of(ctx, acme)))
		}
		require.Equal(t, before, l.shelf.reads, "nothing is read")
		l.at = l.at.Add(5 * time.Second)
		first := other.Of(ctx, acme)
		require.Equal(t, id, answers(first))
		l.at = l.at.Add(5 * time.Second)
		require.Same(t, first, other.Of(ctx, acme), "what has not changed is not made ready again")
	}
	require.NoError(t, l.Update(ctx, ""))
	l.at = l.at.Add(5 * time.Second)
	require.Same(t, builtin(t), other.Of(ctx, acme))
}

func TestManyAskAtOnceAndOneReads(t *testing.T) {
	t.Parallel()
	l, acme := newLibrary(t), uuid.New()
	l.shelf.put(acme, ownText("of-acme", "E-1", "rate_limited"))
	ctx, cancel := context.WithCancel(as(t, acme))
	cancel()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { _ = l.Of(ctx, acme) })
	}
	all.Wait()
	require.Equal(t, 1, l.shelf.reads)
	require.Equal(t, "of-acme", answers(l.Of(ctx, acme)), "who asked is gone, and it was read all the same")
}

func TestWhatIsBrokenCostsNoDiagnosis(t *testing.T) {
	t.Parallel()
	l, acme := newLibrary(t), uuid.New()
	ctx := as(t, acme)
	l.shelf.put(acme, "version: 9\nentries: []\n")
	require.Same(t, builtin(t), l.Of(ctx, acme))
	require.Contains(t, l.log.String(), "broken")
	require.Contains(t, l.log.String(), acme.String())
	length := l.log.Len()
	l.at = l.at.Add(time.Hour)
	require.Same(t, builtin(t), l.Of(ctx, acme))
	require.Equal(t, length, l.log.Len(), "it is told once")

	l.shelf.put(acme, ownText("of-acme", "E-1", "rate_limited"))
	l.at = l.at.Add(time.Hour)
	require.Equal(t, "of-acme", answers(l.Of(ctx, acme)))
	l.shelf.fails = true
	l.at = l.at.Add(time.Hour)
	require.Equal(t, "of-acme", answers(l.Of(ctx, acme)), "without a database it is what it was")
	require.Contains(t, l.log.String(), "could not be read")
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	text := "version: 1\n#" + strings.Repeat("x", 200<<10) + "\n" + ownText("of", "E-1", "rate_limited")[len("version: 1\n"):]
	first := uuid.New()
	l.shelf.put(first, text)
	require.Equal(t, "of", answers(l.Of(as(t, first), first)))
	for range ownBytes / len(text) {
		id := uuid.New()
		l.shelf.put(id, text)
		l.Of(as(t, id), id)
		require.LessOrEqual(t, l.bytes, ownBytes)
	}
	before := l.shelf.reads
	require.Equal(t, "of", answers(l.Of(as(t, first), first)))
	require.Equal(t, before+1, l.shelf.reads, "the one that was not asked for lately was forgotten")

	for range ownTenants + 10 {
		id := uuid.New()
		l.Of(as(t, id), id)
	}
	require.Equal(t, ownTenants, l.tenants.Len())
	require.Zero(t, l.bytes, "those with entries are gone, and so is what they took")
}

// The largest text that is taken, and what it costs to make it ready, to keep it, and to match it.
func TestTheLargestTextIsBearable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("version: 1\nentries:\n")
	for i := range mostOwnEntries {
		fmt.Fprintf(&b, "  - id: e%d\n    category: rate_limited\n    confidence: 0.5\n    cause: %s\n    when: {pattern: '([a-z]+ )+C%d', text: [", i, strings.Repeat("word ", 100), i%10)
		for j := range mostOwnConditions/mostOwnEntries - 1 {
			fmt.Fprintf(&b, "wor%d*, ", i*20+j)
		}
		b.WriteString("word]}\n")
	}
	text := b.String()
	require.Empty(t, told(t, text))
	require.Less(t, len(text), tenant.MaxCatalogue)
	base := builtin(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	c, err := base.WithOwn(text)
	took := time.Since(began)
	require.NoError(t, err)
	runtime.GC()
	runtime.ReadMemStats(&after)
	began = time.Now()
	require.Equal(t, Category("rate_limited"), c.Diagnose(&Observation{Status: 400, Body: strings.Repeat("word of an answer ", 400) + "C1"}).Category)
	t.Logf("%d bytes: ready in %v, %d bytes kept, a long answer diagnosed in %v", len(text), took, int64(after.HeapAlloc)-int64(before.HeapAlloc), time.Since(began))
	require.Less(t, time.Since(began), 10*time.Second)
}
