CREATE TABLE drawing (
    brand_id uuid NOT NULL,
    brand_version integer NOT NULL,
    edition integer NOT NULL,
    kind text NOT NULL,
    needed smallint NOT NULL,
    filled smallint NOT NULL,
    name text NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    png bytea NOT NULL,
    sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (brand_id, brand_version, edition, kind, needed, filled, name),
    FOREIGN KEY (brand_id, brand_version) REFERENCES brand_version ON DELETE CASCADE
);

-- A phone knows a pass by its type, serial and token, a till by its code. Behind its first 65 bytes a sealed token stays
-- what it is under every KEY_ENCRYPTION_KEY.
CREATE FUNCTION refuse_reissue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% keeps what it was issued with: revoke it and issue another', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation'; END $$;

CREATE TRIGGER as_issued BEFORE UPDATE ON pass FOR EACH ROW WHEN (
    OLD.serial <> NEW.serial OR OLD.pass_type IS NOT NULL AND OLD.pass_type IS DISTINCT FROM NEW.pass_type
    OR substr(OLD.token_sealed, 66) <> substr(NEW.token_sealed, 66)
) EXECUTE FUNCTION refuse_reissue();

CREATE TRIGGER as_issued BEFORE UPDATE ON card_code FOR EACH ROW WHEN (
    OLD.code <> NEW.code OR OLD.short_code <> NEW.short_code
) EXECUTE FUNCTION refuse_reissue();

CREATE TABLE google_class (
    program_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('loyalty', 'offer')),
    merchant_id uuid NOT NULL,
    sent_digest bytea,
    sent_at timestamptz,
    leased_until timestamptz,
    answer text,
    PRIMARY KEY (program_id, kind)
);

CREATE TABLE google_object (
    pass_id uuid PRIMARY KEY REFERENCES pass,
    merchant_id uuid NOT NULL,
    program_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    inserted_at timestamptz,
    notices timestamptz[] NOT NULL DEFAULT '{}',
    has_users boolean NOT NULL DEFAULT false,
    has_users_at timestamptz,
    answer text
);

CREATE TABLE google_root_keys (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    document text NOT NULL,
    fetched_at timestamptz NOT NULL
);

CREATE TABLE google_nonce (
    nonce text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE INDEX publication_google ON publication (priority, push_at) WHERE channel = 'google' AND push_at IS NOT NULL;
