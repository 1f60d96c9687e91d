package shape

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// answer is an API request that was answered with a body.
func answer(at time.Time, app int, body string) *entry.Entry {
	return &entry.Entry{
		Head: entry.Head{
			ID: nodeid.New(at), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, StatusCode: 200, Method: "GET", Endpoint: "/v3/contacts",
			IntegrationID: uuid.MustParse("0194d1f0-0000-7000-8000-0000000000aa"), CustomerID: accountID(app), ConnectedAppID: accountID(app),
		},
		List:   entry.List{URL: "https://api.example.com/v3/contacts"},
		Detail: &entry.Detail{ResponseBody: &entry.Body{Text: body, ContentType: "application/json"}},
	}
}

func accountID(n int) uuid.UUID { return uuid.UUID{15: byte(n + 1), 14: byte(n >> 8)} }

// story is a call whose answers come in one after another.
type story struct {
	t     *testing.T
	state *state
	at    time.Time
	rand  *rand.Rand
	// first and latest are the entries of the last tell.
	first, latest uuid.UUID
	// alarms counts the samples at which a change held.
	alarms int
}

func newStory(t *testing.T) *story {
	t.Helper()
	return &story{t: t, state: &state{}, at: start, rand: rand.New(rand.NewPCG(1, 2))}
}

// tell gives a body every so often, for some time. The state is packed and read again each time, as by Flush.
func (s *story) tell(lasts, every time.Duration, body func(i int) (app int, text string)) {
	s.t.Helper()
	s.first = uuid.Nil
	for i, end := 0, s.at.Add(lasts); s.at.Before(end); i++ {
		app, text := body(i)
		e := answer(s.at, app, text)
		if s.first == uuid.Nil {
			s.first = e.ID
		}
		s.latest = e.ID
		if found := sampleOf(acme, e); found != nil {
			s.state.apply(found)
			raw := s.state.pack()
			again, err := unpack(raw)
			require.NoError(s.t, err)
			require.True(s.t, bytes.Equal(raw, again.pack()))
			s.state = again
		}
		if s.state.drifting() {
			s.alarms++
		}
		s.at = s.at.Add(every)
	}
}

// always is one body.
func always(text string) func(int) (int, string) { return func(int) (int, string) { return 0, text } }

// told are the changes that hold now, as "path: kind before > kind now".
func (s *story) told(example string) (list []string) {
	s.t.Helper()
	r := &row{state: s.state}
	for _, c := range r.changes(s.at) {
		for _, f := range c.fields {
			name := namesOf(rootOf(acme), example, []uint64{f.path})[f.path]
			list = append(list, fmt.Sprintf("%s: %s > %s", name, f.kind, f.odd.kind))
		}
	}
	return list
}

const (
	contact = `{"id":1,"properties":{"email":"a@example.com","name":"Ann"},"tags":["x"],"at":"2026-03-02"}`
	threeDays,
	quarter = 72 * time.Hour, 15 * time.Minute
)

func TestALostFieldIsTold(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(threeDays, quarter, always(contact))
	require.Zero(t, s.alarms)
	last := s.latest
	without := always(strings.Replace(contact, `"email":"a@example.com",`, "", 1))
	s.tell(time.Minute, 10*time.Second, without)
	require.Zero(t, s.alarms, "too few")
	began := s.first
	s.tell(3*time.Minute, 10*time.Second, without)
	require.Zero(t, s.alarms, "too soon")
	s.tell(90*time.Second, 10*time.Second, without)
	require.Equal(t, []string{"properties.email: a string > nothing"}, s.told(contact))
	c := (&row{state: s.state}).changes(s.at)[0]
	good, slot := c.good()
	require.Equal(t, last, good)
	require.Zero(t, slot)
	require.Equal(t, began, c.entry)

	before := s.alarms
	s.tell(time.Minute, 10*time.Second, always(contact))
	require.Equal(t, before, s.alarms, "it is back")
	require.Empty(t, s.told(contact))
}

