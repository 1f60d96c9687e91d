-- +goose Up

-- The number of the last change of what is followed in a tenant: one row for issues, one for alarms. Whoever numbers
-- changes holds it until the commit.
CREATE TABLE change_cursor (
  tenant_id uuid NOT NULL,
  stream text NOT NULL,
  change_no bigint NOT NULL,
  PRIMARY KEY (tenant_id, stream)
) WITH (fillfactor = 50);
CALL isolate('change_cursor');

-- The number of each one's last change; 0 within the transaction that changes it; NULL for what has not changed since there
-- are numbers, and for problems that are only watched.
ALTER TABLE issue ADD change_no bigint;
CREATE INDEX issue_change ON issue (tenant_id, change_no) WHERE status <> 'WATCHED';
ALTER TABLE alarm ADD change_no bigint;
CREATE INDEX alarm_change ON alarm (tenant_id, change_no);

-- +goose Down
ALTER TABLE alarm DROP change_no;
ALTER TABLE issue DROP change_no;
DROP TABLE change_cursor;
