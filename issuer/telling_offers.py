"""The offers on a card in words: the one place that pass, web card and console read."""

from collections.abc import Iterator
from dataclasses import dataclass

from issuer.amounts import end_said
from issuer.cards import CardView
from issuer.offers.hours_said import hours_said
from issuer.offers.shown import ShownOffer, standing
from issuer.offers.triggers import PlaceTrigger
from issuer.refusals import N_
from issuer.rules.wording import Wording
from issuer.telling_vouchers import ShownVoucher, told_voucher

NOTHING = "–"


@dataclass(frozen=True)
class ToldOffer:
    """``key``: names it wherever it stands. ``text``: in a line; ``details``: small print, when it counts, until when.

    ``near_shops``: said by phones near shops, so the front of a pass has no need of it. ``voucher``: what it brought,
    as long as some of that is left; ``brings``: in words.
    """

    key: str
    text: str
    details: tuple[str, ...]
    near_shops: bool
    voucher: ShownVoucher | None = None
    brings: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """All there is to know beside the text."""
        return (self.brings, self.voucher.code, *self.details) if self.voucher else self.details


def told_offers(shown: CardView, words: Wording) -> Iterator[ToldOffer]:
    """Most important first."""
    held = {one.id: told_voucher(one, shown.zone, words) for one in shown.vouchers}
    for one in standing(shown.offers):
        texts, voucher = one.content.in_(words.language), held.get(one.voucher_id) if one.voucher_id else None
        details = (texts.back, counts_said(one, words), until_said(one, shown.zone, words))
        yield ToldOffer(
            key=f"offer-{one.offer_id.hex[:8]}",
            text=texts.card,
            details=tuple(filter(None, details)),
            near_shops=one.near_shops,
            voucher=voucher,
            brings=_brings(voucher, texts.card, words) if voucher else "",
        )


@dataclass(frozen=True)
class News:
    """The ``text`` of what came last of all that may sound, or a dash; ``message``: what a phone says as it comes."""

    text: str
    message: str | None


def news_of(shown: CardView, language: str) -> News | None:
    """Of a card whose merchant lets offers sound.

    Announced by the version with which it came alone: what stands here once more, as something newer went, is none.
    """
    if not shown.sounds:
        return None
    newest = max((one for one in shown.offers if one.loud), key=lambda one: one.shown_at, default=None)
    if newest is None:
        return News(NOTHING, None)
    texts = newest.content.in_(language)
    return News(texts.card, texts.change_message if newest.card_version == shown.version else None)


def _brings(voucher: ShownVoucher, text: str, words: Wording) -> str:
    """ "Voucher: A slice of cake", "Voucher: Hello again, 15% off"; nothing that was said already."""
    is_said = voucher.name == text or voucher.name in voucher.worth
    return words.say(N_("Voucher: %(worth)s"), worth=voucher.worth if is_said else f"{voucher.name}, {voucher.worth}")


def counts_said(one: ShownOffer, words: Wording) -> str:
    """ "counts Monday to Friday from 7:00 to 10:00", of one that lies on the card at other hours, too; else empty."""
    trigger = one.offer.trigger
    if not isinstance(trigger, PlaceTrigger) or not trigger.stays or trigger.hours is None:
        return ""
    return words.say(N_("counts %(hours)s"), hours=hours_said(trigger.hours, words))


def until_said(one: ShownOffer, zone: str, words: Wording) -> str:
    """ "until 31 Dec 2026", "until 31 Dec 2026, 10:00"; empty for one that goes on. By the clock of its shop.

    :param zone: where it names no shop with a clock of its own
    """
    if one.ends_at is None:
        return ""
    return words.say(N_("until %(last)s"), last=end_said(one.ends_at, one.zone or zone, words))
