"""The content of an Apple pass: pass.json and its images, ready to be sealed.

Text comes in one language, the card's, so there are no .lproj folders ("Creating the Source for a Pass").
"""

from passes.band import strip_of
from passes.checks import check_face, check_issue, rgb
from passes.face import Face, FaceRefused, Issue, Line
from passes.images import icon_set, logo_set, scaled_names
from passes.wallet_models import LoyaltyPass, PlainField, QrBarcode, StampCard

__all__ = ["FaceRefused", "apple_files"]


def apple_files(face: Face, issue: Issue) -> dict[str, bytes]:
    """File name -> bytes: pass.json and icon, logo and strip at 1x, 2x and 3x. Same values, same bytes.

    Raises FaceRefused for whatever Wallet would drop in silence. Source: Apple, "Pass", "Creating a store
    card pass".
    """
    check_face(face)
    check_issue(issue)
    strips = {name: strip_of(face.look, face.stamps, scale) for name, scale in scaled_names("strip")}
    return {
        "pass.json": _pass(face, issue).pass_json(),
        **icon_set(face.icon),
        **logo_set(face.logo),
        **strips,
    }


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
    content.expirationDate = face.expires_at.isoformat(timespec="seconds") if face.expires_at else None
    return content


def _card(face: Face) -> StampCard:
    card = StampCard()
    groups = {
        "headerFields": face.header,
        "secondaryFields": face.secondary,
        "auxiliaryFields": face.auxiliary,
        "backFields": face.back,
    }
    for group, lines in groups.items():
        for line in lines:
            card.add(group, _field(line))
    return card


def _field(line: Line) -> PlainField:
    return PlainField(line.key, line.value, line.label, line.change_message)


def _css(colour: str) -> str:
    red, green, blue = rgb(colour)
    return f"rgb({red}, {green}, {blue})"
