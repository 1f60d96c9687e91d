-- +goose Up

-- Which flow runs commits changed, of commits that journal_commit does not log any more, packed. A row is of the commits
-- behind the one of the row before, up to through_no, and has each run once, by its last change among them; `at` is when the
-- last of them was. The first row of a tenant has no runs: it says from where on they are known.
CREATE TABLE flow_run_change (
  tenant_id uuid NOT NULL,
  through_no bigint NOT NULL,
  at timestamptz NOT NULL,
  changes bytea NOT NULL,
  PRIMARY KEY (tenant_id, through_no)
);
ALTER TABLE flow_run_change ALTER changes SET STORAGE EXTERNAL;
CALL isolate('flow_run_change');

-- +goose Down
DROP TABLE flow_run_change;
