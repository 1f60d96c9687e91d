package ingest

import (
	"github.com/weirhq/weir/directory"
)

var (
	appStatuses  = []string{"connected", "needs_reauth", "disconnected"}
	modes        = []string{"webhook", "pull"}
	sourceStates = []string{"active", "paused", "expired", "failed"}

	appStatusOf  = []directory.ConnectedAppStatus{"", directory.Connected, directory.NeedsReauth, directory.Disconnected}
	modeOf       = []directory.DataSourceMode{"", directory.ModeWebhook, directory.ModePull}
	sourceState  = []directory.SubscriptionState{"", directory.StateActive, directory.StatePaused, directory.StateExpired, directory.StateFailed}
	triggerKinds = []directory.TriggerKind{
		"", directory.TriggerExternalEvent, directory.TriggerInternalEvent, directory.TriggerSchedule,
		directory.TriggerAPI, directory.TriggerManual,
	}
)

// said gives a pointer to a text that was sent; nil for what the message does not say.
func said(v ref, text string) *string {
	if v == 0 {
		return nil
	}
	return &text
}

// title is said of a name, of which an empty one says nothing.
func (d *decoder) title(v ref, field string) *string {
	if text := d.short(v, field, maxName); text != "" {
		return &text
	}
	return nil
}

// oneOf gives what the word at a place stands for; nil when it is missing.
func oneOf[T any](place int, meanings []T) *T {
	if place == 0 {
		return nil
	}
	return &meanings[place]
}

// owner reads the id by which a state event names itself.
func (d *decoder) owner(e *event) string {
	if e.id == "" {
		d.missing("id")
	}
	return e.id
}

// link checks that the customer and the integration are named.
func (d *decoder) link(e *event) {
	if e.ref.Customer == "" {
		d.missing("customer")
	}
	if e.ref.Integration == "" {
		d.missing("integration")
	}
}

// customer reads the state of a customer.
func (d *decoder) customer(e *event, env *envelope) {
	var name, attributes ref
	for m := d.members(env.data); m.next(); {
		switch string(m.name) {
		case "name":
			name = m.value
		case "attributes":
			attributes = m.value
		}
	}
	e.ref.Customer, e.ref.Integration, e.ref.ConnectedApp = d.owner(e), "", ""
	e.state = &directory.StateEvent{At: e.at, Customer: &directory.CustomerState{
		Name: d.title(name, "data.name"), Attributes: d.object(attributes, "data.attributes"),
	}}
}

// connectedApp reads the state of a customer's link to an integration.
func (d *decoder) connectedApp(e *event, env *envelope) {
	var status, account, scopes, expire, reason ref
	for m := d.members(env.data); m.next(); {
		switch string(m.name) {
		case "status":
			status = m.value
		case "account":
			account = m.value
		case "scopes":
			scopes = m.value
		case "credentials_expire_at":
			expire = m.value
		case "reason":
			reason = m.value
		}
	}
	d.link(e)
	if e.id != "" {
		e.ref.ConnectedApp = e.id
	}
	e.state = &directory.StateEvent{At: e.at, ConnectedApp: &directory.ConnectedAppState{
		Status:  appStatusOf[d.needWord(status, "data.status", appStatuses)],
		Account: said(account, d.short(account, "data.account", maxName)),
		Scopes:  d.texts(scopes, "data.scopes"), CredentialsExpireAt: d.optionalTime(expire, "data.credentials_expire_at"),
		Reason: said(reason, d.prose(reason, "data.reason")),
	}}
}

// flow reads the state of a flow.
func (d *decoder) flow(e *event, env *envelope) {
	var name, enabled, trigger ref
	for m := d.members(env.data); m.next(); {
		switch string(m.name) {
		case "name":
			name = m.value
		case "enabled":
			enabled = m.value
		case "trigger":
			trigger = m.value
		}
	}
	e.ref.Flow = d.owner(e)
	e.ref.Customer, e.ref.ConnectedApp = "", ""
	e.state = &directory.StateEvent{At: e.at, Flow: &directory.FlowState{
		Name: d.title(name, "data.name"), Enabled: d.truth(enabled, "data.enabled"), Trigger: d.flowTrigger(trigger),
	}}
}

func (d *decoder) flowTrigger(v ref) *directory.FlowTrigger {
	if v == 0 || !d.isObject(v, "data.trigger") {
		return nil
	}
	var kind, types, schedule, filter ref
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "kind":
			kind = m.value
		case "event_types":
			types = m.value
		case "schedule":
			schedule = m.value
		case "filter":
			filter = m.value
		}
	}
	t := &directory.FlowTrigger{
		Kind:       oneOf(d.word(kind, "data.trigger.kind", triggers), triggerKinds),
		EventTypes: d.texts(types, "data.trigger.event_types"),
		Schedule:   said(schedule, d.text(schedule, "data.trigger.schedule", maxKey)),
	}
	switch {
	case filter == 0:
	case d.node(filter).Shape == isString:
		t.Filter = said(filter, d.prose(filter, "data.trigger.filter"))
	default:
		// A filter is for people to read: an expression, or whatever the sender's product makes of it.
		t.Filter = said(filter, string(d.json(filter)))
	}
	return t
}

const maxPullInterval = 366 * 24 * 3600

// dataSource reads the state of where a connected app's events come from.
func (d *decoder) dataSource(e *event, env *envelope) {
	var mode, types, interval, state, reason, expires ref
	for m := d.members(env.data); m.next(); {
		switch string(m.name) {
		case "mode":
			mode = m.value
		case "event_types":
			types = m.value
		case "pull_interval_s":
			interval = m.value
		case "state":
			state = m.value
		case "reason":
			reason = m.value
		case "expires_at":
			expires = m.value
		}
	}
	e.ref.DataSource = d.owner(e)
	d.link(e)
	e.state = &directory.StateEvent{At: e.at, DataSource: &directory.DataSourceState{
		Mode:          oneOf(d.word(mode, "data.mode", modes), modeOf),
		EventTypes:    d.texts(types, "data.event_types"),
		PullIntervalS: d.count(interval, "data.pull_interval_s", 1, maxPullInterval),
		State:         oneOf(d.word(state, "data.state", sourceStates), sourceState),
		Reason:        said(reason, d.prose(reason, "data.reason")),
		ExpiresAt:     d.optionalTime(expires, "data.expires_at"),
	}}
}
