"""What a customer chose to tell: each datum for a purpose of its own, with a consent that can be taken back.

Sources: GDPR Art. 4(11) and 7 (consent for a purpose, shown to have been given, as easily withdrawn as given).
"""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from unicodedata import category
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import occasions
from issuer.cards import locked_card
from issuer.keys import Keys
from issuer.language import translator
from issuer.publishing import AT_THE_TILL, publish
from issuer.refusals import N_
from issuer.schema import Consent, Customer, PersonalData
from signing.envelope import seal, unseal

PURPOSES: Mapping[str, str] = {
    "name": N_("So that staff can greet you by name."),
    "birthday": N_("So that the shop can give you a treat on your day."),
    "mail": N_("So that the shop can send you the card again when your phone is lost."),
}
WRONG: Mapping[str, str] = {
    "name": N_("This name has %(length)s letters, and there is room for %(most)s. Shorten it, or leave it empty."),
    "mail": N_("“%(value)s” is no e-mail address. Write it like name@example.com, or leave it empty."),
    "birthday": N_("“%(value)s” is no day of the calendar. Write it like 24.12.1990, or leave it empty."),
    "unborn": N_("“%(value)s” is still to come. Write the day of your birth, or leave it empty."),
    "ancient": N_("“%(value)s” is too long ago. Write the year with four digits, or leave it empty."),
}
LONGEST_NAME, LONGEST_MAIL, LONGEST_QUOTE = 80, 254, 60
OLDEST_YEAR = 1900
# One of Unicode's controls of writing direction turns the rest of a page around.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
DAYS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII),
    re.compile(r"(?P<day>\d{1,2})[ ./,-]+(?P<month>\d{1,2})[ ./,-]+(?P<year>\d{4})", re.ASCII),
    # A phone's keypad of digits has neither full stop nor slash.
    re.compile(r"(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})", re.ASCII),
)


@dataclass(frozen=True)
class Profile:
    """What a customer chose to tell. All of it may be absent."""

    name: str | None = None
    mail: str | None = None
    birthday: date | None = None

    @property
    def empty(self) -> bool:
        return not (self.name or self.mail or self.birthday)


NOTHING = Profile()


@dataclass(frozen=True)
class Told:
    """Where a customer told it. ``language``: of the purposes they read; null when somebody else asked them."""

    source: str
    language: str | None = None


@dataclass(frozen=True)
class Known:
    """What is stored of a customer, and every decision about it, newest first."""

    profile: Profile
    decisions: Sequence[Consent]

    def told_at(self, what: str) -> datetime | None:
        """When they last agreed to what is stored now."""
        stored = getattr(self.profile, what) is not None
        return next((one.at for one in self.decisions if stored and one.purpose == what and one.given), None)


class ProfileRefused(Exception):
    """Show the form again: ``sentences`` says what is wrong, by datum."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(" ".join(sentences.values()))
        self.sentences = sentences


def read_profile(typed: Mapping[str, str], today: date, language: str) -> Profile:
    """A profile as somebody typed it into a form; what was left empty is not told.

    :param today: at the shop
    :param language: of the sentences
    :raises ProfileRefused:
    """
    texts = {what: one_line(typed.get(what, "")) for what in PURPOSES}
    wrong = {what: reason for what in PURPOSES if texts[what] and (reason := _reason(what, texts[what], today))}
    if wrong:
        words = translator(language)
        raise ProfileRefused(
            {what: words.gettext(WRONG[reason]) % _values(texts[what]) for what, reason in wrong.items()}
        )
    return Profile(texts["name"] or None, texts["mail"] or None, _day(texts["birthday"]))


def one_line(text: str) -> str:
    """One line without what neither the database nor a card can bear; joiners inside of words and emoji stay."""
    line = "".join(" " if sign.isspace() else sign for sign in text)
    kept = "".join(sign for sign in line if category(sign) not in ("Cc", "Cs") and sign not in TURNING)
    return " ".join(kept.split())


def mail_digest(keys: Keys, text: str) -> bytes | None:
    """HMAC-SHA256 of an address however it was typed; ``None`` for what is no whole address."""
    address = text.strip().lower()
    if not ADDRESS.fullmatch(address):
        return None
    return hmac.digest(keys.mail, address.encode(), sha256)


def birthday_digest(keys: Keys, month: int, day: int) -> bytes:
    """HMAC-SHA256 of a day of the year. No address is like it, so that it can share the addresses' key."""
    return hmac.digest(keys.mail, f"birthday {month:02}-{day:02}".encode(), sha256)


