// Package alarm watches the statistics: a rule fires when a metric is beyond a threshold for some time, and resolves when
// it is well within it again for some time.
//
// Time goes by minutes, as statistics do. At each full minute a rule looks at the window before it, and a machine
// (machine.go) goes from what it was to what it is. Evaluate does that for the minutes that have passed since it last did,
// and tells; Backtest does the same with any minutes of the past, and tells nobody. So they agree, unless entries arrived
// after their minute had been looked at.
package alarm
