"""The parts that Google's classes and objects have in common, whatever they are of."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from passes.extras import Place
from passes.face import Face, Line
from passes.google_face import GoogleClass, GoogleObject, GoogleVoucher, Link, Message, Texts
from passes.google_limits import MOST_MESSAGES, MOST_TEXTS

Body = dict[str, Any]
Faces = tuple[Face, ...]


def class_parts(faces: Faces, shared: GoogleClass, rows: Iterable[list[str]], *, places_allowed: bool) -> Body:
    """What every class says. `rows` are paths to values, by row of the front, from one to three in a row.

    Source: "REST Resource: loyaltyclass", "… offerclass".
    """
    template = {"cardTemplateOverride": {"cardRowTemplateInfos": [_row(paths) for paths in rows]}}
    return {
        "id": shared.class_id,
        # An approved class is refused unless it is sent for review again.
        "reviewStatus": "UNDER_REVIEW",
        **worded("issuerName", organization(faces)),
        "hexBackgroundColor": faces[0].colours.background.lower(),
        "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
        "classTemplateInfo": template,
        **({"callbackOptions": {"url": shared.callback_url}} if shared.callback_url is not None else {}),
        **({"homepageUri": _uri(faces, shared.homepage)} if shared.homepage else {}),
        **_links(faces, shared.links),
        **_messages(faces, shared.messages),
        **(_places(shared.places) if places_allowed else {}),
    }


def object_parts(faces: Faces, card: GoogleObject, hero: Texts, *, notify: bool, places_allowed: bool) -> Body:
    """What every object says. `hero` describes its picture to whoever does not see it.

    Source: "REST Resource: loyaltyobject", "… offerobject"; notifyPreference counts for the one request it rides on.
    """
    face = faces[0]
    return {
        "id": card.object_id,
        "classId": card.class_id,
        "state": card.ended.value if face.voided else "ACTIVE",
        **_interval("validTimeInterval", card.starts_at if isinstance(card, GoogleVoucher) else None, face.expires_at),
        "heroImage": image(card.hero_url, hero),
        **({} if face.voided else {"barcode": _barcode(face)}),
        "textModulesData": [_text(faces, line.key) for line in islice(lines(face, card), MOST_TEXTS)],
        **_links(faces, card.links),
        **_messages(faces, card.messages),
        **(_places(card.places) if places_allowed else {}),
        **({"notifyPreference": "NOTIFY_ON_UPDATE"} if notify else {}),
    }


def lines(face: Face, card: GoogleObject) -> tuple[Line, ...]:
    """The lines that become texts, most important first: all but the count and what a link of that key says."""
    linked = {link.key for link in card.links}
    front = face.primary + face.header if isinstance(card, GoogleVoucher) else face.header[1:]
    every = front + face.secondary + face.auxiliary + face.back
    return tuple(line for line in every if line.key not in linked)


def newest(messages: Iterable[Message]) -> tuple[Message, ...]:
    """The ten that Google keeps, oldest first; of two with one key the later. "REST Resource: loyaltyobject"."""
    latest = {message.key: message for message in sorted(messages, key=_sent)}
    return tuple(sorted(latest.values(), key=_sent)[-MOST_MESSAGES:])


def organization(faces: Faces) -> Texts:
    """The shop's name by language."""
    return {face.language: face.organization for face in faces}


def in_each(faces: Faces, texts: Texts | None) -> Texts:
    """Only the languages of the faces, theirs first that comes first: it is the fallback. Nothing where nothing is."""
    return {face.language: texts[face.language] for face in faces} if texts else {}


def worded(name: str, texts: Texts) -> Body:
    """A text under its name and, if there are several languages, its twin for them. Nothing where nothing is said."""
    given = {language: text for language, text in texts.items() if text}
    if not given:
        return {}
    twin = {f"localized{name[0].upper()}{name[1:]}": _localized(given)} if len(given) > 1 else {}
    return {name: next(iter(given.values())), **twin}


def image(url: str, description: Texts) -> Body:
    """Source: "REST Resource: loyaltyclass", Image. Google fetches the picture, and keeps it as long as it likes."""
    return {"sourceUri": {"uri": url}, "contentDescription": _localized(description)}


def wide_logo(name: str, faces: Faces, shared: GoogleClass) -> Body:
    """The wide logo by Google's name for it, if there is one."""
    return {name: image(shared.wide_logo_url, organization(faces))} if shared.wide_logo_url is not None else {}


def text_path(key: str) -> str:
    """Where the text of a line stands in an object, for a row of its class. Source: "FieldReference"."""
    return f"object.textModulesData['{key}']"


def _row(paths: list[str]) -> Body:
    """Google: "Loyalty template", card template."""
    items = [{"firstValue": {"fields": [{"fieldPath": path}]}} for path in paths]
    if len(items) == 1:
        return {"oneItem": {"item": items[0]}}
    if len(items) == 2:
        return {"twoItems": {"startItem": items[0], "endItem": items[1]}}
    return {"threeItems": {"startItem": items[0], "middleItem": items[1], "endItem": items[2]}}


def _barcode(face: Face) -> Body:
    return {"type": "QR_CODE", "value": face.code, "alternateText": face.short_code}


def _interval(name: str, start: datetime | None, end: datetime | None) -> Body:
    ends = {"start": start, "end": end}
    known = {which: {"date": at.isoformat(timespec="seconds")} for which, at in ends.items() if at}
    return {name: known} if known else {}


def _text(faces: Faces, key: str) -> Body:
    def of(part: Callable[[Line], str]) -> Texts:
        return {face.language: part(_line(face, key)) for face in faces}

    return {
        "id": key,
        **worded("header", of(lambda line: line.label)),
        **worded("body", of(lambda line: str(line.value))),
    }


def _line(face: Face, key: str) -> Line:
    every = face.primary + face.header + face.secondary + face.auxiliary + face.back
    return next(line for line in every if line.key == key)


def _links(faces: Faces, links: tuple[Link, ...]) -> Body:
    return {"linksModuleData": {"uris": [_uri(faces, link) for link in links]}} if links else {}


def _uri(faces: Faces, link: Link) -> Body:
    return {"id": link.key, "uri": link.uri, **worded("description", in_each(faces, link.label))}


def _messages(faces: Faces, messages: tuple[Message, ...]) -> Body:
    return {"messages": [_message(faces, message) for message in newest(messages)]} if messages else {}


def _message(faces: Faces, message: Message) -> Body:
    # A plain text always: a state that is sent twice must not ring twice.
    return {
        "id": message.key,
        "messageType": "TEXT",
        **worded("header", in_each(faces, message.header)),
        **worded("body", in_each(faces, message.body)),
        **(_interval("displayInterval", message.at, message.until) if message.until else {}),
    }


def _sent(message: Message) -> tuple[datetime, str]:
    return message.at, message.key


def _places(places: tuple[Place, ...]) -> Body:
    found = [{"latitude": place.latitude, "longitude": place.longitude} for place in places]
    return {"merchantLocations": found} if found else {}


def _localized(texts: Texts) -> Body:
    default, *others = ({"language": language, "value": text} for language, text in texts.items())
    return {"defaultValue": default, **({"translatedValues": others} if others else {})}
