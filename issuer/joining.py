"""A customer joins: card, pass, code and page exist from the same moment."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import agenda, certificates, customers, events, occasions, referrals
from issuer.codes import draw_code
from issuer.customers import NOTHING, Profile, Told
from issuer.keys import Keys
from issuer.publishing import announce_new
from issuer.schema import Card, CardCode, CardKey, Customer, Event, Pass, Program
from signing.envelope import seal
from signing.tokens import digest

IMPORT = "import"
# What the signs and screens that lead to a join page say of themselves.
SIGNS = ("poster", "link", "till", "tent", "sticker", "paper")


@dataclass(frozen=True)
class Joining:
    """``source``: one of `SIGNS`, api or import. ``reference``: the merchant's own number for the customer.

    ``friend``: what the link said by which a customer's friend came; one that is nobody's is no hindrance.
    """

    language: str
    source: str
    profile: Profile = NOTHING
    reference: str | None = None
    friend: str | None = None


def join(
    session: Session, keys: Keys, program: Program, joining: Joining, now: datetime, *, code: CardCode | None = None
) -> Card:
    """A new customer with a new card in ``program``, and its first pass.

    :param code: what the card is known by already, when it was printed before; else it gets one of its own
    """
    customer = Customer(id=uuid4(), merchant_id=program.merchant_id, reference=joining.reference, created_at=now)
    session.add(customer)
    session.flush()
    customers.remember(session, keys, customer.id, joining.profile, Told(joining.source), now)
    card = Card(
        id=uuid4(),
        merchant_id=program.merchant_id,
        customer_id=customer.id,
        program_id=program.id,
        program_version=program.current_version,
        language=joining.language,
        state="active",
        version=1,
        web_key=secrets.token_urlsafe(16),
        created_at=now,
    )
    session.add(card)
    session.add(CardKey(key_hash=digest(card.web_key), merchant_id=card.merchant_id, card_id=card.id, created_at=now))
    session.flush()
    issue = issue_pass(session, keys, card, code or draw_code(session, keys, card.merchant_id, now), now)
    announce_new(session, card, issue, now)
    events.record(session, card.merchant_id, "joined", now, card.id, source=joining.source)
    session.flush()
    if joining.source != IMPORT:
        _receive(session, card, joining, now)
    agenda.plan_new(session, card, now)
    return card


def _receive(session: Session, card: Card, joining: Joining, now: datetime) -> None:
    """What a new customer is given, and who brought them. Whoever comes from another system is no new customer."""
    referrer = referrals.referrer_of(session, card.program_id, joining.friend) if joining.friend else None
    if referrer is not None:
        referrals.bring(session, referrer, card, now)
    occasions.welcome(session, card, now)
    if joining.profile.birthday:
        occasions.congratulate(session, card.customer_id, joining.profile.birthday, now)


def known_source(text: str) -> str:
    """Where somebody came from, for whatever a link says of it; a plain link when that is nothing we know."""
    return text if text in SIGNS else "link"


def source_of(session: Session, card_id: UUID) -> str | None:
    """Where the customer of a card came from when they joined."""
    joined = select(Event.data["source"].astext).where(Event.card_id == card_id, Event.kind == "joined")
    return session.scalar(joined.order_by(Event.number).limit(1))


def issue_pass(session: Session, keys: Keys, card: Card, code: CardCode, now: datetime) -> Pass:
    """A pass of a card with a serial and a token of its own, and the code that it bears."""
    issue = new_pass(session, keys, card, now)
    code.card_id, code.pass_id = card.id, issue.id
    session.add(code)
    return issue


def new_pass(session: Session, keys: Keys, card: Card, now: datetime, voucher_id: UUID | None = None) -> Pass:
    """A pass with a serial and a token of its own: of the card, unless it is told of which voucher on it."""
    issue = Pass(
        id=uuid4(),
        merchant_id=card.merchant_id,
        card_id=card.id,
        pass_type=certificates.pass_type_for(session, card.merchant_id),
        serial=secrets.token_hex(16),
        token_sealed=b"",
        voucher_id=voucher_id,
        created_at=now,
    )
    issue.token_sealed = seal(keys.encryption, secrets.token_urlsafe(32).encode(), purpose=f"pass token {issue.id}")
    session.add(issue)
    session.flush()
    return issue
