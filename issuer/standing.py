"""The tier of a card: raised at the till, lowered at a window's end by the worker, and announced before that.

Who holds a tier is judged by the tiers of today; what counts towards one, by those of the day of the purchase.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import due, events, governing, notices
from issuer.history import TAKEN_BACK
from issuer.ledger import Deed, balances
from issuer.publishing import CAMPAIGN, publish
from issuer.rules import Rules
from issuer.rules.movement import Movement, reward_unit
from issuer.rules.tiers import Standing, Tier, TierRule
from issuer.schema import Card, Granted, Notice, Posting, ProgramVersion
from issuer.terms import Terms, terms_of

KIND = "tier_ends"
"""The notice of this kind and key: values ``tier`` (key), ``day``, the last on which it holds (ISO 8601), and
``missing``: points, cents or visits that would keep it."""

A_MOMENT = timedelta(seconds=1)


def tier_lines(session: Session, card: Card, terms: Terms, now: Mapping[str, int], deed: Deed) -> Sequence[Movement]:
    """Raise the card's tier if its progress is enough; what reaching it brings, once a window.

    A late event counts in the window in which it happened, and may raise the tier now.

    :param now: the card's balances with what is about to be booked
    """
    rule = terms.current.one(TierRule)
    if rule is None:
        return ()
    _raise(session, card, terms, rule, now, deed.recorded_at)
    return _rewards(session, card, rule, now, terms.local(deed.occurred_at), deed)


def review(session: Session, card: Card, terms: Terms, now: Mapping[str, int], at: datetime) -> None:
    """Judge the card's tier anew after something was taken back.

    It may fall at once then, unlike by the passing of time: it was reached by mistake. Not, if it is still worth it by
    any version of the rules, because whoever reached a tier keeps it when the shop makes tiers harder to reach.

    :param now: the card's balances
    """
    rule = terms.current.one(TierRule)
    if rule is None:
        return
    if not _is_still_worth_it(session, card, rule, now, terms.local(at)):
        _hold(session, card, terms, rule, rule.standing(now, terms.local(at)), at)
    _raise(session, card, terms, rule, now, at)
    _free_rewards(session, card)


def look_after_tier(session: Session, card: Card, now: datetime) -> bool:
    """Announce that a tier is about to fall, or let it fall at its window's end; whether the card was published.

    In quiet hours nothing is announced that was not before, but when they are over. The card is locked.
    """
    terms, before = terms_of(session, card, now), (card.tier, card.tier_until)
    rule, there = terms.current.one(TierRule), balances(session, card)
    if card.tier_until is not None and now >= card.tier_until:
        standing = rule.standing(there, terms.local(now)) if rule else Standing(None, None)
        _hold(session, card, terms, rule, standing, now)
    calm = governing.calm_at(session, card.merchant_id, now)
    waits = calm > now and session.scalar(select(Notice.key).where(*_notice(card))) is None
    said = not waits and _tell(session, card, terms, rule, there, now)
    _plan(session, card, terms, rule, now)
    if waits and card.tier_until is not None:
        due.plan(session, card.id, card.merchant_id, due.TIER, "", calm, earlier_only=True)
    changed = said or (card.tier, card.tier_until) != before
    if changed:
        publish(session, [card], "tier", CAMPAIGN, now, loud=governing.may_sound(session, card, now))
    return changed


def _raise(session: Session, card: Card, terms: Terms, rule: TierRule, now: Mapping[str, int], at: datetime) -> None:
    """A tier that is higher than the card's, or lasts longer; and what is said of the one that it has."""
    reached = rule.standing(now, terms.local(at))
    if _measure(rule, reached) > _measure(rule, Standing(card.tier, card.tier_until)):
        _hold(session, card, terms, rule, reached, at)
    elif card.tier_until is not None and _announced_from(card.tier_until, terms, rule) <= at:
        _tell(session, card, terms, rule, now, at)


def _measure(rule: TierRule, standing: Standing) -> tuple[int, float]:
    return rule.rank(standing.tier), standing.until.timestamp() if standing.until else 0


