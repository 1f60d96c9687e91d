-- +goose Up

-- Since when the cursor of a data source stands still though its pulls saw records, and how many these pulls are: kept by
-- ingestion, beside last_pull_at, so that nobody has to look through the pulls.
ALTER TABLE data_source ADD COLUMN cursor_still_since timestamptz, ADD COLUMN cursor_still_pulls int NOT NULL DEFAULT 0;

-- The runs that are not over: few, and looked at each minute.
CREATE INDEX flow_run_under_way ON flow_run (tenant_id, at) WHERE status IN ('QUEUED', 'RUNNING');

-- +goose Down
DROP INDEX flow_run_under_way;
ALTER TABLE data_source DROP COLUMN cursor_still_since, DROP COLUMN cursor_still_pulls;
