-- +goose Up

-- Makes the daily partitions from one day to another (UTC, both included) that are not there yet. It runs as the
-- owner; the service may call it, and gets no rights on a partition: rows are reached through the parent, which
-- carries the policy.
-- +goose StatementBegin
CREATE FUNCTION ensure_partitions(from_day date, to_day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  parent text;
  day date;
  child text;
  made int := 0;
BEGIN
  IF to_day - from_day > 500 THEN
    RAISE EXCEPTION 'more than 500 days of partitions at once';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('weir.partitions'));
  FOREACH parent IN ARRAY ARRAY['journal_segment', 'journal_failure'] LOOP
    FOR day IN SELECT generate_series(from_day::timestamp, to_day::timestamp, '1 day')::date LOOP
      child := parent || '_' || to_char(day, 'YYYYMMDD');
      IF to_regclass(child) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
          child, parent, day::timestamptz, (day + 1)::timestamptz);
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
-- +goose StatementEnd

-- The days that have partitions, first and last: what lies outside is too old, or too far ahead.
-- +goose StatementBegin
CREATE FUNCTION partition_days() RETURNS TABLE (first_day date, last_day date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD')), max(to_date(right(c.relname, 8), 'YYYYMMDD'))
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'journal_segment'::regclass
$$;
-- +goose StatementEnd

-- Drops the daily partitions before a day.
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

-- +goose Down
DROP FUNCTION drop_partitions, partition_days, ensure_partitions;
