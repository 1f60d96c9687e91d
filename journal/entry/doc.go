// Package entry says what a log entry is: one recorded fact of a tenant, of one of several kinds, and the filter that
// asks for some of them. It knows neither how entries are stored nor who asks.
package entry
