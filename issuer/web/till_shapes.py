"""What the till's screen shows: a card with what can be done, and the answer to what was done."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal
from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import gifts
from issuer.amounts import amount_said, day_said, first_day
from issuer.cards import CardView, view
from issuer.counter import UNDO
from issuer.ends import told_ends
from issuer.history import Gone, last_earned, last_voucher
from issuer.idempotency import Answer
from issuer.ledger import Booked, PostedLine
from issuer.purchases import Quote
from issuer.refusals import N_, Refusal
from issuer.rules.money import DiscountRule
from issuer.rules.movement import PREPAID, SPEND, is_internal, is_owed, is_reward
from issuer.rules.points import PointRule
from issuer.schema import Card, Granted, Location
from issuer.statuses import can_choose, counter_text, missing_points, rewards_text, status_text
from issuer.telling import Fact, Telling, count_text, tell
from issuer.web.context import now, page_language
from issuer.web.keyed import refused
from issuer.web.till_actions import Known, actions, good_to_know
from issuer.web.wording import said

GONE = {
    "redemption": (N_("Used up"), N_("Used up on %(day)s.")),
    "expiry": (N_("Ended"), N_("Ended without being used up on %(day)s.")),
    "adjustment": (N_("Taken back"), N_("Taken back by the shop on %(day)s.")),
}
"""What became of a voucher, by the cause of the entry that took its last use."""


def summary(session: Session, shown: CardView, card: Card | None) -> dict[str, Any]:
    """A card as the screen shows it. ``card``: ``None`` for a printed one before its first stamp."""
    language = page_language()
    words, known = shown.words(language), _known(session, shown, card)
    ends = told_ends(session, shown, language) if card else []
    told, gone = tell(shown, language), _gone(session, shown)
    last = gone.at if gone else last_earned(session, shown.id)
    headline, promise = _gone_words(gone, shown) if gone else (told.header.value, sentence(shown))
    return {
        "id": str(shown.id),
        "short_code": shown.short_code,
        "name": shown.customer_name,
        "headline": headline,
        "label": _label(told.header, shown),
        "sentence": promise,
        "stamps": shown.shown,
        "needed": shown.needed,
        "facts": [{"label": fact.label, "value": fact.value} for fact in (*told.facts, *told.leftovers)],
        "notices": [*(text for _, text in told.notices), *_owed(shown), *ends],
        "rewards": [
            {"reward_id": str(r.reward_id), "name": r.names[language], "count": r.count} for r in shown.rewards
        ],
        "last_at": last.isoformat() if last else None,
        "offers": list(good_to_know(shown, words, known)),
        "actions": actions(shown, words, known),
    }


def _gone(session: Session, shown: CardView) -> Gone | None:
    """What became of the last voucher of a card that has none left."""
    return last_voucher(session, shown.id) if shown.rules.kind == "voucher" and not shown.vouchers else None


def _gone_words(gone: Gone, shown: CardView) -> tuple[str, str]:
    """In a word, and with its day."""
    word, text = GONE[gone.cause]
    return said(word), said(text) % {"day": day_said(first_day(gone.at, shown.zone), page_language())}


def sentence(shown: CardView, counter: str = "") -> str:
    """Staff read the till's language, and of the customer as of somebody else. ``counter``: what it is about."""
    language = page_language()
    if shown.rewards:
        return said("Waiting for the customer: %(reward)s") % {"reward": rewards_text(shown, language)}
    if counter:
        return counter_text(shown, counter, language)
    theirs = [one.names[language] for one in shown.prices if can_choose(shown, one) and not missing_points(shown, one)]
    if theirs and shown.rules.one(PointRule):
        return said("The customer may choose: %(rewards)s") % {"rewards": ", ".join(theirs)}
    vouchers = tell(shown, language).all_vouchers
    if vouchers and shown.rules.kind == "voucher":
        return said("The customer's voucher: %(voucher)s") % {"voucher": "; ".join(one.sentence for one in vouchers)}
    return status_text(shown, language)


def answered(session: Session, card: Card, outcome: Booked | Refusal, **more: Any) -> Answer:
    """What was booked, as the answer that fills the screen. ``more`` replaces the headline and what else fits it."""
    if isinstance(outcome, Refusal):
        return refused(outcome, page_language())
    shown = view(session, card)
    rounds = any(entry.cause == "round" and entry.amount > 0 for entry in outcome.entries)
    body: dict[str, Any] = {
        "headline": count_text(shown, page_language()),
        "sentence": sentence(shown),
        "entry_id": str(outcome.entries[0].id if outcome.entries else outcome.posting.id),
        "undo_until": (now() + UNDO).isoformat(),
        "undo_seconds": int(UNDO.total_seconds()),
        "reward": rounds,
        "card": summary(session, shown, card),
    }
    return Answer(201, body | more)


