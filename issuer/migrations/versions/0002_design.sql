ALTER TABLE merchant ADD COLUMN trade text, ADD COLUMN setup_step text;

ALTER TABLE login_session
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN agent text,
    ALTER COLUMN merchant_id DROP NOT NULL;
ALTER TABLE login_session ALTER COLUMN id DROP DEFAULT;

ALTER TABLE till_enrolment ADD COLUMN single_use boolean NOT NULL DEFAULT false;

CREATE TABLE invitation (
    token_hash bytea PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    merchant_id uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'manager', 'staff')),
    invited_by uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE brand_draft (
    brand_id uuid PRIMARY KEY REFERENCES brand,
    merchant_id uuid NOT NULL REFERENCES merchant,
    revision integer NOT NULL,
    icon_id uuid NOT NULL REFERENCES image,
    logo_id uuid NOT NULL REFERENCES image,
    stamp_id uuid NOT NULL REFERENCES image,
    design jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);

ALTER TABLE brand_version ADD COLUMN published_by uuid REFERENCES users;

CREATE TABLE rollout (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    brand_id uuid NOT NULL,
    brand_version integer NOT NULL,
    after_card uuid,
    told integer NOT NULL DEFAULT 0,
    begun_at timestamptz NOT NULL,
    due_at timestamptz
);
CREATE INDEX rollout_due ON rollout (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX rollout_brand ON rollout (brand_id, brand_version);

CREATE TABLE paper_batch (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    program_id uuid NOT NULL REFERENCES program,
    language text NOT NULL CHECK (language IN ('de', 'en')),
    count integer NOT NULL CHECK (count > 0),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

ALTER TABLE card_code
    ADD COLUMN batch_id uuid,
    ALTER COLUMN card_id DROP NOT NULL,
    ADD CONSTRAINT card_code_names_something CHECK (card_id IS NOT NULL OR batch_id IS NOT NULL);
CREATE INDEX card_code_batch ON card_code (batch_id) WHERE batch_id IS NOT NULL;

ALTER TABLE personal_data ADD COLUMN mail_digest bytea;
CREATE INDEX personal_data_mail ON personal_data (merchant_id, mail_digest);

ALTER TABLE consent ADD COLUMN wording text
