"""The lines that offers have on a pass: the most important one on the front where there is room, all on the back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from issuer.language import translator
from issuer.telling_offers import News, ToldOffer
from passes.extras import MOST_PLACES, Extras, Place
from passes.face import Line
from passes.fitting import row_fits, shortened

KEY = "offer"
LEAST = 16
"""Signs of a longer offer that must be readable: fewer of them say nothing."""
MOST_BESIDE = 2
"""Facts that stand beside status and offer, so that the row has its four."""

Row = tuple[Line, ...]


def front_offer(offers: Sequence[ToldOffer], language: str) -> Line | None:
    """What the front is to say in full. Offers near shops are said there instead."""
    first = next((one for one in offers if not one.near_shops), None)
    return Line(KEY, translator(language).gettext("Offer"), first.text) if first else None


def beside(row: Row, offer: Line) -> Row:
    """The offer after the status, as much of it as fits, in place of the last facts there is no room for.

    The others are not shortened for it: a text that changes is announced. The row as it is where the offer finds no
    room.
    """
    status, *facts = row
    for kept in range(min(len(facts), MOST_BESIDE), -1, -1):
        cut = _fitted(offer, (status, *facts[:kept]))
        if cut is not None:
            return status, cut, *facts[:kept]
    return row


def _fitted(offer: Line, others: Row) -> Line | None:
    """As much of the offer as fits beside the others; None where that is not enough to read."""
    text = str(offer.value)
    if row_fits((offer, *others)):
        return offer
    for most in range(len(text) - 1, LEAST - 1, -1):
        cut = replace(offer, value=shortened(text, most))
        if row_fits((cut, *others)):
            return cut
    return None


def offer_lines(offers: Sequence[ToldOffer], news: News | None, language: str) -> Iterator[Line]:
    """Each offer with all there is to know of it, in one piece.

    Wallet announces a line that it knew already and whose value is another, so what may sound has one that is always
    there.
    """
    _ = translator(language).gettext
    if news is not None:
        yield Line("news", _("New for you"), news.text, news.message, detect=())
    for one in offers:
        yield Line(one.key, _("Offer"), "\n".join((one.text, *one.lines)), detect=())


def with_places(extras: Extras, places: Sequence[Place]) -> Extras:
    """The shops of offers before the brand's own places, as many as Wallet takes, none of them twice."""
    taken = {(place.latitude, place.longitude) for place in places}
    own = [place for place in extras.places if (place.latitude, place.longitude) not in taken]
    return extras.model_copy(update={"places": (*places, *own)[:MOST_PLACES]}) if places else extras
