package entry

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"
)

// The tags of terms: what of an entry it can be found by without reading what lies between.
const (
	// TermIdentifier is of an identifier's value, whatever its key.
	TermIdentifier = "identifier"
	// TermRun is of the flow run that an entry belongs to.
	TermRun = "run"
	// TermTrace is of a W3C trace id.
	TermTrace = "trace"
	// TermExternal is of the sender's id of events, webhooks and pulls.
	TermExternal = "id"
	// TermSource is of the sender's id of the webhook or pull that brought an event.
	TermSource = "source"
	// TermIssue is of the problem that an entry is a sighting of.
	TermIssue = "issue"
)

// TermHash is how a term is stored: the first 8 bytes of the SHA-256 of its tag, a zero byte and its value. It is
// stored, so it never changes. Two terms with one hash cost a look at entries that do not match, and no more.
func TermHash(tag, value string) int64 {
	var room [160]byte
	text := append(append(append(room[:0], tag...), 0), value...)
	sum := sha256.Sum256(text)
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// RunTerm is the term of what belongs to a flow run.
func RunTerm(flowRunID uuid.UUID) int64 { return TermHash(TermRun, flowRunID.String()) }

// IssueTerm is the term of the sightings of a problem.
func IssueTerm(issueID uuid.UUID) int64 { return TermHash(TermIssue, issueID.String()) }

// ExternalTerm is the term of the sender's id of an entry of the kind.
func ExternalTerm(kind Kind, externalID string) int64 {
	return TermHash(TermExternal, kind.String()+"\x00"+externalID)
}

// AppendTerms appends the hashes of all terms that the entry can be found by.
func AppendTerms(hashes []int64, e *Entry) []int64 {
	for i := range e.Identifiers {
		hashes = append(hashes, TermHash(TermIdentifier, e.Identifiers[i].Value))
	}
	if e.FlowRunID != uuid.Nil {
		hashes = append(hashes, RunTerm(e.FlowRunID))
	}
	if e.TraceID != "" {
		hashes = append(hashes, TermHash(TermTrace, e.TraceID))
	}
	if e.ExternalID != "" {
		switch e.Kind {
		case KindExternalEvent, KindInternalEvent, KindExternalWebhook, KindExternalEventPull:
			hashes = append(hashes, ExternalTerm(e.Kind, e.ExternalID))
		}
	}
	if e.SourceID != "" {
		hashes = append(hashes, TermHash(TermSource, e.SourceID))
	}
	if e.IssueID != uuid.Nil {
		hashes = append(hashes, IssueTerm(e.IssueID))
	}
	return hashes
}
