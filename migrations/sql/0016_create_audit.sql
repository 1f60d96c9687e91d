-- +goose Up

-- Who did what: changes, first uses of API keys from an address, sign-ins that failed. The service's role may not change
-- a row; rows go when they are 400 days old, or with their tenant.
CREATE TABLE audit_entry (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 400),
  action text NOT NULL CHECK (length(action) BETWEEN 1 AND 100),
  target text CHECK (length(target) <= 400),
  address text CHECK (length(address) <= 100),
  details jsonb,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON audit_entry (tenant_id, at, id);
-- An API key's use from an address is told once.
CREATE UNIQUE INDEX audit_entry_key_address ON audit_entry (tenant_id, target, address) WHERE action = 'useApiKey';
CALL isolate('audit_entry');
CALL limit_to_customer('audit_entry', 'false');

-- +goose Down
DROP TABLE audit_entry;
