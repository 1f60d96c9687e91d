// Package follow is a client of the API's subscription logAdded: it follows log entries over a WebSocket, and goes on where
// it was when the connection breaks. `weir tail` is made of it.
package follow
