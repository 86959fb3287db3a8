"""What Google refuses with a bare 400, refused here with a sentence.

The rules of a face (passes/checks.py) hold as well: one face serves both wallets.
"""

import re
from collections import Counter
from urllib.parse import SplitResult, urlsplit

from passes.checks import check_face, is_loopback, refuse_unless
from passes.face import Face, FaceRefused, Line
from passes.google_face import GoogleCard, GoogleProgram, Link, Texts

_ID = re.compile(r"[0-9]+\.[0-9A-Za-z._-]+")
_KEY = re.compile(r"[0-9A-Za-z_-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[0-9A-Za-z]{2,8})*")
_ADDRESS = re.compile(r"[!-~]+")


def check_program(faces: tuple[Face, ...], program: GoogleProgram) -> None:
    """Raise FaceRefused where Google would not take the class ("REST Resource: loyaltyclass")."""
    _check_faces(faces)
    _check_id(program.class_id, "class id")
    _check_texts(faces, program.name, "program name")
    _check_picture(program.logo_url, "logo")
    if program.wide_logo_url is not None:
        _check_picture(program.wide_logo_url, "wide logo")
    for label in (program.account_id_label, program.account_name_label):
        if label is not None:
            _check_texts(faces, label, "account label")
    _check_links(faces, program.links)


def check_card(faces: tuple[Face, ...], card: GoogleCard) -> None:
    """Raise FaceRefused where Google would not take the object ("REST Resource: loyaltyobject")."""
    _check_faces(faces)
    _check_id(card.object_id, "object id")
    _check_id(card.class_id, "class id")
    refuse_unless(
        card.object_id.split(".")[0] == card.class_id.split(".")[0],
        f"The object {card.object_id!r} and the class {card.class_id!r} are of two issuers; give both the same number.",
    )
    _check_picture(card.hero_url, "hero image")
    _check_given(card.account_id, "account id")
    _check_given(card.account_name, "account name")
    if card.waiting is not None:
        count = card.waiting.count
        refuse_unless(count >= 0, f"{count} rewards cannot wait; give 0 or more.")
        _check_texts(faces, card.waiting.label, "label of the waiting rewards")
    _check_links(faces, card.links)


def _check_faces(faces: tuple[Face, ...]) -> None:
    for face in faces:
        check_face(face)
        refuse_unless(
            _LANGUAGE.fullmatch(face.language), f"The language {face.language!r} is unknown; write it as 'de' or 'en'."
        )
        for line in _lines(face):
            _check_key(line.key, "line")
    twice = [language for language, count in Counter(face.language for face in faces).items() if count > 1]
    refuse_unless(not twice, f"Two faces speak {', '.join(map(repr, twice))}; give one for each language.")
    for other in faces[1:]:
        refuse_unless(
            _same_in_all(other) == _same_in_all(faces[0]),
            f"The faces in {faces[0].language!r} and {other.language!r} show two cards; "
            "only texts may differ between languages.",
        )


def _same_in_all(face: Face) -> tuple[object, ...]:
    groups = (face.header, face.secondary, face.auxiliary, face.back)
    keys = tuple(tuple(line.key for line in group) for group in groups)
    return face.code, face.short_code, face.stamps, face.voided, face.expires_at, face.colours, keys


def _lines(face: Face) -> tuple[Line, ...]:
    return face.header + face.secondary + face.auxiliary + face.back


def _check_id(text: str, what: str) -> None:
    refuse_unless(
        _ID.fullmatch(text),
        f"The {what} {text!r} is none of Google's; write the issuer's number, a dot, then A to Z, a to z, 0 to 9, "
        "'.', '_' or '-'.",
    )


def _check_key(key: str, what: str) -> None:
    refuse_unless(
        _KEY.fullmatch(key),
        f"The key {key!r} of a {what} cannot be referred to; use A to Z, a to z, 0 to 9, '_' or '-'.",
    )


def _check_texts(faces: tuple[Face, ...], texts: Texts, what: str) -> None:
    for face in faces:
        refuse_unless(
            texts.get(face.language, "").strip(),
            f"The {what} is empty in {face.language!r}; give it in every language of the card.",
        )


def _check_given(text: str | None, what: str) -> None:
    refuse_unless(text is None or text.strip(), f"The {what} is empty; leave it out instead.")


def _check_picture(url: str, what: str) -> None:
    """Google fetches pictures itself; plain http is for a stand-in on this machine."""
    parts = _split(url, what)
    host = parts.hostname or ""
    refuse_unless(
        host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))),
        f"The address {url!r} of the {what} is not https; Google fetches pictures from https addresses only.",
    )


def _check_links(faces: tuple[Face, ...], links: tuple[Link, ...]) -> None:
    for link in links:
        _check_key(link.key, "link")
        _check_texts(faces, link.label, f"label of the link {link.key!r}")
        parts = _split(link.uri, "link")
        refuse_unless(
            (parts.scheme in ("https", "http") and parts.hostname)
            or (parts.scheme in ("tel", "mailto") and parts.path),
            f"The link {link.uri!r} leads nowhere; begin it with https://, tel: or mailto:.",
        )
    twice = [key for key, count in Counter(link.key for link in links).items() if count > 1]
    refuse_unless(not twice, f"The key {', '.join(twice)} names two links; give each its own.")


def _split(url: str, what: str) -> SplitResult:
    sentence = f"The address {url!r} of the {what} cannot be read; write it as https://host/path, without spaces."
    refuse_unless(_ADDRESS.fullmatch(url), sentence)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FaceRefused(sentence) from error
    return parts
