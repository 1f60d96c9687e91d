package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype/zeronull"
	"github.com/klauspost/compress/zstd"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/stamp"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

var none uuid.UUID

// runRow is a row of flow_run.
type runRow struct {
	bun.BaseModel `bun:"table:flow_run,alias:r"`

	TenantID       uuid.UUID          `bun:"tenant_id,pk,type:uuid"`
	ID             uuid.UUID          `bun:"id,pk,type:uuid"`
	ExternalID     string             `bun:"external_id,nullzero"`
	At             time.Time          `bun:"at"`
	RecordedAt     time.Time          `bun:"recorded_at"`
	CommitNo       int64              `bun:"commit_no"`
	FlowID         uuid.UUID          `bun:"flow_id,nullzero,type:uuid"`
	CustomerID     uuid.UUID          `bun:"customer_id,nullzero,type:uuid"`
	IntegrationID  uuid.UUID          `bun:"integration_id,nullzero,type:uuid"`
	ConnectedAppID uuid.UUID          `bun:"connected_app_id,nullzero,type:uuid"`
	StatusName     string             `bun:"status"`
	TriggerName    string             `bun:"trigger_kind"`
	TriggerEvent   string             `bun:"trigger_event,nullzero"`
	StartedAt      *time.Time         `bun:"started_at"`
	FinishedAt     *time.Time         `bun:"finished_at"`
	ErrorCode      *string            `bun:"error_code"`
	ErrorMessage   *string            `bun:"error_message"`
	TraceID        string             `bun:"trace_id,nullzero"`
	Identifiers    []entry.Identifier `bun:"identifiers,type:jsonb"`
	Packed         []byte             `bun:"payload"`
	Tokens         []byte             `bun:"tokens"`
	Stamps         stamp.Set          `bun:"stamps,type:jsonb"`
	AddedNo        int64              `bun:"added_no,nullzero"`
	EndedNo        int64              `bun:"ended_no,nullzero"`
	// Stripped is the commit whose input and output were removed since, or nil: see Expire.
	Stripped *int64 `bun:"stripped"`

	status  Status
	trigger Trigger
	err     *Error
	payload Payload
	before  []entry.Identifier
	// counted is what the statistics count of the row as it was read; nil when nothing.
	counted *statistics.Cell
	// shown and ended say so of the row as it was read.
	shown, ended bool
}

// nodeRow is a row of node_run.
type nodeRow struct {
	bun.BaseModel `bun:"table:node_run,alias:n"`

	TenantID     uuid.UUID  `bun:"tenant_id,pk,type:uuid"`
	ID           uuid.UUID  `bun:"id,pk,type:uuid"`
	FlowRunID    uuid.UUID  `bun:"flow_run_id,type:uuid"`
	ExternalID   string     `bun:"external_id,nullzero"`
	NodeKey      string     `bun:"node_key"`
	Name         string     `bun:"name,nullzero"`
	Type         string     `bun:"type,nullzero"`
	StatusName   string     `bun:"status"`
	Attempt      int        `bun:"attempt"`
	Iteration    int        `bun:"iteration"`
	Parents      []string   `bun:"parents,array"`
	StartedAt    *time.Time `bun:"started_at"`
	FinishedAt   *time.Time `bun:"finished_at"`
	FirstAt      time.Time  `bun:"first_at"`
	CommitNo     int64      `bun:"commit_no"`
	ErrorCode    *string    `bun:"error_code"`
	ErrorMessage *string    `bun:"error_message"`
	Packed       []byte     `bun:"payload"`
	Stamps       stamp.Set  `bun:"stamps,type:jsonb"`

	status  Status
	err     *Error
	payload Payload
	// fresh says that there was no such row, changed that something that can be seen has changed.
	fresh, changed bool
}

// targets are where the light columns go, in their order, and then the tokens.
func (r *runRow) targets() []any {
	return []any{
		(*[16]byte)(&r.TenantID), (*[16]byte)(&r.ID), (*zeronull.Text)(&r.ExternalID), &r.At, &r.RecordedAt, &r.CommitNo,
		(*zeronull.UUID)(&r.FlowID), (*zeronull.UUID)(&r.CustomerID), (*zeronull.UUID)(&r.IntegrationID),
		(*zeronull.UUID)(&r.ConnectedAppID), &r.StatusName, &r.TriggerName, (*zeronull.Text)(&r.TriggerEvent), &r.StartedAt,
		&r.FinishedAt, &r.ErrorCode, &r.ErrorMessage, (*zeronull.Text)(&r.TraceID), &r.Identifiers, (*zeronull.Int8)(&r.AddedNo), (*zeronull.Int8)(&r.EndedNo), &r.Tokens,
	}
}