func TestAnotherTypeIsTold(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(threeDays, quarter, always(contact))
	s.tell(2*time.Hour, quarter, always(strings.Replace(contact, `"id":1`, `"id":"1"`, 1)))
	require.Equal(t, []string{"id: a number > a string"}, s.told(contact))
	s.tell(time.Hour, quarter, always(strings.Replace(contact, `"id":1`, `"id":null`, 1)))
	require.Len(t, s.told(contact), 1, "null goes with every type")
	s.tell(quarter, quarter, always(contact))
	require.Empty(t, s.told(contact), "it is back")
	s.tell(5*time.Hour, quarter, always(strings.Replace(contact, `"id":1`, `"id":"1"`, 1)))
	require.Empty(t, s.told(contact), "by now it is known to have both")
}

// What is above a field tells of its loss, and not each field below.
func TestALostObjectIsOneLoss(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]string{
		"properties: an object > nothing":  `{"id":1,"tags":["x"],"at":"x"}`,
		"properties: an object > a string": `{"id":1,"properties":"{}","tags":["x"],"at":"x"}`,
		"properties: an object > an array": `{"id":1,"properties":[{"email":"x"}],"tags":["x"],"at":"x"}`,
	} {
		s := newStory(t)
		s.tell(threeDays, quarter, always(contact))
		s.tell(3*time.Hour, quarter, always(now))
		require.Equal(t, []string{name}, s.told(contact))
	}
	s := newStory(t)
	s.tell(threeDays, quarter, always(`[{"id":1}]`))
	s.tell(3*time.Hour, quarter, always(`{"results":[{"id":1}]}`))
	require.Equal(t, []string{"the answer itself: an array > an object"}, s.told(`[]`))
}

// After a week the new form is normal, and what changes then is told again.
func TestAfterAWeekTheNewFormIsNormal(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(threeDays, quarter, always(contact))
	changed := strings.Replace(strings.Replace(contact, `"id":1`, `"id":"1"`, 1), `,"at":"2026-03-02"`, "", 1)
	s.tell(167*time.Hour, quarter, always(changed))
	require.ElementsMatch(t, []string{"id: a number > a string", "at: a string > nothing"}, s.told(contact))
	require.Empty(t, (&row{state: s.state}).changes(s.at.Add(2*time.Hour)), "even when no more answers come")
	s.tell(2*time.Hour, quarter, always(changed))
	require.Empty(t, s.told(contact))
	require.False(t, s.state.drifting())
	s.tell(threeDays, quarter, always(changed))
	s.tell(3*time.Hour, quarter, always(contact))
	require.Equal(t, []string{"id: a string > a number"}, s.told(contact), "and a field that is new is no loss")
}

func TestQuietTwins(t *testing.T) {
	t.Parallel()
	optional := func(share float64) func(s *story) func(int) (int, string) {
		return func(s *story) func(int) (int, string) {
			return func(int) (int, string) {
				if s.rand.Float64() < share {
					return 0, contact
				}
				return 0, strings.Replace(contact, `"email":"a@example.com",`, "", 1)
			}
		}
	}
	one := func(bodies ...string) func(s *story) func(int) (int, string) {
		return func(s *story) func(int) (int, string) {
			return func(int) (int, string) { return 0, bodies[s.rand.IntN(len(bodies))] }
		}
	}
	for name, twin := range map[string]struct {
		before, after func(s *story) func(int) (int, string)
	}{
		"nothing changes":           {before: one(contact)},
		"often there":               {before: optional(0.9), after: optional(0)},
		"nearly always there":       {before: optional(0.97), after: optional(0)},
		"rarely missing":            {before: one(contact), after: optional(0.5)},
		"sometimes null":            {before: one(contact, strings.Replace(contact, `"a@example.com"`, "null", 1)), after: optional(0)},
		"null now":                  {before: one(contact), after: one(strings.Replace(contact, `"a@example.com"`, "null", 1))},
		"redacted now":              {before: one(contact), after: one(strings.Replace(contact, `"id":1`, `"id":"[redacted]"`, 1))},
		"an array is empty":         {before: one(`{"items":[{"id":1,"x":1}]}`), after: one(`{"items":[]}`)},
		"elements lack it":          {before: one(`{"items":[{"id":1,"x":1},{"id":2}]}`), after: one(`{"items":[{"id":1}]}`)},
		"an object is empty":        {before: one(contact), after: one(`{"id":1,"properties":{},"tags":["x"],"at":"x"}`)},
		"an object is null":         {before: one(contact), after: one(`{"id":1,"properties":null,"tags":["x"],"at":"x"}`)},
		"a union":                   {before: one(contact, strings.Replace(contact, `"id":1`, `"id":{"x":1}`, 1)), after: one(strings.Replace(contact, `"id":1`, `"id":{"x":1}`, 1))},
		"a union in an array":       {before: one(`{"v":[1,"a"]}`), after: one(`{"v":["a"]}`)},
		"by type":                   {before: one(`{"t":"a","x":1}`, `{"t":"b","y":1}`), after: one(`{"t":"b","y":1}`)},
		"keys that are ids":         {before: one(`{"u":{"1001":{"a":1}}}`), after: one(`{"u":{"2002":{"a":1}}}`)},
		"whole numbers, and others": {before: one(`{"v":1}`), after: one(`{"v":1.5}`)},
		"errors under 200":          {before: one(contact), after: one(`{"ok":false,"error":"token_revoked"}`, `{"errors":[{"message":"x"}]}`, `{"success":false}`)},
		"something new":             {before: one(contact), after: one(strings.Replace(contact, `"id":1`, `"id":1,"new":{"a":[1]}`, 1))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.tell(threeDays, quarter, twin.before(s))
			if twin.after != nil {
				s.tell(24*time.Hour, quarter, twin.after(s))
			}
			require.Zero(t, s.alarms, "%v", s.told(contact))
			require.NotEmpty(t, s.state.fields)
		})
	}
}

