-- Directory tables: found before the merchant is known. Ids, hashes, versions and times; nothing about a customer.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE TABLE membership (
    user_id uuid NOT NULL REFERENCES users,
    merchant_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'manager', 'staff')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, merchant_id)
);
CREATE INDEX membership_merchant ON membership (merchant_id);

CREATE TABLE login_session (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    merchant_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);

CREATE TABLE program_slug (
    slug text PRIMARY KEY,
    merchant_id uuid NOT NULL,
    program_id uuid NOT NULL
);

CREATE TABLE card_key (
    key_hash bytea PRIMARY KEY,
    merchant_id uuid NOT NULL,
    card_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE pass (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    card_id uuid NOT NULL,
    pass_type text,
    serial text NOT NULL UNIQUE,
    token_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    downloaded_version integer,
    downloaded_at timestamptz
);
CREATE INDEX pass_card ON pass (card_id);

CREATE TABLE card_code (
    code text PRIMARY KEY,
    short_code text NOT NULL,
    merchant_id uuid NOT NULL,
    card_id uuid NOT NULL,
    pass_id uuid REFERENCES pass,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    UNIQUE (merchant_id, short_code)
);
CREATE INDEX card_code_card ON card_code (card_id);

CREATE TABLE device (
    id uuid PRIMARY KEY,
    library_id text NOT NULL,
    pass_type text NOT NULL,
    push_token text NOT NULL,
    token_at timestamptz NOT NULL,
    UNIQUE (library_id, pass_type)
);

CREATE TABLE registration (
    device_id uuid NOT NULL REFERENCES device,
    pass_id uuid NOT NULL REFERENCES pass,
    merchant_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    pushed_version integer, pushed_at timestamptz, push_answer text,
    listed_version integer, listed_at timestamptz,
    fetched_version integer, fetched_at timestamptz,
    PRIMARY KEY (device_id, pass_id)
);
CREATE INDEX registration_pass ON registration (pass_id);

CREATE TABLE publication (
    pass_id uuid NOT NULL REFERENCES pass,
    channel text NOT NULL CHECK (channel IN ('apple', 'google')),
    merchant_id uuid NOT NULL,
    wanted_version integer NOT NULL,
    reason text NOT NULL,
    priority smallint NOT NULL,
    due_at timestamptz,
    tag bigint,
    tagged_version integer,
    tagged_at timestamptz,
    not_before timestamptz,
    push_at timestamptz,
    leased_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    pushed_version integer,
    pushed_at timestamptz,
    PRIMARY KEY (pass_id, channel)
);
CREATE INDEX publication_due ON publication (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX publication_push ON publication (push_at) WHERE push_at IS NOT NULL;
CREATE SEQUENCE update_tag;

CREATE TABLE till (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    staff_id uuid,
    staff_since timestamptz,
    enrolled_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE till_enrolment (
    token_hash bytea PRIMARY KEY,
    merchant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);

CREATE TABLE certificate (
    id uuid PRIMARY KEY,
    merchant_id uuid,
    pass_type text NOT NULL,
    team_id text NOT NULL,
    certificate_pem bytea NOT NULL,
    intermediate_pem bytea NOT NULL,
    key_sealed bytea NOT NULL,
    not_after timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX certificate_pass_type ON certificate (pass_type);

CREATE TABLE job_run (
    name text NOT NULL,
    slot bigint NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (name, slot)
);

CREATE TABLE heartbeat (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);

-- Tables of one merchant: row-level security, forced, for everybody.

CREATE TABLE merchant (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    zone text NOT NULL,
    currency text NOT NULL,
    contact jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE location (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    name text NOT NULL,
    address text,
    latitude double precision, longitude double precision,
    zone text, currency text,
    created_at timestamptz NOT NULL
);

CREATE TABLE staff (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    user_id uuid REFERENCES users,
    name text NOT NULL,
    pin_hash text NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE TABLE image (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    sha256 bytea NOT NULL,
    png bytea NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (merchant_id, sha256)
);

CREATE TABLE brand (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    current_version integer NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE brand_version (
    brand_id uuid NOT NULL REFERENCES brand,
    number integer NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    icon_id uuid NOT NULL REFERENCES image,
    logo_id uuid NOT NULL REFERENCES image,
    stamp_id uuid NOT NULL REFERENCES image,
    design jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (brand_id, number)
);

CREATE TABLE program (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    brand_id uuid NOT NULL REFERENCES brand,
    kind text NOT NULL,
    slug text NOT NULL,
    current_version integer NOT NULL,
    pause_seconds integer NOT NULL DEFAULT 0 CHECK (pause_seconds >= 0),
    created_at timestamptz NOT NULL
);

CREATE TABLE program_version (
    program_id uuid NOT NULL REFERENCES program,
    number integer NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    names jsonb NOT NULL,
    rule jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (program_id, number)
);

CREATE TABLE reward (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    program_id uuid NOT NULL REFERENCES program,
    names jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE customer (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    reference text,
    created_at timestamptz NOT NULL,
    UNIQUE (merchant_id, reference)
);

CREATE TABLE personal_data (
    customer_id uuid PRIMARY KEY REFERENCES customer,
    merchant_id uuid NOT NULL REFERENCES merchant,
    name text,
    key_sealed bytea NOT NULL,
    mail_sealed bytea, phone_sealed bytea, birthday_sealed bytea
);

CREATE TABLE consent (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    customer_id uuid NOT NULL REFERENCES customer,
    purpose text NOT NULL,
    given boolean NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL
);

CREATE TABLE card (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    customer_id uuid NOT NULL REFERENCES customer,
    program_id uuid NOT NULL REFERENCES program,
    program_version integer NOT NULL,
    language text NOT NULL CHECK (language IN ('de', 'en')),
    state text NOT NULL CHECK (state IN ('active', 'blocked', 'moved', 'erased')),
    version integer NOT NULL CHECK (version > 0),
    web_key text NOT NULL,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (program_id, program_version) REFERENCES program_version
);
CREATE INDEX card_newest ON card (merchant_id, created_at, id);
CREATE INDEX card_customer ON card (customer_id);

CREATE TABLE purchase (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    card_id uuid NOT NULL REFERENCES card,
    location_id uuid REFERENCES location,
    till_id uuid REFERENCES till,
    total bigint, currency text,
    items jsonb,
    reference text,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
    UNIQUE (merchant_id, reference)
);
CREATE INDEX purchase_card ON purchase (card_id);

CREATE TABLE account (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    program_id uuid NOT NULL REFERENCES program,
    card_id uuid REFERENCES card,
    unit text NOT NULL,
    role text NOT NULL CHECK (role IN ('card', 'issued', 'exchanged', 'redeemed')),
    balance bigint CHECK (balance >= 0),
    CHECK ((role = 'card') = (card_id IS NOT NULL)),
    CHECK ((role = 'card') = (balance IS NOT NULL))
);
CREATE UNIQUE INDEX account_of_card ON account (card_id, unit) WHERE card_id IS NOT NULL;
CREATE UNIQUE INDEX account_of_program ON account (program_id, unit, role) WHERE card_id IS NULL;

CREATE TABLE posting (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    card_id uuid NOT NULL REFERENCES card,
    version integer NOT NULL, program_version integer NOT NULL,
    cause text NOT NULL,
    actor text NOT NULL, actor_id uuid,
    till_id uuid REFERENCES till,
    location_id uuid REFERENCES location,
    purchase_id uuid REFERENCES purchase,
    reverses_id uuid UNIQUE REFERENCES posting,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
    UNIQUE (card_id, version)
);

CREATE TABLE entry (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    posting_id uuid NOT NULL REFERENCES posting,
    account_id uuid NOT NULL REFERENCES account,
    card_id uuid,
    unit text NOT NULL,
    amount bigint NOT NULL CHECK (amount <> 0),
    cause text NOT NULL
);
CREATE INDEX entry_posting ON entry (posting_id);
CREATE INDEX entry_account ON entry (account_id);
CREATE INDEX entry_card ON entry (card_id, number) WHERE card_id IS NOT NULL;

CREATE TABLE hold (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    card_id uuid NOT NULL REFERENCES card,
    account_id uuid NOT NULL REFERENCES account,
    reward_id uuid NOT NULL REFERENCES reward,
    amount bigint NOT NULL CHECK (amount > 0),
    state text NOT NULL CHECK (state IN ('held', 'redeemed', 'cancelled')),
    posting_id uuid REFERENCES posting,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX hold_open ON hold (account_id) WHERE state = 'held';

CREATE TABLE idempotency_key (
    merchant_id uuid NOT NULL REFERENCES merchant,
    actor text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer,
    body jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, actor, route, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

CREATE TABLE event (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    card_id uuid,
    kind text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX event_card ON event (card_id, number);
