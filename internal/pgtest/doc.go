// Package pgtest gives each test a PostgreSQL database of its own, migrated
// and empty, as a copy of a template.
//
// A test calls [New] and connects as the service's role, which is subject to
// row-level security; only set-up that no service could do takes the owner's
// or the superuser's address. A package that uses New has
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// so that the server goes away with the tests. The server is started by the
// first New of the test process, and comes from
//
//   - WEIR_TEST_DATABASE_ADMIN_URL, a superuser's address of a running server
//     that tests may make databases and Weir's roles on;
//   - WEIR_TEST_CONTAINERS=1, a container of WEIR_TEST_POSTGRES_IMAGE
//     (postgres:17-alpine when not set), run by testcontainers;
//   - else an embedded server (package localpg).
//
// No server is a failure. WEIR_TEST_SKIP_DB=1 makes it a skip, but never where
// CI is set.
package pgtest
