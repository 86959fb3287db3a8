"""Phones and the passes they want to hear about (Apple, "Adding a Web Service to Update Passes")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from secrets import token_urlsafe
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import events, publishing
from issuer.database import held, send, send_ahead, set_merchant
from issuer.keys import Keys
from issuer.schema import Card, Device, Pass, Publication, Registration
from signing.envelope import Kek, seal, unseal
from signing.tokens import WrongToken, check_token

MOST_PHONES = 50
DECOY = "token of nobody"
# Between two pushes of a card whose phones keep up.
SPACING = timedelta(seconds=0.5)

ASKED = f"""
    SELECT {", ".join(f"pass.{column.key}" for column in Pass.__table__.columns)}, coalesce(wanted_version, 0)
    FROM pass LEFT JOIN publication ON publication.pass_id = pass.id AND channel = %(channel)s
    WHERE pass_type = %(pass_type)s AND serial = %(serial)s
"""  # noqa: S608
PHONES = """
    SELECT device_id, created_at, listed_version, listed_at, fetched_version FROM registration
    WHERE pass_id = %(pass)s ORDER BY device_id FOR UPDATE
"""
# Once all phones are up to date, the next change need not wait the full fold; nor one that came meanwhile.
NOTED = """
    WITH fetched AS (
        UPDATE registration SET fetched_version = %(version)s, fetched_at = %(now)s
        WHERE pass_id = %(pass)s AND device_id = %(phone)s
    ), settled AS (
        UPDATE publication SET not_before = tagged_at + %(spacing)s, due_at =
            CASE WHEN due_at IS NOT NULL THEN least(due_at, tagged_at + %(spacing)s) END
        WHERE pass_id = %(pass)s AND channel = %(channel)s AND %(settled)s
    )
    INSERT INTO event (merchant_id, card_id, kind, data, at)
    VALUES (%(merchant)s, %(card)s, 'fetched', jsonb_build_object('version', %(version)s::int), %(now)s)
"""


class TooManyPhones(Exception):
    """A pass is registered on more phones than a family has: refuse further ones."""


def pass_token(issue: Pass, keys: Keys) -> str:
    return unseal(keys.encryption, issue.token_sealed, purpose=f"pass token {issue.id}").decode()


@cache
def _decoy(kek: Kek) -> bytes:
    """A token that no pass has."""
    return seal(kek, token_urlsafe().encode(), purpose=DECOY)


def authenticated_pass(session: Session, keys: Keys, pass_type: str, serial: str, token: str) -> Pass:
    """The pass that a phone proves to hold; revoked ones too, so that they can end on the phone.

    :raises signing.tokens.WrongToken: the token is not this pass's
    """
    return asked_for(session, keys, pass_type, serial, token)[0]


def asked_for(session: Session, keys: Keys, pass_type: str, serial: str, token: str) -> tuple[Pass, int]:
    """Likewise, with the version that it is to show now.

    :raises signing.tokens.WrongToken: the token is not this pass's
    """
    rows = send(session, ASKED, {"pass_type": pass_type, "serial": serial, "channel": publishing.APPLE})
    if not rows:
        # As much work as for one that is there: the time of an answer tells no serials either.
        check_token(unseal(keys.encryption, _decoy(keys.encryption), purpose=DECOY).decode(), token)
        raise WrongToken(serial)
    *row, version = rows[0]
    issue = held(session, Pass, tuple(row))
    check_token(pass_token(issue, keys), token)
    return issue, version


def register(session: Session, issue: Pass, library_id: str, push_token: str, now: datetime) -> bool:
    """Note a phone's wish; True when it is new. The push token is the newest one in any case.

    A new phone may hold what was downloaded before the last change: then it is asked to come.

    :raises TooManyPhones:
    """
    # Else several that register at once are each counted without the others. What only reads the pass goes on.
    session.execute(select(Pass.id).where(Pass.id == issue.id).with_for_update(key_share=True))
    others = select(func.count()).select_from(Registration).join(Device, Device.id == Registration.device_id)
    phones = session.scalar(others.where(Registration.pass_id == issue.id, Device.library_id != library_id))
    if (phones or 0) >= MOST_PHONES:
        raise TooManyPhones(issue.serial)
    device_id = _upsert_device(session, issue, library_id, push_token, now)
    known = session.get(Registration, (device_id, issue.id))
    if known is not None:
        return False
    made = session.execute(
        insert(Registration)
        .values(
            device_id=device_id,
            pass_id=issue.id,
            merchant_id=issue.merchant_id,
            created_at=now,
            fetched_version=issue.downloaded_version,
            fetched_at=issue.downloaded_at,
        )
        .on_conflict_do_nothing()
        .returning(Registration.pass_id)
    ).first()
    _catch_up(session, issue, now)
    events.record(session, issue.merchant_id, "wallet_added", now, issue.card_id, wallet="apple")
    return made is not None


def _catch_up(session: Session, issue: Pass, now: datetime) -> None:
    """Compare under the publication's lock: a stamp that commits later sees the registration and pushes."""
    wish = session.get_one(Publication, (issue.id, publishing.APPLE), with_for_update=True, populate_existing=True)
    if issue.downloaded_version is None or issue.downloaded_version < wish.wanted_version:
        publishing.ask_again(session, issue, now)


