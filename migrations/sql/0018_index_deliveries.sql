-- +goose Up

-- An endpoint's deliveries are listed by seq, those of the last minute are counted before each round, and of what waits
-- each subject's first is looked for.
CREATE INDEX ON delivery (tenant_id, endpoint_id, seq);
CREATE INDEX ON delivery (tenant_id, endpoint_id, told_at) WHERE told_at IS NOT NULL;
CREATE INDEX delivery_waits ON delivery (tenant_id, endpoint_id, subject_id, seq) WHERE status IN ('PENDING', 'RETRYING');
DROP INDEX delivery_tenant_id_endpoint_id_id_idx;

-- +goose Down
DROP INDEX delivery_waits, delivery_tenant_id_endpoint_id_seq_idx, delivery_tenant_id_endpoint_id_told_at_idx;
CREATE INDEX ON delivery (tenant_id, endpoint_id, id);
