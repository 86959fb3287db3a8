"""The content of a Google pass: the class that all cards of a program share, and the object of one card.

Both are bodies of Google's REST API, to be sent as JSON. A class changes with brand and wording only, never with a
stamp: so one change of it reaches every phone, and a stamp touches one object. Texts go out in every language there
is a face of; the phone's language decides which is shown.
"""

from passes.face import Face, FaceRefused
from passes.google_checks import check_card, check_program, sound
from passes.google_face import GoogleCard, GoogleProgram, Link, Texts, Waiting
from passes.google_parts import (
    Body,
    Faces,
    class_parts,
    image,
    in_each,
    object_parts,
    organization,
    text_path,
    wide_logo,
    worded,
)

__all__ = ["FaceRefused", "GoogleCard", "GoogleProgram", "Link", "Texts", "Waiting", "loyalty_class", "loyalty_object"]

_MOST_IN_ROW = 3


def loyalty_class(face: Face, program: GoogleProgram, *translations: Face, places_allowed: bool = False) -> Body:
    """The LoyaltyClass of a program, from the face of any of its cards; `translations` show the same card otherwise.

    The language of `face` is what a phone shows that speaks none of them. `places_allowed`: Google lets this issuer
    say places; they are left out otherwise. Raises FaceRefused for what Google would refuse. Source: "REST Resource:
    loyaltyclass".
    """
    faces = (face, *translations)
    check_program(faces, program)
    body = {
        **class_parts(faces, program, _rows(face), places_allowed=places_allowed),
        **worded("programName", in_each(faces, program.name)),
        "programLogo": image(program.logo_url, organization(faces)),
        **wide_logo("wideProgramLogo", faces, program),
        **worded("accountIdLabel", in_each(faces, program.account_id_label)),
        **worded("accountNameLabel", in_each(faces, program.account_name_label)),
        **worded("rewardsTier", in_each(faces, program.tier)),
        **worded("rewardsTierLabel", in_each(faces, program.tier_label)),
    }
    return sound("LoyaltyClass", body)


def loyalty_object(
    face: Face, card: GoogleCard, *translations: Face, notify: bool = False, places_allowed: bool = False
) -> Body:
    """The LoyaltyObject of one card; `translations` show the same card in other languages. Same values, same body.

    What is None is left out, and so is the code of a voided card: `passes.google_patches.patch_of` takes it away.
    Lines beyond the tenth are left out too. `notify`: the phone is to tell of
    this change, three times a day at most. `places_allowed` as with a class. Raises FaceRefused for what Google would
    refuse. Source: "REST Resource: loyaltyobject".
    """
    faces = (face, *translations)
    check_card(faces, card)
    label = {shown.language: shown.header[0].label for shown in faces if shown.header}
    count = _count(face)
    aloud = {shown.language: _count_aloud(shown, count) for shown in faces}
    body = {
        **object_parts(faces, card, aloud, notify=notify, places_allowed=places_allowed),
        **({"accountId": card.account_id} if card.account_id else {}),
        **({"accountName": card.account_name} if card.account_name else {}),
        **({"loyaltyPoints": _points(label, count)} if count else {}),
        **_waiting(faces, card.waiting),
    }
    return sound("LoyaltyObject", body)


def _rows(face: Face) -> list[list[str]]:
    """Up to three rows on the front: count and waiting rewards, then the lines that Apple shows below its strip."""
    groups = [group for group in (face.secondary, face.auxiliary) if group]
    if len(groups) == 1 and len(groups[0]) > _MOST_IN_ROW:
        groups = [groups[0][:2], groups[0][2:]]
    rows = [[text_path(line.key) for line in group] for group in groups]
    return [["object.loyaltyPoints.balance", "object.secondaryLoyaltyPoints.balance"], *rows]


def _waiting(faces: Faces, waiting: Waiting | None) -> Body:
    # None waiting is said as 0: the row on the front keeps its second figure.
    return {"secondaryLoyaltyPoints": _points(in_each(faces, waiting.label), str(waiting.count))} if waiting else {}


def _count(face: Face) -> str:
    """What the card holds: stamps of a round, or the first line of its header where nothing is stamped."""
    if face.stamps is not None:
        return f"{face.stamps.filled}/{face.stamps.needed}"
    return str(face.header[0].value) if face.header else ""


def _points(label: Texts, balance: str) -> Body:
    # Always the string form: a balance that changes its form by PATCH keeps both.
    return {**worded("label", label), "balance": {"string": balance}}


def _count_aloud(face: Face, count: str) -> str:
    """The description of a picture, never empty: it is what TalkBack has of it."""
    return f"{face.header[0].label}: {count}" if face.header else count or face.description
