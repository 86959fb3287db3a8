"""The content of an Apple pass: pass.json and its images, ready to be sealed.

Text comes in one language, the card's, so there are no .lproj folders ("Creating the Source for a Pass").
docs/apple-content.md says of every key where its value comes from.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any

from wallet.models import Coupon, Generic, PassInformation, StoreCard

from passes.band import strip_of, thumbnail_of
from passes.checks import check_face, rgb
from passes.extras import NO_EXTRAS
from passes.face import Face, FaceRefused, Issue, Line, Sort, StampLook, Stamps
from passes.images import icon_set, logo_set, scaled_names
from passes.typed import Moment, Money, Typed
from passes.wallet_models import LoyaltyPass, PlainBeacon, PlainField, PlainLocation, QrBarcode

__all__ = ["STYLES", "FaceRefused", "apple_content", "apple_pictures"]

STYLES: Mapping[Sort, type[PassInformation]] = {
    Sort.LOYALTY: StoreCard,
    Sort.VOUCHER: Coupon,
    Sort.MEMBERSHIP: Generic,
}
"""Nothing but the style and its pictures differs, so a pass may change it: only type, serial and token are for ever
("Updating a Pass")."""


def apple_content(face: Face, issue: Issue) -> dict[str, Any]:
    """The object that pass.json holds. The same values give the same object.

    Raises FaceRefused for what Wallet would drop of the face in silence; of the whole, the issue included,
    `passes.lint` judges. Source: Apple, "Pass", "Creating a store card pass".
    """
    check_face(face)
    return _pass(face, issue).json_dict()


def apple_pictures(
    icon: bytes, logo: bytes, look: StampLook, stamps: Stamps | None, sort: Sort = Sort.LOYALTY
) -> dict[str, bytes]:
    """File name -> PNG: icon, logo, and strip or thumbnail, at 1x, 2x and 3x; one set for a look, a count and a sort.

    Raises FaceRefused for what cannot be drawn. Source: HIG, "Wallet".
    """
    return {**brand_pictures(icon, logo), **own_pictures(look, stamps, sort)}


def brand_pictures(icon: bytes, logo: bytes) -> dict[str, bytes]:
    """Those of `apple_pictures` that all cards of a look share: icon and logo."""
    return {**icon_set(icon), **logo_set(logo)}


def own_pictures(look: StampLook, stamps: Stamps | None, sort: Sort) -> dict[str, bytes]:
    """The others: strip or thumbnail, of a count and a sort."""
    name = "thumbnail" if sort is Sort.MEMBERSHIP else "strip"
    return {file: own_picture(look, stamps, scale, sort) for file, scale in scaled_names(name)}


def own_picture(look: StampLook, stamps: Stamps | None, scale: int, sort: Sort) -> bytes:
    """The PNG that is a pass's own: the strip of a card or a voucher, the thumbnail of a membership."""
    return thumbnail_of(look, scale) if sort is Sort.MEMBERSHIP else strip_of(look, stamps, scale, sort)


def _pass(face: Face, issue: Issue) -> LoyaltyPass:
    content = LoyaltyPass(
        _card(face),
        passTypeIdentifier=issue.pass_type,
        teamIdentifier=issue.team_id,
        organizationName=face.organization,
    )
    content.serialNumber = issue.serial
    content.description = face.description
    content.logoText = face.logo_text
    content.backgroundColor = _css(face.colours.background)
    content.foregroundColor = _css(face.colours.foreground)
    content.labelColor = _css(face.colours.label)
    content.webServiceURL = issue.web_service_url
    content.authenticationToken = issue.token
    # A phone greys a voided pass and files it away; a code on it would still be held under the scanner.
    content.barcodes = [] if face.voided else [QrBarcode(face.code, face.short_code)]
    content.voided = face.voided
    content.more = {"expirationDate": _instant(face.expires_at) if face.expires_at else None, **_balance(face)}
    if face.extras is not NO_EXTRAS:
        _tell(content, face)
    return content


def _balance(face: Face) -> dict[str, Any]:
    """The credit, for a phone's own use ("SemanticTags": on store cards only)."""
    money = face.header[0].typed if face.header and face.sort is Sort.LOYALTY else None
    if not isinstance(money, Money):
        return {}
    return {"semantics": {"balance": {"amount": f"{money.cents / 100:.2f}", "currencyCode": money.currency}}}


def _tell(content: LoyaltyPass, face: Face) -> None:
    """What the brand adds. Apple: "Pass", "Showing a Pass on the Lock Screen"."""
    extras = face.extras
    content.locations = [PlainLocation(place) for place in extras.places]
    content.ibeacons = [PlainBeacon(beacon) for beacon in extras.beacons]
    content.associatedStoreIdentifiers = list(extras.apps)
    content.appLaunchURL = extras.app_url
    content.userInfo = extras.app_data
    content.more |= {"sharingProhibited": None if extras.shareable else True, "maxDistance": extras.radius}
    # On a store card and a coupon Wallet passes over a time.
    if extras.windows and face.sort is Sort.MEMBERSHIP:
        named = [window.moments() for window in extras.windows]
        content.more["relevantDates"] = [{name: _instant(at) for name, at in one.items()} for one in named]


def _card(face: Face) -> PassInformation:
    card = STYLES[face.sort]()
    aligned = {"textAlignment": f"PKTextAlignment{face.extras.align}"} if face.extras.align else {}
    groups: tuple[tuple[str, tuple[Line, ...], dict[str, Any]], ...] = (
        ("headerFields", face.header, {}),
        ("primaryFields", face.primary, {}),
        ("secondaryFields", face.secondary, aligned),
        ("auxiliaryFields", face.auxiliary, aligned),
        ("backFields", face.back, {}),
    )
    for group, lines, common in groups:
        fields = getattr(card, group)
        for line in lines:
            more = _tapped(line) if group == "backFields" else common
            if line.typed and face.extras.phone_formats:
                more = more | _written(line.typed)
            fields.append(PlainField(line.key, line.value, line.label, line.change_message, more))
    return card


def _tapped(line: Line) -> dict[str, Any]:
    """What of a line on the back is something to tap. A watch shows the value as it is."""
    if line.detect is None and not line.link:
        return {}
    tags: dict[str, Any] = {}
    if line.link:
        tags["attributedValue"] = f'<a href="{escape(str(line.value))}">{escape(line.link)}</a>'
    if line.detect is not None:
        tags["dataDetectorTypes"] = [f"PKDataDetectorType{one}" for one in line.detect]
    return tags


def _written(typed: Typed) -> dict[str, Any]:
    """The value, and how a phone is to write it. Only a number bears a currency or a style of numbers."""
    if isinstance(typed, Money):
        return {"value": typed.cents / 100, "currencyCode": typed.currency}
    if isinstance(typed, Moment):
        return dict(_dated(typed))
    value = typed.value if isinstance(typed.value, int) else float(typed.value)
    return {"value": value, "numberStyle": f"PKNumberStyle{typed.style}"}


def _dated(moment: Moment) -> Iterator[tuple[str, Any]]:
    yield "value", _instant(moment.at)
    yield "dateStyle", f"PKDateStyle{moment.date}"
    yield "timeStyle", f"PKDateStyle{moment.time}"
    if moment.is_relative:
        yield "isRelative", True
    if moment.own_zone:
        yield "ignoresTimeZone", True


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _css(colour: str) -> str:
    red, green, blue = rgb(colour)
    return f"rgb({red}, {green}, {blue})"
