package entry

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The hashes are stored, so these never change.
func TestTermHashIsStored(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(7406722291302513760), TermHash(TermIdentifier, "A-1001"))
	require.Equal(t, int64(2134951569698651769), ExternalTerm(KindExternalEvent, "ev-1"))
	require.Equal(t, int64(-5121626660714660692), RunTerm(uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")))
	require.NotEqual(t, TermHash(TermTrace, strings.Repeat("a", 400)), TermHash(TermTrace, strings.Repeat("a", 401)))
}

func TestAppendTerms(t *testing.T) {
	t.Parallel()
	run := uuid.New()
	e := &Entry{
		Head: Head{Kind: KindExternalEvent, FlowRunID: run, TraceID: "t"},
		List: List{ExternalID: "ev-1", SourceID: "wh-1", Identifiers: []Identifier{{"order", "A"}, {"order", "B"}}},
	}
	want := []int64{TermHash(TermIdentifier, "A"), TermHash(TermIdentifier, "B"), RunTerm(run), TermHash(TermTrace, "t"),
		ExternalTerm(KindExternalEvent, "ev-1"), TermHash(TermSource, "wh-1")}
	require.Equal(t, want, AppendTerms(nil, e))
	require.Equal(t, []int64{1}, AppendTerms([]int64{1}, &Entry{}))
	e.Kind = KindAPIRequest
	require.NotContains(t, AppendTerms(nil, e), ExternalTerm(KindAPIRequest, "ev-1"), "nobody looks an API request up by its id")
}
