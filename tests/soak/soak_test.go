package main

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/workload"
)

// What a soak finds on a machine that runs other tests says nothing: these are about whether it can be run.

func TestTheCrowdIsMeasured(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"crowd", "-short"})
	require.NoError(t, err)
	printed := soaked(t, o)
	for _, row := range []string{"RSS at the end", "RSS at most", "jobs of all tenants", "newest 50, p95"} {
		require.Contains(t, printed, "\n"+row)
	}
	require.Contains(t, printed, "sent 60 requests of 20 tenants")
}

func TestASteadyLoadIsMeasured(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-short"})
	require.NoError(t, err)
	o.duration, o.alone, o.every, o.compactEvery = 3*time.Second, time.Second, time.Second, time.Second
	printed := soaked(t, o)
	require.Contains(t, printed, "entries/s, RSS ")
	for _, row := range []string{"rate, ", "RSS, ", "request p95", "jobs that wait", "dead rows of public."} {
		require.Contains(t, printed, "\n"+row)
	}
	for _, q := range workload.Questions() {
		require.Contains(t, printed, "\n"+q.Name+": p95, under load to alone")
	}
}

func soaked(t *testing.T, o options) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skipf("what a process holds in memory is read from /proc, which %s does not have", runtime.GOOS)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var out strings.Builder
	require.NoError(t, run(ctx, o, &out), "%s", &out)
	return out.String()
}

func TestWhatGrowsMissesItsLimit(t *testing.T) {
	t.Parallel()
	m := newMeter(time.Minute)
	alone := newRecord()
	for i, r := range m.third {
		for n := range 100 {
			r.requests.Add(time.Duration(10+n) * time.Millisecond)
			r.queries[0].Add(time.Duration(1+i) * time.Millisecond)
			m.whole.queries[0].Add(time.Duration(1+i) * time.Millisecond)
		}
		r.rss, r.waiting = []int64{100 << 20, int64(100+40*i) << 20}, []int{7, i}
	}
	alone.queries[0].Add(time.Millisecond)
	m.whole.entries = 97 * 60

	q1 := workload.Questions()[0].Name
	var missed []string
	for _, c := range m.checks(alone, 100) {
		if !c.ok() {
			missed = append(missed, c.Name)
		}
	}
	require.Equal(t, []string{
		"rate, of what was to be sent", "RSS, last third to the middle one", "jobs that wait at least, last third", q1 + ": p95, under load to alone",
	}, missed)
}

func TestAutovacuumMustKeepUp(t *testing.T) {
	t.Parallel()
	before := []tableState{{Name: "a", Changed: 1000}}
	after := []tableState{
		{Name: "a", Live: 1000, Dead: 1450, Changed: 1600, ScaleFactor: 0.2}, // 10 a second
		{Name: "b", Live: 1000, Dead: 1451, Changed: 600, ScaleFactor: 0.2},
	}
	list := vacuumChecks(before, after, time.Minute)
	require.Len(t, list, 2)
	require.True(t, list[0].ok(), "%+v", list[0])
	require.False(t, list[1].ok(), "%+v", list[1])
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-batch 0", "-batch 5001", "-days 0", "-duration -1s", "-asks 0", "-entries 1", "crowd -active 0", "crowd -active 20000", "crowds", "-active 3"} {
		_, err := parse(strings.Fields(args))
		require.Error(t, err, args)
	}
}
