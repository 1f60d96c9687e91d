package issues_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/tenant"
)

// deeds are what people do, by name.
func (b *bundle) deeds(ctx context.Context, id uuid.UUID) map[string]func() (*issues.Issue, error) {
	return map[string]func() (*issues.Issue, error){
		"acknowledge": func() (*issues.Issue, error) { return b.store.Acknowledge(ctx, id, "note") },
		"resolve":     func() (*issues.Issue, error) { return b.store.Resolve(ctx, id, "note") },
		"reopen":      func() (*issues.Issue, error) { return b.store.Reopen(ctx, id, "note") },
		"ignore":      func() (*issues.Issue, error) { return b.store.Ignore(ctx, id, "note") },
		"snooze":      func() (*issues.Issue, error) { return b.store.Snooze(ctx, id, b.now.Add(time.Hour), "note") },
	}
}

func TestWhatPeopleDo(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	ctx := b.member(tenant.RoleSupport)
	allowed := map[string][]issues.Status{
		"acknowledge": {issues.Open, issues.Snoozed},
		"resolve":     {issues.Open, issues.Acknowledged, issues.Snoozed, issues.Ignored},
		"reopen":      {issues.Acknowledged, issues.Snoozed, issues.Resolved, issues.Ignored},
		"ignore":      {issues.Open, issues.Acknowledged, issues.Snoozed, issues.Resolved},
		"snooze":      {issues.Open, issues.Acknowledged, issues.Snoozed},
	}
	to := map[string]issues.Status{
		"acknowledge": issues.Acknowledged, "resolve": issues.Resolved, "reopen": issues.Open, "ignore": issues.Ignored, "snooze": issues.Snoozed,
	}
	into := map[issues.Status][]string{
		issues.Open: {}, issues.Acknowledged: {"acknowledge"}, issues.Snoozed: {"snooze"}, issues.Resolved: {"resolve"}, issues.Ignored: {"ignore"},
	}
	deeds := b.deeds(ctx, b.id(k))
	for from, way := range into {
		for name, deed := range deeds {
			if b.status(k) != issues.Open {
				_, err := deeds["reopen"]()
				require.NoError(t, err)
			}
			for _, step := range way {
				_, err := deeds[step]()
				require.NoError(t, err)
			}
			require.Equal(t, from, b.status(k))
			b.pass(time.Second)
			before := len(b.actions(k))
			i, err := deed()
			may := false
			for _, status := range allowed[name] {
				may = may || status == from
			}
			if !may {
				require.True(t, errs.Is(err, errs.Conflict), "%s what is %s: %v", name, from, err)
				require.Equal(t, from, b.status(k))
				require.Len(t, b.actions(k), before)
				continue
			}
			require.NoError(t, err, "%s what is %s", name, from)
			require.Equal(t, to[name], i.Status)
			require.Equal(t, i.Status == issues.Snoozed, i.SnoozedUntil != nil)
			require.Equal(t, i.Status == issues.Resolved, i.ResolvedAt != nil)
			require.Len(t, b.actions(k), before+1)
		}
	}
	all, err := b.store.ActivityOf(b.ctx, []uuid.UUID{b.id(k)})
	require.NoError(t, err)
	last := all[b.id(k)][len(all[b.id(k)])-1]
	require.Equal(t, "kim@example.com", last.Actor)
	require.Equal(t, "note", last.Note)
}

func TestWhoMayNotAct(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	limited := b.member(tenant.RoleOwner)
	p, err := tenant.FromContext(limited)
	require.NoError(t, err)
	p.CustomerID = b.apps[0].customer
	for who, ctx := range map[string]context.Context{"a viewer": b.member(tenant.RoleViewer), "a customer": b.limited(b.apps[0].customer), "a limited owner": limited} {
		for name, deed := range b.deeds(ctx, b.id(k)) {
			_, err := deed()
			require.True(t, errs.Is(err, errs.Forbidden), "%s: %s: %v", who, name, err)
		}
		_, err := b.store.Assign(ctx, b.id(k), uuid.Nil)
		require.True(t, errs.Is(err, errs.Forbidden), who)
	}
	for name, deed := range b.deeds(b.member(tenant.RoleSupport), uuid.New()) {
		_, err := deed()
		require.True(t, errs.Is(err, errs.NotFound), "%s: %v", name, err)
	}
	watched := b.key(diagnostics.RateLimited)
	b.see(watched, b.apps[0], 1)
	b.take()
	_, err = b.store.Resolve(b.ctx, b.id(watched), "")
	require.True(t, errs.Is(err, errs.NotFound), "what is only watched is shown to nobody")
	_, err = b.store.Resolve(b.ctx, b.id(k), strings.Repeat("x", 2001))
	require.True(t, errs.Is(err, errs.BadInput))
	_, err = b.store.Snooze(b.ctx, b.id(k), b.now, "")
	require.True(t, errs.Is(err, errs.BadInput))
	_, err = b.store.Snooze(b.ctx, b.id(k), b.now.AddDate(2, 0, 0), "")
	require.True(t, errs.Is(err, errs.BadInput))
}

