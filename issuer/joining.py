"""A customer joins: card, pass, code and page exist from the same moment."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import certificates, events
from issuer.keys import Keys
from issuer.publishing import announce_new
from issuer.schema import Card, CardCode, CardKey, Consent, Customer, Pass, PersonalData, Program
from signing.codes import new_code, new_short_code
from signing.envelope import seal
from signing.tokens import digest


@dataclass(frozen=True)
class Profile:
    """What a customer chose to tell. All of it may be absent."""

    name: str | None = None
    mail: str | None = None
    birthday: date | None = None

    @property
    def empty(self) -> bool:
        return not (self.name or self.mail or self.birthday)


@dataclass(frozen=True)
class Joining:
    """``source``: poster, link, till, api, import. ``reference``: the merchant's own number for the customer."""

    language: str
    source: str
    profile: Profile = Profile()
    reference: str | None = None


def join(session: Session, keys: Keys, program: Program, joining: Joining, now: datetime) -> Card:
    """A new customer with a new card in ``program``, and its first pass."""
    customer = Customer(id=uuid4(), merchant_id=program.merchant_id, reference=joining.reference, created_at=now)
    session.add(customer)
    session.flush()
    if not joining.profile.empty:
        _remember(session, keys, customer, joining, now)
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
    issue = _issue(session, keys, card, now)
    announce_new(session, card, issue, now)
    events.record(session, card.merchant_id, "joined", now, card.id, source=joining.source)
    session.flush()
    return card


def _issue(session: Session, keys: Keys, card: Card, now: datetime) -> Pass:
    issue = Pass(
        id=uuid4(),
        merchant_id=card.merchant_id,
        card_id=card.id,
        pass_type=certificates.pass_type_for(session, card.merchant_id),
        serial=secrets.token_hex(16),
        token_sealed=b"",
        created_at=now,
    )
    issue.token_sealed = seal(keys.encryption, secrets.token_urlsafe(32).encode(), purpose=f"pass token {issue.id}")
    session.add(issue)
    session.flush()
    session.add(
        CardCode(
            code=new_code(keys.codes, secrets.token_bytes(16)),
            short_code=_free_short_code(session, card.merchant_id),
            merchant_id=card.merchant_id,
            card_id=card.id,
            pass_id=issue.id,
            created_at=now,
        )
    )
    return issue


def _free_short_code(session: Session, merchant_id: UUID) -> str:
    """Short codes are drawn until one is free; with a million cards one draw in a thousand is taken."""
    while True:
        short_code = new_short_code(secrets.token_bytes(4))
        taken = select(CardCode.code).where(CardCode.merchant_id == merchant_id, CardCode.short_code == short_code)
        if session.scalar(taken) is None:
            return short_code


def _remember(session: Session, keys: Keys, customer: Customer, joining: Joining, now: datetime) -> None:
    """Personal data under a key of the person's own; destroying the row destroys the key."""
    own_key = secrets.token_bytes(32)
    profile = joining.profile

    def sealed(text: str | None, what: str) -> bytes | None:
        return seal(own_key, text.encode(), purpose=f"{what} {customer.id}") if text else None

    session.add(
        PersonalData(
            customer_id=customer.id,
            merchant_id=customer.merchant_id,
            name=profile.name,
            key_sealed=seal(keys.encryption, own_key, purpose=f"personal key {customer.id}"),
            mail_sealed=sealed(profile.mail, "mail"),
            birthday_sealed=sealed(profile.birthday.isoformat() if profile.birthday else None, "birthday"),
        )
    )
    session.add(
        Consent(
            id=uuid4(),
            merchant_id=customer.merchant_id,
            customer_id=customer.id,
            purpose="profile",
            given=True,
            source=joining.source,
            at=now,
        )
    )
