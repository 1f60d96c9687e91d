package notify

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/notify/reach"
	"github.com/weirhq/weir/tenant"
)

// Sender sends one message by its channel. It says what came of it in the result, and never takes longer than some ten
// seconds.
type Sender interface {
	Send(ctx context.Context, m *Message) Result
}

// Message is what is sent in one attempt.
type Message struct {
	// ID is the same in each attempt, so that a receiver can tell what it has had.
	ID      string
	Channel Channel
	Target  string
	// Secrets sign a webhook: the present one and, while it rotates, the one before it.
	Secrets []string
	// At is the time of the attempt.
	At time.Time
	// Thread is what messages of one subject share.
	Thread  string
	Payload []byte
}

// Result is what came of an attempt. It succeeded when Error is "".
type Result struct {
	// StatusCode is HTTP's or SMTP's; 0 when there was no answer.
	StatusCode int
	Error      string
	// Body is the beginning of the answer.
	Body     string
	Duration time.Duration
	// RetryAfter is for how long the receiver asked to be left alone; 0 when it did not.
	RetryAfter time.Duration
	// Gone is that the receiver wants nothing any more.
	Gone bool
	// Content is that the receiver, which works, did not like this message: others may go on.
	Content bool
}

// Options are what a Store works with.
type Options struct {
	// Key has at least 32 bytes: the service's own, which seals what is stored of endpoints.
	Key    []byte
	Reach  *reach.Policy
	Sender Sender
	// Mail tells whether the service can send e-mail.
	Mail bool
	// PublicURL is where the console is: what links begin with. Without it there are none.
	PublicURL string
	// Wake asks for a Deliver of the tenant soon, when what was just written is committed. It returns at once.
	Wake func(tenantID uuid.UUID)
	Log  *slog.Logger
	Now  func() time.Time
	// Random is from 0 to 1. Nil is chance.
	Random func() float64
}

// Store keeps endpoints, what they are to be told and what became of it.
type Store struct {
	door *tenant.Door
	opt  Options
	seal *sealer
}

// NewStore makes a Store over the door.
func NewStore(door *tenant.Door, opt Options) (*Store, error) {
	seal, err := newSealer(opt.Key)
	if err != nil {
		return nil, err
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Random == nil {
		opt.Random = rand.Float64
	}
	if opt.Wake == nil {
		opt.Wake = func(uuid.UUID) {}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Reach == nil {
		opt.Reach = &reach.Policy{}
	}
	return &Store{door, opt, seal}, nil
}

// moment is now as the database keeps it.
func (s *Store) moment() time.Time { return s.opt.Now().UTC().Truncate(time.Microsecond) }

func newID(at time.Time) uuid.UUID { return nodeid.New(at) }

// developer is the context's principal, who must have the role DEVELOPER.
func developer(ctx context.Context) (*tenant.Principal, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return p, p.Require(tenant.RoleDeveloper)
}