func TestAssign(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	member, key := uuid.New(), uuid.New()
	b.write(func(ctx context.Context, tx *tenant.Tx) {
		b.exec(ctx, tx, "INSERT INTO member (tenant_id, id, email, role, created_at) VALUES ($1, $2, 'lee@example.com', 'SUPPORT', $3)", member, b.now)
		b.exec(ctx, tx, "INSERT INTO api_key (tenant_id, id, name, prefix, scopes, created_at) VALUES ($1, $2, 'the bot', 'weir_', '{ADMIN}', $3)", key, b.now)
	})
	ctx := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindAPIKey, Subject: key.String(), Role: tenant.RoleAdmin})
	i, err := b.store.Assign(ctx, b.id(k), member)
	require.NoError(t, err)
	require.Equal(t, member, i.AssigneeID)
	_, err = b.store.Assign(ctx, b.id(k), uuid.New())
	require.True(t, errs.Is(err, errs.NotFound))
	i, err = b.store.Assign(ctx, b.id(k), uuid.Nil)
	require.NoError(t, err)
	require.Equal(t, uuid.Nil, i.AssigneeID)
	all, err := b.store.ActivityOf(b.ctx, []uuid.UUID{b.id(k)})
	require.NoError(t, err)
	require.Equal(t, issues.Activity{At: b.now, Actor: "the bot", Action: "assigned", Note: "To lee@example.com."}, all[b.id(k)][1])
}

func TestWhatAPersonResolvedOpensAtTheNextSighting(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	for _, c := range []diagnostics.Category{diagnostics.PermissionMissingScope, diagnostics.AuthTokenExpired, diagnostics.RateLimited} {
		k := b.key(c)
		for range 6 {
			b.see(k, b.apps[0], 1)
			b.take()
			b.pass(time.Minute)
		}
		_, err := b.store.Resolve(b.ctx, b.id(k), "")
		require.NoError(t, err)
		require.Equal(t, directory.Connected, b.appStatus(b.apps[0]), "a person says that it is mended")
		b.take()
		b.settle()
		require.Equal(t, issues.Resolved, b.status(k))
		b.pass(time.Minute)
		b.see(k, b.apps[0], 1)
		b.take()
		require.Equal(t, issues.Open, b.status(k), c)
		require.EqualValues(t, 1, b.issue(k).Occurrences)
		require.Equal(t, []string{"opened", "resolved", "reopened"}, b.actions(k))
		_, err = b.store.Resolve(b.ctx, b.id(k), "")
		require.NoError(t, err)
		b.pass(48 * time.Hour)
	}
}

func TestSnoozesEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	until := b.now.Add(6 * time.Hour)
	_, err := b.store.Snooze(b.ctx, b.id(k), until, "")
	require.NoError(t, err)
	b.pass(5*time.Hour + 30*time.Minute)
	b.see(k, b.apps[0], 1)
	b.take()
	b.settle()
	require.Equal(t, issues.Snoozed, b.status(k))
	worst, err := b.store.Unwell(b.ctx, 1)
	require.NoError(t, err)
	require.Empty(t, worst, "who snoozes an issue does not want to see it in anybody's health")
	b.now = until
	b.settle()
	require.Equal(t, issues.Open, b.status(k))

	until = b.now.Add(6 * time.Hour)
	_, err = b.store.Snooze(b.ctx, b.id(k), until, "")
	require.NoError(t, err)
	b.now = until
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
	require.Equal(t, []string{"opened", "snoozed", "woken", "snoozed", "resolved"}, b.actions(k))
}

func TestWhatIsIgnoredOrAcknowledgedStaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.key(diagnostics.AuthTokenRevoked)
	b.see(k, b.apps[0], 1)
	b.take()
	_, err := b.store.Acknowledge(b.ctx, b.id(k), "")
	require.NoError(t, err)
	b.pass(time.Hour)
	b.see(k, b.apps[0], 3)
	b.take()
	b.settle()
	require.Equal(t, issues.Acknowledged, b.status(k))
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[0]))
	_, err = b.store.Ignore(b.ctx, b.id(k), "")
	require.NoError(t, err)
	require.Equal(t, directory.Connected, b.appStatus(b.apps[0]))
	b.pass(time.Hour)
	b.see(k, b.apps[0], 3)
	b.take()
	b.settle()
	i := b.issue(k)
	require.Equal(t, issues.Ignored, i.Status)
	require.EqualValues(t, 7, i.Occurrences, "counting goes on")
	require.Equal(t, directory.Connected, b.appStatus(b.apps[0]))
}

