-- +goose Up

-- One row a tenant: the lock under which its commits follow one another, and their number. What a commit wrote
-- carries its number, so a reader that has seen number n has seen all up to n.
CREATE TABLE journal_cursor (
  tenant_id uuid PRIMARY KEY,
  commit_no bigint NOT NULL
) WITH (fillfactor = 50);
CALL isolate('journal_cursor');

-- Log entries, some tens to thousands a row, of one tenant and one day. The masks say what may be inside: one bit a
-- kind, a status, a hash of a customer and of an integration. The four byte columns are compressed already.
CREATE TABLE journal_segment (
  tenant_id uuid NOT NULL,
  last_at timestamptz NOT NULL,
  id uuid NOT NULL,
  first_at timestamptz NOT NULL,
  commit_no bigint NOT NULL,
  entries int NOT NULL CHECK (entries > 0),
  kinds int NOT NULL,
  statuses int NOT NULL,
  customers bigint NOT NULL,
  integrations bigint NOT NULL,
  compacted boolean NOT NULL DEFAULT false,
  damaged boolean NOT NULL DEFAULT false,
  format smallint NOT NULL,
  checksum bigint NOT NULL,
  head bytea NOT NULL,
  list bytea NOT NULL,
  tokens bytea NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (tenant_id, last_at, id),
  CHECK (first_at <= last_at)
) PARTITION BY RANGE (last_at);
ALTER TABLE journal_segment
  ALTER head SET STORAGE EXTERNAL, ALTER list SET STORAGE EXTERNAL,
  ALTER tokens SET STORAGE EXTERNAL, ALTER body SET STORAGE EXTERNAL;
-- What compaction looks for each hour.
CREATE INDEX ON journal_segment (tenant_id, last_at) WHERE NOT compacted;
CALL isolate('journal_segment');

-- A small row for each failed entry, so that lists of failures are fast over any time.
CREATE TABLE journal_failure (
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL,
  entry_id uuid NOT NULL,
  kind smallint NOT NULL,
  customer_id uuid,
  integration_id uuid,
  connected_app_id uuid,
  status_code int,
  error_code text,
  PRIMARY KEY (tenant_id, at, entry_id)
) PARTITION BY RANGE (at);
CREATE INDEX ON journal_failure (tenant_id, customer_id, at);
CALL isolate('journal_failure');
CALL limit_to_customer('journal_failure', 'customer_id = current_customer()');

-- Where to look for what is searched by equality: identifiers, flow runs, traces, the sender's ids of events. A row holds
-- packed terms of a commit, or of several: those of one day whose hashes begin with the bits of the bucket. It is not
-- partitioned: a lookup of all days reads few rows, and would spend most of its time on planning for the partitions.
CREATE TABLE journal_term (
  tenant_id uuid NOT NULL,
  bucket smallint NOT NULL,
  day timestamptz NOT NULL,
  commit_no bigint NOT NULL,
  terms bytea NOT NULL,
  PRIMARY KEY (tenant_id, bucket, day, commit_no)
);
ALTER TABLE journal_term ALTER terms SET STORAGE EXTERNAL;
CALL isolate('journal_term');

-- The ids that senders gave to their events, as hashes of 8 bytes packed by commit and day: what is sent again is
-- found here. Read into memory by day, and checked under the lock of journal_cursor.
CREATE TABLE journal_key (
  tenant_id uuid NOT NULL,
  day timestamptz NOT NULL,
  commit_no bigint NOT NULL,
  hashes bytea NOT NULL,
  PRIMARY KEY (tenant_id, day, commit_no)
);
ALTER TABLE journal_key ALTER hashes SET STORAGE EXTERNAL;
CALL isolate('journal_key');

-- +goose Down
DROP TABLE journal_key, journal_term, journal_failure, journal_segment, journal_cursor;
