package shape

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var acme = uuid.MustParse("0194d1f0-0000-7000-8000-000000000001")

// places are what a body has, as "path: kinds", with a question mark where it is not whole, and the objects told of.
func places(t *testing.T, body string) (list, told []string) {
	t.Helper()
	names := map[uint64]string{}
	err := walk(rootOf(acme), body, func(p *place, f found) {
		names[p.path] = p.String()
		kinds := ""
		for k := kindString; k <= kindArray; k++ {
			if f.kinds.has(k) {
				kinds += " " + strings.Fields(k.String())[len(strings.Fields(k.String()))-1]
			}
		}
		if !f.whole {
			kinds += " ?"
		}
		list = append(list, p.String()+":"+kinds)
	}, func(path uint64) { told = append(told, names[path]) })
	require.NoError(t, err)
	return list, told
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	list, told := places(t, `{"id":1,"tags":["a",2],"none":null,"items":[{"sku":"x","price":{"amount":1.5}},{"sku":"y","price":null,"gift":true}],"empty":[],"o":{},"secret":"[redacted]"}`)
	require.Equal(t, []string{
		"the answer itself: object", "empty: array", "id: number", "items: array", "none: ?", "o: object", "secret: ?", "tags: array",
		"items[]: object", "tags[]: string number", "items[].gift: false ?", "items[].price: object ?", "items[].sku: string", "items[].price.amount: number",
	}, list)
	require.Equal(t, []string{"the answer itself", "items[]", "items[].price"}, told)

	list, told = places(t, `[{"a":[[1],[2,"x"]]}]`)
	require.Equal(t, []string{"the answer itself: array", "[]: object", "[].a: array", "[].a[]: array", "[].a[][]: string number"}, list)
	require.Equal(t, []string{"[]"}, told)
}

func TestMapsAreFolded(t *testing.T) {
	t.Parallel()
	list, told := places(t, `{"by_day":{"2026-03-01":{"n":1},"2026-03-02":{"n":2,"m":3}},"users":{"17":{"name":"x"},"ann@example.com":{"name":"y"},"total":2}}`)
	require.Equal(t, []string{
		"the answer itself: object", "by_day: object", "users: object", "by_day.{*}: object", "users.{*}: object", "users.total: number",
		"by_day.{*}.m: number ?", "by_day.{*}.n: number", "users.{*}.name: string",
	}, list)
	require.Contains(t, told, "by_day.{*}")

	var many strings.Builder
	for i := range mostKeys + 1 {
		fmt.Fprintf(&many, `,"key_%c%c":{"v":1}`, 'a'+i/26, 'a'+i%26)
	}
	list, told = places(t, `{"m":{`+many.String()[1:]+`}}`)
	require.Equal(t, []string{"the answer itself: object", "m: object", "m.{*}: object", "m.{*}.v: number"}, list)
	require.Equal(t, []string{"the answer itself", "m.{*}"}, told, "nobody can say that a name of a map is missing")
}

func TestWhatIsBeyondTheBoundsIsNotToldOf(t *testing.T) {
	t.Parallel()
	list, told := places(t, strings.Repeat(`{"a":`, 30)+"1"+strings.Repeat("}", 30))
	require.Len(t, list, mostDepth+1)
	require.Len(t, told, mostDepth)

	var wide strings.Builder
	for i := range 40 {
		fmt.Fprintf(&wide, `,"o%c%c":{`, 'a'+i/26, 'a'+i%26)
		for j := range 40 {
			fmt.Fprintf(&wide, `"f%c%c":1,`, 'a'+j/26, 'a'+j%26)
		}
		wide.WriteString(`"last":1}`)
	}
	list, told = places(t, `{`+wide.String()[1:]+`}`)
	require.LessOrEqual(t, len(list), mostPaths)
	require.Greater(t, len(list), mostPaths-50)
	for _, path := range told[1:] {
		n := 0
		for _, line := range list {
			if strings.HasPrefix(line, path+".") {
				n++
			}
		}
		require.Equal(t, 41, n, "of an object that is told of, all fields are there")
	}
}

func TestWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "x", "1", `"x"`, `{"a":1}{"a":2}`, `{"a":1} x`, `{"a":`, "null", "<a/>"} {
		require.Error(t, walk(1, body, func(*place, found) {}, func(uint64) {}), body)
	}
}

func TestNamesThatAreData(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"17", "2026-03-02", "2026-03-02T10:00:00", "1.5", "10:30", "ann@example.com", "0194d1f0-0000-7000-8000-000000000001", "cf_10023",
		"5f2b8c1e9d3a4b6c7d8e9f01", "Nffr4UfNV2HibXy8", strings.Repeat("x", 65), "00Qxx0000012345",
	} {
		require.True(t, looksData(name), name)
	}
	for _, name := range []string{
		"id", "address1", "line_2", "utm_source", "addressLine1", "created_at", "isoCode2", "sha256", "oauth2", "Order_Number__c", "hs_object_id",
		"@odata.context", "owner@odata.bind", "x-request-id", "customfield_10023", "billingAddressPostalCode", "deadbeefdeadbeef", "größe",
	} {
		require.False(t, looksData(name), name)
	}
}

func TestPathsOfTenantsDiffer(t *testing.T) {
	t.Parallel()
	paths := func(tenantID uuid.UUID) (out []uint64) {
		require.NoError(t, walk(rootOf(tenantID), `{"a":[{"b":1}],"[]":1,"{*}":2,"a[]":{"b":1}}`, func(_ *place, f found) { out = append(out, f.path) }, func(uint64) {}))
		return out
	}
	mine, theirs := paths(acme), paths(uuid.New())
	for _, p := range mine {
		require.NotContains(t, theirs, p)
	}
	slices.Sort(mine)
	require.Len(t, slices.Compact(mine), 8, "names that look like steps are names")
}

func FuzzWalk(f *testing.F) {
	f.Add(`{"id":1,"items":[{"a":null},{"a":[1,"x",{}]}],"17":{"x":true}}`)
	f.Add(`[[[[{"a":{"b":{"c":"[redacted]"}}}]]]]`)
	f.Add(`{"a":1e999,"\u0000":"\ud800"}`)
	f.Fuzz(func(t *testing.T, body string) {
		type line struct {
			name string
			found
		}
		look := func(body string) (lines []line, told []uint64, err error) {
			err = walk(rootOf(acme), body, func(p *place, f found) { lines = append(lines, line{p.String(), f}) }, func(p uint64) { told = append(told, p) })
			return lines, told, err
		}
		lines, told, err := look(body)
		if !json.Valid([]byte(body)) {
			require.Error(t, err)
		}
		if err != nil {
			require.Empty(t, lines)
			return
		}
		require.LessOrEqual(t, len(lines), mostPaths)
		seen := map[uint64]found{}
		for _, l := range lines {
			require.NotContains(t, seen, l.path, "each path is given once")
			seen[l.path] = l.found
			if l.parent != 0 {
				require.True(t, seen[l.parent].kinds.has(kindObject))
			}
		}
		for _, path := range told {
			require.True(t, seen[path].kinds.has(kindObject))
		}
		// The order of the members and white space change nothing.
		value, err := decode(body)
		require.NoError(t, err)
		again, err := json.MarshalIndent(value, "", "  ")
		require.NoError(t, err)
		relines, retold, err := look(string(again))
		require.NoError(t, err)
		require.Equal(t, told, retold)
		require.Equal(t, lines, relines)
		// A name is found by its hash.
		last := lines[len(lines)-1]
		require.Equal(t, shown(last.name), namesOf(rootOf(acme), body, []uint64{last.path})[last.path])
	})
}
