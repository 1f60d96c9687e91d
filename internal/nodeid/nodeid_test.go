package nodeid

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The vector is the TypeID specification's own (spec/valid.yml, "valid-uuidv7").
func TestFormatIsTypeID(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	require.Equal(t, "cus_01h455vb4pex5vsknk084sn02q", Format(Customer, id))
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		kind, got, err := Parse(Format(FlowRun, id))
		require.NoError(t, err)
		require.Equal(t, FlowRun, kind)
		require.Equal(t, id, got)
	})
}

func TestIDsSortByTimeAndThenByMaking(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := NewMaker()
		micros := rapid.Int64Range(0, 4102444800_000000).Draw(t, "micros")
		at := time.UnixMicro(micros)
		first, second, later := m.New(at), m.New(at), m.New(at.Add(time.Microsecond))
		require.Equal(t, micros, Micros(first))
		require.Negative(t, bytes.Compare(first[:], second[:]))
		require.Negative(t, bytes.Compare(second[:], later[:]))
		low := First(at)
		require.LessOrEqual(t, bytes.Compare(low[:], first[:]), 0)
		require.Equal(t, uuid.Version(7), first.Version())
		require.Equal(t, uuid.RFC4122, first.Variant())
	})
}

func FuzzParse(f *testing.F) {
	f.Add("cus_01h455vb4pex5vsknk084sn02q")
	f.Add("cus_81h455vb4pex5vsknk084sn02q")
	f.Add("cus_")
	f.Fuzz(func(t *testing.T, s string) {
		kind, id, err := Parse(s)
		if err == nil && Format(kind, id) != s {
			t.Fatalf("%q is accepted but is not how that id is written", s)
		}
	})
}

// Segments leave these ids out, so they never change.
func TestImpliedAppIsStored(t *testing.T) {
	t.Parallel()
	customer, integration := uuid.MustParse("01890a5d-ac96-574b-bcce-b302099a8057"), uuid.MustParse("f5b6f2a0-71c4-5f3e-9d5b-8c2a1b0e4d77")
	got := ImpliedApp(customer, integration)
	require.Equal(t, "3f1451d1-868d-8906-8b3b-05f0a9eb4408", got.String())
	require.NotEqual(t, got, ImpliedApp(integration, customer))
	require.Equal(t, uuid.Version(8), got.Version())
	require.Equal(t, uuid.RFC4122, got.Variant())
}
