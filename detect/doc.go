// Package detect finds what no single log entry shows: what happened over time, or did not. Detect looks at everything of a
// tenant once, each minute, and tells package issues all that holds: what is not told any more is over.
//
// A detector never looks at entries. It sees a picture, which is the same for all: rows of state (flows, connected apps, data
// sources, runs that are not over, failed runs), the cells of statistics of the last one to two hours, and a history of 28
// days that is kept in memory. Each is a file with a function from the picture to findings.
//
// The history is made of the same cells: a statement a day when it is made, and one an hour from then on. It keeps numbers
// only (how many by hour, when last, how fast), and never more than a fixed number of series. It is lost on a restart, and
// made anew from what is kept. Which test decides at which level, and what it costs, is in docs/detection.md.
package detect
