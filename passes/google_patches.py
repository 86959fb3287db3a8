"""What takes an object or a class from whatever stood there before to what is to stand there now.

Google's PATCH changes what it is told, merges what lies within, replaces lists whole, and forgets only what is null
("Performance tips", patch). So each key that a body of ours can bear, and does not, is said as null.
"""

from collections.abc import Mapping
from typing import Any

from passes.google_parts import Body

Keys = Mapping[str, "Keys"]
"""Keys that can stand in an object, with those that can stand in them."""

_END: Keys = {}
_TRANSLATED: Keys = {"defaultValue": _END, "translatedValues": _END}


def _texts(*names: str) -> Keys:
    twins = {f"localized{name[0].upper()}{name[1:]}": _TRANSLATED for name in names}
    return {**dict.fromkeys(names, _END), **twins}


_IMAGE: Keys = {"sourceUri": {"uri": _END}, "contentDescription": _TRANSLATED}
# The forms that we never say, too: a balance that has two is shown as either.
_POINTS: Keys = {**_texts("label"), "balance": dict.fromkeys(("string", "int", "double", "money"), _END)}
_INTERVAL: Keys = {"start": {"date": _END}, "end": {"date": _END}}
_BOTH: Keys = {"id": _END, "linksModuleData": {"uris": _END}, "messages": _END}
_CLASS: Keys = {
    **_BOTH,
    **_texts("issuerName"),
    "reviewStatus": _END,
    "hexBackgroundColor": _END,
    "multipleDevicesAndHoldersAllowedStatus": _END,
    "classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": _END}},
    "callbackOptions": {"url": _END},
    "homepageUri": {"id": _END, "uri": _END, **_texts("description")},
}
_OBJECT: Keys = {
    **_BOTH,
    "classId": _END,
    "state": _END,
    "validTimeInterval": _INTERVAL,
    "heroImage": _IMAGE,
    "barcode": dict.fromkeys(("type", "value", "alternateText"), _END),
    "textModulesData": _END,
}
KEYS: Mapping[str, Keys] = {
    "LoyaltyClass": {
        **_CLASS,
        **_texts("programName", "accountIdLabel", "accountNameLabel", "rewardsTier", "rewardsTierLabel"),
        "programLogo": _IMAGE,
        "wideProgramLogo": _IMAGE,
    },
    "OfferClass": {
        **_CLASS,
        **_texts("title", "shortTitle", "provider", "details", "finePrint"),
        "redemptionChannel": _END,
        "titleImage": _IMAGE,
        "wideTitleImage": _IMAGE,
    },
    "LoyaltyObject": {
        **_OBJECT,
        "accountId": _END,
        "accountName": _END,
        "loyaltyPoints": _POINTS,
        "secondaryLoyaltyPoints": _POINTS,
    },
    "OfferObject": _OBJECT,
}
"""By kind of body: all that our bodies can say and Google remembers, but for places. notifyPreference it forgets by
itself."""


def patch_of(kind: str, body: Body, *, places_allowed: bool = False) -> Body:
    """The PATCH after which `body` stands there, exactly, whatever of ours stood there before.

    `kind` is a key of KEYS. Without `places_allowed` nothing is said of places, as their very name may be refused.
    A class is sent for review again, without which Google refuses to change it. Source: "Performance tips", patch.
    """
    keys: Keys = {**KEYS[kind], **({"merchantLocations": _END} if places_allowed else {})}
    review = {"reviewStatus": "UNDER_REVIEW"} if kind in ("LoyaltyClass", "OfferClass") else {}
    return {**_forgetting(keys, body), **review}


def blanked(
    kind: str, object_id: str, class_id: str, hero_url: str | None = None, *, places_allowed: bool = False
) -> Body:
    """The PATCH that retires an object: nothing of a person is left, and the phone files it under "Expired passes".

    Google deletes no object, so state INACTIVE alone would leave name, code and all texts there for ever: each is
    said as null, lists whole. What stays is the id, the class that it is of (the shop's, not the customer's), and
    `hero_url`, a picture that shows no stamps; without one there is none. Links to other objects cannot be undone.
    `kind` is "LoyaltyObject" or "OfferObject"; raises ValueError for any other. Source: "REST Resource:
    loyaltyobject", state; "Google Wallet API FAQ".
    """
    if kind not in ("LoyaltyObject", "OfferObject"):
        raise ValueError(f"{kind!r} is no kind of object.")
    hero: dict[str, Any] = {"heroImage": {"sourceUri": {"uri": hero_url}}} if hero_url is not None else {}
    left = {"id": object_id, "classId": class_id, "state": "INACTIVE", **hero}
    return patch_of(kind, left, places_allowed=places_allowed)


def _forgetting(keys: Keys, body: Mapping[str, Any]) -> Body:
    kept = {
        key: _forgetting(keys[key], value) if keys.get(key) and isinstance(value, Mapping) else value
        for key, value in body.items()
    }
    return {**kept, **{key: None for key in keys if key not in body}}
