package ingest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal/entry"
)

// sentOne reads one transaction as a request would.
func sentOne(tb testing.TB, text string) *event {
	tb.Helper()
	d := newDecoder(tb)
	require.Equal(tb, complete, d.doc.parse([]byte(text), true), "%s at %d in %s", d.doc.problem, d.doc.i, text)
	return d.sentTransaction()
}

// sentWith is a transaction with more fields.
func sentWith(tb testing.TB, fields string) *event {
	tb.Helper()
	e := sentOne(tb, `{"from":"a","to":"b","status":"success",`+fields+`}`)
	require.Nil(tb, e.fault, "%+v", e.fault)
	return e
}

func TestMoments(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 10, 11, 30, 15, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"1773142215":                              at,
		"1773142215000":                           at,
		"1773142215123":                           at.Add(123 * time.Millisecond),
		"1773142215123456":                        at.Add(123456 * time.Microsecond),
		"1773142215123456789":                     at.Add(123456 * time.Microsecond),
		"1773142215.25":                           at.Add(250 * time.Millisecond),
		"1773142215123.5":                         at.Add(123500 * time.Microsecond),
		"1.773142215123E12":                       at.Add(123 * time.Millisecond),
		"2026-03-10T11:30:15Z":                    at,
		"2026-03-10t11:30:15z":                    at,
		"2026-03-10T13:30:15+02:00":               at,
		"2026-03-10T13:30:15+0200":                at,
		"2026-03-10T13:30:15+02":                  at,
		"2026-03-10T13:30:15.1234567+02:00":       at.Add(123456 * time.Microsecond),
		"2026-03-10T11:30:15.5":                   at.Add(500 * time.Millisecond),
		"2026-03-10 11:30:15":                     at,
		"2026-03-10 13:30:15 +0200":               at,
		"2026-03-10T13:30+02:00[Europe/Helsinki]": at.Add(-15 * time.Second),
		"2026-03-10T11:30":                        at.Add(-15 * time.Second),
		"2026-03-10":                              time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC),
	} {
		got, ok := parseMoment(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "yesterday", "NaN", "Inf", "1e300", "-1e19", "12:30", "2026-13-40", "10.3.2026", "{}", "[", "2026-03-10T"} {
		_, ok := parseMoment(text)
		require.False(t, ok, text)
	}
}

func TestWhenATransactionTookPlace(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`""`, `null`, `{}`, `0`, `"0"`, `"yesterday"`, `true`, `[1773142215]`} {
		e := sentWith(t, `"timestamp":`+value)
		require.Equal(t, noon, e.at, value)
		require.False(t, e.dated, value)
	}
	e := sentWith(t, `"timestamp":"yesterday"`)
	require.JSONEq(t, `{"timestamp":"yesterday"}`, string(e.entry.Detail.Metadata), "what is not understood is kept")
	e = sentWith(t, `"timestamp":" 1773142215 "`)
	require.True(t, e.dated)
	require.Equal(t, int64(1773142215), e.at.Unix())
	require.Nil(t, e.entry.Detail.Metadata)
	for stamp, code := range map[string]string{
		fmt.Sprint(noon.Add(11 * time.Minute).UnixMilli()): CodeInFuture, fmt.Sprint(noon.AddDate(0, 0, -91).Unix()): CodeTooOld,
		"-5": CodeTooOld, `"9999-01-01"`: CodeInFuture,
	} {
		e := sentOne(t, `{"from":"a","to":"b","status":"success","timestamp":`+stamp+`}`)
		require.NotNil(t, e.fault, stamp)
		require.Equal(t, []string{code, "timestamp"}, []string{e.fault.Code, e.fault.Field}, stamp)
		require.Equal(t, transaction, e.kind)
	}
}

func TestStatusesOfTransactions(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]entry.Status{
		`"success"`: entry.StatusSuccess, `"SUCCESS"`: entry.StatusSuccess, `" Success "`: entry.StatusSuccess,
		`"failure"`: entry.StatusFailure, `"Failure"`: entry.StatusFailure, `"error"`: entry.StatusFailure,
		`"unknown"`: entry.StatusUnknown, `""`: entry.StatusUnknown, `null`: entry.StatusUnknown, `{}`: entry.StatusUnknown,
		`"on fire"`: entry.StatusUnknown, `7`: entry.StatusUnknown,
	} {
		e := sentOne(t, `{"from":"a","to":"b","status":`+value+`}`)
		require.Nil(t, e.fault, value)
		require.Equal(t, want, e.entry.Status, value)
	}
	require.Equal(t, entry.StatusUnknown, sentOne(t, `{"from":"a","to":"b"}`).entry.Status)
	require.JSONEq(t, `{"status":"on fire"}`, string(sentOne(t, `{"from":"a","to":"b","status":"on fire"}`).entry.Detail.Metadata))
}

