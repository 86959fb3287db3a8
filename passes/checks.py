"""What Wallet drops, hides or refuses without a word, refused here with one.

Each rule names Apple's page. A phone that meets these shows nothing, or "cannot be added", and says no more.
"""

import ipaddress
import re
from collections import Counter
from datetime import datetime

from passes.face import Colours, Face, FaceRefused, Line, Sort, Stamps
from passes.fitting import row_fits
from passes.typed import Moment, Money, Typed

MOST_STAMPS = 30
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def refuse_unless(holds: object, sentence: str) -> None:
    """Raise FaceRefused with the sentence, value and remedy in it, unless `holds` is true."""
    if not holds:
        raise FaceRefused(sentence)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green, blue from 0 to 255. Raises FaceRefused unless `colour` is "#rrggbb"."""
    refuse_unless(_COLOUR.fullmatch(colour), f"The colour {colour!r} cannot be read; write it as #rrggbb.")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def check_colours(colours: Colours) -> None:
    """Raise FaceRefused unless all three can be read."""
    for colour in (colours.background, colours.foreground, colours.label):
        rgb(colour)


def check_stamps(stamps: Stamps) -> None:
    """Raise FaceRefused unless a grid can be drawn: 1 to 30 needed, 0 to needed filled."""
    needed, filled = stamps.needed, stamps.filled
    refuse_unless(1 <= needed <= MOST_STAMPS, f"A grid has 1 to {MOST_STAMPS} stamps, not {needed}.")
    refuse_unless(
        0 <= filled <= needed,
        f"{filled} of {needed} stamps cannot be shown; give a number from 0 to {needed}.",
    )


def check_face(face: Face) -> None:
    """Raise FaceRefused where Wallet would hide a part of this face ("PassFields", "Pass.Barcodes")."""
    refuse_unless(face.organization, "The organization is empty; Wallet demands the name of the shop.")
    refuse_unless(face.description, "The description is empty; VoiceOver reads it aloud, say what the card is.")
    check_colours(face.colours)
    if face.stamps is not None:
        check_stamps(face.stamps)
    _check_counts(face)
    _check_sort(face)
    _check_row(face.secondary + face.auxiliary)
    for line in _lines(face):
        _check_line(line)
    _check_keys(_lines(face))
    if not face.voided:
        _check_code(face.code, face.short_code)
    _check_end(face.expires_at)


def _lines(face: Face) -> tuple[Line, ...]:
    return face.header + face.primary + face.secondary + face.auxiliary + face.back


def _check_counts(face: Face) -> None:
    """Apple: "Defining the metadata of your Wallet Pass": the same for store card, coupon and generic.

    Of generic its pages disagree; with a square code it shows four below, too.
    """
    below = len(face.secondary) + len(face.auxiliary)
    refuse_unless(len(face.header) <= 3, f"{len(face.header)} header lines; Wallet shows 3, move the rest to the back.")
    refuse_unless(
        below <= 4,
        f"{below} secondary and auxiliary lines; Wallet shows 4 together, move the rest to the back.",
    )


def _check_sort(face: Face) -> None:
    """Apple: "PassFields", primaryFields; HIG, "Wallet": which picture stands on which style."""
    refuse_unless(len(face.primary) <= 1, f"{len(face.primary)} primary lines; Wallet shows 1, move the rest below it.")
    refuse_unless(
        not face.primary or (face.sort is not Sort.LOYALTY and face.stamps is None),
        "A primary line is printed across the stamps; only a voucher or a membership without stamps may have one.",
    )
    refuse_unless(
        face.stamps is None or face.sort is not Sort.MEMBERSHIP,
        "A membership has no picture to stamp on; make it a loyalty card.",
    )


def _check_row(lines: tuple[Line, ...]) -> None:
    """Apple: "Creating a store card pass"."""
    if row_fits(lines):
        return
    texts = " · ".join(f"{line.label} {line.value}" for line in lines)
    raise FaceRefused(
        f"{len(lines)} lines are too long for the one row below the strip, where Wallet leaves out the last ones: "
        f"{texts!r}; shorten them or move one to the back.",
    )


def _check_end(expires_at: datetime | None) -> None:
    """Apple: "Pass", expirationDate; Google: "TimeInterval", which takes a time without offset for the phone's own."""
    refuse_unless(
        expires_at is None or expires_at.utcoffset() is not None,
        f"The end {expires_at} has no offset from UTC; give it the time zone of the shop.",
    )


def _check_line(line: Line) -> None:
    """Apple: "PassFieldContent". Of every line of every pass, so a sentence is made only when it is said."""
    if not line.key:
        raise FaceRefused(f"The line with the label {line.label!r} has no key; give it one.")
    if line.value == "":
        raise FaceRefused(f"The line {line.key!r} has no value; leave the line out instead.")
    if line.change_message is not None and "%@" not in line.change_message:
        raise FaceRefused(
            f"The change message {line.change_message!r} of {line.key!r} lacks %@; without it Wallet announces nothing."
        )
    if line.typed is not None:
        _check_typed(line.key, line.typed)


def _check_typed(key: str, typed: Typed) -> None:
    """Apple: "PassFieldContent", currencyCode and dates."""
    if isinstance(typed, Money):
        refuse_unless(
            _CURRENCY.fullmatch(typed.currency),
            f"The currency {typed.currency!r} of {key!r} is none of ISO 4217; write three capitals like EUR.",
        )
    if isinstance(typed, Moment):
        refuse_unless(
            typed.at.utcoffset() is not None,
            f"The time {typed.at} of {key!r} has no offset from UTC; give it the time zone of the shop.",
        )


def _check_keys(lines: tuple[Line, ...]) -> None:
    if len({line.key for line in lines}) < len(lines):
        twice = [key for key, count in Counter(line.key for line in lines).items() if count > 1]
        raise FaceRefused(f"The key {', '.join(twice)} is used twice; keys are unique across the whole card.")


def _check_code(code: str, short_code: str) -> None:
    """Apple: "Pass.Barcodes": the message must survive its encoding, else no code appears."""
    refuse_unless(code, "The code is empty; a card without one cannot be scanned.")
    try:
        code.encode("iso-8859-1")
    except UnicodeEncodeError:
        raise FaceRefused(f"The code {code!r} does not fit ISO 8859-1; use letters A to Z and digits.") from None
    refuse_unless(short_code, "The short code is empty; it is what can be typed when a scan fails.")


def is_loopback(host: str) -> bool:
    """Does the host name this machine? There plain http is as good as https."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
