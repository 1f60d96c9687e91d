-- +goose Up

-- What ingestion found wrong with the entries of a commit, until a job has counted it.
CREATE TABLE finding (
  tenant_id uuid NOT NULL,
  commit_no bigint NOT NULL,
  sightings bytea NOT NULL, -- JSON
  PRIMARY KEY (tenant_id, commit_no)
);
CALL isolate('finding');
CALL limit_to_customer('finding', 'false');

-- A problem: one row for each key, of which the id is derived. Most are only watched: what always happens a little.
CREATE TABLE issue (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  category text NOT NULL,
  integration_id uuid,
  cause text NOT NULL,
  scope text NOT NULL,
  status text NOT NULL CHECK (status IN ('WATCHED', 'OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED', 'IGNORED')),
  severity text NOT NULL CHECK (severity IN ('INFO', 'WARNING', 'ERROR', 'CRITICAL')),
  -- how bad it is by itself; severity is that, raised by reach and duration
  base_severity text NOT NULL CHECK (base_severity IN ('INFO', 'WARNING', 'ERROR', 'CRITICAL')),
  -- the provider's incident that it is folded into
  parent_id uuid,
  -- a detector sees it as a condition; else it is born of sightings
  by_condition boolean NOT NULL DEFAULT false,
  diagnosis jsonb,
  confidence real NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  -- when it was opened or reopened last, and when the first was seen of what opened it
  opened_at timestamptz,
  began_at timestamptz,
  resolved_at timestamptz,
  resolved_by_person boolean NOT NULL DEFAULT false,
  snoozed_until timestamptz,
  assignee_id uuid,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX ON issue (tenant_id, last_seen_at, id) WHERE status <> 'WATCHED';
CREATE INDEX ON issue (tenant_id, integration_id);
CREATE INDEX ON issue (tenant_id, status, category) WHERE status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED');
CREATE INDEX ON issue (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
CALL isolate('issue');

-- Whom a problem hits, or hit in an earlier episode: then last_seen_at is before began_at. cleared_at is set when it hits
-- this one no more. occurrences are of the episode; succeeded_at is when the same calls succeeded last, where it was looked
-- for. Zero ids are of what is of no customer or app.
CREATE TABLE issue_affected (
  tenant_id uuid NOT NULL,
  issue_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  connected_app_id uuid NOT NULL,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  cleared_at timestamptz,
  succeeded_at timestamptz,
  occurrences bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, issue_id, customer_id, connected_app_id),
  FOREIGN KEY (tenant_id, issue_id) REFERENCES issue ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX ON issue_affected (tenant_id, customer_id);
CREATE INDEX ON issue_affected (tenant_id, connected_app_id);
CALL isolate('issue_affected');
CALL limit_to_customer('issue_affected', 'customer_id = current_customer()');
CALL limit_to_customer('issue', 'EXISTS (SELECT FROM issue_affected a WHERE a.tenant_id = issue.tenant_id AND a.issue_id = issue.id)');

-- How often a problem was seen, by minute and whom it hit, and when exactly for the last time in the minute.
CREATE TABLE issue_minute (
  tenant_id uuid NOT NULL,
  issue_id uuid NOT NULL,
  at timestamptz NOT NULL,
  customer_id uuid NOT NULL,
  connected_app_id uuid NOT NULL,
  occurrences int NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, issue_id, at, customer_id, connected_app_id),
  FOREIGN KEY (tenant_id, issue_id) REFERENCES issue ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX ON issue_minute (tenant_id, at);
CALL isolate('issue_minute');
CALL limit_to_customer('issue_minute', 'customer_id = current_customer()');

-- The same by hour, whomever it hit: what a problem's past is measured by.
CREATE TABLE issue_hour (
  tenant_id uuid NOT NULL,
  issue_id uuid NOT NULL,
  at timestamptz NOT NULL,
  occurrences bigint NOT NULL,
  PRIMARY KEY (tenant_id, issue_id, at),
  FOREIGN KEY (tenant_id, issue_id) REFERENCES issue ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX ON issue_hour (tenant_id, at);
CALL isolate('issue_hour');
CALL limit_to_customer('issue_hour', 'false');

-- Log entries that show a problem: the first, the latest, and some between.
CREATE TABLE issue_evidence (
  tenant_id uuid NOT NULL,
  issue_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  kind smallint NOT NULL,
  customer_id uuid NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, issue_id, entry_id),
  FOREIGN KEY (tenant_id, issue_id) REFERENCES issue ON DELETE CASCADE
);
CREATE INDEX ON issue_evidence (tenant_id, at);
CREATE INDEX ON issue_evidence (tenant_id, customer_id);
CALL isolate('issue_evidence');
CALL limit_to_customer('issue_evidence', 'customer_id = current_customer()');

CREATE TABLE issue_activity (
  tenant_id uuid NOT NULL,
  issue_id uuid NOT NULL,
  id uuid NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  note text CHECK (length(note) <= 2000),
  PRIMARY KEY (tenant_id, issue_id, id),
  FOREIGN KEY (tenant_id, issue_id) REFERENCES issue ON DELETE CASCADE
);
CALL isolate('issue_activity');
CALL limit_to_customer('issue_activity', 'false');

-- +goose Down
DROP TABLE issue_activity, issue_evidence, issue_hour, issue_minute, issue_affected, issue, finding;
