// Package statistics keeps figures about log entries: how many there were, how many failed and how long they took, by
// minute and by all that dashboards ask for. They are written in the commit of the entries that they count, so they are
// neither early nor late, and they outlive the entries.
//
// What a commit writes is cells: the entries of one minute that agree in kind, status, customer, integration, connected
// app, flow, endpoint, status code, error and, of transactions, in who sent what to whom. A cell has a count, and a
// sketch of the durations that are known. The cells of a commit are packed into one row a day, column by column, so that a
// row of the table is not paid for each; rows of hours that are over are merged.
//
// Every figure is a sum of cells: figures of parts add up to those of the whole, and percentiles of any range are as good
// as those of a minute.
package statistics
