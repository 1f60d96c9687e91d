package nodeid

import (
	"strings"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
)

// Kind is the prefix of an id: what the id is of.
type Kind string

// The prefixes. A log entry's prefix says its kind.
const (
	Tenant               Kind = "ten"
	Member               Kind = "mem"
	APIKey               Kind = "key"
	Customer             Kind = "cus"
	Integration          Kind = "int"
	ConnectedApp         Kind = "app"
	DataSource           Kind = "src"
	Flow                 Kind = "flw"
	FlowRun              Kind = "run"
	NodeRun              Kind = "nod"
	APIRequest           Kind = "req"
	ExternalWebhook      Kind = "whk"
	ExternalEventPull    Kind = "pul"
	ExternalEvent        Kind = "eev"
	InternalEvent        Kind = "iev"
	Transaction          Kind = "txn"
	Issue                Kind = "iss"
	AuditEntry           Kind = "aud"
	AlarmRule            Kind = "alr"
	Alarm                Kind = "alm"
	NotificationEndpoint Kind = "nep"
	Delivery             Kind = "dlv"
)

var kinds = map[Kind]bool{
	Tenant: true, Member: true, APIKey: true, Customer: true, Integration: true, ConnectedApp: true, DataSource: true,
	Flow: true, FlowRun: true, NodeRun: true, APIRequest: true, ExternalWebhook: true, ExternalEventPull: true,
	ExternalEvent: true, InternalEvent: true, Transaction: true, Issue: true, AuditEntry: true,
	AlarmRule: true, Alarm: true, NotificationEndpoint: true, Delivery: true,
}

// Kinds lists every prefix that there is.
func Kinds() []Kind {
	out := make([]Kind, 0, len(kinds))
	for k := range kinds {
		out = append(out, k)
	}
	return out
}

const (
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	encoded  = 26 // 128 bits, 5 a character, and 2 bits of padding in front
)

var digits = func() (d [256]byte) {
	for i := range d {
		d[i] = 0xff
	}
	for i := range len(alphabet) {
		d[alphabet[i]] = byte(i)
	}
	return d
}()

// Format writes the id of a thing of the kind.
func Format(kind Kind, id uuid.UUID) string {
	out := make([]byte, len(kind)+1+encoded)
	copy(out, kind)
	out[len(kind)] = '_'
	text := out[len(kind)+1:]
	var acc uint64
	bits, at := 0, len(id)-1
	for i := encoded - 1; i >= 0; i-- {
		for bits < 5 && at >= 0 {
			acc |= uint64(id[at]) << bits
			bits += 8
			at--
		}
		text[i] = alphabet[acc&31]
		acc >>= 5
		bits -= 5
	}
	return string(out)
}

// Parse takes an id apart. What is no id of Weir's is NotFound, since it can be the id of nothing.
func Parse(s string) (Kind, uuid.UUID, error) {
	prefix, text, ok := strings.Cut(s, "_")
	if !ok || !kinds[Kind(prefix)] || len(text) != encoded || text[0] > '7' {
		return "", uuid.Nil, errs.New(errs.NotFound, "no such id")
	}
	var id uuid.UUID
	var acc uint64
	bits, at := 0, len(id)-1
	for i := encoded - 1; i >= 0; i-- {
		d := digits[text[i]]
		if d == 0xff {
			return "", uuid.Nil, errs.New(errs.NotFound, "no such id")
		}
		acc |= uint64(d) << bits
		bits += 5
		for bits >= 8 && at >= 0 {
			id[at] = byte(acc)
			acc >>= 8
			bits -= 8
			at--
		}
	}
	return Kind(prefix), id, nil
}

// ParseAs takes apart an id that must be of the kind; one of another kind is NotFound.
func ParseAs(kind Kind, s string) (uuid.UUID, error) {
	got, id, err := Parse(s)
	if err != nil {
		return uuid.Nil, err
	}
	if got != kind {
		return uuid.Nil, errs.New(errs.NotFound, "no such id")
	}
	return id, nil
}

// IsLogEntry tells whether ids of the kind are of log entries.
func (k Kind) IsLogEntry() bool {
	switch k {
	case APIRequest, ExternalWebhook, ExternalEventPull, ExternalEvent, InternalEvent, Transaction, FlowRun:
		return true
	}
	return false
}
