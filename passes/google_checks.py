"""What Google refuses with a bare 400, refused here with a sentence.

The rules of a face (passes/checks.py) hold as well: one face serves both wallets. What can be told from the body alone
is told by `passes.google_limits`.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from passes.checks import check_face, refuse_unless
from passes.face import Face, FaceRefused, Line, Sort
from passes.google_face import (
    GoogleCard,
    GoogleClass,
    GoogleObject,
    GoogleOffers,
    GoogleProgram,
    GoogleVoucher,
    Link,
    Message,
    Texts,
)
from passes.google_limits import MOST_ROWS, faults, key_fault, language_fault

Faces = tuple[Face, ...]


def sound(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body, if Google would take it; else FaceRefused with the first of its faults."""
    for fault in faults(kind, body):
        raise FaceRefused(fault)
    return body


def check_program(faces: Faces, program: GoogleProgram) -> None:
    """Raise FaceRefused where Google would not take the class, or a language of it would be empty."""
    _check_class(faces, program, "program name")
    for label in (program.account_id_label, program.account_name_label):
        _check_texts(faces, label, "account label")
    _check_texts(faces, program.tier, "tier")
    _check_texts(faces, program.tier_label, "label of the tier")
    refuse_unless(
        program.tier is not None or program.tier_label is None, "The tier has a label but no text; give both."
    )


def check_offers(faces: Faces, offers: GoogleOffers) -> None:
    """Raise FaceRefused where Google would not take the class, or a language of it would be empty."""
    _check_class(faces, offers, "title")
    _check_texts(faces, offers.short_name, "short title")
    _check_texts(faces, offers.details, "details")
    _check_texts(faces, offers.fine_print, "fine print")
    sizes = [len(row) for row in offers.rows]
    refuse_unless(
        1 <= len(sizes) <= MOST_ROWS and all(1 <= size <= 3 for size in sizes),
        f"The front has rows of {sizes} lines; give 1 to {MOST_ROWS} rows of 1 to 3 lines.",
    )
    for key in (key for row in offers.rows for key in row):
        _refuse(key_fault(key, "line"))


def check_card(faces: Faces, card: GoogleCard) -> None:
    """Raise FaceRefused where Google would not take the object, or a language of it would be empty."""
    _check_object(faces, card)
    _check_given(card.account_id, "account id")
    _check_given(card.account_name, "account name")
    if card.waiting is not None:
        count = card.waiting.count
        refuse_unless(count >= 0, f"{count} rewards cannot wait; give 0 or more.")
        _check_texts(faces, card.waiting.label, "label of the waiting rewards")


def check_voucher(faces: Faces, voucher: GoogleVoucher) -> None:
    """Raise FaceRefused where Google would not take the object, or a language of it would be empty."""
    _check_object(faces, voucher)
    for face in faces:
        refuse_unless(
            face.sort is Sort.VOUCHER,
            f"A face of the sort {face.sort.value!r} is no offer; give that of a voucher, or make a loyalty object.",
        )
    start = voucher.starts_at
    refuse_unless(
        start is None or start.utcoffset() is not None,
        f"The beginning {start} has no offset from UTC; give it the time zone of the shop.",
    )


def _check_class(faces: Faces, shared: GoogleClass, name: str) -> None:
    _check_faces(faces)
    _check_texts(faces, shared.name, name)
    _check_links(faces, (*shared.links, *((shared.homepage,) if shared.homepage else ())))
    _check_messages(faces, shared.messages)


def _check_object(faces: Faces, card: GoogleObject) -> None:
    _check_faces(faces)
    _check_links(faces, card.links)
    _check_messages(faces, card.messages)


def _check_faces(faces: Faces) -> None:
    for face in faces:
        check_face(face)
        _refuse(language_fault(face.language))
        for line in _lines(face):
            _refuse(key_fault(line.key, "line"))
    twice = [language for language, count in Counter(face.language for face in faces).items() if count > 1]
    refuse_unless(not twice, f"Two faces speak {', '.join(map(repr, twice))}; give one for each language.")
    for other in faces[1:]:
        refuse_unless(
            _same_in_all(other) == _same_in_all(faces[0]),
            f"The faces in {faces[0].language!r} and {other.language!r} show two cards; "
            "only texts may differ between languages.",
        )


def _same_in_all(face: Face) -> tuple[object, ...]:
    groups = (face.header, face.primary, face.secondary, face.auxiliary, face.back)
    keys = tuple(tuple(line.key for line in group) for group in groups)
    return face.code, face.short_code, face.stamps, face.voided, face.expires_at, face.colours, face.sort, keys


def _lines(face: Face) -> tuple[Line, ...]:
    return face.header + face.primary + face.secondary + face.auxiliary + face.back


def _refuse(found: Iterable[str]) -> None:
    for fault in found:
        raise FaceRefused(fault)


def _check_texts(faces: Faces, texts: Texts | None, what: str) -> None:
    """What is None is not said at all."""
    for face in faces if texts is not None else ():
        refuse_unless(
            (texts or {}).get(face.language, "").strip(),
            f"The {what} is empty in {face.language!r}; give it in every language of the card.",
        )


def _check_given(text: str | None, what: str) -> None:
    refuse_unless(text is None or text.strip(), f"The {what} is empty; leave it out instead.")


def _check_links(faces: Faces, links: tuple[Link, ...]) -> None:
    for link in links:
        _refuse(key_fault(link.key, "link"))
        _check_texts(faces, link.label, f"label of the link {link.key!r}")


def _check_messages(faces: Faces, messages: tuple[Message, ...]) -> None:
    for message in messages:
        _refuse(key_fault(message.key, "message"))
        _check_texts(faces, message.header, f"header of the message {message.key!r}")
        _check_texts(faces, message.body, f"body of the message {message.key!r}")
        for at in (message.at, message.until):
            refuse_unless(
                at is None or at.utcoffset() is not None,
                f"The time {at} of the message {message.key!r} has no offset from UTC; give it the time zone of the "
                "shop.",
            )
