package ingest

import "time"

// The limits of a request. A sender that is over one is told which.
const (
	// MaxSentBytes is of a body as it is sent, compressed or not.
	MaxSentBytes = 8 << 20
	// MaxBodyBytes is of a body unpacked.
	MaxBodyBytes = 64 << 20
	// MaxEvents is how many events a request may have.
	MaxEvents = 5000
	// MaxBatchSentBytes, MaxBatchBytes and MaxTransactions are of a batch of Aino's transactions: as it is sent, unpacked,
	// and counted. An agent throws a batch away that is over a limit, and after an outage it sends all that waited at once:
	// so the only limit that it should ever meet is the first, which is Aino's own.
	MaxBatchSentBytes = 1 << 20
	MaxBatchBytes     = 32 << 20
	MaxTransactions   = 50_000
	// MaxEventBytes is of one event.
	MaxEventBytes = 1 << 20
	// MaxFuture is how far ahead of the server's clock an event may say that it happened.
	MaxFuture = 10 * time.Minute
)

// What of an event is kept, at most.
const (
	// maxText is where bodies, payloads and messages are cut, in bytes.
	maxText = 64 << 10
	// maxKey is of ids, keys and event types, in characters: what rows are found by.
	maxKey = 200
	// maxName is of what things are called, in characters.
	maxName = 500
	// maxCode is where error codes are cut, in characters.
	maxCode = 200
	// maxIdentifiers is how many business ids an event may have.
	maxIdentifiers = 100
	// maxHeaders is how many header fields a message may have.
	maxHeaders = 1000
)
