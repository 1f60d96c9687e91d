package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/tests/workload"
)

// asker asks the questions of the benchmark, about entries that do not change.
type asker struct {
	site      *site
	questions []workload.Question
	draws     []*workload.Drawing
	next      int
}

func (s *site) asker(t *traffic, days int, end time.Time) *asker {
	held := &workload.Held{Corpus: t.corpus, Days: days, End: end, Words: workload.CountWords(t.corpus, len(s.tenants))}
	held.Tenants = make([]uuid.UUID, len(s.tenants))
	for i, c := range s.tenants {
		held.Tenants[i] = c.id
	}
	a := &asker{site: s, questions: workload.Questions()}
	for i := range a.questions {
		a.draws = append(a.draws, held.Draw(s.options.seed, uint64(i))) //nolint:gosec // an index
	}
	return a
}

// ask asks the next question.
func (a *asker) ask(ctx context.Context) (question int, took time.Duration, err error) {
	question = a.next % len(a.questions)
	a.next++
	p := a.draws[question].Next(a.questions[question])
	began := time.Now()
	found, err := p.Ask(ctx, a.site.client(p.Tenant))
	took = time.Since(began)
	if err == nil && found == 0 {
		err = fmt.Errorf("nothing was found of %v", p.GraphQL)
	}
	if err != nil {
		return question, took, fmt.Errorf("%s: %w", a.questions[question].Name, err)
	}
	return question, took, nil
}

// warmUp is how many answers to each question are not counted.
const warmUp = 10

func (a *asker) warmUp(ctx context.Context) error {
	for range warmUp * len(a.questions) {
		if _, _, err := a.ask(ctx); err != nil {
			return err
		}
	}
	return nil
}

// keepAsking asks at a rate until the context ends.
func (a *asker) keepAsking(ctx context.Context, perSecond float64, m *meter) error {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / perSecond))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return unlessOver(ctx, ctx.Err())
		case <-ticker.C:
		}
		question, took, err := a.ask(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		m.note(func(r *record) { r.queries[question].Add(took) })
	}
}
