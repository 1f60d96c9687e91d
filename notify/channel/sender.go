package channel

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/reach"
)

const (
	// timeout is what an attempt may take in all.
	timeout = 10 * time.Second
	// mostAnswer is how much of an answer is read, in bytes.
	mostAnswer = 64 << 10
	// mostHeaders is how large the headers of an answer may be, in bytes.
	mostHeaders = 32 << 10
	// mostRedirects are followed, each to where the target itself might be.
	mostRedirects = 3
)

// Options are what a Sender works with.
type Options struct {
	Reach *reach.Policy
	// Mail sends e-mail; nil where there is none.
	Mail *Mail
	// Version is of the service.
	Version string
	// Resolver finds addresses. Nil is Go's own.
	Resolver *net.Resolver
	// Timeout is ten seconds when it is 0.
	Timeout time.Duration
	// Transport changes how HTTP is spoken, in tests: whose certificates are trusted.
	Transport func(*http.Transport)
}

// Sender sends by all channels.
type Sender struct {
	opt    Options
	client *http.Client
}

var _ notify.Sender = (*Sender)(nil)

// New makes a Sender.
func New(opt Options) *Sender {
	if opt.Reach == nil {
		opt.Reach = &reach.Policy{}
	}
	if opt.Timeout == 0 {
		opt.Timeout = timeout
	}
	if opt.Resolver == nil {
		opt.Resolver = net.DefaultResolver
	}
	return &Sender{opt, newClient(&opt)}
}

// Send sends a message by its channel. It takes at most ten seconds.
func (s *Sender) Send(ctx context.Context, m *notify.Message) (r notify.Result) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	began := time.Now()
	defer func() { r.Duration = time.Since(began) }()
	switch {
	case m.Target == "":
		return failure("the endpoint's target cannot be read: was WEIR_ENCRYPTION_KEY changed?")
	case m.Channel == notify.Webhook:
		return s.webhook(ctx, m)
	case m.Channel == notify.Slack:
		return s.slack(ctx, m)
	case s.opt.Mail == nil:
		return failure("this service sends no e-mail: WEIR_SMTP_URL is not set")
	}
	return s.opt.Mail.send(ctx, m)
}

// failure is the result of what could not even be tried. It says nothing of the receiver, so that others may go on.
func failure(text string) notify.Result { return notify.Result{Error: text, Content: true} }