func TestTransactionsWithoutEnds(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		`{}`: "from", `{"to":"b","status":"success"}`: "from", `{"from":"","to":"b"}`: "from", `{"from":" ","to":"b"}`: "from",
		`{"from":{},"to":"b"}`: "from", `{"from":"a","status":"success"}`: "to", `{"from":"a","to":null}`: "to", `{"from":"a","to":[]}`: "to",
	} {
		e := sentOne(t, text)
		require.NotNil(t, e.fault, text)
		require.Equal(t, []string{CodeMissingField, field}, []string{e.fault.Code, e.fault.Field}, text)
	}
	for _, text := range []string{`7`, `"x"`, `[]`, `null`} {
		require.Equal(t, CodeInvalidField, sentOne(t, text).fault.Code, text)
	}
	long := strings.Repeat("ä", 201)
	e := sentOne(t, `{"from":"`+long+`","to":17,"flowId":4711,"operation":"`+long+`","payloadType":true}`)
	require.Nil(t, e.fault)
	require.Equal(t, strings.Repeat("ä", 200), e.entry.Transaction.From, "it is kept beyond Aino's 50 characters, and cut where rows are not found by it")
	require.Equal(t, "17", e.entry.Transaction.To)
	require.Equal(t, "4711", e.entry.Transaction.BusinessFlowID)
	require.Equal(t, "true", e.entry.Transaction.PayloadType)
	require.Equal(t, strings.Repeat("ä", 200), e.entry.EventType)
}