def _upsert_device(session: Session, issue: Pass, library_id: str, push_token: str, now: datetime) -> UUID:
    return session.execute(
        insert(Device)
        .values(
            id=uuid4(),
            library_id=library_id,
            pass_type=issue.pass_type,
            push_token=push_token,
            token_at=now,
        )
        .on_conflict_do_update(
            index_elements=[Device.library_id, Device.pass_type],
            set_={"push_token": push_token, "token_at": now},
        )
        .returning(Device.id)
    ).scalar_one()


def unregister(session: Session, issue: Pass, library_id: str, now: datetime) -> None:
    """Forget the wish, and the phone with its last one. Unknown ones are fine: the phone has its way."""
    # The phone first, as everybody does who drops registrations: two that do it at once must not wait in a ring.
    same_phone = (Device.library_id == library_id, Device.pass_type == issue.pass_type)
    device = session.scalar(select(Device).where(*same_phone).with_for_update())
    row = session.get(Registration, (device.id, issue.id)) if device else None
    if device is None or row is None:
        return
    session.delete(row)
    session.flush()
    events.record(session, issue.merchant_id, "wallet_removed", now, issue.card_id, wallet="apple")
    _drop_if_idle(session, device)


def _drop_if_idle(session: Session, device: Device) -> None:
    if session.scalar(select(Registration.pass_id).where(Registration.device_id == device.id).limit(1)) is None:
        session.delete(device)


@dataclass(frozen=True)
class Changed:
    """Serials that changed since the phone's tag, and the tag to come back with."""

    serials: tuple[str, ...]
    tag: int


def changed_since(session: Session, pass_type: str, library_id: str, tag: int | None, now: datetime) -> Changed:
    """What this phone should fetch; without a tag, everything it registered.

    Only numbered changes are told: their tags rise in commit order, so none can slip below a tag given out.
    """
    number = func.coalesce(Publication.tag, 0)
    query = (
        select(Registration, Pass.serial, number, Publication.tagged_version)
        .join(Device, Device.id == Registration.device_id)
        .join(Pass, Pass.id == Registration.pass_id)
        .join(Publication, Publication.pass_id == Registration.pass_id)
        .where(Device.library_id == library_id, Device.pass_type == pass_type)
        .where(Publication.channel == publishing.APPLE)
        .order_by(Registration.pass_id)
        .with_for_update(of=Registration)  # what is unregistered meanwhile is not listed
    )
    if tag is not None:
        query = query.where(number > tag)
    rows = session.execute(query).all()
    for registration, _, _, tagged_version in rows:
        registration.listed_version, registration.listed_at = tagged_version, now
    session.flush()
    return Changed(tuple(row[1] for row in rows), max((row[2] for row in rows), default=tag or 0))


def shown_version(session: Session, issue: Pass, card: Card) -> int:
    """The version that a pass shows: the card's; of one that was revoked, the one that says so, for good."""
    if issue.revoked_at is None:
        return card.version
    return session.get_one(Publication, (issue.id, publishing.APPLE)).wanted_version


def last_modified(issue: Pass, version: int) -> datetime:
    """A version as an HTTP date: a day before the pass was made, plus one second a version. No clock involved."""
    return issue.created_at.replace(microsecond=0) - timedelta(days=1) + timedelta(seconds=version)


def held_version(issue: Pass, since: datetime | None) -> int | None:
    """The version that a phone's ``If-Modified-Since`` names."""
    if since is None:
        return None
    version = int((since - last_modified(issue, 0)).total_seconds())
    return version if version > 0 else None


def note_download(issue: Pass, version: int, now: datetime) -> None:
    """Remember the oldest version that a phone may be about to register."""
    if issue.downloaded_version is None:
        issue.downloaded_version, issue.downloaded_at = version, now


class _Phone(NamedTuple):
    """A registration, as far as it tells who fetches."""

    device_id: UUID
    created_at: datetime
    listed_version: int | None
    listed_at: datetime | None
    fetched_version: int | None


def note_fetch(session: Session, issue: Pass, held: int | None, version: int, now: datetime) -> None:
    """Write down which phone now holds ``version``. The protocol does not name it: see `_who`."""
    phones = [_Phone(*row) for row in send(session, PHONES, {"pass": issue.id})]
    phone = _who(phones, held, version)
    # One that is told "not modified" fetches nothing: since when it has this version tells which design it shows.
    changed = phone if phone is not None and not held == version == phone.fetched_version else None
    others = [other for other in phones if other is not changed]
    values = {
        "pass": issue.id,
        "phone": changed.device_id if changed else None,
        "version": version,
        "now": now,
        "settled": bool(phones) and all((other.fetched_version or 0) >= version for other in others),
        "spacing": SPACING,
        "channel": publishing.APPLE,
        "merchant": issue.merchant_id,
        "card": issue.card_id,
    }
    set_merchant(session, issue.merchant_id)
    send_ahead(session, NOTED, values)


def _who(phones: Sequence[_Phone], held: int | None, version: int) -> _Phone | None:
    """The fetching phone: the only one; else one that was just told of this version; else one that held ``held``."""
    if len(phones) == 1:
        return phones[0]
    behind = [phone for phone in phones if (phone.fetched_version or 0) < version]
    alike = [phone for phone in behind if held is not None and phone.fetched_version == held]
    told = [phone for phone in alike or behind if phone.listed_at and (phone.listed_version or 0) >= version]
    if told:
        return min(told, key=lambda phone: phone.listed_at or phone.created_at)
    return alike[0] if len(alike) == 1 else None


def card_of(session: Session, issue: Pass) -> Card:
    """The card behind a pass; sets the merchant for the transaction."""
    set_merchant(session, issue.merchant_id)
    return session.get_one(Card, issue.card_id)
