// Package localpg runs a PostgreSQL server of its own for the demo, for a
// service that was given no database, and for tests.
//
// A start goes like this: take the lock of the data directory, find a
// PostgreSQL (see finder), make the cluster with initdb when there is none,
// run postgres on 127.0.0.1 and a free port, wait until it answers, and make
// the three roles and the database. A later start finds all of that and needs
// a fraction of a second.
//
// # Layout of a data directory
//
//	<DataDir>/pg.lock     held by whoever runs the server, and by the server
//	<DataDir>/pg.json     port and passwords, mode 0600
//	<DataDir>/pg/data     the cluster
//
// # Life cycle
//
// The server never outlives its parent. On Linux the kernel tells it when the
// parent dies, however it dies; elsewhere it stops when the parent calls
// [Server.Stop]. The server inherits the file description that carries the
// lock, so the lock is free only when the last of its processes has gone.
// That is what makes a left-over postmaster.pid recognisable: whoever holds
// the lock and has started nothing yet may delete it.
//
// # As root
//
// PostgreSQL refuses to run as root, so a root process starts it as the
// cluster's owner, as user postgres, or as nobody. On Linux that user reaches
// the cluster through an inherited directory descriptor, never by path, so a
// data directory below /root works as well as any other.
package localpg
