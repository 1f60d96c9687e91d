-- +goose Up

-- Figures about log entries, written in the commit of the entries: packed cells of some minutes of one UTC day. Rows of
-- commits are merged later. It is not partitioned: statistics are kept longer than entries, and take a hundredth of their
-- room.
CREATE TABLE statistic (
  tenant_id uuid NOT NULL,
  day timestamptz NOT NULL,
  id uuid NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  commit_no bigint NOT NULL,
  cells bytea NOT NULL,
  PRIMARY KEY (tenant_id, day, id)
);
ALTER TABLE statistic ALTER cells SET STORAGE EXTERNAL;
CALL isolate('statistic');

-- +goose Down
DROP TABLE statistic;
