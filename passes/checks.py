"""What Wallet drops, hides or refuses without a word, refused here with one.

Each rule names Apple's page. A phone that meets these shows nothing, or "cannot be added", and says no more.
"""

import ipaddress
import re
from collections import Counter
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from passes.face import Colours, Face, FaceRefused, Issue, Line, Stamps
from passes.fitting import row_fits

MOST_STAMPS = 30
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SERIAL = re.compile(r"[0-9A-Za-z]+")
_PASS_TYPE = re.compile(r"pass\.[0-9A-Za-z.-]+")


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
    _check_row(face.secondary + face.auxiliary)
    for line in _lines(face):
        _check_line(line)
    _check_keys(_lines(face))
    if not face.voided:
        _check_code(face.code, face.short_code)
    _check_end(face.expires_at)


def _lines(face: Face) -> tuple[Line, ...]:
    return face.header + face.secondary + face.auxiliary + face.back


def _check_counts(face: Face) -> None:
    """Apple: "Defining the metadata of your Wallet Pass", store card."""
    below = len(face.secondary) + len(face.auxiliary)
    refuse_unless(len(face.header) <= 3, f"{len(face.header)} header lines; Wallet shows 3, move the rest to the back.")
    refuse_unless(
        below <= 4,
        f"{below} secondary and auxiliary lines; Wallet shows 4 together, move the rest to the back.",
    )


def _check_row(lines: tuple[Line, ...]) -> None:
    """Apple: "Creating a store card pass"."""
    texts = " · ".join(f"{line.label} {line.value}" for line in lines)
    refuse_unless(
        row_fits(lines),
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
    """Apple: "PassFieldContent"."""
    refuse_unless(line.key, f"The line with the label {line.label!r} has no key; give it one.")
    refuse_unless(line.value != "", f"The line {line.key!r} has no value; leave the line out instead.")
    message = line.change_message
    refuse_unless(
        message is None or "%@" in message,
        f"The change message {message!r} of {line.key!r} lacks %@; without it Wallet announces nothing.",
    )


def _check_keys(lines: tuple[Line, ...]) -> None:
    twice = [key for key, count in Counter(line.key for line in lines).items() if count > 1]
    refuse_unless(not twice, f"The key {', '.join(twice)} is used twice; keys are unique across the whole card.")


def _check_code(code: str, short_code: str) -> None:
    """Apple: "Pass.Barcodes": the message must survive its encoding, else no code appears."""
    refuse_unless(code, "The code is empty; a card without one cannot be scanned.")
    try:
        code.encode("iso-8859-1")
    except UnicodeEncodeError:
        raise FaceRefused(f"The code {code!r} does not fit ISO 8859-1; use letters A to Z and digits.") from None
    refuse_unless(short_code, "The short code is empty; it is what can be typed when a scan fails.")


def check_issue(issue: Issue) -> None:
    """Raise FaceRefused where a phone would not add or not update the pass ("Pass", "Register a Pass …").

    The token itself never stands in a sentence: it is the pass's password.
    """
    refuse_unless(
        _PASS_TYPE.fullmatch(issue.pass_type),
        f"The pass type {issue.pass_type!r} is none of Apple's; it begins with 'pass.'.",
    )
    refuse_unless(
        _SERIAL.fullmatch(issue.team_id),
        f"The team id {issue.team_id!r} is not alphanumeric; see the certificate.",
    )
    refuse_unless(
        _SERIAL.fullmatch(issue.serial),
        f"The serial {issue.serial!r} is not alphanumeric; use A to Z, a to z, 0 to 9.",
    )
    refuse_unless(
        len(issue.token) >= 16,
        f"The token has {len(issue.token)} characters; Wallet demands at least 16.",
    )
    _check_web_service(issue.web_service_url)


def _check_web_service(url: str) -> None:
    """Apple: "Adding a Web Service to Update Passes"; plain http reaches nobody but this machine."""
    parts = _split(url)
    host = parts.hostname or ""
    refuse_unless(parts.scheme in ("https", "http") and host, f"The web service {url!r} is no https address.")
    refuse_unless(
        parts.scheme == "https" or is_loopback(host),
        f"The web service {url!r} is plain http; phones demand https everywhere but on loopback.",
    )
    refuse_unless(
        not parts.path.rstrip("/").endswith("/v1"),
        f"The web service {url!r} ends in /v1; the phone appends that itself, leave it out.",
    )
    refuse_unless(
        not (parts.query or parts.fragment),
        f"The web service {url!r} has a query; paths are appended to it, drop it.",
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FaceRefused(f"The web service {url!r} cannot be read; write it as https://host/path.") from error
    return parts


def is_loopback(host: str) -> bool:
    """Does the host name this machine? There plain http is as good as https."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
