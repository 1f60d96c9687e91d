-- +goose Up

-- What the successful answers of a kind of call look like: one row for each method, endpoint and status, and for each way of
-- asking for other fields. The state has hashes of paths with their types and how often they were there, no names and no
-- values; package shape packs it. drifting marks the rows of which a field is gone or has another type.
CREATE TABLE response_shape (
  tenant_id uuid NOT NULL,
  integration_id uuid NOT NULL,
  call bigint NOT NULL,
  method text NOT NULL,
  endpoint text NOT NULL,
  samples bigint NOT NULL,
  last_at timestamptz NOT NULL,
  drifting boolean NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (tenant_id, integration_id, call),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration ON DELETE CASCADE
) WITH (fillfactor = 60);
ALTER TABLE response_shape ALTER state SET STORAGE EXTERNAL;
CREATE INDEX ON response_shape (tenant_id) WHERE drifting;
CALL isolate('response_shape');
CALL limit_to_customer('response_shape', 'false');

-- +goose Down
DROP TABLE response_shape;
