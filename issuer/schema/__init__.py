"""Rows of the database, by noun. Importing this package knows them all."""

from issuer.schema.cards import Card, Consent, Customer, PersonalData
from issuer.schema.ledger import Account, Entry, Event, Hold, IdempotencyKey, Posting, Purchase
from issuer.schema.mapping import Base
from issuer.schema.merchants import (
    Brand,
    BrandVersion,
    Image,
    Location,
    Merchant,
    Program,
    ProgramSlug,
    ProgramVersion,
    Reward,
)
from issuer.schema.people import ApiKey, LoginSession, Membership, Staff, Till, TillEnrolment, User
from issuer.schema.wallets import (
    CardCode,
    CardKey,
    Certificate,
    Device,
    Heartbeat,
    JobRun,
    Pass,
    Publication,
    Registration,
)

__all__ = [
    "Account",
    "ApiKey",
    "Base",
    "Brand",
    "BrandVersion",
    "Card",
    "CardCode",
    "CardKey",
    "Certificate",
    "Consent",
    "Customer",
    "Device",
    "Entry",
    "Event",
    "Heartbeat",
    "Hold",
    "IdempotencyKey",
    "Image",
    "JobRun",
    "Location",
    "LoginSession",
    "Membership",
    "Merchant",
    "Pass",
    "PersonalData",
    "Posting",
    "Program",
    "ProgramSlug",
    "ProgramVersion",
    "Publication",
    "Purchase",
    "Registration",
    "Reward",
    "Staff",
    "Till",
    "TillEnrolment",
    "User",
]
