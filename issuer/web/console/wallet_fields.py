"""The designer's fold for what only Apple Wallet is told: rows to fill in, and what stands in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from issuer.design import ALIGNMENT_NAMES, Design
from issuer.design_wallet import MOST_ROWS, is_of_wallet, typed_as
from issuer.schema import Location
from issuer.web.wording import said
from passes.extras import LONGEST_TEXT, MOST_PLACES, Extras, Place

ANCHORS = {"place": "places", "beacon": "beacons", "window": "times"}
"""Where on the page the rows of a kind stand."""


def wallet_fields(design: Design, given: Mapping[str, str], zone: str, shops: Sequence[Location]) -> dict[str, Any]:
    """What `templates/console/_wallet.html` draws.

    :param given: a form that could not be taken, to be shown as it was typed
    :param zone: by whose clocks times are told
    """
    typed = {name: text for name, text in given.items() if is_of_wallet(name)}
    values = typed or typed_as(design.wallet, zone)
    return {
        "values": values,
        "rows": {kind: list(_rows(kind, values)) for kind in MOST_ROWS},
        "alignments": {value: said(name) for value, name in ALIGNMENT_NAMES.items()},
        "shops": [shop for shop in shops if _place_of(shop) and not _is_there(shop, design.wallet)],
        "is_full": len(design.wallet.places) >= MOST_PLACES,
    }


def _rows(kind: str, values: Mapping[str, str]) -> Iterator[str]:
    """What the fields of each row begin with: of all that are filled in, and of an empty one."""
    for number in count():
        row = f"{kind}_{number}_"
        there = any(name.startswith(row) for name in values)
        if there or number < MOST_ROWS[kind]:
            yield row
        if not there:
            return


def with_shop(design: Design, shop: Location) -> Design:
    """The design with a shop among its places, if there is room for it and it is known where it is."""
    place, wallet = _place_of(shop), design.wallet
    if place is None or _is_there(shop, wallet) or len(wallet.places) >= MOST_PLACES:
        return design
    return replace(design, wallet=wallet.model_copy(update={"places": (*wallet.places, place)}))


def _place_of(shop: Location) -> Place | None:
    if shop.latitude is None or shop.longitude is None:
        return None
    return Place(latitude=shop.latitude, longitude=shop.longitude, text=(shop.address or shop.name)[:LONGEST_TEXT])


def _is_there(shop: Location, wallet: Extras) -> bool:
    return any((place.latitude, place.longitude) == (shop.latitude, shop.longitude) for place in wallet.places)
