#!/bin/sh
# Makes a PostgreSQL image without pulling one: Debian's own PostgreSQL in a
# debootstrap tree, behind an entry point that honours the variables of the
# official image. For machines that reach a Debian mirror but no registry.
#
#   make-image.sh [image] [Debian suite]
#   WEIR_TEST_CONTAINERS=1 WEIR_TEST_POSTGRES_IMAGE=weir-postgres:local \
#     TESTCONTAINERS_RYUK_DISABLED=true go test ./internal/pgtest
#
# Needs root, debootstrap and a running Docker engine. ROOTFS names a tree that
# is there already, or where to keep the new one.
set -eu

image=${1:-weir-postgres:local}
suite=${2:-bookworm}
rootfs=${ROOTFS:-}
if [ -z "$rootfs" ]; then
	rootfs=$(mktemp -d)
	trap 'rm -rf "$rootfs"' EXIT
fi
[ -e "$rootfs/usr/lib/postgresql" ] ||
	debootstrap --variant=minbase --include=postgresql "$suite" "$rootfs"

cat >"$rootfs/docker-entrypoint.sh" <<'ENTRYPOINT'
#!/bin/sh
# The part of the official image's entry point that Weir relies on: the first
# start runs a private server to make user and database, so that the line
# "ready to accept connections" appears twice.
set -eu
: "${PGDATA:=/var/lib/postgresql/data}"
: "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PGDATA PATH

if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA"
	chown -R postgres:postgres "$PGDATA"
	chmod 700 "$PGDATA"
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	: "${POSTGRES_PASSWORD:?POSTGRES_PASSWORD must be set}"
	umask 077
	printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
	# shellcheck disable=SC2086 # the arguments are words by contract
	initdb --username="$POSTGRES_USER" --pwfile=/tmp/password \
		--auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
	rm /tmp/password
	echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	pg_ctl --wait -o "-c listen_addresses='' -c unix_socket_directories=/tmp" start
	if [ "$POSTGRES_DB" != postgres ]; then
		createdb --host=/tmp --username="$POSTGRES_USER" "$POSTGRES_DB"
	fi
	pg_ctl --wait --mode=fast stop
fi
exec "$@" -c unix_socket_directories=/tmp
ENTRYPOINT
chmod 755 "$rootfs/docker-entrypoint.sh"

tar -C "$rootfs" --exclude=./proc --exclude=./sys --exclude=./var/cache/apt -c . |
	docker import \
		--change 'ENTRYPOINT ["/docker-entrypoint.sh"]' \
		--change 'CMD ["postgres"]' \
		--change 'EXPOSE 5432' \
		- "$image"
