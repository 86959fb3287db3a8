"""Where the fifths of a merchant's cards part, reckoned once a day and kept: comparing cards each time is dear."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.orm import Session

from issuer import sweeps
from issuer.database import send
from issuer.events import VISITED
from issuer.history import EARNING, TAKEN_BACK
from issuer.offers.fifths import A_YEAR, MEASURES, NEVER, Cuts, Measured, cuts_of
from issuer.sampling import ALL_IDS, sample
from issuer.schema import FifthCuts, Merchant, Offer, OfferVersion

MOST = 20_000
"""Cards that are compared at most; of more a sample."""

A_DAY = timedelta(days=1)

PAID = """coalesce((
    SELECT bought.total - bought.discount - coalesce(
        (SELECT sum(refund.total) FROM refund WHERE refund.purchase_id = bought.id), 0
    ) FROM purchase AS bought WHERE bought.id = posting.purchase_id
), 0)::bigint"""
"""The cents that were paid with a ``posting`` and not given back."""

# The same as `issuer.offers.fifths.measured` says of visits that were read one by one.
MEASURED = f"""
    WITH came AS (
        SELECT posting.card_id, posting.occurred_at AS at, posting.location_id, {PAID} AS cents
        FROM card JOIN posting ON posting.card_id = card.id
        WHERE card.state = 'active' AND card.id <= %(below)s AND posting.cause = ANY(%(causes)s)
            AND posting.occurred_at <= %(now)s AND NOT {TAKEN_BACK}
        UNION ALL
        SELECT event.card_id, event.at, (event.data->>'location_id')::uuid, 0
        FROM card JOIN event ON event.card_id = card.id AND event.kind = %(visited)s
        WHERE card.state = 'active' AND card.id <= %(below)s AND event.at <= %(now)s
    ), year AS (
        SELECT card_id, count(DISTINCT (at AT TIME ZONE coalesce(location.zone, %(zone)s))::date) AS days,
            sum(greatest(cents, 0)) AS cents
        FROM came LEFT JOIN location ON location.id = location_id
        WHERE at > %(since)s
        GROUP BY card_id
    ), seen AS (SELECT card_id, max(at) AS last FROM came GROUP BY card_id)
    SELECT coalesce(-floor(extract(epoch FROM %(now)s - seen.last) / 86400), %(never)s)::bigint,
        coalesce(year.days, 0), coalesce(year.cents, 0)::bigint
    FROM card
    LEFT JOIN seen ON seen.card_id = card.id
    LEFT JOIN year ON year.card_id = card.id
    WHERE card.state = 'active' AND card.id <= %(below)s
"""  # noqa: S608 (all are constants)


def refresh(session: Session, merchant_id: UUID, now: datetime) -> bool:
    """Compare the cards of the transaction's merchant once a day, if any offer that runs asks for fifths; whether.

    Before the first time nobody is in a fifth, so all cards are looked at once they are.
    """
    reckoned_at = session.scalar(select(FifthCuts.reckoned_at).where(FifthCuts.merchant_id == merchant_id))
    if not _is_asked(session) or (reckoned_at is not None and now - reckoned_at < A_DAY):
        return False
    reckon(session, merchant_id, now)
    if reckoned_at is None:
        sweeps.begin_for_all(session, now)
    return True


def reckon(session: Session, merchant_id: UUID, now: datetime) -> None:
    """Compare the cards of the transaction's merchant with each other and keep what was found."""
    cuts = reckoned(session, merchant_id, now)
    if cuts is None:
        return
    row = {"merchant_id": merchant_id, "cuts": cuts, "reckoned_at": now}
    wish = insert(FifthCuts).values(row)
    session.execute(wish.on_conflict_do_update(index_elements=[FifthCuts.merchant_id], set_=row))


def stored(session: Session, merchant_id: UUID) -> Cuts | None:
    """What was reckoned last; ``None`` before the first time."""
    return session.scalar(select(FifthCuts.cuts).where(FifthCuts.merchant_id == merchant_id))


def reckoned(session: Session, merchant_id: UUID, now: datetime) -> Cuts | None:
    """Where the fifths part now; nothing is kept. ``None`` without cards."""
    zone = session.scalars(select(Merchant.zone).where(Merchant.id == merchant_id)).one()
    below = sample(session, MOST).below or UUID(int=ALL_IDS - 1)
    values: dict[str, Any] = {
        "zone": zone,
        "below": below,
        "now": now,
        "since": now - A_YEAR,
        "never": NEVER,
        "causes": list(EARNING),
        "visited": VISITED,
    }
    rows = [Measured(*row) for row in send(session, MEASURED, values)]
    return cuts_of(rows) if rows else None


def _is_asked(session: Session) -> bool:
    """Whether an offer that runs is for certain fifths."""
    version = (OfferVersion.offer_id == Offer.id) & (OfferVersion.number == Offer.version)
    measured = OfferVersion.content["audience"].has_any(array(MEASURES))
    return bool(session.scalar(select(exists().where(version, Offer.state == "live", measured))))
