package detection

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tests/detection/town"
)

// story is a fault after days of ordinary traffic, and what is to be found of it.
type story struct {
	// start is monday when it is zero.
	start     time.Time
	apps      []*town.App
	schedules map[string]string
	holidays  []time.Time
	// learn is how long all goes well before the day of the fault; the fault is from one time after midnight of that day to
	// another.
	learn    time.Duration
	from, to time.Duration
	fault    town.Fault
	// step is how often the detectors look around the fault: a minute when it is 0.
	step time.Duration

	// want is the category of the issue, and within how soon after the first trace it opens.
	want   diagnostics.Category
	within time.Duration
	// also are categories of issues that are true as well.
	also []diagnostics.Category
	// severity is what it has shortly before the end of the fault.
	severity string
	// evidence are kinds of entries, of which it has some and no others; empty where nothing happened that could show it.
	evidence []string
	// clears is how soon after the end of the fault it resolves.
	clears time.Duration
}

// TestScenarios has a scenario for each category that only time tells, and its quiet twin.
func TestScenarios(t *testing.T) {
	t.Parallel()
	told := map[diagnostics.Category]bool{}
	for name, st := range stories {
		told[st.want] = true
		t.Run(name, func(t *testing.T) {
			lasts(t)
			t.Parallel()
			before := st.live(t)
			t.Run("the fault", func(t *testing.T) { t.Parallel(); st.tell(t, before) })
			t.Run("its quiet twin", func(t *testing.T) { t.Parallel(); st.twin(t, before) })
		})
	}
	for _, c := range ofTime {
		require.True(t, told[c], "no scenario for %s", c)
	}
}

// ofTime is the second table of the categories.
var ofTime = []diagnostics.Category{
	diagnostics.RunStuck, diagnostics.RunOverdue, diagnostics.EventNotLaunching, diagnostics.PullStalled, diagnostics.SourceSilent,
	diagnostics.WebhookRejecting, diagnostics.CredentialsExpiring, diagnostics.ErrorRateSpike, diagnostics.LatencyRegression,
	diagnostics.ProviderIncident, diagnostics.SchemaDrift, diagnostics.FlowFailing,
}

// past is what was before a fault: the database of a service that lived through it, and was stopped.
type past struct {
	db      *pgtest.DB
	account Account
	at      time.Time
	// events is how many were told.
	events int
}

// times are when the fault begins and ends.
func (st *story) times() (start, from, to time.Time) {
	if start = st.start; start.IsZero() {
		start = monday
	}
	midnight := start.Add(st.learn)
	return start, midnight.Add(st.from), midnight.Add(st.to)
}

// steps are how often the detectors look around the fault.
func (st *story) steps() time.Duration { return max(st.step, time.Minute) }

// settle makes the town of the story, which nothing has happened in yet, and its fault.
func (st *story) settle() (*town.Town, *town.Fault) {
	start, from, to := st.times()
	f := st.fault
	f.From, f.To = from, to
	return town.New(town.Options{Seed: 11, Start: start, Apps: st.apps, Schedules: st.schedules, Holidays: st.holidays, Noise: .01}), &f
}

// live lives through the days before the fault, in which nothing may be found.
func (st *story) live(t *testing.T) *past {
	t.Helper()
	start, _, _ := st.times()
	s := openAt(t, start)
	var f *town.Fault
	s.town, f = st.settle()
	s.play(f.Begins().Add(-20*time.Minute), Coarse)
	require.Empty(t, s.issues(), "nothing is wrong yet")
	require.NoError(t, s.Close(t.Context()))
	return &past{s.db, s.Account(), s.Now(), s.town.Events}
}

// goOn is where the past ends, in a world of its own: a service that was started anew. The fault is planted when it is there.
func (p *past) goOn(t *testing.T, of *town.Town, f *town.Fault) *scenario {
	t.Helper()
	s := resume(t, p.db.Copy(t), p.at, p.account)
	if s.town = of; f != nil {
		of.Plant(f)
	}
	of.Until(p.at)
	require.Equal(t, p.events, of.Events, "the town has told the same up to now")
	return s
}

