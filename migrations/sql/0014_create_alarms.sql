-- +goose Up

-- What to watch in the statistics. state is that of the last evaluation, which was of the time evaluated_at.
CREATE TABLE alarm_rule (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  metric text NOT NULL CHECK (metric IN ('ERROR_RATE', 'FAILURES', 'VOLUME', 'P95_MS', 'SILENCE_SECONDS')),
  comparison text NOT NULL CHECK (comparison IN ('ABOVE', 'BELOW')),
  threshold double precision NOT NULL CHECK (threshold >= 0),
  window_seconds int NOT NULL CHECK (window_seconds > 0),
  for_seconds int NOT NULL CHECK (for_seconds >= 0),
  integration_id uuid,
  customer_id uuid,
  flow_id uuid,
  kinds smallint[] NOT NULL,
  endpoint_ids uuid[] NOT NULL,
  enabled boolean NOT NULL,
  state jsonb NOT NULL,
  evaluated_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, flow_id) REFERENCES flow ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX ON alarm_rule (tenant_id, integration_id);
CREATE INDEX ON alarm_rule (tenant_id, customer_id);
CREATE INDEX ON alarm_rule (tenant_id, flow_id);
CALL isolate('alarm_rule');
CALL limit_to_customer('alarm_rule', 'false');

-- A time in which a rule fired: value is the metric when it did, peak the worst since.
CREATE TABLE alarm (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  rule_id uuid NOT NULL,
  value double precision NOT NULL,
  peak double precision NOT NULL,
  fired_at timestamptz NOT NULL,
  resolved_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, rule_id) REFERENCES alarm_rule ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX ON alarm (tenant_id, rule_id) WHERE resolved_at IS NULL;
CREATE INDEX ON alarm (tenant_id, rule_id, fired_at);
CREATE INDEX ON alarm (tenant_id, fired_at, id);
CALL isolate('alarm');
CALL limit_to_customer('alarm', 'false');

-- +goose Down
DROP TABLE alarm, alarm_rule;
