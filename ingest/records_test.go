package ingest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal/entry"
)

// TestRecordsAreUsedAgainWhenTheirEntriesArePacked and not before: neither what waits for its commit nor what was
// rejected is overwritten.
func TestRecordsAreUsedAgainWhenTheirEntriesArePacked(t *testing.T) {
	t.Parallel()
	d := &decoder{}
	d.setup(tenantA, noon, testPolicy(t, redact.Policy{}))
	read := func(text string) *event {
		require.Equal(t, complete, d.doc.parse([]byte(text), true))
		e := d.event()
		if e.fault != nil {
			d.records.reject(e)
		}
		return e
	}
	const call = `{"type":"api_request","id":"a","data":{"method":"GET","url":"/a","response":{"status":500,"headers":{"X-A":"1"},"body":{"code":"X"}}}}`
	waits, state := read(call), read(`{"type":"customer","id":"acme","data":{"name":"Acme"}}`)
	d.records.leave()
	packed, refused := read(call), read(`{"type":"api_request","id":"b","data":{"url":"/b"}}`)
	require.NotNil(t, refused.fault)
	d.records.packed()
	room := packed.entry == nil && d.records.clean[0][:1][0] == (entry.Header{})
	require.True(t, room, "neither an entry nor a header field is left")
	again, fresh := read(`{"type":"internal_event","data":{"event_type":"x"}}`), read(call)
	require.Same(t, packed, again)
	require.Empty(t, again.id)
	require.Empty(t, again.entry.Method)
	require.Nil(t, again.entry.Detail.ResponseBody)
	require.NotSame(t, refused, fresh)
	require.Equal(t, "b", refused.id)
	require.Equal(t, "/a", waits.entry.URL)
	require.Equal(t, "X", waits.entry.ErrorCode)
	require.Equal(t, []entry.Header{{Name: "X-A", Value: "1"}}, waits.entry.Detail.ResponseHeaders)
	require.Equal(t, []entry.Header{{Name: "X-A", Value: "1"}}, fresh.entry.Detail.ResponseHeaders)
	require.Equal(t, "Acme", *state.state.Customer.Name)
	d.release()
	require.Empty(t, d.records.filled)
}
