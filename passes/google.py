"""The content of a Google pass: the class that all cards of a program share, and the object of one card.

Both are bodies of Google's REST API, to be sent as JSON. A class changes with brand and wording only, never with a
stamp: so one change of it reaches every phone, and a stamp touches one object. Texts go out in every language there
is a face of; the phone's language decides which is shown.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any

from passes.face import Face, FaceRefused, Line
from passes.google_checks import check_card, check_program
from passes.google_face import GoogleCard, GoogleProgram, Link, Texts, Waiting

__all__ = ["FaceRefused", "GoogleCard", "GoogleProgram", "Link", "Texts", "Waiting", "loyalty_class", "loyalty_object"]

Body = dict[str, Any]

MOST_TEXTS = 10
_MOST_IN_ROW = 3


def loyalty_class(face: Face, program: GoogleProgram, *translations: Face) -> Body:
    """The LoyaltyClass of a program, from the face of any of its cards; `translations` show the same card otherwise.

    The language of `face` is what a phone shows that speaks none of them. Raises FaceRefused for what Google would
    refuse. Source: "REST Resource: loyaltyclass"; an approved class is refused unless sent as UNDER_REVIEW again.
    """
    faces = (face, *translations)
    check_program(faces, program)
    organization = {shown.language: shown.organization for shown in faces}
    return {
        "id": program.class_id,
        "reviewStatus": "UNDER_REVIEW",
        **_said("issuerName", organization),
        **_said("programName", _in_each(faces, program.name)),
        "programLogo": _image(program.logo_url, organization),
        **({"wideProgramLogo": _image(program.wide_logo_url, organization)} if program.wide_logo_url else {}),
        "hexBackgroundColor": face.colours.background.lower(),
        "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
        "classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": _rows(face)}},
        **_said("accountIdLabel", _in_each(faces, program.account_id_label or {})),
        **_said("accountNameLabel", _in_each(faces, program.account_name_label or {})),
        **_links(faces, program.links),
    }


def loyalty_object(face: Face, card: GoogleCard, *translations: Face) -> Body:
    """The LoyaltyObject of one card; `translations` show the same card in other languages. Same values, same body.

    What is None is left out, and so is the code of a voided card: a PATCH that is to take it away says null. Lines
    beyond the tenth are left out too (see `passes.google_front.hidden_lines`). Raises FaceRefused for what Google would
    refuse. Source: "REST Resource: loyaltyobject".
    """
    faces = (face, *translations)
    check_card(faces, card)
    label = {shown.language: shown.header[0].label for shown in faces if shown.header}
    count = _count(face)
    return {
        "id": card.object_id,
        "classId": card.class_id,
        "state": "INACTIVE" if face.voided else "ACTIVE",
        **({"validTimeInterval": {"end": {"date": _instant(face.expires_at)}}} if face.expires_at else {}),
        **({"accountId": card.account_id} if card.account_id else {}),
        **({"accountName": card.account_name} if card.account_name else {}),
        **({"loyaltyPoints": _points(label, count)} if count else {}),
        **_waiting(faces, card.waiting),
        "heroImage": _image(card.hero_url, {shown.language: _count_aloud(shown, count) for shown in faces}),
        **({} if face.voided else {"barcode": _barcode(face)}),
        "textModulesData": [_text(faces, line.key) for line in islice(lines(face, card), MOST_TEXTS)],
        **_links(faces, card.links),
    }


def lines(face: Face, card: GoogleCard) -> tuple[Line, ...]:
    """The lines that become texts, most important first: all but the count, and but what a link says already."""
    linked = {link.uri.removeprefix("tel:").removeprefix("mailto:") for link in card.links}
    return tuple(
        line for line in face.header[1:] + face.secondary + face.auxiliary + face.back if str(line.value) not in linked
    )


def _rows(face: Face) -> list[Body]:
    """Up to three rows on the front: count and waiting rewards, then the lines that Apple shows below its strip.

    Source: "REST Resource: loyaltyclass", cardRowTemplateInfos: three rows at most.
    """
    rows = [["object.loyaltyPoints.balance", "object.secondaryLoyaltyPoints.balance"]]
    groups = [group for group in (face.secondary, face.auxiliary) if group]
    if len(groups) == 1 and len(groups[0]) > _MOST_IN_ROW:
        groups = [groups[0][:2], groups[0][2:]]
    rows += [[f"object.textModulesData['{line.key}']" for line in group] for group in groups]
    return [_row(paths) for paths in rows]


def _row(paths: list[str]) -> Body:
    """Google: "Loyalty template", card template."""
    items = [{"firstValue": {"fields": [{"fieldPath": path}]}} for path in paths]
    if len(items) == 1:
        return {"oneItem": {"item": items[0]}}
    if len(items) == 2:
        return {"twoItems": {"startItem": items[0], "endItem": items[1]}}
    return {"threeItems": {"startItem": items[0], "middleItem": items[1], "endItem": items[2]}}


def _waiting(faces: tuple[Face, ...], waiting: Waiting | None) -> Body:
    if waiting is None:
        return {}
    # None waiting is said as 0: left out of a PATCH, yesterday's reward would stay on the phone.
    return {"secondaryLoyaltyPoints": _points(_in_each(faces, waiting.label), str(waiting.count))}


def _count(face: Face) -> str:
    """What the card holds: stamps of a round, or the first line of its header where nothing is stamped."""
    if face.stamps is not None:
        return f"{face.stamps.filled}/{face.stamps.needed}"
    return str(face.header[0].value) if face.header else ""


def _instant(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def _barcode(face: Face) -> Body:
    return {"type": "QR_CODE", "value": face.code, "alternateText": face.short_code}


def _points(label: Texts, balance: str) -> Body:
    # Always the string form: a balance that changes its form by PATCH keeps both.
    return {**_said("label", label), "balance": {"string": balance}}


def _count_aloud(face: Face, count: str) -> str:
    """The description of a picture, never empty: it is what TalkBack has of it."""
    return f"{face.header[0].label}: {count}" if face.header else count or face.description


def _text(faces: tuple[Face, ...], key: str) -> Body:
    def of(part: Callable[[Line], str]) -> Texts:
        return {face.language: part(_line(face, key)) for face in faces}

    return {
        "id": key,
        **_said("header", of(lambda line: line.label)),
        **_said("body", of(lambda line: str(line.value))),
    }


def _line(face: Face, key: str) -> Line:
    return next(line for line in face.header + face.secondary + face.auxiliary + face.back if line.key == key)


def _links(faces: tuple[Face, ...], links: tuple[Link, ...]) -> Body:
    uris = [{"id": link.key, "uri": link.uri, **_said("description", _in_each(faces, link.label))} for link in links]
    return {"linksModuleData": {"uris": uris}} if uris else {}


def _image(url: str, description: Texts) -> Body:
    return {"sourceUri": {"uri": url}, "contentDescription": _localized(description)}


def _in_each(faces: tuple[Face, ...], texts: Texts) -> Texts:
    """Only the languages of the faces, theirs first that comes first: it is the fallback."""
    return {face.language: texts[face.language] for face in faces} if texts else {}


def _said(name: str, texts: Texts) -> Body:
    """A text under its name and, if there are several languages, its twin for them. Nothing where nothing is said."""
    said = {language: text for language, text in texts.items() if text}
    if not said:
        return {}
    twin = {f"localized{name[0].upper()}{name[1:]}": _localized(said)} if len(said) > 1 else {}
    return {name: next(iter(said.values())), **twin}


def _localized(texts: Texts) -> Body:
    default, *others = ({"language": language, "value": text} for language, text in texts.items())
    return {"defaultValue": default, **({"translatedValues": others} if others else {})}
