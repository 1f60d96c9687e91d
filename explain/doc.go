// Package explain answers why a flow ran, failed or did not run for one customer in one span of time.
//
// The journey of a question: Explainer.Explain gathers Facts, by a fixed number of reads that docs/explain.md counts; the
// checks, which are pure, each look at the facts and say PASS, FAIL or NOT_APPLICABLE, a sentence, and the entries that
// prove it; the first that fails gives the verdict and the next steps. What is not kept any more is said to be missing:
// its absence never makes a check fail.
//
// All reads go through the stores, so the context's principal decides what there is to see.
package explain
