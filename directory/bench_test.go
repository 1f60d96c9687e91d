package directory_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tenant"
)

// What a request of 1,000 events of 100 customers costs when all of them are remembered, by event.
func BenchmarkResolve(b *testing.B) {
	door := tenant.NewDoor(pgtest.New(b).Pool(b))
	b.Cleanup(func() { require.NoError(b, door.Close()) })
	w := &bundle{door: door, tenantID: uuid.New(), now: start}
	w.ctx = tenant.WithPrincipal(context.Background(), tenant.System(w.tenantID))
	w.store = w.process()
	refs := make([]directory.Ref, 1000)
	for i := range refs {
		refs[i] = directory.Ref{Customer: name(i % 100), Integration: "crm", At: start}
	}
	w.ingest(b, w.store, refs...)
	b.ResetTimer()
	for b.Loop() {
		_, need, err := w.store.Resolver().Resolve(w.ctx, refs)
		require.NoError(b, err)
		require.True(b, need.Empty())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(refs)), "ns/event")
}
