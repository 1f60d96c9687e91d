-- +goose Up

-- Who a transaction works for is a setting that lasts as long as the transaction. SET LOCAL inside a function that
-- executes it reaches the workers of a cluster too; set_config would not.
-- +goose StatementBegin
CREATE FUNCTION enter_tenant(tenant uuid, customer uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('SET LOCAL app.tenant_id = %L', tenant);
  EXECUTE format('SET LOCAL app.customer_id = %L', coalesce(customer::text, ''));
END $$;
-- +goose StatementEnd

-- The tenant of this transaction; NULL, which equals nothing, when none was entered.
-- +goose StatementBegin
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
-- +goose StatementEnd

-- The customer that this transaction is limited to; NULL when it is not limited.
-- +goose StatementBegin
CREATE FUNCTION current_customer() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.customer_id', true), '')::uuid;
-- +goose StatementEnd

-- Forces row-level security on a tenant table: the tenant's rows and no other's.
-- +goose StatementBegin
CREATE PROCEDURE isolate(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant ON %s USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', target);
END $$;
-- +goose StatementEnd

-- Adds what a transaction that is limited to one customer may see of a table.
-- +goose StatementBegin
CREATE PROCEDURE limit_to_customer(target regclass, visible text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE POLICY customer ON %s AS RESTRICTIVE USING (current_customer() IS NULL OR %s)', target, visible);
END $$;
-- +goose StatementEnd

-- The directory: what must be known before there is a tenant. The service's role has no rights on it.
CREATE TABLE tenant_directory (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 63),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL
);

CREATE TABLE api_key_directory (
  hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
  tenant_id uuid NOT NULL REFERENCES tenant_directory (id) ON DELETE CASCADE,
  api_key_id uuid NOT NULL
);
CREATE INDEX ON api_key_directory (tenant_id, api_key_id);

CREATE TABLE api_key (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  prefix text NOT NULL,
  scopes text[] NOT NULL CHECK (scopes <@ ARRAY['INGEST', 'READ', 'ADMIN'] AND cardinality(scopes) > 0),
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CALL isolate('api_key');
CALL limit_to_customer('api_key', 'false');

CREATE TABLE member (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  email text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
  name text CHECK (length(name) <= 200),
  role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'DEVELOPER', 'SUPPORT', 'VIEWER')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
);
CALL isolate('member');
CALL limit_to_customer('member', 'false');

-- One row a tenant and kind of log entry; a kind without a row has the defaults.
CREATE TABLE retention_policy (
  tenant_id uuid NOT NULL,
  kind text NOT NULL,
  days int NOT NULL CHECK (days BETWEEN 1 AND 400),
  payload_days int NOT NULL CHECK (payload_days BETWEEN 0 AND days),
  PRIMARY KEY (tenant_id, kind)
);
CALL isolate('retention_policy');

CREATE TABLE redaction_policy (
  tenant_id uuid PRIMARY KEY,
  headers text[] NOT NULL,
  fields text[] NOT NULL,
  patterns text[] NOT NULL
);
CALL isolate('redaction_policy');

-- The doors of the directory. Each runs as the owner of the schema and returns what its argument proves.

-- +goose StatementBegin
CREATE FUNCTION create_tenant(new_id uuid, new_slug text, new_name text, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO tenant_directory (id, slug, name, created_at) VALUES (new_id, new_slug, new_name, at)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION find_tenant(reference text) RETURNS TABLE (id uuid, slug text, name text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, t.slug, t.name, t.created_at FROM tenant_directory t WHERE t.slug = reference
    OR t.id = CASE WHEN reference ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN reference::uuid END
$$;
-- +goose StatementEnd

-- For operators' commands and for the schedules of background work, which then enter each tenant one by one.
-- +goose StatementBegin
CREATE FUNCTION list_tenants() RETURNS TABLE (id uuid, slug text, name text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, t.slug, t.name, t.created_at FROM tenant_directory t ORDER BY t.created_at, t.id
$$;
-- +goose StatementEnd

-- Forgets the tenant of this transaction, whose rows are gone by then.
-- +goose StatementBegin
CREATE FUNCTION delete_current_tenant() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM tenant_directory WHERE id = current_tenant()
$$;
-- +goose StatementEnd

-- Makes the hash of a key known; the key itself is a row of the tenant of this transaction.
-- +goose StatementBegin
CREATE FUNCTION register_api_key(key_hash bytea, key_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO api_key_directory (hash, tenant_id, api_key_id) VALUES (key_hash, current_tenant(), key_id)
$$;
-- +goose StatementEnd

-- Whose key has this hash, and what it may do. It enters the key's tenant to read that, for this transaction.
-- +goose StatementBegin
CREATE FUNCTION find_api_key(key_hash bytea)
RETURNS TABLE (tenant_id uuid, id uuid, scopes text[], expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  entry api_key_directory;
BEGIN
  SELECT * INTO entry FROM api_key_directory d WHERE d.hash = key_hash;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM enter_tenant(entry.tenant_id);
  RETURN QUERY SELECT k.tenant_id, k.id, k.scopes, k.expires_at, k.revoked_at, k.last_used_at FROM api_key k
    WHERE k.tenant_id = entry.tenant_id AND k.id = entry.api_key_id;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION find_api_key, register_api_key, delete_current_tenant, list_tenants, find_tenant, create_tenant;
DROP TABLE redaction_policy, retention_policy, member, api_key, api_key_directory, tenant_directory;
DROP PROCEDURE limit_to_customer, isolate;
DROP FUNCTION current_customer, current_tenant, enter_tenant;