def counted(shown: CardView, key: str) -> str:
    """One of a card's balances as its face says it: "3 / 10". ``key``: of its `Fact`; else the first one."""
    told = tell(shown, page_language())
    return next((fact.value for fact in _balances(told) if fact.key == key), told.header.value)


def earned(shown: CardView, booked: Booked) -> str:
    """What a posting brought and how the card stands now, or nothing: "Earned: 12 points. 8 more points for: Cake".

    That a reward waits is how the card stands.
    """
    gained = [
        entry
        for entry in booked.entries
        if entry.amount > 0 and not is_internal(entry.unit) and not is_owed(entry.unit)
    ]
    sold = [entry for entry in gained if entry.unit == PREPAID and entry.cause == "purchase"]
    told = (
        said(text) % {"what": _amounts(lines, shown)}
        for text, lines in (
            (N_("Sold: %(what)s"), sold),
            (N_("Earned: %(what)s"), [entry for entry in gained if entry not in sold and not is_reward(entry.unit)]),
        )
        if lines
    )
    return ". ".join([*told, sentence(shown)]) if gained else ""


def _amounts(lines: Iterable[PostedLine], shown: CardView) -> str:
    words = shown.words(page_language())
    return ", ".join(amount_said(line.unit, line.amount, shown.rules, words) for line in lines)


def reckoned(shown: CardView, quote: Quote) -> dict[str, Any]:
    """An order before it is booked: "40.00 − 6.00 (15%) = €34.00 to pay", and the cents."""
    money = shown.words(page_language()).money(quote.to_pay)
    return {
        "sentence": said("%(steps)s = %(money)s to pay") % {"steps": taken_off(shown, quote), "money": money},
        "total": quote.total,
        "discount": quote.discount,
        "voucher": quote.voucher,
        "credit": quote.credit,
        "to_pay": quote.to_pay,
        "headline": money,
    }


def taken_off(shown: CardView, quote: Quote) -> str:
    """What an order costs, and what comes off it: "40.00 − 6.00 (15%)". ``shown``: the card before it."""
    words = shown.words(page_language())
    steps = [_plain(quote.total, words.language)]
    rule = shown.rules.one(DiscountRule)
    if quote.discount:
        percent = rule.percent(quote.total, shown.balances.get(SPEND, 0)) if rule else Decimal(0)
        steps.append(f"{_plain(quote.discount, words.language)} ({words.percent(percent)})")
    for cents, what in ((quote.voucher, said("voucher")), (quote.credit, said("credit"))):
        if cents:
            steps.append(f"{_plain(cents, words.language)} ({what})")
    return " −\xa0".join(steps)


def _plain(cents: int, language: str) -> str:
    return str(format_decimal(Decimal(cents) / 100, "#,##0.00", locale=language))


def _label(header: Fact, shown: CardView) -> str:
    """What the big number counts; stamps without a name need no word beside their dots."""
    grid = shown.rules.grid
    return "" if grid is not None and grid.names is None else header.label


def _owed(shown: CardView) -> Iterator[str]:
    """What a refund could not take back; the card says it to the customer in other words."""
    words = shown.words(page_language())
    for unit, amount in sorted(shown.balances.items()):
        if is_owed(unit) and amount > 0:
            yield said("Still owed: %(what)s. The next earnings pay it.") % {
                "what": amount_said(unit, amount, shown.rules, words)
            }


def _balances(told: Telling) -> tuple[Fact, ...]:
    return (told.header, *told.facts)


def _known(session: Session, shown: CardView, card: Card | None) -> Known:
    if card is None:
        return Known(now(), begun=False)
    taken = select(Granted.what).where(Granted.card_id == card.id, Granted.posting_id.is_not(None))
    causes = [what.removeprefix("cause:") for what in session.scalars(taken) if what.startswith("cause:")]
    shop = session.get(Location, g.till.location_id) if shown.offers else None
    zone = (shop.zone if shop else None) or shown.zone
    return Known(now(), gifts.purse(session, card, now()), frozenset(causes), zone=zone)
