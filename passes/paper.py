"""What a merchant prints: stamp cards one by one or ten on a sheet, and the signs that invite to join.

Values in, PDF bytes out; the same values give the same bytes. Lengths are in millimetres. Texts come in the customer's
language. Raises FaceRefused with one sentence where paper would be useless.
"""

from collections.abc import Sequence

from passes.checks import refuse_unless
from passes.paper_card import HEIGHT, WIDTH, PaperCard, check_card, draw_card
from passes.paper_press import A4, BLACK, Box, Press
from passes.paper_signs import JoinSign, poster_pdf, sticker_pdf, tent_pdf

__all__ = ["JoinSign", "PaperCard", "card_pdf", "poster_pdf", "sheet_pdf", "sticker_pdf", "tent_pdf"]

BLEED = 3.0
"""How far a colour runs over the cut, so that a cut a little off shows no white edge."""
_MARK = 5.0
_COLUMNS, _ROWS = 2, 5
_LEFT = (A4[0] - _COLUMNS * WIDTH) / 2
_TOP = (A4[1] - _ROWS * HEIGHT) / 2


def card_pdf(card: PaperCard) -> bytes:
    """One page of exactly 85.6 x 54 mm, as a card printer takes it."""
    check_card(card)
    press = Press(f"{card.organization}: {card.program}", card.organization, card.language)
    press.page(WIDTH, HEIGHT)
    press.block(Box(0, 0, WIDTH, HEIGHT), card.colours.background)
    draw_card(press, card)
    return press.finished()


def sheet_pdf(cards: Sequence[PaperCard]) -> bytes:
    """A4 pages of ten cards each, edge to edge, with cut marks; the colour runs over the outer cuts."""
    refuse_unless(cards, "There is no card to print; ask for at least one.")
    for card in cards:
        check_card(card)
    press = Press(f"{cards[0].organization}: {cards[0].program}", cards[0].organization, cards[0].language)
    for first in range(0, len(cards), _COLUMNS * _ROWS):
        press.page(*A4)
        _draw_sheet(press, cards[first : first + _COLUMNS * _ROWS])
    return press.finished()


def _draw_sheet(press: Press, cards: Sequence[PaperCard]) -> None:
    places = [(_LEFT + n % _COLUMNS * WIDTH, _TOP + n // _COLUMNS * HEIGHT) for n in range(len(cards))]
    # First every bleed, then every card: so none runs into its neighbour.
    for bleed in (BLEED, 0.0):
        for card, (x, y) in zip(cards, places, strict=True):
            press.block(Box(x, y, WIDTH, HEIGHT).inset(-bleed), card.colours.background)
    for card, (x, y) in zip(cards, places, strict=True):
        with press.placed(x, y):
            draw_card(press, card)
    _draw_marks(press, min(len(cards), _COLUMNS), -(-len(cards) // _COLUMNS))


def _draw_marks(press: Press, columns: int, rows: int) -> None:
    right, bottom = _LEFT + columns * WIDTH, _TOP + rows * HEIGHT
    for x in [_LEFT + n * WIDTH for n in range(columns + 1)]:
        press.hairline((x, _TOP - BLEED - _MARK), (x, _TOP - BLEED), BLACK)
        press.hairline((x, bottom + BLEED), (x, bottom + BLEED + _MARK), BLACK)
    for y in [_TOP + n * HEIGHT for n in range(rows + 1)]:
        press.hairline((_LEFT - BLEED - _MARK, y), (_LEFT - BLEED, y), BLACK)
        press.hairline((right + BLEED, y), (right + BLEED + _MARK, y), BLACK)
