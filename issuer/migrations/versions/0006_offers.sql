CREATE TABLE offer (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    state text NOT NULL CHECK (state IN ('draft', 'live', 'paused', 'ended')),
    version integer NOT NULL DEFAULT 0,
    draft jsonb,
    revision integer NOT NULL,
    reached integer NOT NULL DEFAULT 0,
    value bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    live_at timestamptz,
    ended_at timestamptz
);

CREATE INDEX offer_merchant ON offer (merchant_id, created_at);

CREATE TABLE offer_version (
    offer_id uuid NOT NULL REFERENCES offer,
    number integer NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    content jsonb NOT NULL,
    published_by uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (offer_id, number)
);

CREATE TABLE showing (
    offer_id uuid NOT NULL REFERENCES offer,
    card_id uuid NOT NULL REFERENCES card,
    turn text NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    customer_id uuid NOT NULL REFERENCES customer,
    version integer NOT NULL,
    arm text NOT NULL CHECK (arm IN ('a', 'b', 'out')),
    state text NOT NULL CHECK (state IN ('shown', 'over', 'held', 'out')),
    reason text,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    location_id uuid,
    decided_at timestamptz NOT NULL,
    shown_at timestamptz,
    ended_at timestamptz,
    ended text,
    card_version integer,
    loud boolean NOT NULL DEFAULT false,
    ambient boolean NOT NULL DEFAULT false,
    factor numeric,
    value bigint NOT NULL DEFAULT 0,
    voucher_id uuid REFERENCES voucher,
    redeemed_at timestamptz,
    posting_id uuid REFERENCES posting,
    PRIMARY KEY (offer_id, card_id, turn),
    FOREIGN KEY (offer_id, version) REFERENCES offer_version
);

CREATE INDEX showing_now ON showing (card_id) WHERE state = 'shown';

CREATE INDEX showing_told ON showing (customer_id, shown_at) WHERE shown_at IS NOT NULL;

CREATE INDEX showing_offer ON showing (offer_id, state, decided_at);

CREATE INDEX showing_held ON showing (merchant_id, decided_at, card_id) WHERE state = 'held';

CREATE INDEX showing_factor ON showing (card_id) WHERE factor IS NOT NULL;

CREATE INDEX showing_voucher ON showing (voucher_id) WHERE voucher_id IS NOT NULL;

CREATE INDEX showing_posting ON showing (posting_id) WHERE posting_id IS NOT NULL;

CREATE TABLE agenda (
    card_id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0
);

CREATE INDEX agenda_due ON agenda (due_at);

CREATE INDEX agenda_merchant ON agenda (merchant_id, due_at);

CREATE TABLE sweep (
    offer_id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    after_card uuid,
    began_at timestamptz NOT NULL,
    due_at timestamptz
);

CREATE INDEX sweep_due ON sweep (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE forecast (
    location_id uuid NOT NULL REFERENCES location,
    hour timestamptz NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    temperature numeric,
    rain numeric,
    answer text,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (location_id, hour)
);

CREATE TABLE card_places (
    card_id uuid PRIMARY KEY REFERENCES card,
    merchant_id uuid NOT NULL REFERENCES merchant,
    location_ids uuid[] NOT NULL,
    chosen_at timestamptz NOT NULL
);

CREATE TABLE fifth_cuts (
    merchant_id uuid PRIMARY KEY REFERENCES merchant,
    cuts jsonb NOT NULL,
    reckoned_at timestamptz NOT NULL
);

-- How a merchant wants customers to be spoken to, and whether any offer runs, so that a card that changed is looked at.
ALTER TABLE merchant ADD COLUMN policy jsonb NOT NULL DEFAULT '{}', ADD COLUMN has_offers boolean NOT NULL DEFAULT false;

-- How many times as much a purchase earned, so that a refund reckons as the purchase did.
ALTER TABLE purchase ADD COLUMN factor numeric;

-- What a customer wants to be told: all, fewer or none.
ALTER TABLE customer ADD COLUMN wish text NOT NULL DEFAULT 'fewer' CHECK (wish IN ('all', 'fewer', 'none'));

-- Whether a phone may show a note of the change that is on its way.
ALTER TABLE publication ADD COLUMN loud boolean NOT NULL DEFAULT true
