package tenant

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
)

// Act is something that somebody does to a tenant and that the tenant's audit log tells of: with WithAct in the context,
// the first transaction of Door.Write that commits takes the entry along, so that there is no change without its entry
// and no entry without its change.
type Act struct {
	// Action is what is done, such as createApiKey, in at most 100 characters.
	Action string
	// Actor is who does it; "" is the context's principal.
	Actor string
	// Target is the id of what it is done to; "" for nothing, or until Concerns says it.
	Target string
	// Details are values that are no secrets, for JSON; nil for none.
	Details map[string]any
	// At is when it is done.
	At time.Time

	mu       sync.Mutex
	address  string
	tenantID uuid.UUID
	state    actState
}

type actState uint8

const (
	actOpen actState = iota
	actTaken
	actTold
)

// Limits of an entry, in characters; details are in bytes of JSON.
const (
	maxActor   = 400
	maxAddress = 100
	maxDetails = 16 << 10
)

type (
	actKey     struct{}
	addressKey struct{}
)

// WithAct has what is written in the context told by the tenant's audit log. It takes the actor from the context's
// principal, where the act names none, and the address from the context.
func WithAct(ctx context.Context, a *Act) context.Context {
	a.address = AddressOf(ctx)
	if p, err := FromContext(ctx); err == nil {
		a.tenantID = p.TenantID
		a.Actor = cmp.Or(a.Actor, p.Name())
	}
	return context.WithValue(ctx, actKey{}, a)
}

// Concerns says what the context's act is done to, where only whoever does it knows that: the id of what is made.
func Concerns(ctx context.Context, id string) {
	if a := actOf(ctx); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.Target = id
	}
}

// WithAddress says from which address the context's request comes.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, cut(address, maxAddress))
}

// AddressOf is the address that the context's request comes from, "" when nobody said.
func AddressOf(ctx context.Context) string {
	address, _ := ctx.Value(addressKey{}).(string)
	return address
}

func actOf(ctx context.Context) *Act {
	a, _ := ctx.Value(actKey{}).(*Act)
	return a
}

// take tells whether the caller's transaction is the one that tells of the act.
func (a *Act) take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != actOpen {
		return false
	}
	a.state = actTaken
	return true
}

// settle says whether the transaction that took the act has told of it.
func (a *Act) settle(told bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state = actOpen
	if told {
		a.state = actTold
	}
}

// tell writes the entry, unless the transaction is another tenant's.
func (a *Act) tell(ctx context.Context, tx *Tx) (bool, error) {
	if a.tenantID != uuid.Nil && a.tenantID != tx.TenantID() {
		return false, nil
	}
	a.mu.Lock()
	e := a.entry(tx)
	a.mu.Unlock()
	if _, err := tx.Pgx().Exec(ctx, `INSERT INTO audit_entry (tenant_id, id, at, actor, action, target, address, details)
		VALUES ($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), $8::text::jsonb)`,
		tx.TenantID(), nodeid.New(e.at), e.at, e.actor, e.action, e.target, e.address, e.details); err != nil {
		return false, fmt.Errorf("tell the audit log: %w", err)
	}
	return true, nil
}

// told is an entry as it is written.
type told struct {
	at                             time.Time
	actor, action, target, address string
	// details is JSON, or nil.
	details *string
}

func (a *Act) entry(tx *Tx) told {
	return told{
		at: a.At.UTC().Truncate(time.Microsecond), actor: cut(cmp.Or(a.Actor, tx.Principal().Name()), maxActor),
		action: cut(a.Action, maxAddress), target: cut(a.Target, maxActor), address: a.address, details: detailsOf(a.Details),
	}
}

// detailsOf is JSON that PostgreSQL keeps: without NUL, and not too long.
func detailsOf(details map[string]any) *string {
	if len(details) == 0 {
		return nil
	}
	raw, err := json.Marshal(clean(details))
	if err != nil || len(raw) > maxDetails {
		raw = []byte(`{"omitted":true}`)
	}
	text := string(raw)
	return &text
}

// clean is a value of which PostgreSQL keeps all texts.
func clean(value any) any {
	switch v := value.(type) {
	case string:
		return cut(v, maxDetails)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = clean(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[cut(name, maxAddress)] = clean(item)
		}
		return out
	}
	return value
}

// cut is a text that PostgreSQL keeps, of at most so many characters.
func cut(text string, most int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

// Name is how the audit log calls the principal: a member by its e-mail address, an API key by its id.
func (p *Principal) Name() string {
	switch p.Kind {
	case KindAPIKey:
		if id, err := uuid.Parse(p.Subject); err == nil {
			return nodeid.Format(nodeid.APIKey, id)
		}
	case KindMember:
		return cmp.Or(p.Email, p.Subject, "member")
	case KindCustomer:
		if p.CustomerID != uuid.Nil {
			return nodeid.Format(nodeid.Customer, p.CustomerID)
		}
	}
	return cmp.Or(p.Subject, "weir")
}
