package tests

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// cluster is two services on a PostgreSQL of their own, which are killed, and a tenant of theirs.
type cluster struct {
	*world
	t        *testing.T
	addrs    [2]string
	services [2]*harness.Service
	token    string
	// made has something for each change, and room for some while nobody looks.
	made chan struct{}
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, world: &world{binary: binary(t), dir: filepath.Join(t.TempDir(), "data")}, made: make(chan struct{}, 6)}
	c.startDatabase()
	t.Cleanup(func() { _ = c.server.Stop(context.Background()) })
	c.env = harness.EnvOf(c.server)
	for i := range c.services {
		var err error
		c.addrs[i], err = harness.FreeAddr(t.Context())
		require.NoError(t, err)
		c.serve(i, "--migrate")
	}
	t.Cleanup(func() {
		for _, s := range c.services {
			_ = s.Kill()
		}
	})
	ctx := within(t, patience)
	made, err := c.binary.CreateTenant(ctx, c.env, "follow")
	require.NoError(t, err)
	key, err := c.binary.CreateKey(ctx, c.env, made.Slug, "ingest,read,admin")
	require.NoError(t, err)
	c.token = key.Secret
	return c
}

func (c *cluster) startDatabase() {
	var err error
	c.server, err = localpg.Start(within(c.t, patience), localpg.Options{DataDir: c.dir})
	require.NoError(c.t, err)
}

func (c *cluster) serve(i int, args ...string) {
	var err error
	c.services[i], err = c.binary.ServeAt(within(c.t, patience), c.env, c.addrs[i], append([]string{"serve"}, args...)...)
	require.NoError(c.t, err)
}

func (c *cluster) urls() []string { return []string{"http://" + c.addrs[0], "http://" + c.addrs[1]} }

// crash kills a service, or all of PostgreSQL at once, while things change, and starts it again.
func (c *cluster) crash(what int) {
	c.more(4)
	if what < len(c.services) {
		require.NoError(c.t, c.services[what].Kill())
		c.more(4)
		c.serve(what)
		return
	}
	// A stop that may take no time is an immediate one.
	ctx, cancel := context.WithCancel(c.t.Context())
	cancel()
	require.NoError(c.t, c.server.Stop(ctx))
	c.startDatabase()
}

// more waits for n more changes.
func (c *cluster) more(n int) {
	ctx := within(c.t, patience)
	for range n {
		select {
		case <-c.made:
		case <-ctx.Done():
			c.t.Fatal("nothing changes any more")
		}
	}
}

// work changes one thing after the other while the services and PostgreSQL crash, and returns when all is done.
func (c *cluster) work(things []string, change func(id string) error, crashes ...int) {
	var failed error
	go func() {
		defer close(c.made)
		for _, id := range things {
			if failed = change(id); failed != nil {
				return
			}
			c.made <- struct{}{}
		}
	}()
	for _, what := range crashes {
		c.crash(what)
	}
	for range c.made { // Until it is closed.
	}
	require.NoError(c.t, failed)
}

// insist does something by one service and then by the other until it is done.
func (c *cluster) insist(ctx context.Context, do func(client *harness.Client) error) error {
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for n := 0; ; n++ {
		err := do(&harness.Client{URL: c.urls()[n%2], Token: c.token})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-pause.C:
		}
	}
}

func (c *cluster) send(ctx context.Context, events string) error {
	return c.insist(ctx, func(client *harness.Client) error {
		answer, err := client.Events(ctx, []byte(events))
		if err == nil && answer.Status != 202 {
			err = fmt.Errorf("%d: %s", answer.Status, answer.Body)
		}
		return err
	})
}

// change has a mutation done. A conflict says that it was done, and that its answer was lost.
func (c *cluster) change(ctx context.Context, mutation, id string) error {
	return c.insist(ctx, func(client *harness.Client) error {
		var answer map[string]struct {
			UserErrors []struct{ Code, Message string }
		}
		err := client.Query(ctx, fmt.Sprintf("mutation { done: %s }", fmt.Sprintf(mutation, id)), nil, &answer)
		if failed, ok := errors.AsType[*harness.GraphQLError](err); ok && len(failed.Errors) > 0 && failed.Errors[0].Extensions.Code == "CONFLICT" {
			return nil
		}
		if err == nil && len(answer["done"].UserErrors) > 0 && answer["done"].UserErrors[0].Code != "CONFLICT" {
			err = fmt.Errorf("%+v", answer)
		}
		return err
	})
}

const (
	followLogs   = `subscription($after: String) { logAdded(after: $after, filter: {kinds: [INTERNAL_EVENT]}) { id state: externalId } }`
	followIssues = `subscription($after: String) { issueChanged(after: $after) { id state: status } }`
	followAlarms = `subscription($after: String) { alarmChanged(after: $after) { id state: status } }`
	acknowledge  = `acknowledgeIssue(input: {id: %q}) { userErrors { code message } }`
	reopen       = `reopenIssue(input: {id: %q}) { userErrors { code message } }`
	disable      = `updateAlarmRule(input: {id: %q, enabled: false}) { userErrors { code message } }`
)

