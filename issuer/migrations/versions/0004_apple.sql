ALTER TABLE certificate ADD COLUMN warned_days smallint;

CREATE TABLE certificate_request (
    id uuid PRIMARY KEY,
    merchant_id uuid,
    request_pem bytea NOT NULL,
    key_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL
);

ALTER TABLE device ADD COLUMN throttled_until timestamptz;
ALTER TABLE device ADD COLUMN throttles integer NOT NULL DEFAULT 0;

ALTER TABLE registration ADD COLUMN repeated_version integer;
CREATE INDEX registration_unfetched ON registration (pushed_at)
    WHERE pushed_version > GREATEST(fetched_version, repeated_version, 0);

CREATE TABLE push_stop (
    pass_type text PRIMARY KEY,
    refused boolean NOT NULL,
    answer text NOT NULL,
    since timestamptz NOT NULL,
    probe_at timestamptz NOT NULL,
    probes integer NOT NULL
);

ALTER TABLE pass ADD COLUMN voucher_id uuid;
CREATE UNIQUE INDEX pass_voucher ON pass (voucher_id) WHERE voucher_id IS NOT NULL AND revoked_at IS NULL;
