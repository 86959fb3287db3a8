"""A phone with the card on it, drawn in lines: who sees the poster knows what will be in their hand."""

from passes.face import StampLook, Stamps
from passes.paper_grid import draw_grid
from passes.paper_press import Box, Press, artwork, mixed
from passes.paper_type import Style

_BODY = "#15171a"
_SCREEN = "#e9ebee"
_OTHER_CARD = "#d3d7dc"
_BEZEL = 2.4
_CORNER = 9.0


def draw_phone(press: Press, look: StampLook, stamps: Stamps | None, organization: str, logo: bytes, box: Box) -> None:
    """The phone fills the box; the card stands near the top of its screen, as Wallet shows it."""
    rim = mixed(look.colours.background, look.colours.foreground, 0.35)
    press.block(box.inset(-0.5), rim, _CORNER + 0.5)
    press.block(box, _BODY, _CORNER)
    screen = box.inset(_BEZEL)
    press.block(screen, _SCREEN, _CORNER - _BEZEL)
    press.block(Box(box.x + box.w / 2 - 8, screen.y + 2.2, 16, 4.2), _BODY, 2.1)
    card = Box(screen.x + 2.6, screen.y + 13, screen.w - 5.2, 60)
    _draw_card(press, look, stamps, organization, logo, card)
    for n in range(3):
        press.block(Box(card.x, card.y + card.h + 4 + 9 * n, card.w, 12), mixed(_OTHER_CARD, _SCREEN, 0.25 * n), 3.0)


def _draw_card(press: Press, look: StampLook, stamps: Stamps | None, organization: str, logo: bytes, card: Box) -> None:
    colours = look.colours
    press.block(card, colours.background, 3.0)
    mark = press.picture(artwork(logo, "logo"), Box(card.x + 3, card.y + 3, 14, 8), left=True)
    name = Box(mark.x + mark.w + 2, card.y + 3, card.w - mark.w - 8, 8)
    press.text(organization, name, Style(9, 5, 2, bold=True), colours.foreground, down=0.5)
    draw_grid(press, look, stamps, Box(card.x + 2.5, card.y + 14, card.w - 5, 25 if stamps else 40))
    if stamps is None:
        return
    count = Box(card.x + 3, card.y + 43, card.w - 6, 12)
    press.text(
        f"{stamps.filled} / {stamps.needed}", count, Style(24, 24, 1, bold=True), colours.label, across=0.5, down=0.5
    )