// issues opens issues and gives their ids: tokens that are revoked, each of another integration.
func (c *cluster) issues(n int) (ids []string) {
	c.t.Helper()
	var events []string
	for i := range 3 * n {
		events = append(events, fmt.Sprintf(`{"type":"api_request","id":"f-%d","customer":"acme","integration":"crm-%d","data":{"method":"POST",`+
			`"url":"https://crm-%d.example.com/oauth/token","response":{"status":400,"body":{"error":"invalid_grant"}}}}`, i, i/3, i/3))
	}
	require.NoError(c.t, c.send(within(c.t, patience), strings.Join(events, "\n")))
	var seen struct {
		Issues struct{ Nodes []struct{ ID string } }
	}
	eventually(c.t, patience, "the issues open", func(ctx context.Context) bool {
		client := &harness.Client{URL: c.urls()[0], Token: c.token}
		return client.Query(ctx, `{ issues(first: 100) { nodes { id } } }`, nil, &seen) == nil && len(seen.Issues.Nodes) == n
	})
	for _, node := range seen.Issues.Nodes {
		ids = append(ids, node.ID)
	}
	return ids
}

// Whatever is killed while clients follow logs and issues, each of them hears of all of it, once, in its order.
func TestFollowersMissNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	c := newCluster(t)
	const n = 70
	ids := c.issues(n)
	logs, logEvents := follow(t, "logs", c.token, followLogs, c.urls()...)
	issues, issueEvents := follow(t, "issues", c.token, followIssues, c.urls()...)
	all := []*follower{logs, logEvents, issues, issueEvents}
	// They have a cursor once they have heard of something.
	ctx := within(t, 4*patience)
	numbers := 0
	eventually(t, patience, "all have begun", func(ctx context.Context) bool {
		numbers++
		require.NoError(t, c.send(ctx, numbered(numbers)))
		require.NoError(t, c.change(ctx, acknowledge, ids[0]))
		require.NoError(t, c.change(ctx, reopen, ids[0]))
		for _, f := range all {
			if len(f.heard()) == 0 {
				return false
			}
		}
		return true
	})
	first := numbers
	c.work(ids[1:], func(id string) error {
		numbers++
		return errors.Join(c.send(ctx, numbered(numbers)), c.change(ctx, acknowledge, id))
	}, 0, 1, 2, 1, 0, 2)
	want := map[string]int{}
	for i := first + 1; i <= numbers; i++ {
		want[fmt.Sprint("n-", i)] = 1
	}
	for _, f := range all {
		eventually(t, patience, "all was heard: "+f.report(), func(context.Context) bool { return f.done(numbers, ids) })
		t.Log(f.report())
	}
	for _, f := range []*follower{logs, logEvents} {
		got := map[string]int{}
		for _, h := range f.heard() {
			if want[h.State] > 0 {
				got[h.State]++
			}
		}
		require.Equal(t, want, got, f.report())
	}
	for _, f := range []*follower{issues, issueEvents} {
		f.inOrder(t)
		for _, id := range ids[1:] {
			require.Equal(t, 1, f.times("ACKNOWLEDGED")[id], f.report())
		}
	}
}

// done tells whether a follower has heard of the last number, or of all issues but the first.
func (f *follower) done(number int, ids []string) bool {
	list := f.heard()
	if strings.HasPrefix(f.name, "logs") {
		return len(list) > 0 && list[len(list)-1].State == fmt.Sprint("n-", number)
	}
	acknowledged := f.times("ACKNOWLEDGED")
	for _, id := range ids[1:] {
		if acknowledged[id] == 0 {
			return false
		}
	}
	return true
}

// The same of alarms, which take a minute to fire.
func TestFollowersOfAlarmsMissNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	t.Parallel()
	c := newCluster(t)
	client := &harness.Client{URL: c.urls()[0], Token: c.token}
	ctx := within(t, 4*patience)
	var rules []string
	for i := range 40 {
		var made struct {
			CreateAlarmRule struct{ AlarmRule struct{ ID string } }
		}
		require.NoError(t, client.Query(ctx, fmt.Sprintf(`mutation { createAlarmRule(input: {name: "Nothing %d", metric: VOLUME, comparison: BELOW, threshold: 1, windowSeconds: 60,
			kinds: [TRANSACTION], endpointIds: []}) { alarmRule { id } } }`, i), nil, &made))
		rules = append(rules, made.CreateAlarmRule.AlarmRule.ID)
	}
	socket, events := follow(t, "alarms", c.token, followAlarms, c.urls()...)
	both := []*follower{socket, events}
	for _, f := range both {
		eventually(t, 2*patience, "all fire: "+f.name, func(context.Context) bool { return len(f.times("FIRING")) == len(rules) })
	}
	c.work(rules, func(id string) error { return c.change(ctx, disable, id) }, 0, 2, 1)
	for _, f := range both {
		eventually(t, patience, "all resolve: "+f.report(), func(context.Context) bool { return len(f.times("RESOLVED")) == len(rules) })
		t.Log(f.report())
		f.inOrder(t)
		require.Len(t, f.times(""), len(rules))
		for id := range f.times("") {
			require.Equal(t, 1, f.times("FIRING")[id], f.report())
			require.Equal(t, 1, f.times("RESOLVED")[id], f.report())
		}
	}
}