// load fills what the columns hold in another form. Payloads are unpacked only where they were read.
func (r *runRow) load() error {
	status, ok := ParseStatus(r.StatusName)
	trigger, ok2 := ParseTrigger(r.TriggerName)
	if !ok || !ok2 {
		return fmt.Errorf("flow run %s: status %q, trigger %q", r.ID, r.StatusName, r.TriggerName)
	}
	r.status, r.trigger, r.err, r.before = status, trigger, loadError(r.ErrorCode, r.ErrorMessage), r.Identifiers
	r.shown = r.FlowID != none
	r.ended = r.shown && status.Final()
	if r.shown {
		counted := r.cell()
		r.counted = &counted
	}
	return unpack(r.Packed, &r.payload)
}

func (n *nodeRow) load() error {
	status, ok := ParseStatus(n.StatusName)
	if !ok {
		return fmt.Errorf("node run %s: status %q", n.ID, n.StatusName)
	}
	n.status, n.err = status, loadError(n.ErrorCode, n.ErrorMessage)
	return unpack(n.Packed, &n.payload)
}

// store fills the columns from what was merged. The commit is that of the last change: what is sent again is none.
func (r *runRow) store(commitNo int64, changed bool) {
	r.StatusName, r.TriggerName = r.status.String(), r.trigger.String()
	if changed {
		r.CommitNo = commitNo
	}
	if r.FlowID != none && !r.shown {
		r.AddedNo = commitNo
	}
	if r.FlowID != none && !r.ended && r.status.Final() {
		r.EndedNo = commitNo
	}
	r.ErrorCode, r.ErrorMessage = storeError(r.err)
	r.Packed = pack(&r.payload)
	if r.Identifiers == nil {
		r.Identifiers = []entry.Identifier{}
	}
}

func (n *nodeRow) store(commitNo int64) {
	n.StatusName = n.status.String()
	if n.changed {
		n.CommitNo = commitNo
	}
	n.ErrorCode, n.ErrorMessage = storeError(n.err)
	n.Packed = pack(&n.payload)
	if n.Parents == nil {
		n.Parents = []string{}
	}
}

func loadError(code, message *string) *Error {
	if message == nil {
		return nil
	}
	e := &Error{Message: *message}
	if code != nil {
		e.Code = *code
	}
	return e
}

func storeError(e *Error) (code, message *string) {
	if e == nil {
		return nil, nil
	}
	if e.Code != "" {
		code = &e.Code
	}
	return code, &e.Message
}

func (r *runRow) flowRun() *FlowRun {
	return &FlowRun{
		ID: r.ID, ExternalID: r.ExternalID, At: r.At.UTC(), RecordedAt: r.RecordedAt.UTC(), CommitNo: r.CommitNo, AddedNo: r.AddedNo, EndedNo: r.EndedNo,
		FlowID: r.FlowID, CustomerID: r.CustomerID, IntegrationID: r.IntegrationID, ConnectedAppID: r.ConnectedAppID,
		Status: r.status, Trigger: r.trigger, TriggerEvent: r.TriggerEvent, StartedAt: utc(r.StartedAt),
		FinishedAt: utc(r.FinishedAt), Error: r.err, TraceID: r.TraceID, Identifiers: r.Identifiers, tokens: r.Tokens,
	}
}

func (n *nodeRow) nodeRun() *NodeRun {
	out := &NodeRun{
		ID: n.ID, FlowRunID: n.FlowRunID, ExternalID: n.ExternalID, NodeKey: n.NodeKey, Name: n.Name, Type: n.Type,
		Status: n.status, Attempt: n.Attempt, Iteration: n.Iteration, Parents: n.Parents, StartedAt: utc(n.StartedAt),
		FinishedAt: utc(n.FinishedAt), FirstAt: n.FirstAt.UTC(), Error: n.err,
	}
	if out.Name == "" {
		out.Name = out.NodeKey
	}
	return out
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

var packer = sync.OnceValue(func() *zstd.Encoder {
	// No option that is given can fail.
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithEncoderLevel(zstd.SpeedFastest))
	return e
})

// maxPayload bounds what a damaged payload can make the process allocate.
const maxPayload = 16 << 20

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxPayload))
	return d
})

// pack compresses a payload; an empty one is nil.
func pack(p *Payload) []byte {
	if p.Input == nil && p.Output == nil && p.Metadata == nil && p.Lines == nil {
		return nil
	}
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	// Its JSON was checked when it arrived, so that this cannot fail.
	_ = encoder.Encode(p)
	return packer().EncodeAll(raw.Bytes(), nil)
}

func unpack(packed []byte, to *Payload) error {
	if packed == nil {
		return nil
	}
	raw, err := unpacker().DecodeAll(packed, nil)
	if err == nil {
		err = json.Unmarshal(raw, to)
	}
	if err != nil {
		return fmt.Errorf("unpack a payload: %w", err)
	}
	return nil
}
