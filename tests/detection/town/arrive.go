package town

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const hooks, poll = `,"data_source":"hooks"`, `,"data_source":"poll"`

// webhook is one that a provider sends, or would have sent.
func (t *Town) webhook(at time.Time, a *App, r *rand.Rand) {
	if f := t.fault(HooksSilent, at, a); f != nil {
		f.trace(at, a)
		f.pause = t.pauses[a]
		return
	}
	if last := t.heard[a]; !last.IsZero() {
		t.pauses[a] = max(t.pauses[a], at.Sub(last))
	}
	t.heard[a] = at
	id := t.newID("wh")
	data := `"method":"POST","url":"https://hooks.example.com/` + a.Integration + `/` + a.Customer + `"` + hooks
	f := t.fault(HooksRejected, at, a)
	if f != nil {
		f.trace(at, a)
	}
	// Now and then a webhook is turned away on a good day: a bot, or one of an old secret.
	if f != nil || r.Float64() < t.opt.Noise/2 {
		t.tell(at, true, "external_webhook", id, a, "", data+`,"signature_valid":false,"response_status":401,"rejection":"verification_failed"`)
		return
	}
	t.tell(at, false, "external_webhook", id, a, "", data+`,"signature_valid":true,"response_status":202,"body":{"changed":1}`)
	t.event(at.Add(40*time.Millisecond), a, id, hooks, r)
}

// event is something that happened in the external app, and the run that it launches, as most do.
func (t *Town) event(at time.Time, a *App, source, by string, r *rand.Rand) {
	id, skip := t.newID("ev"), ""
	f := t.fault(NotLaunching, at, a)
	if r.Float64() < .08 {
		skip, f = `,"skip":{"code":"filter_not_matched"}`, nil
	}
	t.tell(at, false, "external_event", id, a, "", `"event_type":"record.changed","record_id":"`+id+`","source":"`+source+`"`+by+skip)
	switch {
	case f != nil:
		f.trace(at, a)
		f.pause = t.pauses[a]
	case skip == "":
		t.run(at.Add(300*time.Millisecond), a, syncFlow(a.Integration), `{"kind":"external_event","event":"`+id+`"}`, 1500, r)
	}
}

// pull polls for changes when it is time.
func (t *Town) pull(a *App, level float64, r *rand.Rand) {
	if a.Pull == 0 {
		return
	}
	every := int64(a.Pull / time.Minute)
	if offset := int64(labelOf(a.Customer, a.Integration) % uint64(every)); t.minute.Unix()/60%every != offset { //nolint:gosec // minutes of an interval
		return
	}
	at := t.minute.Add(time.Duration(r.IntN(15000)) * time.Millisecond)
	if f := t.fault(PullsStop, at, a); f != nil {
		f.trace(at, a)
		return
	}
	before, found := t.cursors[a], poisson(r, 1.5*level)
	scanned, id := found, t.newID("pull")
	stands := t.fault(CursorStands, at, a)
	if stands != nil {
		stands.trace(at, a)
		scanned, found = 12, 0
	}
	if refused := t.pullRefused(at, a, r); refused != nil {
		t.tell(at, true, "external_event_pull", id, a, "", fmt.Sprintf(`"status":"error","strategy":"latest_records"%s,"event_count":0,"duration_ms":%.1f,"error":{"code":"%s","message":"the provider answered %d"}`,
			poll, around(r, 400), refused.code, refused.status))
		return
	}
	t.cursors[a] += found
	t.tell(at, false, "external_event_pull", id, a, "", fmt.Sprintf(`"status":"success","strategy":"latest_records"%s,"pages":1,"records_scanned":%d,"cursor_before":"c%d","cursor_after":"c%d","event_count":%d,"duration_ms":%.1f`,
		poll, scanned, before, t.cursors[a], found, around(r, 400)))
	for range found {
		t.event(at.Add(time.Second), a, id, poll, r)
	}
}

// pullRefused says how a pull fails; nil when it does not.
func (t *Town) pullRefused(at time.Time, a *App, r *rand.Rand) *answer {
	if f := t.refusing(at, a, toList, r.Float64()); f != nil && f.Kind != Mixed {
		f.trace(at, a)
		said := providers[a.Integration].refusal(f.Kind)
		return &said
	}
	if r.Float64() < t.opt.Noise {
		return &everyday[r.IntN(len(everyday))]
	}
	return nil
}
