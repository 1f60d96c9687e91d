-- +goose Up

-- What each commit of late wrote, for those who follow a tenant: where its segments lie and which flow runs it changed,
-- both packed. Rows go after an hour or two; what a commit added is found by what follows from then on, more slowly.
CREATE TABLE journal_commit (
  tenant_id uuid NOT NULL,
  commit_no bigint NOT NULL,
  at timestamptz NOT NULL,
  segments bytea NOT NULL,
  runs bytea NOT NULL,
  PRIMARY KEY (tenant_id, commit_no)
);
CALL isolate('journal_commit');

-- Of which commit each entry is, packed, where they are of several; else NULL, and all are of commit_no, the highest.
ALTER TABLE journal_segment ADD commits bytea;
-- Ingestion writes nothing to it: its segments are not compacted.
CREATE INDEX journal_segment_commit ON journal_segment (tenant_id, commit_no) WHERE compacted;

-- The commits with which a run was first shown, and with which it ended.
ALTER TABLE flow_run ADD added_no bigint, ADD ended_no bigint;

-- +goose Down
ALTER TABLE flow_run DROP added_no, DROP ended_no;
DROP INDEX journal_segment_commit;
ALTER TABLE journal_segment DROP commits;
DROP TABLE journal_commit;
