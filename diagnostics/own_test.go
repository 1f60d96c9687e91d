package diagnostics

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
)

// told is what is wrong with a text.
func told(t *testing.T, text string) (out []string) {
	t.Helper()
	for _, e := range errs.All(CheckOwn(text)) {
		require.Equal(t, errs.BadInput, e.Code)
		require.Equal(t, []string{"yaml"}, e.Field)
		out = append(out, e.Message)
	}
	return out
}

const ownEntry = "  - {id: %s, when: {text: [%s]}, category: %s, confidence: 0.3}\n"

func ownText(id, phrase, category string) string {
	return "version: 1\nentries:\n" + fmt.Sprintf(ownEntry, id, phrase, category)
}

func TestATenantsEntriesWinOverAllOthers(t *testing.T) {
	t.Parallel()
	service, err := builtin(t).With(fstest.MapFS{"a.yaml": {Data: []byte(ownText("of-service", "invalid_grant", "account_plan_limit"))}})
	require.NoError(t, err)
	both, err := service.WithOwn(ownText("of-tenant", "invalid_grant", "quota_exhausted") + "---\nversion: 1\nprovider: acme_billing\nentries:\n" +
		fmt.Sprintf(ownEntry, "of-acme", "E-77", "rate_limited"))
	require.NoError(t, err)
	o := &Observation{Status: 400, URL: "https://auth.example.com/oauth/token", Body: `{"error":"invalid_grant"}`}
	require.Equal(t, OAuthRefreshFailed, builtin(t).Diagnose(o).Category)
	require.Equal(t, "of-service", service.Diagnose(o).Entry)
	d := both.Diagnose(o)
	require.Equal(t, "of-tenant", d.Entry)
	require.NotEmpty(t, d.Title, "what the entry does not say, its category does")
	require.Equal(t, OAuthRefreshFailed, d.Others[1].Category)

	require.Equal(t, "of-acme", both.Diagnose(&Observation{Status: 400, Body: "E-77", Provider: "Acme Billing"}).Entry)
	require.NotEqual(t, "of-acme", both.Diagnose(&Observation{Status: 400, Body: "E-77", Provider: "other"}).Entry)
	require.Equal(t, "of-service", service.Diagnose(o).Entry, "the other catalogue is as it was")
}

func TestNothingOfOnesOwn(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "---\n", "version: 1\n", "version: 1\nentries: []\n", "---\n---\n"} {
		require.Empty(t, told(t, text), text)
		c, err := builtin(t).WithOwn(text)
		require.NoError(t, err)
		require.Same(t, builtin(t), c)
	}
}

func TestWhatIsWrongIsToldLineByLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		`line 3: entry "": it has no id`,
		`line 3: entry "": it has no condition`,
		`line 4: entry "a": category "nonsense" is none of a log entry`,
		`line 6: entry "a": its id is not the only one`,
		`line 7: entry "b": pattern: error parsing regexp: missing closing ): ` + "`(`",
		`line 10: version: 2 is not known; write version: 1`,
		`line 10: hosts, aliases and advice are not for entries of one's own: provider is the key of the integration`,
	}, told(t, `version: 1
entries:
  - {category: rate_limited, confidence: 1}
  - {id: a, when: {text: [x y]}, category: nonsense, confidence: 1}

  - {id: a, when: {text: [x]}, category: rate_limited, confidence: 1}
  - {id: b, when: {pattern: "("}, category: rate_limited, confidence: 1}
---
# the second
version: 2
hosts: [example.com]
`))
	require.Equal(t, []string{
		`line 2: there is no "entrys" here`,
		"line 4: cannot unmarshal !!str `high` into float64",
		`line 6: there is no "titel" here`,
	}, told(t, "version: 1\nentrys: []\nentries:\n  - {id: a, confidence: high}\n  - id: b\n    titel: x\n"))
	require.Equal(t, []string{"line 2: mapping values are not allowed in this context"}, told(t, "x: y\na: b: c"))
	require.Len(t, told(t, "just words"), 1)
	require.Len(t, told(t, "- a\n- b"), 1)

	many := "version: 1\nentries:\n" + strings.Repeat("  - {id: a}\n", 60)
	list := told(t, many)
	require.Len(t, list, mostTold+1)
	require.Contains(t, list[mostTold], "things more")
	_, err := builtin(t).WithOwn(many)
	require.ErrorContains(t, err, "line 3")
}

func TestWhatWouldCostTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	entry := func(when string) string {
		return "version: 1\nentries:\n  - {id: a, when: {" + when + "}, category: rate_limited, confidence: 1}\n"
	}
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("word x, ", n), ", ") + "]" }
	require.Empty(t, told(t, entry("text: "+list(mostOwnConditions))))
	require.Empty(t, told(t, entry(`pattern: "order [0-9]{3,12} (was|is) late"`)))
	for name, text := range map[string]string{
		"phrases":           entry("text: " + list(mostOwnConditions+1)),
		"values":            entry("field: {code: " + list(mostOwnConditions) + "}"),
		"a long pattern":    entry("pattern: " + strings.Repeat("x", mostPatternRunes+1)),
		"a pattern grows":   entry(`pattern: "((x{1,10}){1,10}){1,10}y(z{1000})"`),
		"entries":           "version: 1\nentries:\n" + strings.Repeat("  - {id: x, when: {text: [x]}, category: rate_limited, confidence: 1}\n", mostOwnEntries+1),
		"aliases":           "version: 1\nentries:\n  - &a {id: a, when: {text: [x]}, category: rate_limited, confidence: 1}\n  - *a\n",
		"merges":            "version: 1\n<<: {entries: [{id: a}]}\n",
		"tags":              entry("text: [!!binary /w==]"),
		"keys":              "{" + strings.Repeat("a: 1, ", mostOwnKeys+1) + "}",
		"depth":             strings.Repeat("[", 100_000),
		"what is no text":   "version: 1\nentries:\n  - {id: \"a\\0\", when: {text: [x]}, category: rate_limited, confidence: 1}\n",
		"a long title":      "version: 1\nentries:\n  - {id: a, title: " + strings.Repeat("x", 201) + ", when: {text: [x]}, category: rate_limited, confidence: 1}\n",
		"no address":        "version: 1\nentries:\n  - {id: a, steps: [{actor: TENANT, text: x, url: 'javascript:alert(1)'}], when: {text: [x]}, category: rate_limited, confidence: 1}\n",
		"an empty entry":    "version: 1\nentries:\n  -\n",
		"a nameless sender": "version: 1\nprovider: '---'\nentries:\n  - {id: a, when: {text: [x]}, category: rate_limited, confidence: 1}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			require.NotEmpty(t, told(t, text))
			require.Less(t, time.Since(began), 10*time.Second)
			_, err := builtin(t).WithOwn(text)
			require.Error(t, err)
		})
	}
}

func FuzzOwn(f *testing.F) {
	f.Add(ownText("a", "E-1", "rate_limited"))
	f.Add("version: 1\nentries:\n  - {id: a, when: {pattern: 'x{3}', header: {a: ['*']}}, category: none, confidence: 1}\n---\n")
	f.Add("a: &b [*b]\n<<: *b")
	f.Add("- - ? : !!x |\n  y")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := builtin(t).WithOwn(text)
		checked := CheckOwn(text)
		require.Equal(t, err == nil, checked == nil, "%v, %v", err, checked)
		if err != nil {
			require.NotEmpty(t, errs.All(checked))
			require.False(t, errors.Is(err, checked))
			return
		}
		d := c.Diagnose(&Observation{Status: 400, Body: text})
		require.True(t, d.Category.ofEntry())
	})
}