def complete_birthdays(session: Session, keys: Keys, limit: int) -> int:
    """Give birthdays that were stored without a digest theirs; how many."""
    bare = select(PersonalData).where(PersonalData.birthday_digest.is_(None), PersonalData.birthday_sealed.is_not(None))
    rows = session.scalars(bare.limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        born = _opened(row, keys).birthday
        row.birthday_digest = birthday_digest(keys, born.month, born.day) if born else None
    session.flush()
    return len(rows)


def known(session: Session, keys: Keys, customer_id: UUID) -> Known:
    row = session.get(PersonalData, customer_id)
    decisions = select(Consent).where(Consent.customer_id == customer_id).order_by(Consent.at.desc(), Consent.id)
    return Known(_opened(row, keys) if row else NOTHING, session.scalars(decisions).all())


def remember(session: Session, keys: Keys, customer_id: UUID, profile: Profile, told: Told, now: datetime) -> None:
    """Store what is new in the profile, each datum with its consent. What it leaves out stays as it is."""
    if profile.empty:
        return
    row = _row(session, keys, customer_id)
    before = _opened(row, keys)
    new = [what for what in PURPOSES if getattr(profile, what) and getattr(profile, what) != getattr(before, what)]
    for what in new:
        _store(row, keys, what, getattr(profile, what))
        _decide(session, row, what, told, now)
    session.flush()
    if profile.birthday and "birthday" in new:
        occasions.congratulate(session, customer_id, profile.birthday, now)


def forget(session: Session, customer_id: UUID, what: str, told: Told, now: datetime) -> bool:
    """Delete one datum and note that its consent was withdrawn; with the last one goes the person's key.

    :param what: a key of `PURPOSES`
    :returns: whether there was anything to delete
    """
    _lock(session, customer_id)
    row = session.get(PersonalData, customer_id)
    column = what if what == "name" else f"{what}_sealed"
    if row is None or getattr(row, column) is None:
        return False
    setattr(row, column, None)
    if what in ("mail", "birthday"):
        setattr(row, f"{what}_digest", None)
    _decide(session, row, what, told, now, given=False)
    if (row.name, row.mail_sealed, row.phone_sealed, row.birthday_sealed) == (None, None, None, None):
        session.delete(row)
    session.flush()
    return True


def change(session: Session, keys: Keys, customer_id: UUID, profile: Profile, told: Told, now: datetime) -> None:
    """Make the profile all that is known: what it leaves out is deleted."""
    remember(session, keys, customer_id, profile, told, now)
    for what in PURPOSES:
        if not getattr(profile, what):
            forget(session, customer_id, what, told, now)


def speak(session: Session, card_id: UUID, language: str, now: datetime) -> bool:
    """Let a card speak this language from now on, on every phone; whether it spoke another one.

    :param language: one of `issuer.language.LANGUAGES`
    """
    card = locked_card(session, card_id)
    if card is None or card.language == language:
        return False
    card.language = language
    publish(session, [card], "language", AT_THE_TILL, now)
    return True


def _reason(what: str, text: str, today: date) -> str | None:
    """A key of `WRONG`, or ``None`` for what can be kept."""
    if what == "name":
        return "name" if len(text) > LONGEST_NAME else None
    if what == "mail":
        return None if len(text) <= LONGEST_MAIL and ADDRESS.fullmatch(text) else "mail"
    day = _day(text)
    if day is None:
        return "birthday"
    if day.year < OLDEST_YEAR:
        return "ancient"
    return "unborn" if day > today else None


def _values(text: str) -> dict[str, str | int]:
    quoted = text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
    return {"value": quoted, "length": len(text), "most": LONGEST_NAME}


def _day(text: str) -> date | None:
    found = next(filter(None, (pattern.fullmatch(text) for pattern in DAYS)), None)
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _lock(session: Session, customer_id: UUID) -> Customer:
    """Two forms of one person, sent at once, are taken one after the other."""
    return session.scalars(select(Customer).where(Customer.id == customer_id).with_for_update()).one()


def _row(session: Session, keys: Keys, customer_id: UUID) -> PersonalData:
    """Personal data under a key of the person's own; destroying the row destroys the key."""
    customer = _lock(session, customer_id)
    row = session.get(PersonalData, customer_id)
    if row is None:
        sealed = seal(keys.encryption, secrets.token_bytes(32), purpose=f"personal key {customer_id}")
        row = PersonalData(customer_id=customer_id, merchant_id=customer.merchant_id, key_sealed=sealed)
        session.add(row)
    return row


def _own_key(row: PersonalData, keys: Keys) -> bytes:
    return unseal(keys.encryption, row.key_sealed, purpose=f"personal key {row.customer_id}")


def _opened(row: PersonalData, keys: Keys) -> Profile:
    own_key = _own_key(row, keys)

    def text(sealed: bytes | None, what: str) -> str | None:
        return unseal(own_key, sealed, purpose=f"{what} {row.customer_id}").decode() if sealed else None

    born = text(row.birthday_sealed, "birthday")
    return Profile(row.name, text(row.mail_sealed, "mail"), date.fromisoformat(born) if born else None)


def _store(row: PersonalData, keys: Keys, what: str, value: Any) -> None:
    if what == "name":
        row.name = value
        return
    sealed = seal(_own_key(row, keys), str(value).encode(), purpose=f"{what} {row.customer_id}")
    setattr(row, f"{what}_sealed", sealed)
    if what == "mail":
        row.mail_digest = mail_digest(keys, value)
    if what == "birthday":
        row.birthday_digest = birthday_digest(keys, value.month, value.day)


def _decide(session: Session, row: PersonalData, what: str, told: Told, now: datetime, *, given: bool = True) -> None:
    read = translator(told.language).gettext(PURPOSES[what]) if given and told.language else None
    session.add(
        Consent(
            id=uuid4(),
            merchant_id=row.merchant_id,
            customer_id=row.customer_id,
            purpose=what,
            given=given,
            source=told.source,
            wording=read,
            at=now,
        )
    )
