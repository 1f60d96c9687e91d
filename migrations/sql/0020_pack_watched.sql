-- +goose Up

-- What was seen of problems that are no issues, packed: how often by minute and whom they hit, and some of the entries that
-- show them. Most problems never become issues, and a row for each of their minutes cost more than storing the entries.
-- Problems that are watched in rows of issue go on there. A row of this table never changes: others come in its place.
CREATE TABLE issue_watched (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- how often it was merged
  level smallint NOT NULL,
  last_at timestamptz NOT NULL,
  counts bytea NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
ALTER TABLE issue_watched ALTER counts SET STORAGE EXTERNAL;
CALL isolate('issue_watched');
CALL limit_to_customer('issue_watched', 'false');

-- +goose Down
DROP TABLE issue_watched;