func TestMessagesOfTransactions(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"all is well"`: "all is well", `""`: "", `{}`: "", `[]`: "", `null`: "", `404`: "404", `false`: "false",
		`{"code": "E1"}`: `{"code": "E1"}`, `["a",1]`: `["a",1]`, `{"password":"hunter2"}`: `{"password":"[redacted]"}`,
		`"two\nlines\u0000"`: "two\nlines", `"with Bearer abcdefghijklmnopqrstuvwxyz012345"`: "with Bearer [redacted]",
	} {
		require.Equal(t, want, sentWith(t, `"message":`+value).entry.Message, value)
	}
	e := sentWith(t, `"message":"`+strings.Repeat("x", maxText+1)+`"`)
	require.Len(t, e.entry.Message, maxText)
}

func TestIDsOfTransactions(t *testing.T) {
	t.Parallel()
	id := func(key, value string) entry.Identifier { return entry.Identifier{Key: key, Value: value} }
	long := strings.Repeat("7", 201)
	for value, want := range map[string][]entry.Identifier{
		`[]`: nil, `""`: nil, `{}`: nil, `null`: nil,
		`[{"idType":"Order","values":["A-1","A-2"]},{"idType":"Customer","values":[17,""," 18 ",null]}]`: {id("Order", "A-1"), id("Order", "A-2"), id("Customer", "17"), id("Customer", "18")},
		`{"idType":"Order","values":"A-1"}`:                                                       {id("Order", "A-1")},
		`[{"idType":"","values":["x"]},{"values":[1.5]},{"idType":"Order"},"y",null]`:             {id("id", "x"), id("id", "1.5"), id("id", "y")},
		`[{"idType":"Order","values":["` + long + `",{"a":1},["b"],{}]}]`:                         {},
		`[{"idType":"API key","values":["abc"]},{"idType":"password","values":["` + long + `"]}]`: {id("API key", "[redacted]"), id("password", "[redacted]")},
	} {
		require.Equal(t, want, sentWith(t, `"ids":`+value).entry.Identifiers, value)
	}
	e := sentWith(t, `"ids":[{"idType":"Order","values":["`+long+`",{"a":1}]}]`)
	require.JSONEq(t, `{"Order":["`+long+`",{"a":1}]}`, string(e.entry.Detail.Metadata))
	// The hundred that an entry may have, and the rest.
	var many []string
	for i := range 103 {
		many = append(many, fmt.Sprintf(`"T-%d"`, i))
	}
	e = sentWith(t, `"ids":[{"idType":"Ticket","values":[`+strings.Join(many, ",")+`]}]`)
	require.Len(t, e.entry.Identifiers, 100)
	require.JSONEq(t, `{"Ticket":["T-100","T-101","T-102"]}`, string(e.entry.Detail.Metadata))
	e = sentWith(t, `"ids":[{"idType":"password","values":[`+strings.Join(many, ",")+`]}]`)
	require.Len(t, e.entry.Identifiers, 100)
	require.Nil(t, e.entry.Detail.Metadata, "what is redacted does not come back as metadata")
}

func TestMetadataOfTransactions(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]string{
		`"metadata":[{"name":"agent","value":"PerlAgent"},{"name":"n","value":7}]`:                           `{"agent":"PerlAgent","n":7}`,
		`"metadata":[{"name":"a","value":"1"},{"name":"a","value":{"b":[]}},{"name":"a","value":null}]`:      `{"a":["1",{"b":[]},null]}`,
		`"metadata":[{"name":"undefined"}]`:                                                                  `{"undefined":null}`,
		`"metadata":{"a":1,"b":null}`:                                                                        `{"a":1,"b":null}`,
		`"metadata":[{"a":1},"loose",{},null]`:                                                               `{"a":1,"metadata":"loose"}`,
		`"metadata":"text"`:                                                                                  `{"metadata":"text"}`,
		`"integrationSegment":"EU","metadata":""`:                                                            `{"integrationSegment":"EU"}`,
		`"integrationSegment":"","somethingNew":{"a":[1]},"size":0`:                                          `{"somethingNew":{"a":[1]},"size":0}`,
		`"metadata":[{"name":"password","value":"hunter2"},{"name":"note","value":"card 4242424242424242"}]`: `{"password":"[redacted]","note":"card [redacted]"}`,
	} {
		require.JSONEq(t, want, string(sentWith(t, fields).entry.Detail.Metadata), fields)
	}
	for _, fields := range []string{`"metadata":[]`, `"metadata":null`, `"integrationSegment":""`} {
		require.Nil(t, sentWith(t, fields).entry.Detail.Metadata, fields)
	}
	var told struct{ Truncated bool }
	long := sentWith(t, `"metadata":[{"name":"a","value":"`+strings.Repeat("x", 2*maxText)+`"}]`)
	require.NoError(t, json.Unmarshal(long.entry.Detail.Metadata, &told))
	require.True(t, told.Truncated)
}

func TestTransactionsInTheEncodingOfAMachine(t *testing.T) {
	t.Parallel()
	e := sentOne(t, "{\"from\":\"J\xe4rjestelm\xe4\",\"to\":\"\x80 \x93x\x94 \x81\",\"status\":\"success\"}")
	require.Nil(t, e.fault)
	require.Equal(t, "Järjestelmä", e.entry.Transaction.From)
	require.Equal(t, "€ “x” \uFFFD", e.entry.Transaction.To)
	// A text that was cut within a character is not of another encoding.
	e = sentOne(t, "{\"from\":\"Järjestelmä\",\"to\":\"b\xc3\",\"status\":\"success\"}")
	require.Equal(t, "Järjestelmä", e.entry.Transaction.From)
	require.Equal(t, "b\uFFFD", e.entry.Transaction.To)
}

func TestTheSameTransactionIsCounted(t *testing.T) {
	t.Parallel()
	d := newDecoder(t)
	read := func(text string) string {
		require.Equal(t, complete, d.doc.parse([]byte(text), true))
		return d.sentTransaction().id
	}
	one, other := `{"from":"a","to":"b"}`, `{"from":"a","to":"b" }`
	ids := []string{read(one), read(other), read(one), read(one)}
	require.Len(t, map[string]bool{ids[0]: true, ids[1]: true, ids[2]: true, ids[3]: true}, 4)
	d.setup(tenantA, noon, testPolicy(t, redact.Policy{}))
	require.Equal(t, ids, []string{read(one), read(other), read(one), read(one)}, "a request that is sent again has the same ids")
}

func FuzzTransaction(f *testing.F) {
	f.Add([]byte(`{"from":"a","to":"b","status":"success","timestamp":"2026-03-10T13:30:15.1234567+02:00","ids":[{"idType":"x","values":[1]}]}`))
	f.Add([]byte(`{"from":1,"to":{"a":[]},"timestamp":1.5e9,"message":{},"metadata":[{"name":"\u0000","value":null},[{}]],"password":"hunter2hunter2"}`))
	f.Add([]byte("{\"from\":\"\xe4\\u00e4\",\"to\":\"\xff\",\"flowId\":-0,\"ids\":{\"values\":[[[]]]}}"))
	d := &decoder{}
	p := testPolicy(f, redact.Policy{})
	f.Fuzz(func(t *testing.T, text []byte) {
		d.setup(tenantA, noon, p)
		if d.doc.parse(text, true) != complete || skipSpace(text, d.doc.i) != len(text) {
			return
		}
		e := d.sentTransaction()
		if e.fault != nil {
			require.NotEmpty(t, e.fault.Code)
			return
		}
		require.NotEmpty(t, e.entry.Transaction.From)
		require.NotEmpty(t, e.entry.Transaction.To)
		require.LessOrEqual(t, len(e.entry.Identifiers), maxIdentifiers)
		require.LessOrEqual(t, len(e.id), maxKey)
		require.False(t, e.at.After(noon.Add(MaxFuture)))
		for _, said := range append([]string{e.entry.Message, e.entry.EventType, e.entry.Transaction.From}, string(e.entry.Detail.Metadata)) {
			require.NotContains(t, said, "\x00")
			require.True(t, strings.ToValidUTF8(said, "") == said, "%q", said)
		}
		if e.entry.Detail.Metadata != nil {
			require.True(t, json.Valid(e.entry.Detail.Metadata), "%s", e.entry.Detail.Metadata)
		}
	})
}
