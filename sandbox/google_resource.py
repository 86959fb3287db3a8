"""One class or object as Google keeps it, with what the sandbox counted of it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.google_rules import Body

KEPT_STATES = 200
CLASS_OF = {"LoyaltyObject": "LoyaltyClass", "OfferObject": "OfferClass"}


@dataclass
class Resource:
    """A class or object. Times are RFC 3339; `saved_at` is None while no phone holds the object.

    `seen`: what each write made it show, oldest first. `notified`: the notifications within the last day or so.
    `over`: how many more were asked for and refused; `most`: the most there ever were within a day.
    """

    kind: str
    body: Body
    updated_at: str
    saved_at: str | None = None
    seen: list[dict[str, Any]] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    over: int = 0
    most: int = 0

    @property
    def name(self) -> str:
        """Its id, `ISSUER.suffix`."""
        return str(self.body["id"])

    @property
    def is_class(self) -> bool:
        """A template, not a pass."""
        return self.kind.endswith("Class")

    @property
    def class_name(self) -> str:
        """The id of its class, its own for a class."""
        return str(self.body.get("classId", self.name))

    def see(self, at: str, method: str) -> None:
        """Note what it shows now."""
        shown = {"at": at, "method": method, "state": self.body.get("state"), "points": points(self.body)}
        shown["waiting"] = points(self.body, "secondaryLoyaltyPoints")
        shown["version"] = self.body.get("version")
        self.seen = [*self.seen[1 - KEPT_STATES :], shown]
        self.updated_at = at

    def answer(self) -> Body:
        """The body as the API gives it out, with what only Google sets."""
        if self.is_class:
            return self.body
        return {**self.body, "hasUsers": self.saved_at is not None, "hasLinkedDevice": self.saved_at is not None}

    def row(self) -> dict[str, Any]:
        """For the shelf; `Resource(**row)` reads it back."""
        return asdict(self)


def points(body: Body, key: str = "loyaltyPoints") -> str | None:
    """The balance as a phone shows it. Of two forms at once it is the old number that stays there."""
    balance = body.get(key, {}).get("balance", {})
    for form in ("int", "double", "string"):
        if form in balance:
            return str(balance[form])
    money = balance.get("money")
    return f"{int(money.get('micros', '0')) / 1_000_000:.2f} {money.get('currencyCode', '')}" if money else None
