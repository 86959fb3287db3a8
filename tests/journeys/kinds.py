"""Cards of every kind of program, as the shop's own till system makes them in the running demo."""

from typing import Any

from cli.processes import wait_until
from tests.journeys.running import PATIENCE, Demo

COFFEE = {"de": "Kaffee", "en": "Coffee"}
CAKE = {"de": "Stück Kuchen", "en": "Slice of cake"}
LUNCH = {"de": "Mittagessen", "en": "Lunch"}
GOODWILL = {"kind": "goodwill", "grant": {"unit": "stamps", "amount": 1}, "a_week": 10}
REVIEW = {"kind": "causes", "bonuses": [{"cause": "review", "grant": {"unit": "stamps", "amount": 2}}]}
LUNCHES = {"kind": "stamps", "counter": "lunch", "names": LUNCH, "stamps_needed": 5, "reward": CAKE}


def card_under(demo: Demo, kind: str, rule: dict[str, Any], language: str = "de", **more: Any) -> dict[str, Any]:
    """A card of Lena's under a new program. ``more``: its rewards and extras."""
    body = {"name": {"de": f"Probe {kind}", "en": f"Sample {kind}"}, "kind": kind, "rule": rule} | more
    program = demo.ask("/programs", "POST", body)
    card = {"program_id": program["id"], "language": language, "customer": {"name": "Lena Sommer"}}
    return dict(demo.ask("/cards", "POST", card))


def points_card(demo: Demo, points: int = 0) -> dict[str, Any]:
    """A point a euro: a coffee for 20, a slice of cake for 50."""
    rewards = [{"name": COFFEE, "price": 20}, {"name": CAKE, "price": 50}]
    made = card_under(demo, "points", {"points": 1, "per_cents": 100}, rewards=rewards)
    if points:
        buy(demo, made, points)
    return made


def discount_card(demo: Demo) -> dict[str, Any]:
    """15 % off each order."""
    return card_under(demo, "discount", {"by": "order", "steps": [{"from_cents": 0, "percent": "15"}]})


def cashback_card(demo: Demo, euros: int) -> dict[str, Any]:
    """Ten percent come back; so much was spent already."""
    made = card_under(demo, "cashback", {"percent": "10"})
    buy(demo, made, euros)
    return made


def prepaid_card(demo: Demo) -> dict[str, Any]:
    """Ten coffees for 27.00."""
    return card_under(demo, "prepaid", {"names": COFFEE, "visits": 10, "price": 2700})


def gifted_card(demo: Demo) -> dict[str, Any]:
    """Stamps for coffee and for lunch; staff may give one, and a review is worth two."""
    extras = [LUNCHES, GOODWILL, REVIEW]
    return card_under(demo, "stamps", {"stamps_needed": 10}, rewards=[{"name": COFFEE}], extras=extras)


def offered_card(demo: Demo, language: str = "de") -> dict[str, Any]:
    """A card that bears two offers of its program: one to hand over, one by which stamps count twice."""
    made = card_under(demo, "stamps", {"stamps_needed": 10}, language, rewards=[{"name": COFFEE}])
    run_offer(demo, made, "Kaffee und Croissant 3,90", "Coffee and croissant 3.90")
    run_offer(demo, made, "Doppelte Stempel", "Double stamps", unlocks={"kind": "multiplier", "factor": "2"})
    wait_until(lambda: len(borne(demo, made)) == 2, PATIENCE)
    return made


def run_offer(demo: Demo, card: dict[str, Any], german: str, english: str, **more: Any) -> None:
    """Let an offer run from now on, for the cards of this card's program."""
    texts = {"de": {"card": german}, "en": {"card": english}}
    body = {"name": english, "trigger": {"kind": "time"}, "audience": {"programs": [card["program_id"]]}}
    offer = demo.ask("/offers", "POST", body | {"content": texts} | more)
    demo.ask(f"/offers/{offer['id']}", "PATCH", {"state": "live"})


def borne(demo: Demo, card: dict[str, Any]) -> list[dict[str, Any]]:
    """What offers a card bears."""
    return list(demo.ask(f"/cards/{card['id']}").get("offers", []))


def buy(demo: Demo, card: dict[str, Any], euros: int) -> None:
    money = {"amount": f"{euros}.00", "currency": "EUR"}
    demo.ask(f"/cards/{card['id']}/purchases", "POST", {"total": money})


def give_voucher(demo: Demo, card: dict[str, Any], worth: dict[str, Any]) -> dict[str, Any]:
    name = {"de": "Danke", "en": "Thank you"}
    return dict(demo.ask(f"/cards/{card['id']}/vouchers", "POST", {"name": name, "worth": worth})["voucher"])


def balances(demo: Demo, card: dict[str, Any]) -> dict[str, int]:
    """What a card holds; what is zero left out."""
    return {unit: amount for unit, amount in demo.ask(f"/cards/{card['id']}")["balances"].items() if amount}
