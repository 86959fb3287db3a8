"""When each card is next to be looked at for offers: a directory of ids and times, one row a card.

A row is moved by whoever holds the card's lock, or made earlier by anybody. Whoever waits for a row holds no offer that
somebody else waits for: offers are locked first, then cards, then these rows, then publications.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import card_facts, deciding, governing, showings
from issuer.database import send_ahead, set_merchant
from issuer.deciding import Outcome, Scene, Windows
from issuer.due import pause
from issuer.keys import Keys
from issuer.limiting import Asked, used
from issuer.offering import Running, live_offers
from issuer.offers.facts import Facts
from issuer.offers.governor import rank
from issuer.publishing import CAMPAIGN, OFFER, publish
from issuer.rollouts import carried
from issuer.schema import Agenda, Card, Offer, Pass, Publication

SHORTEST = timedelta(seconds=1)
"""No card is looked at twice in the same moment, whatever is said of it."""

# One look at the index for each merchant that has a row.
WAITING = text("""
    WITH RECURSIVE first AS (
        (SELECT merchant_id, due_at FROM agenda ORDER BY merchant_id, due_at LIMIT 1)
        UNION ALL
        SELECT next.merchant_id, next.due_at FROM first, LATERAL (
            SELECT merchant_id, due_at FROM agenda WHERE agenda.merchant_id > first.merchant_id
            ORDER BY merchant_id, due_at LIMIT 1
        ) AS next
    )
    SELECT merchant_id FROM first WHERE due_at <= :now ORDER BY due_at, merchant_id
""")
NOTE_NEW = """
    INSERT INTO agenda (card_id, merchant_id, due_at)
    SELECT %(card)s, id, %(now)s FROM merchant WHERE id = %(merchant)s AND has_offers
    ON CONFLICT (card_id) DO UPDATE SET due_at = least(agenda.due_at, excluded.due_at)
"""
SETTLED = """
    UPDATE agenda SET due_at = settled.due_at, attempts = 0
    FROM unnest(%(cards)s::uuid[], %(times)s::timestamptz[]) AS settled (card_id, due_at)
    WHERE agenda.card_id = settled.card_id
