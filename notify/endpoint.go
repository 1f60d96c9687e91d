package notify

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// Endpoint is where a tenant is told.
type Endpoint struct {
	ID      uuid.UUID
	Channel Channel
	// Target is a URL, or of EMAIL addresses with commas between them.
	Target  string
	Events  []Kind
	Enabled bool
	// DisabledReason says why it is not, when it was not a person's wish.
	DisabledReason *string
	// FailingSince is when the failures began that nothing but failures came after.
	FailingSince *time.Time
	CreatedAt    time.Time
}

const endpointList = "notification_endpoints"

// Cursor is the endpoint's place in the list of endpoints.
func (e *Endpoint) Cursor() string {
	return page.EncodeCursor(endpointList, tenant.TimeKey(e.CreatedAt), e.ID.String())
}

const (
	// mostTarget is in bytes.
	mostTarget     = 2000
	mostRecipients = 20
	mostEndpoints  = 100
	// rotation is for how long the secret before the present one signs too.
	rotation = 24 * time.Hour
)

// CreateEndpointInput is what a new endpoint is made of.
type CreateEndpointInput struct {
	Channel Channel
	// Target is an https URL, or of EMAIL up to 20 addresses with commas between them.
	Target string
	// Events are at least one.
	Events []Kind
}

// UpdateEndpointInput is what changes of an endpoint; nil stays as it is.
type UpdateEndpointInput struct {
	ID     uuid.UUID
	Target *string
	// Events is nil when they stay.
	Events  []Kind
	Enabled *bool
}

func (s *Store) checkCreate(in *CreateEndpointInput) error {
	var f errs.Fields
	s.checkTarget(&f, in.Channel, in.Target)
	checkEvents(&f, in.Events)
	return f.Err()
}

func checkEvents(f *errs.Fields, events []Kind) {
	f.Check(len(events) > 0, "events", "must not be empty")
	for _, kind := range events {
		f.Check(kind.asked(), "events", "%s cannot be asked for", kind)
	}
}

// eventsOf are the kinds each once, as they are stored.
func eventsOf(events []Kind) []string {
	out := make([]string, len(events))
	for i, kind := range events {
		out[i] = string(kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// checkTarget refuses a target that says itself that nothing may go there.
func (s *Store) checkTarget(f *errs.Fields, channel Channel, target string) {
	switch {
	case target == "":
		f.Add("target", "must not be empty")
	case len(target) > mostTarget:
		f.Add("target", "has %d bytes: at most %d are allowed", len(target), mostTarget)
	case strings.ContainsFunc(target, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }):
		f.Add("target", "must not hold control characters")
	case channel == Email:
		s.checkRecipients(f, target)
	default:
		if err := s.checkURL(target); err != nil {
			f.Add("target", "%s", err)
		}
	}
}

func (s *Store) checkURL(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "":
		return fmt.Errorf("must be a URL such as https://example.com/hooks")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("must be an https URL")
	case u.User != nil:
		return fmt.Errorf("must not hold a user name or password: what comes from Weir is told by its signature")
	case u.Fragment != "":
		return fmt.Errorf("must not hold a fragment")
	case !validPort(u):
		return fmt.Errorf("must have a port from 1 to 65535, or none")
	}
	if err := s.opt.Reach.CheckHost(u.Hostname()); err != nil {
		return fmt.Errorf("cannot be reached: %w", err)
	}
	if u.Scheme == "http" && !s.opt.Reach.AllowedHost(u.Hostname()) {
		return fmt.Errorf("must be an https URL")
	}
	return nil
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

func (s *Store) checkRecipients(f *errs.Fields, target string) {
	list, err := mail.ParseAddressList(target)
	switch {
	case !s.opt.Mail:
		f.Add("channel", "this service sends no e-mail: WEIR_SMTP_URL is not set")
	case err != nil:
		f.Add("target", "must be e-mail addresses with commas between them")
	case len(list) > mostRecipients:
		f.Add("target", "has %d addresses: at most %d are allowed", len(list), mostRecipients)
	}
}
