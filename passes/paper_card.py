"""One stamp card for the purse: 85.6 x 54 mm (ISO/IEC 7810, ID-1), printed on one side."""

from dataclasses import dataclass

from passes.checks import refuse_unless
from passes.face import Colours, StampLook, Stamps
from passes.paper_grid import check_look, draw_grid
from passes.paper_press import BLACK, WHITE, Box, Press, artwork
from passes.paper_qr import printed_qr
from passes.paper_type import Style

WIDTH, HEIGHT = 85.6, 54.0
_PANEL = Box(53.1, 4.5, 28.0, 45.0)
_PANEL_CORNER = 1.2
# So far from the panel's edge that its round corners leave the quiet zone whole.
_QR = Box(_PANEL.x, _PANEL.y, _PANEL.w, _PANEL.w).inset(0.4)
_TEXT_WIDTH = 45.5
_LEFT = 4.5
_LEAST_MARK = 10.0


@dataclass(frozen=True)
class PaperCard:
    """All that one paper card shows, texts in the customer's `language` ("de", "en").

    `promise` is the rule as one sentence, `hint` says what to do with the card. `logo` and `stamp` are PNG
    originals, `shape` is one of passes.shapes.SHAPES. `needed` places are drawn to say what the card is; who counts is
    the till. It is None where nothing is stamped. `code` is what the QR holds, `short_code` what stands below it.
    """

    organization: str
    program: str
    promise: str
    colours: Colours
    logo: bytes
    stamp: bytes
    shape: str
    needed: int | None
    code: str
    short_code: str
    hint: str
    language: str = "de"

    @property
    def look(self) -> StampLook:
        """What the stamp grid is drawn from."""
        return StampLook(self.colours, self.stamp, self.shape)

    @property
    def places(self) -> Stamps | None:
        """The empty grid."""
        return None if self.needed is None else Stamps(self.needed, 0)


def check_card(card: PaperCard) -> None:
    """Raise FaceRefused where the printed card would be useless or unlike the card on the phone."""
    refuse_unless(card.organization.strip(), "The organization is empty; print the name of the shop on the card.")
    refuse_unless(card.promise.strip(), "The promise is empty; say in one sentence what the card brings.")
    refuse_unless(card.code, "The code is empty; a card without one cannot be scanned.")
    refuse_unless(card.short_code, "The short code is empty; it is what can be typed when a scan fails.")
    check_look(card.look, card.places)
    artwork(card.logo, "logo")
    printed_qr(card.code, _QR.w)


def draw_card(press: Press, card: PaperCard) -> None:
    """The card with its top left corner at the origin; its colour must lie there already, bleed and all."""
    colours = card.colours
    logo = press.picture(artwork(card.logo, "logo"), Box(_LEFT, 4.5, 14.0, 10.0), left=True)
    name = Box(logo.x + logo.w + 2.2, 4.5, _TEXT_WIDTH - logo.w - 2.2, 10.0)
    press.text(card.organization, name, Style(12, 6, 2, bold=True), colours.foreground, down=0.5)
    program = Box(_LEFT, 17.3, _TEXT_WIDTH, 3.0)
    press.text(card.program, program, Style(7, 5.5, 1, bold=True), colours.label)
    if card.needed is None:
        _draw_promise_alone(press, card)
    else:
        press.text(card.promise, Box(_LEFT, 21.3, _TEXT_WIDTH, 8.7), Style(8, 5.5, 4), colours.foreground)
        draw_grid(press, card.look, card.places, Box(_LEFT, 31.5, _TEXT_WIDTH, 18.0))
    _draw_panel(press, card)


def _draw_promise_alone(press: Press, card: PaperCard) -> None:
    """Without a grid the sentence has its room, and the mark what the sentence leaves."""
    room = Box(_LEFT, 21.3, _TEXT_WIDTH, 28.2)
    taken = press.text(card.promise, room, Style(9, 5.5, 9), card.colours.foreground) + 2.0
    if room.h - taken >= _LEAST_MARK:
        draw_grid(press, card.look, None, Box(room.x, room.y + taken, room.w, room.h - taken))


def _draw_panel(press: Press, card: PaperCard) -> None:
    press.block(_PANEL, WHITE, _PANEL_CORNER)
    press.qr(card.code, _QR)
    below = Box(_PANEL.x + 1.5, _QR.y + _QR.h, _PANEL.w - 3.0, 3.0)
    press.text(card.short_code, below, Style(10, 6, 1, bold=True), BLACK, across=0.5)
    hint = Box(below.x, below.y + 4.4, below.w, _PANEL.y + _PANEL.h - below.y - 6.0)
    press.text(card.hint, hint, Style(6.5, 4.5, 4), BLACK, across=0.5, down=0.5)
