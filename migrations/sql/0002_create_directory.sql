-- +goose Up

-- What a tenant's events name: customers, integrations, connected apps, flows, data sources. `stamps` says of each
-- column that a state event set when that state held (microseconds since 1970), so that an older event never
-- overwrites a newer one, in whatever order they arrive.

CREATE TABLE customer (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 500),
  attributes jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  last_activity_at timestamptz,
  stamps jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id)
) WITH (fillfactor = 70);
CREATE INDEX ON customer (tenant_id, name, id);
CALL isolate('customer');
CALL limit_to_customer('customer', 'id = current_customer()');

CREATE TABLE integration (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 500),
  provider text CHECK (length(provider) <= 200),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, key)
);
CREATE INDEX ON integration (tenant_id, name, id);
CALL isolate('integration');

-- `implicit` marks the one that was made because an event named a customer and an integration and no connected app:
-- the first connected app that names itself takes its place.
CREATE TABLE connected_app (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 500),
  implicit boolean NOT NULL DEFAULT false,
  customer_id uuid NOT NULL,
  integration_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'CONNECTED' CHECK (status IN ('CONNECTED', 'NEEDS_REAUTH', 'DISCONNECTED')),
  status_changed_at timestamptz,
  reason text,
  account text,
  scopes text[] NOT NULL DEFAULT '{}',
  credentials_expire_at timestamptz,
  created_at timestamptz NOT NULL,
  last_activity_at timestamptz,
  stamps jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration ON DELETE CASCADE
) WITH (fillfactor = 70); -- its activity is updated all the time: room for it within the page spares all indexes
CREATE INDEX ON connected_app (tenant_id, customer_id, integration_id);
CREATE INDEX ON connected_app (tenant_id, integration_id);
CREATE INDEX ON connected_app (tenant_id, created_at, id);
CALL isolate('connected_app');
CALL limit_to_customer('connected_app', 'customer_id = current_customer()');

CREATE TABLE data_source (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  connected_app_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  mode text NOT NULL CHECK (mode IN ('WEBHOOK', 'PULL')),
  event_types text[] NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'PAUSED', 'EXPIRED', 'FAILED')),
  reason text,
  expires_at timestamptz,
  pull_interval_s int CHECK (pull_interval_s > 0),
  last_pull_at timestamptz,
  last_event_at timestamptz,
  created_at timestamptz NOT NULL,
  stamps jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, connected_app_id, key),
  FOREIGN KEY (tenant_id, connected_app_id) REFERENCES connected_app ON DELETE CASCADE
);
CALL isolate('data_source');
CALL limit_to_customer('data_source', 'customer_id = current_customer()');

CREATE TABLE flow (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 500),
  integration_id uuid,
  enabled boolean NOT NULL DEFAULT true,
  trigger_kind text CHECK (trigger_kind IN ('EXTERNAL_EVENT', 'INTERNAL_EVENT', 'SCHEDULE', 'API', 'MANUAL')),
  event_types text[] NOT NULL DEFAULT '{}',
  schedule text,
  filter text,
  created_at timestamptz NOT NULL,
  stamps jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, key),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration ON DELETE CASCADE
);
CREATE INDEX ON flow (tenant_id, integration_id);
CREATE INDEX ON flow (tenant_id, name, id);
CALL isolate('flow');

-- +goose Down
DROP TABLE flow, data_source, connected_app, integration, customer;