// condition is one of a flow that hangs for the apps, since some minutes.
func (b *bundle) condition(apps ...app) issues.Condition {
	c := issues.Condition{
		Key:       issues.Key{Category: diagnostics.RunStuck, IntegrationID: b.integration, Cause: "sync"},
		Diagnosis: diagnostics.Diagnosis{Title: "Runs of sync hang", Confidence: 0.8}, Severity: issues.Error,
	}
	for _, a := range apps {
		c.Affected = append(c.Affected, issues.Affected{
			CustomerID: a.customer, ConnectedAppID: a.id, Since: start.Add(-5 * time.Minute),
			Evidence: []issues.Evidence{{ID: nodeid.New(start), Kind: 6}},
		})
	}
	return c
}

func (b *bundle) observe(list ...issues.Condition) {
	require.NoError(b.t, b.store.Observe(b.ctx, []diagnostics.Category{diagnostics.RunStuck}, list))
}

func TestConditionsOpenAndResolve(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	both := b.condition(b.apps[:2]...)
	k := both.Key
	b.observe(both)
	i := b.issue(k)
	require.Equal(t, issues.Open, i.Status)
	require.Equal(t, "Runs of sync hang", i.Diagnosis.Title)
	require.Equal(t, start.Add(-5*time.Minute), i.FirstSeenAt)
	require.EqualValues(t, 2, i.Occurrences)
	require.Equal(t, 2, i.CustomerCount)
	require.Equal(t, []string{"opened"}, b.actions(k))

	b.pass(time.Minute)
	both.Diagnosis.Title = "Two runs of sync hang"
	b.observe(both)
	require.Equal(t, "Two runs of sync hang", b.issue(k).Diagnosis.Title)
	require.EqualValues(t, 2, b.issue(k).Occurrences, "it holds, and has not occurred again")

	b.observe(b.condition(b.apps[1]))
	b.observe()
	worst, err := b.store.Unwell(b.ctx, 1)
	require.NoError(t, err)
	require.Empty(t, worst, "it hits nobody any more")
	require.Equal(t, issues.Open, b.status(k), "but has just opened")
	b.pass(9 * time.Minute)
	b.observe()
	require.Equal(t, issues.Resolved, b.status(k))

	b.pass(5 * time.Minute)
	b.observe(both)
	require.Equal(t, issues.Resolved, b.status(k))
	b.pass(5 * time.Minute)
	b.observe(both)
	require.Equal(t, issues.Open, b.status(k))
	require.Equal(t, []string{"opened", "resolved", "reopened"}, b.actions(k))
	require.NoError(t, b.store.Observe(b.ctx, []diagnostics.Category{diagnostics.RunOverdue}, nil))
	require.Equal(t, 2, b.issue(k).CustomerCount, "of other categories nothing was said")
	require.Error(t, b.store.Observe(b.ctx, nil, []issues.Condition{both}))
}

// What a person resolved although it holds opens again for whom it begins anew.
func TestAConditionThatAPersonResolved(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	c := b.condition(b.apps[0])
	b.observe(c)
	b.pass(time.Minute)
	_, err := b.store.Resolve(b.ctx, b.id(c.Key), "")
	require.NoError(t, err)
	b.pass(time.Hour)
	b.observe(c)
	require.Equal(t, issues.Resolved, b.status(c.Key))
	anew := b.condition(b.apps[1])
	anew.Affected[0].Since = b.now
	b.observe(anew)
	require.Equal(t, issues.Open, b.status(c.Key))
}

func TestAConditionOfNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.observe(b.condition())
	i := b.issue(b.condition().Key)
	require.Equal(t, issues.Open, i.Status)
	require.Zero(t, i.CustomerCount)
	b.pass(time.Hour)
	b.observe()
	require.Equal(t, issues.Resolved, b.status(i.Key))
}

// What somebody ignores is over when it is gone, too: it hits nobody when it is opened again.
func TestAConditionThatIsIgnoredEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	c := b.condition(b.apps...)
	b.observe(c)
	_, err := b.store.Ignore(b.ctx, b.id(c.Key), "")
	require.NoError(t, err)
	b.pass(time.Minute)
	b.observe()
	_, err = b.store.Reopen(b.ctx, b.id(c.Key), "")
	require.NoError(t, err)
	worst, err := b.store.Unwell(b.ctx, 1)
	require.NoError(t, err)
	require.Empty(t, worst)
}
