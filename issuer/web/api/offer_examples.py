"""An offer for each trigger, as a caller writes it: shown in the document, and each of them can be sent."""

from collections.abc import Mapping
from typing import Any

MORNING = {"weekdays": [0, 1, 2, 3, 4], "start": "07:00", "end": "10:00"}


def _said(de: str, en: str, **more: tuple[str, str]) -> dict[str, dict[str, str]]:
    """The texts in both languages; ``more``: German and English of the other fields."""
    return {
        "de": {"card": de} | {name: both[0] for name, both in more.items()},
        "en": {"card": en} | {name: both[1] for name, both in more.items()},
    }


def _voucher(de: str, en: str, **worth: object) -> dict[str, Any]:
    return {"kind": "voucher", "names": {"de": de, "en": en}, "worth": worth}


OFFERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "time": (
        "On weekdays from 14:00 to 16:00 stamps count twice",
        {
            "name": "Quiet afternoon",
            "trigger": {"kind": "time", "hours": {"weekdays": [0, 1, 2, 3, 4], "start": "14:00", "end": "16:00"}},
            "content": _said("14–16 Uhr: doppelte Stempel", "2 to 4 pm: double stamps"),
            "unlocks": {"kind": "multiplier", "factor": "2"},
        },
    ),
    "place": (
        "Near the shop between 7 and 10: coffee and croissant 3.90",
        {
            "name": "Breakfast",
            "trigger": {"kind": "place", "hours": MORNING},
            "content": _said(
                "Kaffee + Croissant 3,90 €",
                "Coffee + croissant €3.90",
                place=("Frühstück bis 10 Uhr: 3,90 €", "Breakfast until 10: €3.90"),
            ),
        },
    ),
    "visit": (
        "Two hours after the third visit: a word of thanks",
        {
            "name": "Third visit",
            "trigger": {"kind": "visit", "nth": 3, "after_hours": 2},
            "content": _said("Danke für Ihren dritten Besuch", "Thank you for your third visit"),
            "lasts_days": 14,
        },
    ),
    "birthday": (
        "Birthday week: a slice of cake",
        {
            "name": "Birthday week",
            "trigger": {"kind": "birthday", "days_before": 3, "days_after": 3},
            "content": _said(
                "Ein Stück Kuchen zum Geburtstag",
                "A slice of birthday cake",
                message=("Alles Gute zum Geburtstag: %@", "Happy birthday: %@"),
            ),
            "unlocks": _voucher("Geburtstagskuchen", "Birthday cake", thing={"de": "Kuchen", "en": "Cake"}),
        },
    ),
    "anniversary": (
        "A year after the first visit, and every year: a coffee",
        {
            "name": "A year with us",
            "trigger": {"kind": "anniversary", "days_before": 0, "days_after": 6},
            "content": _said("Ein Jahr dabei: ein Kaffee für Sie", "A year with us: a coffee for you"),
            "unlocks": _voucher("Jahreskaffee", "Anniversary coffee", thing={"de": "Kaffee", "en": "Coffee"}),
        },
    ),
    "quiet": (
        "Not seen for 30 days: 15 % and a hello; a tenth of them is shown nothing, to compare with",
        {
            "name": "We miss you",
            "trigger": {"kind": "quiet", "days": 30},
            "content": _said("Lange nicht gesehen: 15 % für Sie", "Long time no see: 15% off for you"),
            "unlocks": _voucher("Hallo", "Hello", percent="15"),
            "lasts_days": 14,
            "limits": {"per_person": 2, "rest_days": 90},
            "trial": {"hold_out": 10},
        },
    ),
    "nearly": (
        "One stamp missing: come by this week",
        {
            "name": "Nearly full",
            "trigger": {"kind": "nearly", "missing": 1},
            "content": _said("Nur noch ein Stempel fehlt", "Just one stamp missing"),
            "unlocks": {"kind": "words"},
            "lasts_days": 7,
        },
    ),
    "unused": (
        "A reward that has waited for two weeks",
        {
            "name": "Reward is waiting",
            "trigger": {"kind": "unused", "days": 14},
            "content": _said("Ihr Gratis-Kaffee wartet", "Your free coffee is waiting"),
            "unlocks": {"kind": "words"},
        },
    ),
    "lapsing": (
        "Something on the card ends within two weeks",
        {
            "name": "Before it lapses",
            "trigger": {"kind": "lapsing", "days": 14},
            "content": _said("Bald verfällt etwas auf Ihrer Karte", "Something on your card ends soon"),
            "unlocks": {"kind": "words"},
        },
    ),
    "tier": (
        "Any tier was reached",
        {
            "name": "New tier",
            "trigger": {"kind": "tier"},
            "content": _said("Willkommen in Ihrer neuen Stufe", "Welcome to your new tier"),
        },
    ),
    "milestone": (
        "Every 25th visit: five euros off, for 1,000 euros in all",
        {
            "name": "25 visits",
            "trigger": {"kind": "milestone", "visits": 25, "every": True},
            "content": _said("25 Besuche: 5 € für Sie", "25 visits: €5 for you"),
            "unlocks": _voucher("25 Besuche", "25 visits", cents=500),
            "limits": {"value": 100_000},
        },
    ),
    "event": (
        "Another system told that an order was delivered; for regulars in German or English who want to hear of it",
        {
            "name": "After a delivery",
            "trigger": {"kind": "event", "name": "order.delivered"},
            "audience": {"segments": ["regular"], "languages": ["de", "en"], "consented": True},
            "content": _said("10 % auf die nächste Bestellung", "10% off your next order"),
            "unlocks": _voucher("Nächste Bestellung", "Next order", percent="10"),
            "window": {"first": "2026-12-01", "last": "2999-12-31"},
            "sounds": True,
        },
    ),
    "weather": (
        "Over 28 degrees at three: iced coffee one euro less, forty cards a day at most",
        {
            "name": "Heat",
            "trigger": {
                "kind": "weather",
                "measure": "temperature",
                "side": "over",
                "limit": "28",
                "at": "15:00",
                "until": "18:00",
            },
            "content": _said("Eiskaffee heute 1 € günstiger", "Iced coffee €1 off today"),
            "unlocks": _voucher("Eiskaffee", "Iced coffee", cents=100),
            "limits": {"cards": 40, "each_time": True},
        },
    ),
}  # fmt: skip

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    kind: {"summary": summary, "value": body} for kind, (summary, body) in OFFERS.items()
}
