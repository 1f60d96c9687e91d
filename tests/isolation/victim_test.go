package isolation

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
)

// victim is what a caller must not learn of: things with their ids, and texts that only they have.
type victim struct {
	w *world
	// crawl is what whoever may see the victim sees.
	crawl *crawl
	// ids must not be shown, with their types.
	ids map[string]string
	// marks are parts of texts, in small letters, that must not be shown.
	marks []string
	// tied are ids that the caller's own things name, so that it may find those by them.
	tied map[string]bool
}

// tenantA is the victim of other tenants.
func (w *world) tenantA() *victim {
	return &victim{w: w, crawl: w.seenOfA, ids: w.seenOfA.ids, marks: []string{"tenant-a-", "only-a-"}}
}

// texts are what the victim's fields of these names say, each once.
func (v *victim) texts(fields ...string) []question {
	seen := map[string]bool{}
	for _, f := range fields {
		for text := range v.crawl.texts[f] {
			seen[text] = true
		}
	}
	var out []question
	for text := range seen {
		q := question{literal: strconv.Quote(text)}
		for _, m := range v.marks {
			// What the mark is taken from is the same everywhere else: a text like it that nobody has.
			if at := strings.Index(strings.ToLower(text), m); at >= 0 {
				q.exclusive, q.control = true, strconv.Quote(text[:at]+"nobodys-"+text[at+len(m):])
			}
		}
		out = append(out, q)
	}
	slices.SortFunc(out, func(a, b question) int { return strings.Compare(a.literal, b.literal) })
	return out
}

// idQuestions are n ids of each type of the victim's things (0: all), each with an id like it that is of nothing.
func (v *victim) idQuestions(n int) []question {
	byType := map[string][]string{}
	for id, name := range v.ids {
		byType[name] = append(byType[name], id)
	}
	var out []question
	for _, ids := range byType {
		slices.Sort(ids)
		if n > 0 {
			ids = sample(ids, n)
		}
		for _, id := range ids {
			out = append(out, question{literal: strconv.Quote(id), exclusive: !v.tied[id], control: strconv.Quote(nothing(id))})
		}
	}
	slices.SortFunc(out, func(a, b question) int { return strings.Compare(a.literal, b.literal) })
	return out
}

// nothing is an id of the same type, version and time that is of nothing.
func nothing(id string) string {
	kind, key, err := nodeid.Parse(id)
	if err != nil {
		panic(err)
	}
	if key.Version() == 7 {
		return nodeid.Format(kind, nodeid.New(nodeid.Time(key)))
	}
	other := uuid.New()
	other[6] = other[6]&0x0f | byte(key.Version())<<4
	return nodeid.Format(kind, other)
}

var (
	idForm     = regexp.MustCompile(`\b[a-z]{3}_[0-9a-z]{26}\b`)
	base64Form = regexp.MustCompile(`[A-Za-z0-9_+/-]{16,}`)
)

// unharmed fails when an answer shows anything of the victim. asked are the values that the caller itself gave, which an
// answer may give back.
func (v *victim) unharmed(t *testing.T, raw string, asked ...string) {
	t.Helper()
	for _, text := range asked {
		text = strings.Trim(text, `"`)
		raw = strings.ReplaceAll(raw, text, "")
		// A message may quote it, inside of JSON.
		raw = strings.ReplaceAll(raw, strings.Trim(strconv.Quote(text), `"`), "")
	}
	lower := strings.ToLower(raw)
	for _, m := range v.marks {
		if at := strings.Index(lower, m); at >= 0 {
			require.Fail(t, "another's text is shown", "%s", around(raw, at))
		}
	}
	for _, at := range idForm.FindAllStringIndex(raw, -1) {
		if name := v.ids[raw[at[0]:at[1]]]; name != "" {
			require.Fail(t, "another's id is shown", "a %s in %s", name, around(raw, at[0]))
		}
	}
	for _, text := range base64Form.FindAllString(raw, -1) {
		for _, encoding := range []*base64.Encoding{base64.RawURLEncoding, base64.RawStdEncoding} {
			decoded, err := encoding.DecodeString(text)
			for _, m := range v.marks {
				if err == nil && strings.Contains(strings.ToLower(string(decoded)), m) {
					require.Fail(t, "another's text is shown in base64", "%s is %q", text, decoded)
				}
			}
		}
	}
}

func around(raw string, at int) string {
	return raw[max(0, at-300):min(len(raw), at+100)]
}
