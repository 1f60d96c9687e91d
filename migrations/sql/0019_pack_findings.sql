-- +goose Up

-- The sightings of a commit are packed before they are stored: PostgreSQL's own compression took longer than all the rest
-- of the row. What is waiting stays as it is, and is told by its first byte.
ALTER TABLE finding ALTER sightings TYPE bytea USING convert_to(sightings::text, 'UTF8');
ALTER TABLE finding ALTER sightings SET STORAGE EXTERNAL;

-- +goose Down
DELETE FROM finding WHERE get_byte(sightings, 0) <> ascii('[');
ALTER TABLE finding ALTER sightings SET STORAGE EXTENDED;
ALTER TABLE finding ALTER sightings TYPE json USING convert_from(sightings, 'UTF8')::json;
