"""The offers on a card in words: the one place that pass, web card and console read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from issuer.amounts import day_said, last_day
from issuer.cards import CardView
from issuer.offers.hours_said import clock_said
from issuer.offers.shown import ShownOffer, standing
from issuer.refusals import N_
from issuer.rules.wording import Wording


@dataclass(frozen=True)
class ToldOffer:
    """``key``: names it wherever it stands. ``text``: in a line; ``details``: the small print, then until when.

    ``announced``: what a phone says of ``text`` when it comes, None for nothing. ``near_shops``: said by phones near
    shops, so the front of a pass has no need of it.
    """

    key: str
    text: str
    details: tuple[str, ...]
    announced: str | None
    near_shops: bool


def told_offers(shown: CardView, words: Wording) -> Iterator[ToldOffer]:
    """Most important first."""
    for one in standing(shown.offers):
        texts = one.content.in_(words.language)
        yield ToldOffer(
            key=f"offer-{one.offer_id.hex[:8]}",
            text=texts.card,
            details=tuple(part for part in (texts.back, until_said(one, shown.zone, words)) if part),
            announced=texts.change_message if one.loud else None,
            near_shops=one.near_shops,
        )


def until_said(one: ShownOffer, zone: str, words: Wording) -> str:
    """ "until 31 Dec 2026", "until 31 Dec 2026, 10:00"; empty for one that goes on. By the clock of its shop.

    :param zone: where it names no shop with a clock of its own
    """
    if one.ends_at is None:
        return ""
    zone = one.zone or zone
    local = one.ends_at.astimezone(ZoneInfo(zone))
    if local.time() == time(0):
        return words.say(N_("until %(last)s"), last=day_said(last_day(one.ends_at, zone), words.language))
    day, clock = day_said(local.date(), words.language), clock_said(local.time(), words)
    return words.say(N_("until %(day)s, %(clock)s"), day=day, clock=clock)
