"""Which certificates end soon, and whom that concerns."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from issuer import certificates
from issuer.database import set_merchant
from issuer.merchants import all_merchants
from issuer.schema import Certificate, Merchant, Pass

WARNED_AT = (0, 1, 7, 30, 45)
"""Days before the end at which it is said, each once; 0: that it has ended."""


@dataclass(frozen=True)
class Ending:
    """A certificate in use that ends within the most days of `WARNED_AT`, or has. ``days``: whole, negative after."""

    pass_type: str
    not_after: datetime
    days: int

    @property
    def over(self) -> bool:
        return self.days < 0


@dataclass(frozen=True)
class Use:
    """A merchant whose cards bear a pass type. ``new_cards``: those to come do; ``passes``: how many do now."""

    merchant_id: UUID
    name: str
    new_cards: bool
    passes: int


def warn(session: Session, now: datetime) -> list[Ending]:
    """What has to be said now: each stage of each certificate once, however many ask, however often."""
    return [_ending(row, now) for row in certificates.in_use(session) if _stage_begins(session, row, _stage(row, now))]


def ending_for(session: Session, merchant_id: UUID, now: datetime) -> Ending | None:
    """What ends first of what the cards of a merchant are signed with; ``None``: nothing does soon."""
    new_cards = certificates.pass_type_for(session, merchant_id)
    soon = [row for row in certificates.in_use(session) if _stage(row, now) is not None]
    for row in sorted(soon, key=lambda row: row.not_after):
        if row.pass_type == new_cards or _is_borne(session, merchant_id, row.pass_type):
            return _ending(row, now)
    return None


def uses(session: Session) -> Mapping[str, list[Use]]:
    """By pass type, who uses it. The transaction is the last merchant's from now on."""
    live = select(Pass.merchant_id, Pass.pass_type, func.count()).where(Pass.revoked_at.is_(None))
    counted = {(row[0], row[1]): row[2] for row in session.execute(live.group_by(Pass.merchant_id, Pass.pass_type))}
    found = defaultdict[str, list[Use]](list)
    for merchant_id in sorted(all_merchants(session)):
        set_merchant(session, merchant_id)
        name, new_cards = session.get_one(Merchant, merchant_id).name, certificates.pass_type_for(session, merchant_id)
        borne = {pass_type for owner, pass_type in counted if owner == merchant_id}
        for pass_type in borne | {new_cards}:
            if pass_type is not None:
                passes = counted.get((merchant_id, pass_type), 0)
                found[pass_type].append(Use(merchant_id, name, pass_type == new_cards, passes))
    return found


def _ending(row: Certificate, now: datetime) -> Ending:
    return Ending(row.pass_type, row.not_after, (row.not_after - now).days)


def _stage(row: Certificate, now: datetime) -> int | None:
    """The last stage that has begun."""
    return next((days for days in WARNED_AT if row.not_after - now <= timedelta(days=days)), None)


def _stage_begins(session: Session, row: Certificate, stage: int | None) -> bool:
    """True for the first who says so."""
    if stage is None:
        return False
    untold = or_(Certificate.warned_days.is_(None), Certificate.warned_days > stage)
    claim = update(Certificate).where(Certificate.id == row.id, untold).values(warned_days=stage)
    return session.scalar(claim.returning(Certificate.id)) is not None


def _is_borne(session: Session, merchant_id: UUID, pass_type: str) -> bool:
    mine = exists().where(Pass.merchant_id == merchant_id, Pass.pass_type == pass_type, Pass.revoked_at.is_(None))
    return bool(session.scalar(select(mine)))