def _is_still_worth_it(session: Session, card: Card, rule: TierRule, now: Mapping[str, int], local: datetime) -> bool:
    query = select(ProgramVersion.rule).where(ProgramVersion.program_id == card.program_id)
    versions = [Rules.read(stored).one(TierRule) for stored in session.scalars(query)]
    held = _measure(rule, Standing(card.tier, card.tier_until))
    return any(_measure(rule, one.standing(now, local)) >= held for one in versions if one)


def _hold(session: Session, card: Card, terms: Terms, rule: TierRule | None, standing: Standing, now: datetime) -> None:
    """Give the card this tier; what was announced for the other is taken away."""
    if rule is not None and rule.rank(standing.tier) > rule.rank(card.tier):
        events.record(session, card.merchant_id, events.TIER_REACHED, now, card.id, tier=standing.tier)
    card.tier, card.tier_until = standing.tier, standing.until
    _unsay(session, card)
    _plan(session, card, terms, rule)


def _plan(session: Session, card: Card, terms: Terms, rule: TierRule | None, after: datetime | None = None) -> None:
    """The next look: when the tier's end is to be announced, unless that is over, and at its end."""
    if card.tier_until is None:
        due.drop(session, card.id, due.TIER, "")
        return
    announced = _announced_from(card.tier_until, terms, rule) if rule else card.tier_until
    at = card.tier_until if after is not None and announced <= after else announced
    due.plan(session, card.id, card.merchant_id, due.TIER, "", at)


def _announced_from(until: datetime, terms: Terms, rule: TierRule) -> datetime:
    """Not before the last window has begun in which the tier can be kept."""
    end = terms.local(until)
    return max(end - timedelta(days=rule.announce_days), rule.begin(end - A_MOMENT))


def _tell(
    session: Session, card: Card, terms: Terms, rule: TierRule | None, now: Mapping[str, int], at: datetime
) -> bool:
    """Say on the card that its tier is about to fall, or nothing any more; whether what it says differs."""
    if rule is None or card.tier is None or card.tier_until is None:
        return _unsay(session, card)
    end = terms.local(card.tier_until)
    is_kept = rule.rank(rule.standing(now, end).tier) >= rule.rank(card.tier) > 0
    if is_kept or at < _announced_from(card.tier_until, terms, rule):
        return _unsay(session, card)
    missing = rule.missing(now, terms.local(at), card.tier)
    values = {"tier": card.tier, "day": (end - A_MOMENT).date().isoformat(), "missing": missing}
    if session.scalar(select(Notice.values).where(*_notice(card))) == values:
        return False
    notices.write(session, card, KIND, KIND, values, at)
    return True


def _unsay(session: Session, card: Card) -> bool:
    gone = delete(Notice).where(*_notice(card)).returning(Notice.key)
    return session.scalar(gone) is not None


def _notice(card: Card) -> tuple[Any, ...]:
    return Notice.card_id == card.id, Notice.key == KIND


def _rewards(
    session: Session, card: Card, rule: TierRule, now: Mapping[str, int], local: datetime, deed: Deed
) -> Sequence[Movement]:
    """The rewards of the tiers that the purchase's window has reached, each once in it."""
    window = rule.unit(local)
    reached = [tier for tier in rule.tiers if tier.reward_id and now.get(window, 0) >= tier.threshold]
    if not reached:
        return ()
    rows = [
        {
            "card_id": card.id,
            "what": _what(tier),
            "turn": window,
            "merchant_id": card.merchant_id,
            "at": deed.recorded_at,
        }
        for tier in reached
    ]
    made = insert(Granted).values(rows).on_conflict_do_nothing().returning(Granted.what)
    mine = set(session.scalars(made))
    return [Movement(reward_unit(tier.reward_id), 1, "issued", "bonus") for tier in reached if _what(tier) in mine]


def _what(tier: Tier) -> str:
    return f"tier:{tier.key}"


def _free_rewards(session: Session, card: Card) -> None:
    """What a posting brought that was taken back as a whole can be reached again."""
    undone = exists().where(Posting.card_id == Granted.card_id, Posting.recorded_at == Granted.at, text(TAKEN_BACK))
    session.execute(
        delete(Granted)
        .where(Granted.card_id == card.id, Granted.what.startswith("tier:"), undone)
        .execution_options(synchronize_session=False)
    )
