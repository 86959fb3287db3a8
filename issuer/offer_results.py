"""What an offer brought, against those who were shown nothing or something else; and who was held back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from issuer.cards import views
from issuer.database import send
from issuer.events import VISITED
from issuer.history import AT_THE_COUNTER, TAKEN_BACK
from issuer.offers.bounds import FOREVER
from issuer.offers.difference import Estimate, difference
from issuer.publishing import GOOGLE
from issuer.schema import Card, Offer, OfferVersion, Showing

AFTER = timedelta(days=7)
"""How long a visit is counted for an offer that lasts longer."""

# Of a card that was shown it several times, what happened after any of them.
REACHED = f"""
    WITH mine AS (
        SELECT card_id, arm, card_version, redeemed_at IS NOT NULL AS redeemed,
            coalesce(shown_at, decided_at) AS begins,
            least(closes_at, coalesce(shown_at, decided_at) + %(after)s, %(now)s) AS ends
        FROM showing
        WHERE offer_id = %(offer)s AND (shown_at IS NOT NULL OR state = 'out')
    ), told AS (
        SELECT mine.*,
            EXISTS (
                SELECT FROM pass
                WHERE pass.card_id = mine.card_id AND pass.voucher_id IS NULL AND pass.revoked_at IS NULL AND (
                    EXISTS (
                        SELECT FROM registration
                        WHERE registration.pass_id = pass.id AND registration.fetched_version >= mine.card_version
                    ) OR EXISTS (
                        SELECT FROM publication JOIN google_object USING (pass_id)
                        WHERE publication.pass_id = pass.id AND publication.channel = %(google)s
                            AND publication.pushed_version >= mine.card_version AND google_object.has_users
                    )
                )
            ) AS fetched,
            EXISTS (
                SELECT FROM posting
                WHERE posting.card_id = mine.card_id AND posting.cause = ANY(%(causes)s) AND NOT {TAKEN_BACK}
                    AND posting.occurred_at >= mine.begins AND posting.occurred_at < mine.ends
            ) OR EXISTS (
                SELECT FROM event
                WHERE event.card_id = mine.card_id AND event.kind = %(visited)s
                    AND event.at >= mine.begins AND event.at < mine.ends
            ) AS visited
        FROM mine
    ), each AS (
        SELECT card_id, arm, bool_or(fetched) AS fetched, bool_or(visited) AS visited, bool_or(redeemed) AS redeemed
        FROM told GROUP BY card_id, arm
    )
    SELECT arm, count(*), count(*) FILTER (WHERE fetched), count(*) FILTER (WHERE visited),
        count(*) FILTER (WHERE redeemed)
    FROM each GROUP BY arm ORDER BY arm
"""  # noqa: S608 (constants)


@dataclass(frozen=True)
class Arm:
    """Cards, each counted once: ``reached``, of whom phones ``fetched`` it, who ``visited`` and who ``redeemed`` it.

    ``arm``: a, b, or out for the hold-out, of whom ``reached`` are those who would have been shown it.
    ``visited``: came to the counter while it was on the card, within seven days.
    """

    arm: str
    reached: int = 0
    fetched: int = 0
    visited: int = 0
    redeemed: int = 0


@dataclass(frozen=True)
class Difference:
    """How much larger a share is than another one. ``arms``: shown and out, or a and b."""

    what: Literal["visited", "redeemed"]
    arms: tuple[str, str]
    estimate: Estimate


@dataclass(frozen=True)
class Results:
    """``arms``: those that somebody is in; ``held_back``: windows of cards by reason, most first."""

    arms: tuple[Arm, ...]
    differences: tuple[Difference, ...]
    held_back: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Held:
    """An offer that a card was not shown, why, and since when."""

    offer_id: UUID
    offer_name: str
    card_id: UUID
    short_code: str
    customer_name: str | None
    reason: str
    at: datetime


@dataclass(frozen=True)
class OnCard:
    """An offer that a card shows since ``at``, or that was held back from it then, for a ``reason``.

    ``until``: when its moment is over; ``None``: not before it is ended.
    """

    offer_id: UUID
    offer_name: str
    reason: str | None
    at: datetime
    until: datetime | None


def results(session: Session, offer_id: UUID, now: datetime) -> Results:
    """What an offer of the transaction's merchant brought so far; nothing of one that nobody was shown."""
    values = {
        "offer": offer_id,
        "now": now,
        "after": AFTER,
        "google": GOOGLE,
        "causes": list(AT_THE_COUNTER),
        "visited": VISITED,
    }
    arms = tuple(Arm(*row) for row in send(session, REACHED, values))
    held = select(Showing.reason, func.count()).where(Showing.offer_id == offer_id, Showing.state == "held")
    counted = session.execute(held.group_by(Showing.reason).order_by(func.count().desc(), Showing.reason))
    return Results(arms, tuple(_differences(arms)), tuple((reason or "", count) for reason, count in counted))


