-- +goose Up

-- What a tenant adds to the catalogue of errors, as it was written. The version counts the changes: whoever remembers
-- the entries asks for it, and reads them again only when it is another one.
CREATE TABLE catalogue (
  tenant_id uuid PRIMARY KEY,
  yaml text NOT NULL CHECK (octet_length(yaml) <= 262144),
  version bigint NOT NULL,
  changed_at timestamptz NOT NULL
);
CALL isolate('catalogue');
CALL limit_to_customer('catalogue', 'false');

-- +goose Down
DROP TABLE catalogue;
