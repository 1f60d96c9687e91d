package issues

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/zstd"
)

// Enqueue adds the statement that keeps the sightings of a commit until Take: ingestion puts it into its commit's batch.
// Without sightings there is none.
func Enqueue(b *pgx.Batch, tenantID uuid.UUID, commitNo int64, sightings []Sighting) error {
	if len(sightings) == 0 {
		return nil
	}
	document, err := json.Marshal(sightings)
	if err != nil {
		return fmt.Errorf("write sightings: %w", err)
	}
	b.Queue("INSERT INTO finding (tenant_id, commit_no, sightings) VALUES ($1, $2, $3)", tenantID, commitNo, packer().EncodeAll([]byte(storable(string(document))), nil))
	return nil
}

// mostUnpacked bounds what a row of findings unpacks to, far above what a commit's sightings take.
const mostUnpacked = 256 << 20

// The sightings of a commit are alike, and shrink to a fifth: so their row fits into a page, and costs a commit little.
var (
	packer = sync.OnceValue(func() *zstd.Encoder {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))
		if err != nil {
			panic(err) // the options are constants
		}
		return z
	})
	unpacker = sync.OnceValue(func() *zstd.Decoder {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(mostUnpacked))
		if err != nil {
			panic(err) // the options are constants
		}
		return z
	})
)

// Unpack gives the sightings that Enqueue put into a row of findings. One that was not packed is JSON.
func Unpack(row []byte) (list []Sighting, err error) {
	document := row
	if !bytes.HasPrefix(row, []byte("[")) {
		document, err = unpacker().DecodeAll(row, nil)
	}
	if err == nil {
		err = json.Unmarshal(document, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("read sightings: %w", err)
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
