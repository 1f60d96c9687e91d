package main

import (
	"context"

	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/tests/workload"
)

// A crowd is many senders of few entries each, as services are that send what just happened.
const (
	crowdSenders = 64
	crowdBatch   = 20
	// crowdRounds is how often the crowd and the few take turns, after a turn that is not counted; crowdPart is which part
	// of all entries each sends in these rounds.
	crowdRounds = 2
	crowdPart   = 10
)

// measureCrowd sends entries of today by a crowd and, as many, by the few senders of large requests, by turns. It comes
// last, so that what was measured on disk and asked before is of the load alone.
func (b *bench) measureCrowd(ctx context.Context) error {
	post := b.post()
	var few, crowd workload.Latencies
	for i := range 2 * (1 + crowdRounds) {
		corpus := simulate.NewCorpus(simulate.CorpusOptions{
			Seed: b.options.seed + uint64(i) + 1, Entries: b.options.entries / crowdPart / crowdRounds, //nolint:gosec // a few
			Tenants: b.options.tenants, Days: 1, End: b.end,
		})
		size, senders, to, took := b.options.batch, b.options.senders, &b.report.Few, &few
		if i%2 == 1 {
			size, senders, to, took = crowdBatch, crowdSenders, &b.report.Crowd, &crowd
		}
		if i < 2 {
			to, took = &loading{}, &workload.Latencies{}
		}
		if err := b.phase(ctx, senders, to, took, b.prepare(corpus, b.spans(corpus, size)), post); err != nil {
			return err
		}
	}
	b.report.Few.Requests, b.report.Crowd.Requests = few.Summary(), crowd.Summary()
	return nil
}
