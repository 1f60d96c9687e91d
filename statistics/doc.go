// Package statistics keeps figures about log entries: how many there were, how many failed and how long they took, by
// minute and by all that dashboards ask for. They are written in the commit of the entries that they count, so they are
// neither early nor late, and they outlive the entries.
//
// What a commit writes is cells: the entries of one minute that agree in kind, status, customer, integration, connected
// app, flow, endpoint, status code, error and, of transactions, in who sent what to whom. A cell has a count, and a
// sketch of the durations that are known. The cells of a commit are packed into one row a day, column by column, so that a
// row of the table is not paid for each.
//
// These rows wait until Compact rolls their day up: it puts the cells into fewer rows, and beside them what they add up to
// by integration, hours and day. A question is one statement over all three: cells that wait, roll-ups, and cells by minute
// where a range, or a part of a series, begins or ends within what was rolled up.
//
// Every figure is a sum of cells: figures of parts add up to those of the whole, and percentiles of any range are as good
// as those of a minute.
package statistics
