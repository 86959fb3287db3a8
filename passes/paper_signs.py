"""Signs that invite to join: a poster for the counter, a tent for the table, stickers for everything else."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from passes.checks import refuse_unless
from passes.face import Colours, FaceRefused, StampLook, Stamps
from passes.paper_grid import check_look, draw_grid
from passes.paper_phone import draw_phone
from passes.paper_press import A4, BLACK, WHITE, Box, Press, artwork, mixed
from passes.paper_qr import printed_qr
from passes.paper_type import Style

POSTER_SCALES = {"A4": 1.0, "A5": 148.0 / 210.0}
STICKER_FORMS = ("round", "square")
_PAGES = {"A4": A4, "A5": (148.0, 210.0)}
_POSTER_QR, _TENT_QR, _STICKER_QR = 94.0, 72.0, 36.0
_MOST_STEPS = 4


@dataclass(frozen=True)
class JoinSign:
    """All that a sign shows, texts in the customer's `language` ("de", "en").

    `headline` is the promise in a few words, `sentence` the rule, `steps` what the customer does (none to four). `url`
    is what the QR holds, `url_text` the same for people who type. `logo` and `stamp` are PNG originals, `shape` is
    one of passes.shapes.SHAPES, `needed` the stamps of a round, None where nothing is stamped.
    """

    organization: str
    headline: str
    sentence: str
    steps: tuple[str, ...]
    colours: Colours
    logo: bytes
    stamp: bytes
    shape: str
    needed: int | None
    url: str
    url_text: str
    language: str = "de"

    @property
    def look(self) -> StampLook:
        """What the stamp grid is drawn from."""
        return StampLook(self.colours, self.stamp, self.shape)

    @property
    def half(self) -> Stamps | None:
        """The grid as a sign shows it: half stamped, so that it says what it is for."""
        return None if self.needed is None else Stamps(self.needed, (self.needed + 1) // 2)


def poster_pdf(sign: JoinSign, size: str = "A4") -> bytes:
    """The counter poster, `size` "A4" or "A5": headline, the card on a phone, the QR to join, what to do."""
    refuse_unless(size in _PAGES, f"There is no poster in {size!r}; choose 'A4' or 'A5'.")
    _check_sign(sign, _POSTER_QR * POSTER_SCALES[size])
    press = _press_for(sign)
    press.page(*_PAGES[size])
    press.block(Box(0, 0, *_PAGES[size]), sign.colours.background)
    with press.placed(0, 0, POSTER_SCALES[size]):
        _draw_poster(press, sign)
    return press.finished()


def tent_pdf(sign: JoinSign) -> bytes:
    """An A4 page to be folded in the middle: two faces of A5, the upper one upside down, a dashed line to fold at."""
    _check_sign(sign, _TENT_QR)
    press = _press_for(sign)
    press.page(*A4)
    press.block(Box(0, 0, *A4), sign.colours.background)
    with press.placed(A4[0], A4[1] / 2, -1):
        _draw_tent_face(press, sign)
    with press.placed(0, A4[1] / 2):
        _draw_tent_face(press, sign)
    soft = mixed(sign.colours.background, sign.colours.foreground, 0.5)
    press.hairline((0, A4[1] / 2), (A4[0], A4[1] / 2), soft, dash=2.0)
    return press.finished()


def sticker_pdf(sign: JoinSign, form: str = "round") -> bytes:
    """An A4 page of twelve stickers of 62 mm, `form` "round" or "square", with cut marks."""
    refuse_unless(form in STICKER_FORMS, f"There is no {form!r} sticker; choose 'round' or 'square'.")
    _check_sign(sign, _STICKER_QR)
    press = _press_for(sign)
    press.page(*A4)
    for n in range(12):
        with press.placed(A4[0] / 2 + (n % 3 - 1) * _PITCH, A4[1] / 2 + (n // 3 - 1.5) * _PITCH):
            _draw_sticker(press, sign, form)
    return press.finished()


def _press_for(sign: JoinSign) -> Press:
    return Press(f"{sign.organization}: {sign.headline}", sign.organization, sign.language)


def _check_sign(sign: JoinSign, qr_side: float) -> None:
    refuse_unless(sign.organization.strip(), "The organization is empty; print the name of the shop on the sign.")
    refuse_unless(sign.headline.strip(), "The headline is empty; say in a few words what joining brings.")
    refuse_unless(sign.url_text.strip(), "The address to type is empty; some customers cannot scan.")
    refuse_unless(
        len(sign.steps) <= _MOST_STEPS, f"{len(sign.steps)} steps; a sign has room for {_MOST_STEPS}, join some."
    )
    check_look(sign.look, sign.half)
    artwork(sign.logo, "logo")
    _check_url(sign.url)
    printed_qr(sign.url, qr_side)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("https", "http") and parts.hostname and url.isprintable() and " " not in url
    except ValueError as error:
        raise FaceRefused(f"The address {url!r} cannot be read; write it as https://host/path.") from error
    refuse_unless(fits, f"The address {url!r} is none of the web; write it as https://host/path.")


def _draw_poster(press: Press, sign: JoinSign) -> None:
    """In millimetres of A4; A5 is the same, smaller."""
    _draw_name(press, sign, Box(17, 15, 176, 17), Style(22, 10, 2, bold=True))
    taken = press.text(sign.headline, Box(17, 43, 176, 46), Style(46, 20, 3, bold=True), sign.colours.foreground)
    below = 43 + taken + 9
    press.text(sign.sentence, Box(17, below, 176, 111 - below), Style(18, 10, 3), sign.colours.label)
    top = 118 if sign.steps else 136
    draw_phone(press, sign.look, sign.half, sign.organization, sign.logo, Box(17, top, 64, 136))
    _draw_qr_panel(press, sign, Box(92, top, 101, 114), _POSTER_QR)
    if sign.steps:
        _draw_steps_band(press, sign, Box(0, 245, 210, 53))


def _draw_name(press: Press, sign: JoinSign, box: Box, style: Style) -> None:
    logo = press.picture(artwork(sign.logo, "logo"), Box(box.x, box.y, box.w * 0.3, box.h), left=True)
    gap = box.h / 4
    name = Box(logo.x + logo.w + gap, box.y, box.w - logo.w - gap, box.h)
    press.text(sign.organization, name, style, sign.colours.foreground, down=0.5)


def _draw_qr_panel(press: Press, sign: JoinSign, panel: Box, side: float) -> None:
    press.block(panel, WHITE, 0.06 * panel.w)
    margin = (panel.w - side) / 2
    press.qr(sign.url, Box(panel.x + margin, panel.y + margin, side, side))
    top = panel.y + margin + side
    below = Box(panel.x + margin, top, side, panel.y + panel.h - top - margin)
    press.text(sign.url_text, below, Style(0.13 * panel.w, 6, 2, bold=True), BLACK, across=0.5, down=0.4)


def _draw_steps_band(press: Press, sign: JoinSign, band: Box) -> None:
    colours = sign.colours
    press.block(band, colours.foreground)
    room = (band.w - 2 * 17 + 8) / len(sign.steps)
    words = Box(17 + 15, band.y + 14.5, room - 22, 32)
    style = press.alike(sign.steps, words, Style(14, 9, 5))
    for n, step in enumerate(sign.steps):
        _draw_number(press, colours, n + 1, Box(17 + n * room, band.y + 13, 11, 11), inverted=True)
        press.text(step, replace(words, x=words.x + n * room), style, colours.background)


def _draw_number(press: Press, colours: Colours, number: int, box: Box, inverted: bool) -> None:
    disc, figure = (colours.background, colours.foreground) if inverted else (colours.foreground, colours.background)
    press.disc(box.x + box.w / 2, box.y + box.h / 2, box.w / 2, disc)
    size = box.h * 1.5
    press.text(str(number), box, Style(size, size, 1, bold=True), figure, across=0.5, down=0.5)


def _draw_tent_face(press: Press, sign: JoinSign) -> None:
    """210 x 148.5 mm, upright, its origin at its own top left."""
    colours = sign.colours
    _draw_name(press, sign, Box(15, 15, 94, 14), Style(16, 8, 2, bold=True))
    taken = press.text(sign.headline, Box(15, 38, 94, 46), Style(30, 13, 4, bold=True), colours.foreground)
    below = 38 + taken + 6
    press.text(sign.sentence, Box(15, below, 94, 100 - below), Style(12, 8, 4), colours.label)
    _draw_steps_list(press, sign, Box(15, 135 - 10 * len(sign.steps), 94, 7))
    _draw_qr_panel(press, sign, Box(118, 15, 77, 90), _TENT_QR)
    draw_grid(press, sign.look, sign.half, Box(118, 109, 77, 27))


def _draw_steps_list(press: Press, sign: JoinSign, first: Box) -> None:
    words = Box(first.x + 10, first.y, first.w - 10, first.h)
    style = press.alike(sign.steps, words, Style(11, 6.5, 2)) if sign.steps else Style(11, 11, 1)
    for n, step in enumerate(sign.steps):
        down = first.y + 10 * n
        _draw_number(press, sign.colours, n + 1, Box(first.x, down, first.h, first.h), inverted=False)
        press.text(step, replace(words, y=down), style, sign.colours.foreground, down=0.5)


_STICKER = 62.0
_STICKER_BLEED = 1.5
_PITCH = 67.0


def _draw_sticker(press: Press, sign: JoinSign, form: str) -> None:
    """Around the origin, so that it may be cut out round."""
    half, colours = _STICKER / 2, sign.colours
    edge = half + _STICKER_BLEED
    if form == "round":
        press.disc(0, 0, edge, colours.background)
    else:
        press.block(Box(-edge, -edge, 2 * edge, 2 * edge), colours.background)
    _draw_sticker_marks(press, form, half, edge)
    wide = 30.0 if form == "round" else 54.0
    press.text(sign.headline, Box(-wide / 2, -26.5, wide, 8), Style(9, 5, 3, bold=True), colours.foreground, 0.5, 0.5)
    code = Box(-_STICKER_QR / 2, -17, _STICKER_QR, _STICKER_QR)
    # So much larger that round corners leave the quiet zone whole.
    press.block(code.inset(-0.6), WHITE, 2.0)
    press.qr(sign.url, code)
    press.text(sign.url_text, Box(-wide / 2 - 2, 20.5, wide + 4, 5), Style(6.5, 5, 2), colours.foreground, 0.5, 0.5)


def _draw_sticker_marks(press: Press, form: str, half: float, edge: float) -> None:
    """For a round one where its cut meets the axes, for a square one at the ends of its edges."""
    for across in (0.0,) if form == "round" else (-half, half):
        for way in (-1, 1):
            inner, outer = way * (edge if form == "square" else half), way * (edge + 0.9)
            press.hairline((across, inner), (across, outer), BLACK)
            press.hairline((inner, across), (outer, across), BLACK)