"""


def plan(session: Session, card_id: UUID, merchant_id: UUID, at: datetime) -> None:
    """Look at this card then, unless that happens earlier anyway."""
    wish = insert(Agenda).values(card_id=card_id, merchant_id=merchant_id, due_at=at)
    earlier = {"due_at": func.least(Agenda.due_at, wish.excluded.due_at)}
    session.execute(wish.on_conflict_do_update(index_elements=[Agenda.card_id], set_=earlier))


def plan_new(session: Session, card: Card, now: datetime) -> None:
    """Look at a card just made, where any offer runs. No round trip of its own."""
    send_ahead(session, NOTE_NEW, {"card": card.id, "merchant": card.merchant_id, "now": now})


def any_waits(session: Session, now: datetime) -> bool:
    """Whether a card is due: one look at an index."""
    return session.scalar(select(Agenda.card_id).where(Agenda.due_at <= now).limit(1)) is not None


def merchants_waiting(session: Session, now: datetime) -> list[UUID]:
    """Merchants with a card that is due, who waits longest first; the cost grows with the merchants."""
    return list(session.scalars(WAITING, {"now": now}))


def waiting(session: Session, merchant_id: UUID, now: datetime, most: int) -> list[UUID]:
    """Cards of one merchant that are due, taken in turns: who waits longest, and who came due last.

    So a campaign of many cards keeps nobody waiting who was at the till just now.
    """
    due = select(Agenda.card_id).where(Agenda.merchant_id == merchant_id, Agenda.due_at <= now)
    oldest = session.scalars(due.order_by(Agenda.due_at).limit(most)).all()
    newest = session.scalars(due.order_by(Agenda.due_at.desc()).limit(most // 2)).all() if len(oldest) == most else ()
    both = [card_id for pair in zip(newest, oldest, strict=False) for card_id in pair]
    return list(dict.fromkeys([*both, *oldest]))[:most]


def claim(session: Session, card_ids: Sequence[UUID], now: datetime) -> list[Card]:
    """Those of the cards that are free and still due, locked, in the order in which they were named.

    A till that is at work with a card is not waited for, and does not wait. Whoever is killed before they commit has
    changed nothing.
    """
    free = select(Card).where(Card.id.in_(card_ids)).order_by(Card.id).with_for_update(skip_locked=True)
    cards = {card.id: card for card in session.scalars(free, execution_options={"populate_existing": True})}
    _forget_strays(session, [card_id for card_id in card_ids if card_id not in cards])
    # By their ids alone: the server might look for them among all that is due.
    mine = select(Agenda.card_id, Agenda.due_at).where(Agenda.card_id.in_(cards)).order_by(Agenda.card_id)
    still = {card_id for card_id, due_at in session.execute(mine.with_for_update()) if due_at <= now}
    return [cards[card_id] for card_id in card_ids if card_id in still]


def settle(session: Session, ahead: Mapping[UUID, datetime | None]) -> None:
    """Keep when claimed cards are to be looked at next; ``None``: not before they change."""
    later = {card_id: at for card_id, at in ahead.items() if at is not None}
    if later:
        send_ahead(session, SETTLED, {"cards": list(later), "times": list(later.values())})
    if rest := [card_id for card_id in ahead if card_id not in later]:
        send_ahead(session, "DELETE FROM agenda WHERE card_id = ANY(%(cards)s)", {"cards": rest})


def put_off(session: Session, card_id: UUID, now: datetime) -> int:
    """Try again later, and later each time; how often it has failed now. 0: it is not due any more."""
    due = select(Agenda.attempts).where(Agenda.card_id == card_id, Agenda.due_at <= now)
    attempts = session.scalar(due.with_for_update())
    if attempts is None:
        return 0
    again = update(Agenda).where(Agenda.card_id == card_id).values(due_at=now + pause(attempts), attempts=attempts + 1)
    session.execute(again.execution_options(synchronize_session=False))
    return attempts + 1


@dataclass(frozen=True)
class Looked:
    """How many ``cards`` were looked at, how many of them ``changed``, and how many of those phones hold."""

    cards: int = 0
    changed: int = 0
    on_phones: int = 0

    def __add__(self, other: "Looked") -> "Looked":
        return Looked(self.cards + other.cards, self.changed + other.changed, self.on_phones + other.on_phones)


def look(
    session: Session,
    keys: Keys,
    merchant_id: UUID,
    now: datetime,
    most: int,
    *,
    pace: int | None = None,
    only: Sequence[UUID] | None = None,
) -> Looked:
    """Look at a merchant's cards that are due: end, show, hold back what is to be, and note when to look next.

    Nobody else looks at this merchant's cards meanwhile, and no offer of its is changed.

    :param most: cards to look at
    :param pace: cards on phones that may be changed; when they were, the others stay due
    :param only: these cards, if they are due
    """
    set_merchant(session, merchant_id)
    running = _running(session)
    if running is None:
        return Looked()
    cards = claim(session, waiting(session, merchant_id, now, most) if only is None else only, now)
    return _look_at(session, keys, cards, running, now, pace) if cards else Looked()


def _running(session: Session) -> list[Running] | None:
    """The live offers, held as they are, the most urgent first; ``None`` when somebody is at work with one."""
    live = select(Offer.id).where(Offer.state == "live").order_by(Offer.id)
    mine = set(session.scalars(live.with_for_update(key_share=True, skip_locked=True)))
    running = live_offers(session)
    if any(one.id not in mine for one in running):
        return None
    return sorted(running, key=lambda one: (rank(one.offer), one.live_at, one.id))


def _look_at(
    session: Session, keys: Keys, cards: Sequence[Card], running: Sequence[Running], now: datetime, pace: int | None
) -> Looked:
    facts, windows = _facts(session, keys, cards, running, now), Windows(now)
    asked = {card.id: list(deciding.open_turns(running, card, known, windows)) for card, known in facts.values()}
    scene = _scene(session, cards, running, [one for found in asked.values() for one in found], windows, now)
    held, outcomes, left = carried(session, cards), dict[UUID, Outcome](), pace
    for card in cards:
        if card.id in held and left is not None and left <= 0:
            continue
        known = facts.get(card.id)
        outcome = deciding.decide(scene, card, known[1], asked[card.id]) if known else deciding.put_away(scene, card)
        outcomes[card.id] = outcome
        if left is not None:
            left -= outcome.changed and card.id in held
    settle(session, {card_id: _next(outcome, now) for card_id, outcome in outcomes.items()})
    changed = [card for card in cards if card.id in outcomes and outcomes[card.id].changed]
    _publish(session, changed, {card_id for card_id, outcome in outcomes.items() if outcome.loud}, now)
    return Looked(len(outcomes), len(changed), sum(card.id in held for card in changed))


def _facts(
    session: Session, keys: Keys, cards: Sequence[Card], running: Sequence[Running], now: datetime
) -> dict[UUID, tuple[Card, Facts]]:
    """What is known of those that are active."""
    active = [card for card in cards if card.state == "active"]
    if not active:
        return {}
    around = card_facts.around_of(session, active[0].merchant_id, now)
    kinds = {one.offer.trigger.kind for one in running}
    known = card_facts.facts_of(session, keys, active, around, now, kinds)
    return {card.id: (card, facts) for card, facts in zip(active, known, strict=True)}


def _scene(
    session: Session,
    cards: Sequence[Card],
    running: Sequence[Running],
    asked: Sequence[Asked],
    windows: Windows,
    now: datetime,
) -> Scene:
    # One that was resumed a moment ago is none of the running yet, and has not ended.
    resting = session.scalars(select(Offer.id).where(Offer.state.in_(("paused", "live"))))
    return Scene(
        session=session,
        now=now,
        windows=windows,
        running=running,
        resting=set(resting),
        policy=governing.policy_of(session, cards[0].merchant_id),
        shown=showings.on_cards(session, cards),
        persons=dict(governing.persons_of(session, cards, now)),
        used=used(session, asked),
        decided=showings.decided(session, asked),
        taken=showings.taken(session, asked, now),
    )


def _next(outcome: Outcome, now: datetime) -> datetime | None:
    return max(min(outcome.ahead), now + SHORTEST) if outcome.ahead else None


def _publish(session: Session, cards: Sequence[Card], loud: set[UUID], now: datetime) -> None:
    """Once for each card. Two statements for two kinds of news: so what they lock is locked in order before."""
    calls, others = [card for card in cards if card.id in loud], [card for card in cards if card.id not in loud]
    if calls and others:
        passes = select(Pass.id).where(Pass.card_id.in_([card.id for card in cards]), Pass.revoked_at.is_(None))
        ordered = select(Publication.pass_id).order_by(Publication.pass_id, Publication.channel)
        session.execute(ordered.where(Publication.pass_id.in_(passes)).with_for_update())
    for some, aloud in ((calls, True), (others, False)):
        if some:
            publish(session, some, OFFER, CAMPAIGN, now, loud=aloud)


def _forget_strays(session: Session, card_ids: Sequence[UUID]) -> None:
    """Rows of cards that are nobody's; the others are at work somewhere else."""
    if not card_ids:
        return
    known = set(session.scalars(select(Card.id).where(Card.id.in_(card_ids))))
    strays = [card_id for card_id in card_ids if card_id not in known]
    session.execute(delete(Agenda).where(Agenda.card_id.in_(strays)))
