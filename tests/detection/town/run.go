package town

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// noticeable is how long a run must take for its beginning to be told of its own.
const noticeable = 20 * time.Second

// run lets a flow run: it makes a call, tries it once more when that fails, and takes about so many milliseconds.
func (t *Town) run(at time.Time, a *App, flow, trigger string, median float64, r *rand.Rand) {
	id := t.newID("run")
	lasts := time.Duration(around(r, median)) * time.Millisecond
	base := `"flow":"` + flow + `","trigger":` + trigger + `,"started_at":"` + at.UTC().Format(time.RFC3339Nano) + `"`
	if f := t.fault(RunHangs, at, a); f != nil && !f.hung {
		f.hung = true
		f.trace(at, a)
		t.tell(at, false, "flow_run", id, a, "", base+`,"status":"running"`)
		t.tell(at.Add(time.Second), false, "node_run", id+".call", nil, `,"flow_run":"`+id+`"`, `"node":"call","name":"Call the provider","type":"api_request","status":"running","parents":[],"started_at":"`+at.UTC().Format(time.RFC3339Nano)+`"`)
		t.tell(f.To, false, "flow_run", id, a, "", base+ended("canceled", f.To))
		return
	}
	if lasts > noticeable {
		t.tell(at, false, "flow_run", id, a, "", base+`,"status":"running"`)
	}
	end := at.Add(lasts)
	if f := t.fault(FlowFails, at, a); f != nil {
		f.trace(end, a)
		t.tell(end, true, "flow_run", id, a, "", base+ended("failed", end)+`,"error":{"code":"MAPPING_FAILED","message":"cannot read lines of undefined"}`)
		return
	}
	done, refused := t.call(at.Add(lasts/4), a, id, r)
	if refused != nil {
		done, refused = t.call(done.Add(2*time.Second), a, id, r)
	}
	if done.After(end) {
		end = done
	}
	if refused != nil {
		t.tell(end, true, "flow_run", id, a, "", base+ended("failed", end)+fmt.Sprintf(`,"error":{"code":"%s","message":"the provider answered %d"}`, refused.code, refused.status))
		return
	}
	t.tell(end, false, "flow_run", id, a, "", base+ended("succeeded", end))
}

func ended(status string, at time.Time) string {
	return `,"status":"` + status + `","finished_at":"` + at.UTC().Format(time.RFC3339Nano) + `"`
}

// scheduled lets the flows run that are due in the minute: by the schedule, and by a rhythm that nobody has told.
func (t *Town) scheduled(a *App, r *rand.Rand) {
	if s := t.schedules[a.Integration]; a.Nightly && s != nil {
		if due := s.Next(t.minute.Add(-time.Second)); due.Before(t.minute.Add(time.Minute)) {
			if f := t.fault(ScheduleStops, due, a); f != nil {
				f.trace(due, a)
			} else {
				t.run(due.UTC().Add(time.Duration(2000+r.IntN(20000))*time.Millisecond), a, nightlyFlow(a.Integration), `{"kind":"schedule"}`, 90_000, r)
			}
		}
	}
	if a.Rhythm == 0 {
		return
	}
	every := int64(a.Rhythm / time.Minute)
	if offset := int64(labelOf(a.Customer, "rhythm") % uint64(every)); t.minute.Unix()/60%every == offset { //nolint:gosec // minutes of an interval
		at := t.minute.Add(time.Duration(r.IntN(60000)) * time.Millisecond)
		if f := t.fault(RhythmStops, at, a); f != nil {
			f.trace(at, a)
		} else {
			t.run(at, a, rhythmFlow(a.Integration), `{"kind":"api"}`, 30_000, r)
		}
	}
}
