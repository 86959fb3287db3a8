"""A published design on its way to the cards: a few at a time, so that phones do not all come at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from issuer.database import set_merchant
from issuer.publishing import CAMPAIGN, GOOGLE, publish
from issuer.schema import Brand, BrandVersion, Card, GoogleObject, Pass, Program, Publication, Registration, Rollout

# Cards that no phone holds cost no push, only rows; so many are taken along in one step at most.
AT_ONCE = 200
# As often as the relay looks: in one look of it, the pace allows a fifth of the cards of a second.
STEPS_A_SECOND = 5


def begin(session: Session, brand: Brand, now: datetime) -> Rollout:
    """Let the brand's cards be told of its current version; an older rollout ends, because nothing is left of it."""
    session.execute(
        update(Rollout)
        .where(Rollout.brand_id == brand.id, Rollout.due_at.is_not(None))
        .values(due_at=None)
        .execution_options(synchronize_session=False)
    )
    rollout = Rollout(
        id=uuid4(),
        merchant_id=brand.merchant_id,
        brand_id=brand.id,
        brand_version=brand.current_version,
        begun_at=now,
        due_at=now,
    )
    session.add(rollout)
    session.flush()
    return rollout


def begin_all(session: Session, now: datetime) -> None:
    """The same for all cards of the transaction's merchant, whose phones have to learn what is no design."""
    for brand in session.scalars(select(Brand)).all():
        begin(session, brand, now)


def advance(session: Session, now: datetime, rate: int) -> bool:
    """Tell the next cards of one rollout that is due; whether there was one.

    :param rate: cards on phones a second, at least 1
    """
    rollout = session.scalar(
        select(Rollout).where(Rollout.due_at <= now).order_by(Rollout.due_at).limit(1).with_for_update(skip_locked=True)
    )
    if rollout is None:
        return False
    set_merchant(session, rollout.merchant_id)
    if rollout.after_card is None:
        # Publishing is surely committed now, and was not yet when its own clock was read: see `reach`.
        rollout.begun_at = now
    ids = _next(session, rollout)
    cards = _free(session, ids)
    told, pushes = _until_enough(cards, carried(session, cards), max(1, rate // STEPS_A_SECOND))
    if told:
        publish(session, told, "design", CAMPAIGN, now)
        rollout.after_card, rollout.told = told[-1].id, rollout.told + len(told)
    over = len(told) == len(ids) < AT_ONCE
    rollout.due_at = None if over else now + timedelta(seconds=pushes / max(1, rate))
    session.flush()
    return True


def _next(session: Session, rollout: Rollout) -> Sequence[UUID]:
    query = select(Card.id).where(_wears(rollout.brand_id)).order_by(Card.id).limit(AT_ONCE)
    if rollout.after_card is not None:
        query = query.where(Card.id > rollout.after_card)
    return session.scalars(query).all()


def _free(session: Session, ids: Sequence[UUID]) -> list[Card]:
    """The cards, locked, up to the first that a till is at work with: the till is not to wait, nor is the relay."""
    query = select(Card).where(Card.id.in_(ids)).order_by(Card.id).with_for_update(skip_locked=True)
    found = {card.id: card for card in session.scalars(query)}
    return [found[card_id] for card_id in takewhile(found.__contains__, ids)]


def _wears(brand_id: UUID) -> ColumnElement[bool]:
    return Card.program_id.in_(select(Program.id).where(Program.brand_id == brand_id))


def carried(session: Session, cards: Sequence[Card]) -> set[UUID]:
    """Those of the cards that a phone holds, and will fetch anew, or Google, which is to be told."""
    live = Pass.card_id.in_([card.id for card in cards]) & Pass.revoked_at.is_(None)
    on_phones = select(Pass.card_id).join(Registration, Registration.pass_id == Pass.id).where(live)
    on_google = select(Pass.card_id).join(GoogleObject, GoogleObject.pass_id == Pass.id).where(live)
    return set(session.scalars(on_phones.union(on_google)))


def _until_enough(cards: Sequence[Card], held: set[UUID], most: int) -> tuple[list[Card], int]:
    """Cards from the first on, up to ``most`` that phones hold; and how many of those there are."""
    told: list[Card] = []
    count = 0
    for card in cards:
        if card.id in held and count == most:
            break
        count += card.id in held
        told.append(card)
    return told, count


@dataclass(frozen=True)
class Reach:
    """How far the design that customers see got: ``phones`` hold a card of the brand, ``have`` show it on all of them.

    A card in Google Wallet counts as one phone, and as one that has the design when Google has it.

    ``cards``: of the brand, wherever they are. ``told``: how many of them the rollout came by. ``over``: it is done.
    """

    phones: int
    have: int
    cards: int
    told: int
    over: bool

    @property
    def missing(self) -> int:
        return self.phones - self.have


def reach(session: Session, version: BrandVersion) -> Reach:
    """What a phone fetched since the rollout began looks like the brand's current ``version``.

    A phone that was only told "not modified" meanwhile does not count: see `registrations.note_fetch`.
    """
    rollout = session.scalar(
        select(Rollout).where(Rollout.brand_id == version.brand_id, Rollout.brand_version == version.number)
    )
    since = rollout.begun_at if rollout else version.created_at
    apple, google = _phones(session, version.brand_id, since), _saved(session, version.brand_id, since)
    cards = session.scalar(select(func.count()).select_from(Card).where(_wears(version.brand_id))) or 0
    return Reach(
        phones=apple[0] + google[0],
        have=apple[1] + google[1],
        cards=cards,
        told=rollout.told if rollout else 0,
        over=rollout is None or rollout.due_at is None,
    )


def _phones(session: Session, brand_id: UUID, since: datetime) -> tuple[int, int]:
    """Phones with a card of the brand, and those that fetched all of theirs since."""
    fetched = func.bool_and(func.coalesce(Registration.fetched_at >= since, False))
    phone = (
        select(fetched.label("has"))
        .join(Pass, Pass.id == Registration.pass_id)
        .join(Card, Card.id == Pass.card_id)
        .where(_wears(brand_id), Pass.revoked_at.is_(None))
        .group_by(Registration.device_id)
        .subquery()
    )
    phones, have = session.execute(select(func.count(), func.count().filter(phone.c.has)).select_from(phone)).one()
    return phones, have


def _saved(session: Session, brand_id: UUID, since: datetime) -> tuple[int, int]:
    """Cards in somebody's Google Wallet, and those that Google was told of since."""
    has = func.count().filter(Publication.pushed_at >= since)
    saved = (
        select(func.count(), has)
        .select_from(GoogleObject)
        .join(Publication, (Publication.pass_id == GoogleObject.pass_id) & (Publication.channel == GOOGLE))
        .join(Pass, Pass.id == GoogleObject.pass_id)
        .join(Card, Card.id == Pass.card_id)
        .where(_wears(brand_id), Pass.revoked_at.is_(None), Pass.voucher_id.is_(None), GoogleObject.has_users)
    )
    count, have = session.execute(saved).one()
    return count, have
