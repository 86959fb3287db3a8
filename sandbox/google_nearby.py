"""Which passes Google's wallet brings to mind to somebody who stands somewhere.

Sources: "REST Resource: loyaltyobject", merchantLocations: ten of the class and ten of the object. Radius and words are
Google's own; the 150 metres are those that it named for the notices of earlier years. Expired passes stay away.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.google_view import has_ended
from sandbox.lock_screen import Point, Spot, nearest, read_spots

NEAR = 150
"""Metres."""

Body = Mapping[str, Any]


def shops_of(body: Body, class_: Body) -> list[Spot]:
    """The places of an object and of its class, none twice."""
    return list(dict.fromkeys(spot for one in (body, class_) for spot in read_spots(one.get("merchantLocations", ()))))


def is_near(body: Body, class_: Body, here: Point, now: datetime) -> bool:
    """Whether the pass comes up here."""
    return not has_ended(body, now) and nearest(shops_of(body, class_), here, NEAR) is not None
