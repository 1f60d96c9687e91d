// Package detection proves that Weir finds what goes wrong, and nothing else: a whole service with a clock of its own, the
// traffic of a town (package town), and what people see of it over GraphQL.
//
// A scenario is days of ordinary traffic, a fault, and its end: the right issue must open, with the right customers, steps
// and evidence, in time, and resolve by itself; its quiet twin, the same days without the fault, must raise nothing. The
// month (month.go) is 40 customers and 25 faults of all kinds; its command is in bench.
//
// The clock stands still while work is done, and does nothing by itself: World.Play moves it, sends what happened
// meanwhile, and does what the jobs of a service do, as often as they do it, or less often where nothing is looked at.
package detection
