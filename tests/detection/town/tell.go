package town

import (
	"container/heap"
	"fmt"
	"strconv"
	"time"
)

// tell puts an event into the queue. data is the inside of its JSON object; all texts are the town's own and need no
// escapes.
func (t *Town) tell(at time.Time, failed bool, kind, id string, a *App, more, data string) {
	envelope := `{"type":"` + kind + `","occurred_at":"` + at.UTC().Format(time.RFC3339Nano) + `"`
	if id != "" {
		envelope += `,"id":"` + id + `"`
	}
	if a != nil {
		envelope += `,"customer":"` + a.Customer + `","integration":"` + a.Integration + `"`
	}
	t.ids++
	heap.Push(&t.queue, queued{Event{at, failed, []byte(envelope + more + `,"data":{` + data + `}}`)}, t.ids})
}

func (t *Town) newID(prefix string) string {
	t.ids++
	return prefix + "-" + strconv.Itoa(t.ids)
}

// introduce tells what there is: flows, connected apps, data sources.
func (t *Town) introduce() {
	at, known := t.opt.Start, map[string]bool{}
	for _, a := range t.opt.Apps {
		if !known[a.Integration] {
			known[a.Integration] = true
			t.flows(at, a.Integration)
		}
		if a.Lives == 0 {
			t.connection(at, a, "connected", "")
		}
		if a.Webhooks > 0 {
			t.tell(at, false, "data_source", "hooks", a, "", `"mode":"webhook","state":"active","event_types":["record.changed"]`)
		}
		if a.Pull > 0 {
			t.tell(at, false, "data_source", "poll", a, "", fmt.Sprintf(`"mode":"pull","state":"active","event_types":["record.changed"],"pull_interval_s":%d`, int(a.Pull.Seconds())))
		}
	}
}

func (t *Town) flows(at time.Time, integration string) {
	of := `,"integration":"` + integration + `"`
	t.tell(at, false, "flow", syncFlow(integration), nil, of, `"name":"Sync `+integration+`","enabled":true,"trigger":{"kind":"external_event","event_types":["record.changed"]}`)
	if text := t.opt.Schedules[integration]; text != "" {
		t.tell(at, false, "flow", nightlyFlow(integration), nil, of, `"name":"Nightly `+integration+`","enabled":true,"trigger":{"kind":"schedule","schedule":"`+text+`"}`)
	}
	for _, a := range t.opt.Apps {
		if a.Integration == integration && a.Rhythm > 0 {
			t.tell(at, false, "flow", rhythmFlow(integration), nil, of, `"name":"Roll up `+integration+`","enabled":true,"trigger":{"kind":"api"}`)
			return
		}
	}
}

func syncFlow(integration string) string    { return integration + "-sync" }
func nightlyFlow(integration string) string { return integration + "-nightly" }
func rhythmFlow(integration string) string  { return integration + "-rollup" }

// connection tells the state of a connected app.
func (t *Town) connection(at time.Time, a *App, status, expires string) {
	data := `"status":"` + status + `"`
	if expires != "" {
		data += `,"credentials_expire_at":"` + expires + `"`
	}
	t.tell(at, false, "connected_app", "", a, "", data)
}

// broken tells whether an app's credentials cannot be renewed now.
func (t *Town) broken(a *App) bool {
	for _, k := range []Kind{Refresh, Revoked, Expired} {
		if t.fault(k, t.minute, a) != nil {
			return true
		}
	}
	return false
}

// renew tells of credentials that are renewed when four fifths of their life are over.
func (t *Town) renew(a *App) {
	if a.Lives == 0 {
		return
	}
	if passed := t.minute.Sub(t.opt.Start); passed%(a.Lives*4/5).Truncate(time.Minute) == 0 && !t.broken(a) {
		t.connection(t.minute, a, "connected", t.minute.Add(a.Lives).UTC().Format(time.RFC3339))
	}
}