func TestGraphQLIsNotLookedAt(t *testing.T) {
	t.Parallel()
	e := answer(start, 0, `{"data":{"orders":[1]}}`)
	require.NotNil(t, sampleOf(acme, e), "a REST API may have data too")
	e.Detail.RequestBody = &entry.Body{Text: `{"query":"{ orders { id } }"}`}
	require.Nil(t, sampleOf(acme, e))
	e = answer(start, 0, `{"data":{"orders":[1]},"extensions":{"cost":1}}`)
	e.Endpoint = "/admin/api/2024-01/graphql.json"
	require.Nil(t, sampleOf(acme, e))
}

// What is young, or was seen seldom, is not missed.
func TestWhatIsNotSettledIsNotMissed(t *testing.T) {
	t.Parallel()
	without := always(strings.Replace(contact, `"email":"a@example.com",`, "", 1))
	s := newStory(t)
	s.tell(47*time.Hour, quarter, always(contact))
	s.tell(24*time.Hour, quarter, without)
	require.Zero(t, s.alarms, "two days")
	s = newStory(t)
	s.tell(threeDays, 2*time.Hour, always(contact))
	s.tell(24*time.Hour, 2*time.Hour, without)
	require.Zero(t, s.alarms, "50 samples")
}

// Fields of one's own: what one account has, another never had. Which of them is called more says nothing.
func TestAccountsAreToldApart(t *testing.T) {
	t.Parallel()
	body := func(app int) string {
		return fmt.Sprintf(`{"id":1,"common":"x","custom_%c":"x"}`, 'a'+app%26)
	}
	s := newStory(t)
	s.tell(threeDays, quarter, func(i int) (int, string) { return i % 2, body(i % 2) })
	s.tell(24*time.Hour, quarter, func(int) (int, string) { return 1, body(1) })
	s.tell(24*time.Hour, quarter, func(int) (int, string) { return 2, body(2) })
	require.Zero(t, s.alarms)
	s.tell(3*time.Hour, quarter, func(i int) (int, string) { return i % 3, strings.Replace(body(i%3), `"common":"x",`, "", 1) })
	require.Equal(t, []string{"common: a string > nothing"}, s.told(body(0)))
	c := (&row{state: s.state}).changes(s.at)[0]
	require.Len(t, c.affected(), 3)
	require.Len(t, c.affected()[0].Evidence, 2)
	require.Empty(t, c.affected()[1].Evidence, "an entry is shown with its own account")

	crowd := newStory(t)
	crowd.tell(threeDays, 5*time.Minute, func(i int) (int, string) { return i % 200, body(i % 200) })
	crowd.tell(24*time.Hour, 5*time.Minute, func(i int) (int, string) { return 100 + i%100, body(100 + i%100) })
	require.Zero(t, crowd.alarms)
	require.Len(t, crowd.state.accounts, mostAccounts)
	crowd.tell(12*time.Hour, 5*time.Minute, func(i int) (int, string) {
		return i % 200, strings.Replace(body(i%200), `"common":"x",`, "", 1)
	})
	require.Equal(t, []string{"common: a string > nothing"}, crowd.told(body(0)))
}