func (st *story) tell(t *testing.T, before *past) {
	t.Helper()
	of, f := st.settle()
	s := before.goOn(t, of, f)
	s.play(f.From.Add(-20*time.Minute), Coarse)
	require.Empty(t, s.issues(), "nothing is wrong yet")

	// How soon failures are heard of matters as long as they are to be found.
	lasts := f.To.Add(-st.steps())
	if found := f.From.Add(closely); found.Before(lasts) {
		s.play(found, Pace{Step: st.steps(), Prompt: true})
	}
	s.play(lasts, Pace{Step: st.steps()})
	i := st.find(s, f)
	require.Equal(t, "OPEN", i.Status, i)
	require.Equal(t, f.Integration, i.Of())
	require.Equal(t, f.Hit(s.Now()), i.Who())
	require.Equal(t, len(i.Who()), i.CustomerCount)
	require.Equal(t, st.severity, i.Severity)
	require.LessOrEqual(t, i.OpenedAt().Sub(f.First()), st.within, "from the first trace at %s", f.First())
	st.explains(t, i)
	st.proves(t, i, f)

	s.play(f.To.Add(st.clears), Pace{Step: st.steps()})
	i = st.find(s, f)
	require.Equal(t, "RESOLVED", i.Status, i)
	require.Len(t, i.Episodes(), 1, i.Activity)
	last := i.Activity[len(i.Activity)-1]
	require.Equal(t, []string{"resolved", "weir"}, []string{last.Action, last.Actor})
	require.NotEmpty(t, last.Note, "why it was resolved")
	standing, err := s.Standing(t.Context())
	require.NoError(t, err)
	require.Empty(t, standing)
}

// find gives the issue of the story, and fails when there are others than it and what is true as well.
func (st *story) find(s *scenario, f *town.Fault) (found *Issue) {
	s.t.Helper()
	for _, i := range s.issues() {
		c := diagnostics.Category(i.Category)
		if c != st.want {
			require.Contains(s.t, st.also, c, i)
			continue
		}
		require.Nil(s.t, found, "two issues: %s and %s", found, i)
		found = i
	}
	require.NotNil(s.t, found, "no issue of %s: %v, first trace %s", st.want, s.issues(), f.First())
	return found
}

// explains looks at what is said to people.
func (st *story) explains(t *testing.T, i *Issue) {
	t.Helper()
	d := i.Diagnosis
	require.Equal(t, string(st.want), lower(d.Category))
	for _, text := range []string{i.Title, d.Title, d.Cause} {
		require.Greater(t, len(text), 15)
		require.NotContains(t, strings.ReplaceAll(text, "/{id}", ""), "{", "a name or a number is missing")
	}
	require.NotEmpty(t, d.Steps)
	for _, step := range d.Steps {
		require.Contains(t, []string{"CUSTOMER", "TENANT", "PROVIDER"}, step.Actor)
		require.Greater(t, len(step.Text), 15)
		require.NotContains(t, step.Text, "{")
	}
}

// proves looks at the entries that show it: of the right kinds, of customers who were hit, and not older than the fault by
// more than an hour.
func (st *story) proves(t *testing.T, i *Issue, f *town.Fault) {
	t.Helper()
	if len(st.evidence) == 0 {
		return
	}
	require.NotEmpty(t, i.Evidence.Nodes)
	for _, e := range i.Evidence.Nodes {
		require.Contains(t, st.evidence, e.Kind)
		require.NotNil(t, e.Customer)
		require.Contains(t, f.Hit(f.To), e.Customer.ExternalID)
		require.False(t, e.OccurredAt.Before(f.From.Add(-time.Hour)), "%s is older than the fault", e.OccurredAt)
	}
}

// twin lives through the same days without the fault.
func (st *story) twin(t *testing.T, before *past) {
	t.Helper()
	of, f := st.settle()
	s := before.goOn(t, of, nil)
	s.play(f.From.Add(-20*time.Minute), Coarse)
	s.play(f.To.Add(st.clears), Pace{Step: 5 * st.steps(), Prompt: true})
	require.Empty(t, s.issues())
}
