// Package town makes the traffic of a company with customers, for tests of what Weir finds in it: ordinary days with
// their nights, weekends and small failures, and faults that are planted. Everything is decided by a seed and by points in
// time, never by how often it is asked: the same events come out in one step of a day or in a thousand of a minute.
//
// Each fault notes what it did: when its first trace was, and which customers it hit. That is what a finding is
// compared with, not what was planned: a fault in an hour in which nothing happens leaves no trace.
package town
