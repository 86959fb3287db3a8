"""Reads a "Save to Google Wallet" link: who signed it, and which objects it names.

Source: Google Wallet, "JSON Web Tokens" and its reference "Jwt". Skinny links only: the objects were inserted before.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.google_account import ServiceAccount
from sandbox.google_jwt import JwtRefused, read_jwt, seconds
from sandbox.refusal import PassRefused

LONGEST = 1800
LEEWAY = 300
ARRAYS = {"loyaltyObjects": "LoyaltyObject", "offerObjects": "OfferObject"}


def named_objects(address: str, account: ServiceAccount, now: datetime) -> list[tuple[str, Mapping[str, Any]]]:
    """The objects in the link at this whole address, each with its kind ("LoyaltyObject"), at least one.

    An entry names its object by `id`, perhaps with more. Raises PassRefused ("save_…").
    """
    if len(address) > LONGEST:
        raise PassRefused("save_long", length=len(address), most=LONGEST)
    try:
        claims = read_jwt(address.rpartition("/")[2], account.public_key, account.key_id).claims
    except JwtRefused as error:
        raise PassRefused(f"save_{error.code}") from error
    _check_claims(claims, account, now)
    payload = claims.get("payload")
    found = [(kind, one) for key, kind in ARRAYS.items() for one in _array(payload, key)]
    if not found:
        raise PassRefused("save_empty")
    return found


def _check_claims(claims: Mapping[str, Any], account: ServiceAccount, now: datetime) -> None:
    wanted = {"iss": account.email, "aud": "google", "typ": "savetowallet"}
    for name, value in wanted.items():
        if claims.get(name) != value:
            raise PassRefused("save_claim", name=name, given=claims.get(name), wanted=value)
    made = seconds(dict(claims), "iat")
    if made is None or made > now.timestamp() + LEEWAY:
        raise PassRefused("save_time", given=claims.get("iat"))


def _array(payload: object, key: str) -> list[Mapping[str, Any]]:
    array = payload.get(key, []) if isinstance(payload, dict) else []
    entries = array if isinstance(array, list) else [array]
    if not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in entries):
        raise PassRefused("save_unreadable")
    return entries
