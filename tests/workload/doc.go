// Package workload is what benchmarks do to a service, and how they measure it: the requests that they send, the
// questions that they ask, how long those took, what processor time that cost, and tables of figures beside their limits.
package workload