def held_back(
    session: Session, offer_id: UUID | None, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[Held]:
    """What cards of the transaction's merchant were not shown, newest first.

    :param limit: what was decided of a card at one moment is not parted, so there may be more
    :param offer_id: only of this offer
    :param after: time and card of the last one that is known already
    """
    query = (
        select(Showing, OfferVersion.content["name"].astext)
        .join(OfferVersion, (OfferVersion.offer_id == Showing.offer_id) & (OfferVersion.number == Showing.version))
        .where(Showing.state == "held")
        .order_by(Showing.decided_at.desc(), Showing.card_id.desc())
        .fetch(limit, with_ties=True)
    )
    if offer_id is not None:
        query = query.where(Showing.offer_id == offer_id)
    if after is not None:
        query = query.where(tuple_(Showing.decided_at, Showing.card_id) < after)
    rows = session.execute(query).all()
    ids = {row.card_id for row, _ in rows}
    cards = session.scalars(select(Card).where(Card.id.in_(ids))).all() if ids else ()
    shown = {view.id: view for view in views(session, cards)} if cards else {}
    return [
        Held(
            offer_id=row.offer_id,
            offer_name=name,
            card_id=row.card_id,
            short_code=shown[row.card_id].short_code,
            customer_name=shown[row.card_id].customer_name,
            reason=row.reason or "",
            at=row.decided_at,
        )
        for row, name in rows
    ]


def on_card(session: Session, card_id: UUID, now: datetime, limit: int) -> list[OnCard]:
    """What a card of the transaction's merchant shows now, then what it was not shown, newest first.

    Of an offer that was held back several times, the last. Looked up by each offer: what is held back has no index by
    card, and offers are few.
    """
    query = (
        select(Showing, OfferVersion.content["name"].astext)
        .join(Offer, Offer.id == Showing.offer_id)
        .join(OfferVersion, (OfferVersion.offer_id == Showing.offer_id) & (OfferVersion.number == Showing.version))
        .where(Showing.card_id == card_id, Showing.state.in_(("shown", "held")))
        .where((Showing.state == "held") | (Showing.closes_at > now))
        .order_by(Showing.offer_id, Showing.state.desc(), Showing.decided_at.desc())
        .ext(distinct_on(Showing.offer_id))
    )
    found = [
        OnCard(
            offer_id=row.offer_id,
            offer_name=name,
            reason=(row.reason or "") if row.state == "held" else None,
            at=row.shown_at or row.decided_at,
            until=row.closes_at if row.closes_at < FOREVER else None,
        )
        for row, name in session.execute(query)
    ]
    return sorted(sorted(found, key=lambda one: one.at, reverse=True), key=lambda one: one.reason is not None)[:limit]


def _shown(arms: Sequence[Arm]) -> Arm:
    both = [one for one in arms if one.arm != "out"]
    return Arm(
        "shown",
        sum(one.reached for one in both),
        sum(one.fetched for one in both),
        sum(one.visited for one in both),
        sum(one.redeemed for one in both),
    )


def _differences(arms: Sequence[Arm]) -> Iterator[Difference]:
    """Of visits to the hold-out, who cannot redeem anything; of both between the variants."""
    by_name = {one.arm: one for one in arms}
    shown = _shown(arms)
    if "out" in by_name and shown.reached:
        yield _compared("visited", shown, by_name["out"])
    if "a" in by_name and "b" in by_name:
        yield _compared("visited", by_name["a"], by_name["b"])
        yield _compared("redeemed", by_name["a"], by_name["b"])


def _compared(what: Literal["visited", "redeemed"], one: Arm, other: Arm) -> Difference:
    estimate = difference(getattr(one, what), one.reached, getattr(other, what), other.reached)
    return Difference(what, (one.arm, other.arm), estimate)
