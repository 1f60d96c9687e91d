package issues

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/tenant"
)

// judgement is that the traffic of a window was looked at, and with how many sightings.
type judgement struct {
	n  int64
	at int64 // in microseconds
}

const (
	// growth is by how much the sightings of a window must grow before its traffic is read again, within afresh of its length,
	// at most an hour. Till then what was no large share is none.
	growth     = 1.25
	afresh     = 0.25
	mostAfresh = time.Hour
)

// judge opens those of the issues, and of the problems that are only watched, that qualify. w is what was read of the
// latter: by now it may be held no more.
func (s *Store) judge(ctx context.Context, w *watch, known, watched []uuid.UUID, now time.Time) error {
	list, err := s.candidates(ctx, w, known, watched, now)
	if err != nil || len(list) == 0 {
		return err
	}
	var certain, steady, crowd, joining []*candidate
	for _, c := range list {
		p := policyOf(c.category)
		switch {
		case p.opening == lasting:
			steady = append(steady, c)
		case !c.opensNow():
			joining = append(joining, c)
		case c.status == Resolved && c.resolvedByPerson:
			c.opens, c.start, c.why = true, c.since.Truncate(time.Minute), "It was seen again after it was resolved."
			certain = append(certain, c)
		case p.opening == sure:
			if c.sure(p) {
				certain = append(certain, c)
			}
		default:
			crowd = append(crowd, c)
		}
	}
	if err := s.spread(ctx, certain); err != nil {
		return err
	}
	if err := s.judgeByTraffic(ctx, steady, crowd, joining, now); err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(c *candidate) bool { return !c.opens })
	return s.open(ctx, list, now)
}

// judgeByTraffic judges those that are a question of what else was called, unless there was enough of that: then they are
// judged again within a minute.
func (s *Store) judgeByTraffic(ctx context.Context, steady, crowd, joining []*candidate, now time.Time) error {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	if len(steady)+len(crowd)+len(joining) == 0 || !s.reading.allows(p.TenantID, now) {
		return nil
	}
	began := time.Now() // What it costs is of this world, whatever time it is about.
	defer func() { s.reading.spend(time.Since(began)) }()
	if err := s.judgeLasting(ctx, steady); err != nil {
		return err
	}
	if err := s.judgeFrequent(ctx, crowd, now); err != nil {
		return err
	}
	return s.judgeJoining(ctx, joining)
}

// sure decides what a few sightings prove.
func (c *candidate) sure(p policy) bool {
	needs := int64(p.needs)
	switch {
	case c.confidence < confident:
		needs = unsure
	case p.told && c.confidence >= certain:
		needs = 1
	}
	n := c.counts[inDay]
	c.opens, c.start, c.why = n >= needs, c.windowStart(windows[inDay]), fmt.Sprintf("Seen %s within 24 hours.", times(n))
	return c.opens
}

// judgeLasting decides what apps see again and again, and no success.
func (s *Store) judgeLasting(ctx context.Context, list []*candidate) error {
	if len(list) == 0 {
		return nil
	}
	found, err := s.lastingOf(ctx, list)
	if err != nil {
		return err
	}
	var questions []question
	for _, c := range list {
		apps := found[c.id]
		if len(apps) == 0 {
			continue
		}
		q := question{integration: c.integration, from: c.end(), to: c.end(), calls: callsOf(&Key{}, nil)}
		for w, since := range apps {
			q.from, q.whoms = earlier(q.from, since), append(q.whoms, w)
		}
		q.each = func(w whom, minute time.Time, _, succeeded int64) {
			if since, ok := apps[w]; ok && succeeded > 0 && !minute.Before(since) {
				delete(apps, w)
			}
		}
		questions = append(questions, q)
	}
	if err := s.ask(ctx, questions); err != nil {
		return err
	}
	for _, c := range list {
		apps := found[c.id]
		if c.opens = len(apps) > 0; !c.opens {
			continue
		}
		c.began = c.last
		for w, since := range apps {
			c.affected = append(c.affected, w)
			c.began = earlier(c.began, since)
		}
		c.why = fmt.Sprintf("%s saw it at least %d times and nothing else succeeded since.", many(len(apps), "connected app"), often)
		if c.status == Resolved && c.resolvedByPerson {
			c.why = "It was seen again after it was resolved."
		}
	}
	return nil
}

// rejecting tells whether the key is of rejected webhooks, whose share is that of their own app.
func (c *candidate) rejecting() bool { return c.category == diagnostics.WebhookRejecting }

