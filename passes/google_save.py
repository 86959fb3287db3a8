"""What a link to save a pass says: which objects, by their ids alone, as they stand at Google already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from passes.checks import refuse_unless
from passes.face import FaceRefused
from passes.google_limits import id_faults

_NAMES: Mapping[str, str] = {"LoyaltyObject": "loyaltyObjects", "OfferObject": "offerObjects"}


@dataclass(frozen=True)
class Saved:
    """An object to save, "LoyaltyObject" or "OfferObject", and its class; both stand at Google."""

    kind: str
    object_id: str
    class_id: str


def save_payload(saved: Sequence[Saved]) -> dict[str, list[dict[str, str]]]:
    """What a link saves, by kind.

    Ids alone: texts of a person never stand in an address, and a link stays short. Raises FaceRefused for what Google
    answers with an error page. Source: "JSON Web Tokens", "Reference: Jwt".
    """
    _check(saved)
    payload = {
        name: [{"id": one.object_id, "classId": one.class_id} for one in saved if one.kind == kind]
        for kind, name in _NAMES.items()
    }
    return {name: objects for name, objects in payload.items() if objects}


def _check(saved: Sequence[Saved]) -> None:
    refuse_unless(saved, "Nothing is to be saved; name one object at least.")
    for one in saved:
        refuse_unless(one.kind in _NAMES, f"{one.kind!r} cannot be saved; give a LoyaltyObject or an OfferObject.")
        for fault in id_faults(one.kind, {"id": one.object_id, "classId": one.class_id}):
            raise FaceRefused(fault)
    ids = [one.object_id for one in saved]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    refuse_unless(not twice, f"The object {', '.join(twice)} is to be saved twice; name it once.")
    issuers = sorted({one.split(".")[0] for one in ids})
    refuse_unless(
        len(issuers) == 1, f"The objects are of the issuers {', '.join(issuers)}; save those of one at a time."
    )
