package directory

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/stamp"
)

// mergeCustomer brings in what held at the time, in microseconds, and tells whether anything is different now.
func mergeCustomer(c *Customer, s *CustomerState, at int64) (changed bool) {
	if c.Stamps == nil {
		c.Stamps = stamp.Set{}
	}
	if s.Name != nil && c.Stamps.Take("name", at) && c.Name != *s.Name {
		c.Name, changed = *s.Name, true
	}
	if s.Attributes != nil && c.Stamps.Take("attributes", at) && !sameJSON(c.Attributes, s.Attributes) {
		c.Attributes, changed = s.Attributes, true
	}
	return changed
}

// mergeConnectedApp is mergeCustomer for connected apps. Since when the status holds follows from all reports of it,
// in whatever order they came; the reason belongs to the status.
func mergeConnectedApp(a *ConnectedApp, s *ConnectedAppState, at int64) (changed bool) {
	if s.Status != "" {
		a.Stamps.report(string(s.Status), at)
		status, since := a.Stamps.current()
		changed = set(&a.Status, ConnectedAppStatus(status))
		changed = setOptional(&a.StatusChangedAt, fromMicros(since), time.Time.Equal) || changed
		changed = mergeReason(&a.Stamps, &a.Reason, s.Reason, at) || changed
	}
	if s.Account != nil && a.Stamps.take("account", at) {
		changed = setOptional(&a.Account, orNil(s.Account), same[string]) || changed
	}
	if s.Scopes != nil && a.Stamps.take("scopes", at) && !slices.Equal(a.Scopes, s.Scopes) {
		a.Scopes, changed = s.Scopes, true
	}
	if s.CredentialsExpireAt != nil {
		a.Stamps.Expiries = noted(a.Stamps.Expiries, toMicros(s.CredentialsExpireAt).Format(time.RFC3339Nano), at)
	}
	if s.CredentialsExpireAt != nil && a.Stamps.take("credentials_expire_at", at) {
		changed = setOptional(&a.CredentialsExpireAt, toMicros(s.CredentialsExpireAt), time.Time.Equal) || changed
	}
	return changed
}

// mergeDataSource is mergeCustomer for data sources.
func mergeDataSource(d *DataSource, s *DataSourceState, at int64) (changed bool) {
	if s.State != nil {
		d.Stamps.report(string(*s.State), at)
		state, _ := d.Stamps.current()
		changed = set(&d.State, SubscriptionState(state))
		changed = mergeReason(&d.Stamps, &d.Reason, s.Reason, at) || changed
	}
	if s.Mode != nil && d.Stamps.take("mode", at) {
		changed = set(&d.Mode, *s.Mode) || changed
	}
	if s.EventTypes != nil && d.Stamps.take("event_types", at) && !slices.Equal(d.EventTypes, s.EventTypes) {
		d.EventTypes, changed = s.EventTypes, true
	}
	if s.PullIntervalS != nil && d.Stamps.take("pull_interval_s", at) {
		changed = setOptional(&d.PullIntervalS, s.PullIntervalS, same[int]) || changed
	}
	if s.ExpiresAt != nil && d.Stamps.take("expires_at", at) {
		changed = setOptional(&d.ExpiresAt, toMicros(s.ExpiresAt), time.Time.Equal) || changed
	}
	return changed
}

// mergeReason takes the reason of a status that was reported at the time, and lets go of one that was given before the
// present status began: it was of another. Since a reason comes with a report, one that is let go can never be of the
// present status again, whatever arrives late.
func mergeReason(h *history, reason **string, next *string, at int64) (changed bool) {
	if next != nil && h.take("reason", at) {
		changed = setOptional(reason, orNil(next), same[string])
	}
	if _, since := h.current(); *reason != nil && h.Fields["reason"] < since {
		*reason, changed = nil, true
	}
	return changed
}

// mergeFlow is mergeCustomer for flows.
func mergeFlow(f *Flow, s *FlowState, integrationID uuid.UUID, at int64) (changed bool) {
	if f.Stamps == nil {
		f.Stamps = stamp.Set{}
	}
	if s.Name != nil && f.Stamps.Take("name", at) {
		changed = set(&f.Name, *s.Name)
	}
	if s.Enabled != nil && f.Stamps.Take("enabled", at) {
		changed = set(&f.Enabled, *s.Enabled) || changed
	}
	if integrationID != uuid.Nil && f.Stamps.Take("integration_id", at) {
		changed = setOptional(&f.IntegrationID, &integrationID, same[uuid.UUID]) || changed
	}
	if s.Trigger != nil {
		changed = mergeTrigger(f, s.Trigger, at) || changed
	}
	return changed
}

func mergeTrigger(f *Flow, t *FlowTrigger, at int64) (changed bool) {
	whole := t.Kind != nil
	if whole && f.Stamps.Take("trigger_kind", at) {
		changed = setOptional(&f.TriggerKind, t.Kind, same[TriggerKind])
	}
	if (whole || t.EventTypes != nil) && f.Stamps.Take("event_types", at) && !slices.Equal(f.EventTypes, t.EventTypes) {
		f.EventTypes, changed = append([]string{}, t.EventTypes...), true
	}
	if (whole || t.Schedule != nil) && f.Stamps.Take("schedule", at) {
		changed = setOptional(&f.Schedule, orNil(t.Schedule), same[string]) || changed
	}
	if (whole || t.Filter != nil) && f.Stamps.Take("filter", at) {
		changed = setOptional(&f.Filter, orNil(t.Filter), same[string]) || changed
	}
	return changed
}

func set[T comparable](column *T, value T) (changed bool) {
	changed = *column != value
	*column = value
	return changed
}

func setOptional[T any](column **T, value *T, equal func(a, b T) bool) (changed bool) {
	if *column == nil || value == nil {
		changed = *column != value
	} else {
		changed = !equal(**column, *value)
	}
	*column = value
	return changed
}

func same[T comparable](a, b T) bool { return a == b }

// toMicros cuts a time to what the database keeps.
func toMicros(at *time.Time) *time.Time {
	cut := at.UTC().Truncate(time.Microsecond)
	return &cut
}

// sameJSON tells whether two JSON values are the same, however they are written: PostgreSQL gives jsonb back in its
// own order and spacing.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, errX := canonical(a)
	y, errY := canonical(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func canonical(raw json.RawMessage) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	// Numbers keep their digits: ids over 2^53 that differ in the last one are not the same.
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}
