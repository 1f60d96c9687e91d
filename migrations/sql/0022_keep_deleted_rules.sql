-- +goose Up

-- A rule that was deleted stays for a while, disabled, as long as there are alarms of it: who follows them hears that they
-- are over.
ALTER TABLE alarm_rule ADD deleted_at timestamptz;

-- +goose Down
ALTER TABLE alarm_rule DROP deleted_at;
