package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
)

// enabled asks whether the flow is switched on.
func (c *checker) enabled() Check {
	const question = "Was the flow enabled?"
	var said *time.Time
	if micros, ok := c.Flow.Stamps["enabled"]; ok {
		at := time.UnixMicro(micros).UTC()
		said = &at
	}
	as := ""
	if said != nil {
		as = ", as last said for " + when(*said)
	}
	switch {
	case c.Flow.Enabled:
		return pass(question, "It is enabled"+as+".")
	case c.served():
		return pass(question, "It is disabled now"+as+", but it ran in this time.", runItems(c.Runs)...)
	case held(said, c.Range.To):
		return fail(FlowDisabled, question, "It is disabled"+as+".", []diagnostics.Step{
			step(diagnostics.ActorTenant, "Switch the flow on, if it is meant to run for this customer."),
			step(diagnostics.ActorTenant, "Send again what arrived while it was off, if that is still wanted."),
		}, items(c.silent)...)
	}
	return skip(question, "It is disabled"+as+", which is after this time: what it was then is not known.")
}

// connected asks whether the customer has a connected app.
func (c *checker) connected() Check {
	const question = "Was the customer's app connected?"
	switch {
	case c.Flow.IntegrationID == nil:
		return skip(question, "The flow belongs to no integration, so it needs no connected app.")
	case len(c.Apps) == 0:
		if c.has() {
			return skip(question, "No connected app of the customer is known.")
		}
		return fail(AppDisconnected, question, "The customer has no connected app of this integration.", []diagnostics.Step{
			step(diagnostics.ActorCustomer, "Connect the app."),
		})
	}
	var off *directory.ConnectedApp
	for _, a := range c.Apps {
		if a.Status != directory.Disconnected {
			return pass(question, "It is connected"+account(a)+".")
		}
		off = a
	}
	text := "It is disconnected" + since(off.StatusChangedAt) + because(off.Reason)
	return c.blame(question, text, off.StatusChangedAt, []diagnostics.Step{
		step(diagnostics.ActorCustomer, "Connect the app again."),
		step(diagnostics.ActorTenant, "Run the flow again for what happened meanwhile."),
	})
}

func account(a *directory.ConnectedApp) string {
	if a.Account == nil || *a.Account == "" {
		return ""
	}
	return " with the account " + *a.Account
}

// credentials asks whether a connected app's credentials are good.
func (c *checker) credentials() Check {
	const question = "Were its credentials good?"
	var bad *directory.ConnectedApp
	for _, a := range c.Apps {
		switch {
		case a.Status == directory.Disconnected:
		case a.Status == directory.NeedsReauth, ended(a.CredentialsExpireAt, c.needed()):
			bad = a
		default:
			return pass(question, "Nothing says that they are not.")
		}
	}
	steps := []diagnostics.Step{
		step(diagnostics.ActorCustomer, "Sign in to the app again, so that it has new credentials."),
		step(diagnostics.ActorTenant, "Run the flow again for what failed or arrived meanwhile."),
	}
	switch {
	case bad == nil:
		return skip(question, "There is no connected app whose credentials could be looked at.")
	case bad.Status == directory.NeedsReauth:
		return c.blame(question, "The customer must sign in again"+since(bad.StatusChangedAt)+because(bad.Reason), bad.StatusChangedAt, steps)
	}
	return c.blame(question, "They ended on "+when(*bad.CredentialsExpireAt), bad.CredentialsExpireAt, steps)
}

// needed is when credentials were needed last: by the run that failed, or by the event that launched none.
func (c *checker) needed() time.Time {
	if c.Failure == nil || len(c.silent) > 0 {
		return c.blamed()
	}
	if end := c.Failure.Run.FinishedAt; end != nil {
		return *end
	}
	return c.Failure.Run.At
}

// ended tells whether something that ends had ended by then.
func ended(end *time.Time, by time.Time) bool { return end != nil && !end.After(by) }

// blame fails for an app in a bad state, if that can be why there was no run, or why one failed.
func (c *checker) blame(question, text string, since *time.Time, steps []diagnostics.Step) Check {
	switch {
	case c.Failure != nil && len(c.silent) == 0:
		if !held(since, c.Range.To) {
			return skip(question, text+", which is after this time.")
		}
		if d := c.Failure.Diagnosis; d != nil {
			steps = append(steps, d.Steps...)
		}
		return fail(AppDisconnected, question, text+".", steps, c.Failure.evidence()...)
	case c.served():
		return pass(question, text+", but the flow ran well in this time.", runItems(c.Runs)...)
	case held(since, c.blamed()):
		return fail(AppDisconnected, question, text+".", steps, items(c.silent)...)
	}
	return skip(question, text+", which is after what is asked about: before that nothing says that it was not well.")
}

// subscribed asks whether an active data source brings what the flow waits for.
func (c *checker) subscribed() Check {
	const question = "Was there an active data source or subscription for the flow's events?"
	if !c.external() {
		return skip(question, "No event of an external app sets this flow off.")
	}
	steps := []diagnostics.Step{
		step(diagnostics.ActorTenant, "Renew the subscription, or switch the data source on again."),
		step(diagnostics.ActorTenant, "Fetch what happened meanwhile from the app: it is not sent again by itself."),
	}
	matching := c.matching()
	switch {
	case len(c.Sources) == 0:
		return skip(question, "No data source of the customer was reported, so there is nothing to look at.")
	case len(matching) == 0 && c.has():
		return pass(question, "No data source names these events, but they arrive.", items(c.Events)...)
	case len(matching) == 0:
		return fail(SubscriptionInactive, question, "None of the customer's data sources brings "+waitsFor(c.Flow)+".", []diagnostics.Step{
			step(diagnostics.ActorTenant, "Subscribe to "+waitsFor(c.Flow)+" for this customer."),
		})
	}
	var texts []string
	var before, after bool
	for _, s := range matching {
		text, since := c.inactive(s)
		if text == "" {
			return pass(question, fmt.Sprintf("The data source %s is active.", s.Key))
		}
		texts = append(texts, text)
		if held(since, c.blamed()) {
			before = true
		} else {
			after = true
		}
	}
	text := strings.Join(texts, " ")
	switch {
	case c.has():
		return pass(question, text+" But events arrived in this time.", append(items(c.Events), runItems(c.Runs)...)...)
	case before && !after:
		return fail(SubscriptionInactive, question, text, steps)
	}
	return skip(question, text+" That is after this time.")
}

// inactive says why a data source brings nothing, and since when, if that is known; "" when it is active.
func (c *checker) inactive(s *directory.DataSource) (text string, since *time.Time) {
	if s.State != directory.StateActive {
		for i := len(s.Stamps.Reports) - 1; i >= 0 && s.Stamps.Reports[i].Status == string(s.State); i-- {
			at := time.UnixMicro(s.Stamps.Reports[i].At).UTC()
			since = &at
		}
		known := ""
		if since != nil {
			known = " since " + when(*since)
		}
		return fmt.Sprintf("The data source %s is %s%s%s.", s.Key, strings.ToLower(string(s.State)), known, because(s.Reason)), since
	}
	if ended(s.ExpiresAt, c.Range.To) {
		return fmt.Sprintf("The data source %s expired on %s.", s.Key, when(*s.ExpiresAt)), s.ExpiresAt
	}
	return "", nil
}

// waitsFor names what the flow waits for.
func waitsFor(f *directory.Flow) string {
	if len(f.EventTypes) == 0 {
		return "events of any type"
	}
	return "events of type " + strings.Join(f.EventTypes, ", ")
}