func TestHistoryThatComesLateIsLeftOut(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(threeDays, quarter, always(contact))
	had := s.state.samples
	s.at = s.at.Add(-time.Hour)
	s.tell(15*time.Minute, time.Minute, always(`{"id":1}`))
	require.Equal(t, had, s.state.samples)
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(10*time.Hour, time.Minute, func(i int) (int, string) {
		return i, fmt.Sprintf(`{"id":1,"k%c%c%c":1,"l%c%c%c":{"x":1}}`, 'a'+i%26, 'a'+i/26%26, 'a'+i/676, 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
	})
	require.Len(t, s.state.fields, mostFields)
	require.Less(t, len(s.state.pack()), 40<<10)
	s.at = s.at.Add(31 * 24 * time.Hour)
	s.tell(time.Minute, time.Minute, always(contact))
	require.Less(t, len(s.state.fields), 20, "what no answer has for a month is forgotten")

	s = newStory(t)
	s.tell(threeDays, time.Minute, always(contact))
	for _, f := range s.state.fields {
		require.LessOrEqual(t, f.chances, uint32(remembers))
		require.Equal(t, f.chances, f.seen)
	}
	t.Logf("%d fields take %d bytes", len(s.state.fields), len(s.state.pack()))
}

func TestAForgottenAccountIsNowhere(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(threeDays, quarter, always(contact))
	s.tell(3*time.Hour, quarter, always(`{"id":1,"properties":{"email":"x","name":"x"},"tags":[]}`))
	require.NotEmpty(t, s.told(contact))
	id := accountID(0)
	require.Contains(t, string(s.state.pack()), string(id[:]))
	require.Contains(t, string(s.state.pack()), string(s.first[:]), "the entry")
	s.state.forget(0)
	require.NotContains(t, string(s.state.pack()), string(id[:]))
	require.NotContains(t, string(s.state.pack()), string(s.first[:]))
	for _, f := range s.state.fields {
		require.Equal(t, uuid.Nil, f.odd.entry)
	}
	require.Len(t, s.told(contact), 1, "that the form changed stays")
	again, err := unpack(s.state.pack())
	require.NoError(t, err)
	require.Equal(t, s.state, again)
}

func TestVariants(t *testing.T) {
	t.Parallel()
	variant := func(url string, status int) int64 {
		e := answer(start, 0, "{}")
		e.URL, e.StatusCode = url, status
		return variantOf(e)
	}
	base := variant("https://x.example/a?page=1&id=2", 200)
	require.Equal(t, base, variant("https://x.example/a?page=7#x", 200))
	require.Equal(t, base, variant("https://x.example/a", 200))
	for _, other := range []string{"?fields=a,b", "?fields%5Bcontact%5D=a", "?$select=a", "?properties=a&x=1", "?q=SELECT+Id+FROM+Account"} {
		require.NotEqual(t, base, variant("https://x.example/a"+other, 200), other)
	}
	require.NotEqual(t, base, variant("https://x.example/a", 201))
	require.Equal(t, variant("https://x.example/a?a=1&fields=b", 200), variant("https://x.example/a?fields=b&a=2", 200))
	require.Equal(t, variant("https://x.example/a?q=SELECT+Id+FROM+Account+WHERE+Id='1'", 200), variant("https://x.example/a?q=select%20id%20from%20account%20where%20id='2'", 200))
	require.Equal(t, base, variant("https://x.example/a?q=shoes", 200), "what is searched for")
}

func FuzzUnpack(f *testing.F) {
	s := state{samples: 3, firstAt: 7, lastAt: 9, accounts: []account{{customer: acme, lastAt: 5, good: acme}}, fields: []field{
		{path: 1, parent: 2, kind: kindString, mixed: true, accounts: 1, chances: 5, seen: 4, typed: 3, firstAt: 1, lastAt: 2, odd: odd{slot: -1}},
		{path: 3, odd: odd{kind: kindNumber, count: 9, at: 1, lastAt: 2, entry: acme, slot: 31, accounts: 1 << 31}},
	}}
	f.Add(s.pack())
	f.Add([]byte{packed})
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := unpack(raw)
		if err != nil {
			return
		}
		again, err := unpack(s.pack())
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}
