-- +goose Up

-- One execution of a flow. It may be heard of before its own event arrives, by a node run of it: until then flow_id
-- is NULL and nobody sees it. `at` is where it stands among the log entries: started_at, or where it was first heard of.
CREATE TABLE flow_run (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text CHECK (length(external_id) <= 200),
  at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  commit_no bigint NOT NULL,
  flow_id uuid,
  customer_id uuid,
  integration_id uuid,
  connected_app_id uuid,
  status text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED', 'SKIPPED')),
  trigger_kind text NOT NULL DEFAULT 'API' CHECK (trigger_kind IN ('EXTERNAL_EVENT', 'INTERNAL_EVENT', 'SCHEDULE', 'API', 'MANUAL')),
  trigger_event text,
  started_at timestamptz,
  finished_at timestamptz,
  error_code text,
  error_message text,
  trace_id text,
  identifiers jsonb NOT NULL DEFAULT '[]',
  payload bytea,
  tokens bytea,
  stamps jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, flow_id) REFERENCES flow ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer ON DELETE CASCADE
);
ALTER TABLE flow_run ALTER payload SET STORAGE EXTERNAL, ALTER tokens SET STORAGE EXTERNAL;
CREATE INDEX ON flow_run (tenant_id, at, id);
CREATE INDEX ON flow_run (tenant_id, customer_id, at);
CREATE INDEX ON flow_run (tenant_id, flow_id, at);
CREATE INDEX ON flow_run (tenant_id, trigger_event) WHERE trigger_event IS NOT NULL;
CREATE INDEX ON flow_run (tenant_id, at) WHERE status = 'FAILED';
CALL isolate('flow_run');
CALL limit_to_customer('flow_run', 'customer_id = current_customer()');

-- The business ids that a flow run is found by: a hash of the value, equality only.
CREATE TABLE flow_run_identifier (
  tenant_id uuid NOT NULL,
  hash bigint NOT NULL,
  flow_run_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, hash, flow_run_id),
  FOREIGN KEY (tenant_id, flow_run_id) REFERENCES flow_run ON DELETE CASCADE
);
CREATE INDEX ON flow_run_identifier (tenant_id, flow_run_id);
CALL isolate('flow_run_identifier');
CALL limit_to_customer('flow_run_identifier',
  'EXISTS (SELECT FROM flow_run r WHERE r.tenant_id = flow_run_identifier.tenant_id AND r.id = flow_run_identifier.flow_run_id)');

-- One execution of one node of a flow run. `payload` holds input, output and log lines, compressed.
CREATE TABLE node_run (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  flow_run_id uuid NOT NULL,
  external_id text CHECK (length(external_id) <= 200),
  node_key text NOT NULL CHECK (length(node_key) BETWEEN 1 AND 200),
  name text,
  type text,
  status text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED', 'SKIPPED')),
  attempt int NOT NULL DEFAULT 1,
  iteration int NOT NULL DEFAULT 0,
  parents text[] NOT NULL DEFAULT '{}',
  started_at timestamptz,
  finished_at timestamptz,
  first_at timestamptz NOT NULL,
  commit_no bigint NOT NULL,
  error_code text,
  error_message text,
  payload bytea,
  stamps jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, flow_run_id) REFERENCES flow_run ON DELETE CASCADE
);
ALTER TABLE node_run ALTER payload SET STORAGE EXTERNAL;
CREATE INDEX ON node_run (tenant_id, flow_run_id);
CALL isolate('node_run');
CALL limit_to_customer('node_run',
  'EXISTS (SELECT FROM flow_run r WHERE r.tenant_id = node_run.tenant_id AND r.id = node_run.flow_run_id)');

-- +goose Down
DROP TABLE node_run, flow_run_identifier, flow_run;
