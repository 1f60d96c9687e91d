-- +goose Up

-- The rows of "statistic" are what commits wrote. A job moves them here, day by day: the same cells in fewer rows.
CREATE TABLE statistic_minute (
  tenant_id uuid NOT NULL,
  day timestamptz NOT NULL,
  id uuid NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  cells bytea NOT NULL,
  PRIMARY KEY (tenant_id, day, id)
);
ALTER TABLE statistic_minute ALTER cells SET STORAGE EXTERNAL;
CALL isolate('statistic_minute');

-- What the cells of statistic_minute add up to, by integration and UTC day: hours are series by hour, parts are cells of the
-- whole day, unless these are few enough by minute. Integrations that have little share the row of the highest id. Hours
-- stay beside the keys, so that a month of them is few pages; parts lie apart.
CREATE TABLE statistic_rollup (
  tenant_id uuid NOT NULL,
  integration_id uuid NOT NULL,
  day timestamptz NOT NULL,
  rolled_up_to timestamptz NOT NULL,
  hours bytea NOT NULL,
  parts bytea,
  PRIMARY KEY (tenant_id, integration_id, day)
);
CREATE INDEX ON statistic_rollup (tenant_id, day);
ALTER TABLE statistic_rollup ALTER hours SET STORAGE MAIN, ALTER parts SET STORAGE EXTERNAL;
CALL isolate('statistic_rollup');

-- +goose Down
DROP TABLE statistic_rollup;
DROP TABLE statistic_minute;