// judgeFrequent decides what is more than always, from the shortest window to the longest.
func (s *Store) judgeFrequent(ctx context.Context, list []*candidate, now time.Time) error {
	for at, w := range windows {
		var asked []*candidate
		for _, c := range list {
			if !c.opens && c.stands(at) && c.worth(at, now) {
				c.start = c.windowStart(w)
				asked = append(asked, c)
			}
		}
		if err := s.spread(ctx, asked); err != nil {
			return err
		}
		sums := make([]share, len(asked))
		questions := make([]question, len(asked))
		for i, c := range asked {
			sums[i].own = map[whom]int64{}
			questions[i] = question{
				integration: c.integration, from: c.start, to: c.end(), calls: callsOf(c.key(), c.kinds),
				total: sums[i].add, whoms: c.affected, each: sums[i].addOf,
			}
		}
		if err := s.ask(ctx, questions); err != nil {
			return err
		}
		for i, c := range asked {
			if len(c.affected) >= w.apps {
				c.decide(at, &sums[i])
			}
		}
	}
	return nil
}

// least is how many sightings a window takes.
func (c *candidate) least(at int) int64 {
	if c.rejecting() {
		return fewWebhooks
	}
	return windows[at].least
}

// rate is how many sightings a window would have had by the past.
func (c *candidate) rate(at int) float64 {
	return float64(c.before[at]) * float64(windows[at].length) / float64(past)
}

// stands tells whether there are enough in a window, and more than the past explains: the traffic is not read for less.
func (c *candidate) stands(at int) bool {
	return c.counts[at] >= c.least(at) && tail(c.counts[at], c.rate(at)) < chance
}

// worth tells whether the traffic of a window is to be read for a problem: not again before it grew, or some time went by.
func (c *candidate) worth(window int, now time.Time) bool {
	if c.watch == nil {
		return true
	}
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	p := c.watch.sheet.problems[c.id]
	if p == nil {
		return false
	}
	n, had := c.counts[window], p.judged[window]
	rest := min(time.Duration(afresh*float64(windows[window].length)), mostAfresh)
	if had.n > 0 && float64(n) < growth*float64(had.n) && now.UnixMicro() < had.at+rest.Microseconds() {
		return false
	}
	p.judged[window] = judgement{n, now.UnixMicro()}
	return true
}

// share adds up the calls that a problem's sightings are a share of.
type share struct {
	own      map[whom]int64 // of each whom the problem was seen at
	all      int64
	affected int64
}

func (s *share) add(n int64) { s.all += n }

func (s *share) addOf(w whom, _ time.Time, n, _ int64) {
	s.own[w] += n
	s.affected += n
}

// decide opens what takes a large share of the calls, and not by chance.
func (c *candidate) decide(at int, sum *share) {
	n, w := c.counts[at], windows[at]
	all, affected := max(sum.all, n), max(sum.affected, n)
	large := float64(n) >= ofCalls*float64(all) || float64(n) >= ofApps*float64(affected)
	if c.rejecting() {
		// One of each app's webhooks is what always happens: those apps count of which most are turned away, again and again.
		c.affected = slices.DeleteFunc(c.affected, func(w whom) bool { return c.seen[w] < 2 || float64(c.seen[w]) < ofApps*float64(sum.own[w]) })
		n, affected = 0, 0
		for _, w := range c.affected {
			n, affected = n+c.seen[w], affected+max(sum.own[w], c.seen[w])
		}
		all, large = affected, n >= fewWebhooks
	}
	c.opens = large && tail(n, max(c.rate(at), always*float64(all))) < chance
	if c.opens {
		// Of those whom it hits too little to say so of one, none is told apart.
		if some := slices.DeleteFunc(slices.Clone(c.affected), func(w whom) bool { return !strikes(c.seen[w], sum.own[w]) }); len(some) > 0 {
			c.affected = some
		}
		c.why = fmt.Sprintf("%d of %d calls in %s, of %d by those whom it hits; by the past it would be %.1f.", n, all, span(w.length), affected, c.rate(at))
	}
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// span is a length of time in words: "12 minutes", "6 hours", "14 days".
func span(d time.Duration) string {
	switch {
	case d >= 2*day:
		return many(int(d/day), "day")
	case d >= 2*time.Hour:
		return many(int(d/time.Hour), "hour")
	default:
		return many(max(int(d/time.Minute), 1), "minute")
	}
}
