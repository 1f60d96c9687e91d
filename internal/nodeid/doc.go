// Package nodeid makes and reads the ids that clients see: a type's prefix, an underscore, and a UUIDv7 in 26
// characters of Crockford's base32 (the TypeID specification, 0.3), such as cus_01jd3y4m8re1qbyj3cpz0ncx6t.
//
// It also makes the UUIDv7s themselves, in Go, because PostgreSQL 15 to 17 cannot. A UUIDv7 of Weir holds its time to
// the microsecond: the 12 bits after the millisecond are the fraction of it (RFC 9562, section 6.2, method 3), so ids
// sort by time, and the time can be read back from the id.
package nodeid
