// Package segment packs log entries of one tenant and one UTC day into segments, and reads them back. It is a pure
// codec: it knows no database, and no tenant.
//
// A segment is four columns of bytes, by what it costs to read them. The head is the filterable columns, column by
// column, dictionary-coded and bit-packed: a Matcher looks its values up in the dictionaries first, and most segments
// are done with then. The list is what lists show besides, and the body what only a single entry's page shows: both
// are compressed, the body in frames of up to 384 entries, of which a reader unpacks only those that it needs. The
// tokens are a Bloom filter of all searchable words.
//
// A frame of the body is compressed as a whole, or taken apart into words, numbers and a text of codes for them, which are
// compressed each by themselves: see wordCoder. That suits bodies that say other things in the same words, as notes and
// orders do, while bodies that repeat whole stretches are smaller as a whole. Now and then both are tried.
//
// # What a search finds
//
// A search looks in the URL, the error's code, the message, the names and values of headers, bodies, metadata, the
// values of identifiers, the ids that the sender gave to the event and to its record, the event's type, the code and
// message of a skip, a webhook's rejection, and a transaction's parties, payload type and business flow. It does not look
// in bodies that were kept as base64.
//
// The query is terms, separated by white space, all of which must occur, each in any of these texts. A term in "double
// quotes" may hold white space, which must then stand in the text as it stands in the query. Upper and lower case are
// the same. A term occurs in a text where its characters do, in the same order and with the same punctuation, as whole
// words: session finds "Session expired" and "session_id", but not "sessions"; A-1001, foo@bar.com and /v3/contacts are
// found as they stand, and by their parts; "session expired" does not find "session has expired".
//
// A word is a run of letters and digits; in scripts that are written without spaces each character is a word. In JSON,
// escapes such as \n and \u00fc stand for the characters that they mean.
//
// The Bloom filter has the words of 3 to 64 bytes. Terms that hold none are searched for in all entries that the rest
// of the filter leaves: they are found, but slowly.
//
// # The format
//
// Every column begins with the version of the format and ends with a CRC-32C; Encoded.Checksum ties the four together.
// What cannot be read is ErrDamaged, never a panic, and makes no reader allocate out of proportion. testdata holds a
// segment of each version that was ever released: all of them stay readable.
package segment
