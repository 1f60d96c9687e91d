-- +goose Up

-- The kinds whose headers and bodies were removed because they were over: entries of these kinds have none. What is merged
-- later begins at none again, which costs one more look.
ALTER TABLE journal_segment ADD COLUMN stripped int NOT NULL DEFAULT 0;

-- The commit_no at which input and output were removed. A commit that writes the row later may bring some again.
ALTER TABLE flow_run ADD COLUMN stripped bigint;

-- For how many days the tenant that keeps entries the longest keeps them. A kind of which a tenant says nothing is kept
-- for 90 days; there are seven kinds. It enters one tenant after
-- the other, and leaves the last.
-- +goose StatementBegin
CREATE FUNCTION longest_retention() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tenant uuid;
  longest int := 90;
  kept int;
BEGIN
  -- Without any tenant, or with one that says nothing of some kind, it is the default; else it may be less.
  IF NOT EXISTS (SELECT FROM tenant_directory) THEN RETURN longest; END IF;
  longest := 0;
  FOR tenant IN SELECT id FROM tenant_directory LOOP
    PERFORM enter_tenant(tenant);
    SELECT CASE WHEN count(*) < 7 THEN greatest(90, max(days)) ELSE max(days) END INTO kept
      FROM retention_policy WHERE tenant_id = tenant;
    longest := greatest(longest, kept);
  END LOOP;
  EXECUTE 'SET LOCAL app.tenant_id = ''''';
  RETURN longest;
END $$;
-- +goose StatementEnd

-- The daily partitions before a day, the oldest first, and what they take with their indexes.
-- +goose StatementBegin
CREATE FUNCTION partitions_before(before_day date) RETURNS TABLE (name text, parent text, day date, bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.relname::text, i.inhparent::regclass::text, to_date(right(c.relname, 8), 'YYYYMMDD'), pg_total_relation_size(c.oid)
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = ANY (ARRAY['journal_segment', 'journal_failure']::regclass[])
    AND to_date(right(c.relname, 8), 'YYYYMMDD') < before_day
  ORDER BY 3, 1
$$;
-- +goose StatementEnd

-- Drops the daily partitions before a day. It refuses a day of which any tenant still keeps something, by the clock of
-- the database, whatever the caller believes. While it waits for a lock everybody waits behind it, so it gives up soon.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION drop_partitions(before_day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  child text;
  dropped int := 0;
BEGIN
  IF before_day > current_date - longest_retention() THEN
    RAISE EXCEPTION 'partitions from % on are still kept', current_date - longest_retention();
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('weir.partitions'));
  FOR child IN SELECT p.name FROM partitions_before(before_day) p LOOP
    EXECUTE format('DROP TABLE %I', child);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION drop_partitions;
-- +goose StatementBegin
CREATE FUNCTION drop_partitions(before_day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  child regclass;
  dropped int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('weir.partitions'));
  FOR child IN
    SELECT c.oid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ANY (ARRAY['journal_segment', 'journal_failure']::regclass[])
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < before_day
  LOOP
    EXECUTE format('DROP TABLE %s', child);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
-- +goose StatementEnd
DROP FUNCTION partitions_before, longest_retention;
ALTER TABLE flow_run DROP COLUMN stripped;
ALTER TABLE journal_segment DROP COLUMN stripped;
