-- +goose Up

-- Since when the cursor of a data source stands still though its pulls saw records, and how many these pulls are: kept by
-- ingestion, beside last_pull_at, so that nobody has to look through the pulls.
ALTER TABLE data_source ADD COLUMN cursor_still_since timestamptz, ADD COLUMN cursor_still_pulls int NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE data_source DROP COLUMN cursor_still_since, DROP COLUMN cursor_still_pulls;
