package town

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// call makes one API request and says when it ended, and how it was refused; nil when it was not.
func (t *Town) call(at time.Time, a *App, run string, r *rand.Rand) (ended time.Time, refused *answer) {
	p := providers[a.Integration]
	which := pick(p, r)
	e, draw, id := &p.endpoints[which], r.Float64(), 1000+r.IntN(9000)
	lasts := around(r, e.median)
	if f := t.fault(Slow, at, a); f != nil && Slow.touches(which) {
		lasts *= 6
		f.trace(at, a)
	}
	url := e.at(p.base, id)
	method, template := e.method, e.template
	if f := t.refusing(at, a, which, draw); f != nil {
		f.trace(at, a)
		said := p.refusal(f.Kind)
		switch f.Kind {
		case Mixed:
			said = assorted[r.IntN(len(assorted))]
		case Refresh:
			method, url, template = "POST", p.tokenURL, ""
		}
		refused = &said
	} else if draw > 1-t.opt.Noise {
		refused = &everyday[r.IntN(len(everyday))]
	}
	more := ""
	if run != "" {
		more = `,"flow_run":"` + run + `"`
	}
	data := fmt.Sprintf(`"method":"%s","url":"%s"`, method, url)
	if template != "" {
		data += `,"endpoint":"` + template + `"`
	}
	data += fmt.Sprintf(`,"duration_ms":%.1f`, lasts)
	if refused == nil {
		data += `,"response":{"status":200,"headers":{"Content-Type":"application/json"},"body":` + t.body(at, a, which, id, r) + `}`
	} else {
		data += refused.json()
	}
	t.tell(at, refused != nil, "api_request", "", a, more, data)
	return at.Add(time.Duration(lasts * float64(time.Millisecond))), refused
}

// json is how an answer stands in an event's data.
func (a *answer) json() string {
	if a.kind != "" {
		return fmt.Sprintf(`,"error":{"kind":"%s","code":"%s","message":"%s"}`, a.kind, a.code, a.body)
	}
	return fmt.Sprintf(`,"response":{"status":%d,"headers":{"Content-Type":"application/json"},"body":%s}`, a.status, a.body)
}

func pick(p *provider, r *rand.Rand) int {
	sum := 0
	for i := range p.endpoints {
		sum += p.endpoints[i].weight
	}
	draw := r.IntN(sum)
	for i := range p.endpoints {
		if draw -= p.endpoints[i].weight; draw < 0 {
			return i
		}
	}
	return 0
}

// body is what a call that goes well is answered. The phone is there in half of all answers, the e-mail address always,
// but for a drift.
func (t *Town) body(at time.Time, a *App, endpoint, id int, r *rand.Rand) string {
	phone, mail := "", fmt.Sprintf(`,"email":"contact%d@example.com"`, id)
	if r.IntN(2) == 0 {
		phone = fmt.Sprintf(`,"phone":"+49 30 %d"`, id)
	}
	if f := t.fault(Drift, at, a); f != nil && Drift.touches(endpoint) {
		f.trace(at, a)
		mail = ""
	}
	record := fmt.Sprintf(`{"id":"%d","name":"Contact %d"%s%s,"updated":%d}`, id, id, mail, phone, at.Unix())
	if endpoint == toList {
		return `{"results":[` + record + `],"has_more":false}`
	}
	return record
}
