package issues

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
)

// Enqueue adds the statement that keeps the sightings of a commit until Take: ingestion puts it into its commit's batch.
// Without sightings there is none.
func Enqueue(b *pgx.Batch, tenantID uuid.UUID, commitNo int64, sightings []Sighting) {
	if len(sightings) > 0 {
		b.Queue("INSERT INTO finding (tenant_id, commit_no, sightings) VALUES ($1, $2, $3)", tenantID, commitNo, pack(sightings))
	}
}

// The first byte of packed sightings: as they are, or in a frame of zstd, which makes many fit into a page. Rows of older
// versions are JSON, plain or in such a frame, and begin otherwise.
const (
	sightingsPlain  = 1
	sightingsZipped = 2
	// longEnough is from how many bytes on a frame is worth it.
	longEnough = 1 << 10
)

// pack packs sightings: the lists of what occurs in them, and then one after the other.
func pack(sightings []Sighting) []byte {
	var integrations, customers, apps numbered[uuid.UUID]
	var keys numbered[Key]
	var confidences numbered[float64]
	first := sightings[0].At.UnixMicro()
	each := make([]byte, 0, 32*len(sightings))
	for i := range sightings {
		g := &sightings[i]
		each = binary.AppendUvarint(each, uint64(keys.of(g.Key)))
		each = binary.AppendUvarint(each, uint64(customers.of(g.CustomerID)))
		each = binary.AppendUvarint(each, uint64(appNumber(whom{g.CustomerID, g.ConnectedAppID}, g.Key.IntegrationID, &apps)))
		each = binary.AppendVarint(each, g.At.UnixMicro()-first)
		each = binary.AppendUvarint(each, uint64(confidences.of(g.Confidence)))
		each = binary.AppendUvarint(each, uint64(g.Evidence.Kind))
		each = append(each, g.Evidence.ID[:]...)
	}
	var listed []byte
	listed = binary.AppendUvarint(listed, uint64(len(keys.values)))
	for i := range keys.values {
		listed = appendKey(listed, &keys.values[i], integrations.of(keys.values[i].IntegrationID))
	}
	b := make([]byte, 1, len(listed)+len(each)+16*len(customers.values)+256)
	b[0] = sightingsPlain
	b = appendIDs(appendIDs(appendIDs(b, integrations.values), customers.values), apps.values)
	b = binary.AppendUvarint(b, uint64(len(confidences.values)))
	for _, c := range confidences.values {
		b = appendFraction(b, c)
	}
	b = append(b, listed...)
	b = binary.AppendVarint(b, first)
	b = append(binary.AppendUvarint(b, uint64(len(sightings))), each...)
	if len(b) < longEnough {
		return b
	}
	return zip([]byte{sightingsZipped}, b[1:])
}

// Unpack gives the sightings that Enqueue put into a row of findings, or an older version did.
func Unpack(row []byte) (list []Sighting, err error) {
	switch {
	case len(row) > 0 && row[0] == sightingsPlain:
		list, err = unpack(row[1:])
	case len(row) > 0 && row[0] == sightingsZipped:
		var raw []byte
		if raw, err = unpacker().DecodeAll(row[1:], nil); err == nil {
			list, err = unpack(raw)
		}
	default:
		document := row
		if !bytes.HasPrefix(row, []byte("[")) {
			document, err = unpacker().DecodeAll(row, nil)
		}
		if err == nil {
			err = json.Unmarshal(document, &list)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read sightings: %w", err)
	}
	return list, nil
}

func unpack(raw []byte) ([]Sighting, error) {
	u := &unpacking{rest: raw}
	integrations, customers, apps := u.ids(), u.ids(), u.ids()
	confidences := make([]float64, u.length())
	for i := range confidences {
		confidences[i] = u.fraction()
	}
	keys := make([]Key, u.length())
	for i := range keys {
		keys[i] = u.key(integrations)
	}
	first := u.signed()
	list := make([]Sighting, u.length())
	for i := range list {
		g := &list[i]
		g.Key, g.CustomerID = one(u, keys), one(u, customers)
		g.ConnectedAppID = u.app(g.CustomerID, g.Key.IntegrationID, apps)
		g.At, g.Confidence = timeOf(first+u.signed()), one(u, confidences)
		g.Evidence.Kind = entry.Kind(u.small()) //nolint:gosec // It was one when it was packed.
		g.Evidence.ID = u.id()
	}
	if u.bad || len(u.rest) > 0 {
		return nil, errDamaged
	}
	return list, nil
}

// storable leaves NUL out of JSON: PostgreSQL keeps no text with it.
func storable(document string) string {
	if !strings.Contains(document, `\u0000`) {
		return document
	}
	// A backslash that is itself escaped is passed over together with its own.
	return strings.NewReplacer(`\\`, `\\`, `\u0000`, "").Replace(document)
}
