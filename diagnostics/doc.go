// Package diagnostics says what is wrong with a call, why, and what to do about it. What it knows is data: a catalogue of
// errors in YAML, a generic part and a file a provider, of which an entry has conditions and says what they mean. A call
// is an Observation; the entry with the highest rank is its Diagnosis, and says which parts of the call it rests on. See
// docs/diagnosis.md for how calls are matched, and Entry for what the files hold.
package diagnostics
