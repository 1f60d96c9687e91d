// Package app puts the service together: the database (embedded or not), the stores over the one door, the HTTP
// handlers, the background jobs; and it starts and stops them in order. The commands in cmd/weir and the black-box
// tests both start here.
package app
