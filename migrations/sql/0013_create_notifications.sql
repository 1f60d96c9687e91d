-- +goose Up

-- Where a tenant is told of what happens. target and the secrets are sealed with a key of the service.
CREATE TABLE notification_endpoint (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('WEBHOOK', 'SLACK', 'EMAIL')),
  target bytea NOT NULL,
  events text[] NOT NULL CHECK (cardinality(events) > 0),
  enabled boolean NOT NULL,
  disabled_reason text,
  -- secret signs; the one before it signs too until previous_until
  secret bytea,
  previous_secret bytea,
  previous_until timestamptz,
  -- when the failures began that nothing but failures came after
  failing_since timestamptz,
  -- no attempt before held_until; whoever works on the endpoint has it until working_until
  held_until timestamptz,
  working_until timestamptz,
  digest_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((channel = 'WEBHOOK') = (secret IS NOT NULL))
) WITH (fillfactor = 70);
CALL isolate('notification_endpoint');
CALL limit_to_customer('notification_endpoint', 'false');

-- What there is to tell: written in the transaction of what it tells, once for each subject, kind and episode.
CREATE TABLE notification (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  episode text NOT NULL CHECK (length(episode) <= 100),
  -- that a failure is over, which is told only after the failure
  recovery boolean NOT NULL,
  -- whom to tell, where it is not all that ask for the kind
  endpoint_ids uuid[],
  -- whom the payload names
  customer_ids uuid[] NOT NULL,
  payload json NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, subject_id, kind, episode)
);
CREATE INDEX ON notification (tenant_id, created_at);
CALL isolate('notification');
CALL limit_to_customer('notification', 'false');

-- A notification on its way to an endpoint. Those of one endpoint and subject go in the order of seq.
CREATE TABLE delivery (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  notification_id uuid NOT NULL,
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  recovery boolean NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  status text NOT NULL CHECK (status IN ('PENDING', 'RETRYING', 'DELIVERED', 'FAILED', 'SKIPPED')),
  failures int NOT NULL DEFAULT 0,
  -- NULL when there is no other attempt, or when it goes with a digest
  next_attempt_at timestamptz,
  give_up_at timestamptz,
  -- when it was first tried, itself or in a digest
  told_at timestamptz,
  digest_id uuid,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES notification_endpoint ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, notification_id) REFERENCES notification ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX ON delivery (tenant_id, endpoint_id, id);
CREATE INDEX ON delivery (tenant_id, notification_id);
CREATE INDEX ON delivery (tenant_id, endpoint_id, subject_id, seq);
CREATE INDEX ON delivery (tenant_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX ON delivery (tenant_id, digest_id) WHERE digest_id IS NOT NULL;
CALL isolate('delivery');
CALL limit_to_customer('delivery', 'false');

CREATE TABLE delivery_attempt (
  tenant_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  status_code int,
  error text,
  duration_ms double precision NOT NULL,
  response_body text CHECK (octet_length(response_body) <= 4096),
  PRIMARY KEY (tenant_id, delivery_id, id),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES delivery ON DELETE CASCADE
);
CALL isolate('delivery_attempt');
CALL limit_to_customer('delivery_attempt', 'false');

-- +goose Down
DROP TABLE delivery_attempt, delivery, notification, notification_endpoint;
