"""Programs of every kind at the café's till, made over the API, and what staff are offered and told there."""

from typing import Any

from tests.web.asking import Api
from tests.web.conftest import Browser

CAKE = {"de": "Kuchen", "en": "Cake"}
COFFEE = {"de": "Kaffee", "en": "Coffee"}
LUNCH = {"de": "Mittagessen", "en": "Lunch"}


def card_under(api: Api, kind: str, rule: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A new card of a new program. ``more``: its rewards and extras."""
    body = {"name": f"Test {kind}", "kind": kind, "rule": rule or {}} | more
    return api.made("/cards", {"program_id": api.made("/programs", body)["id"]})


def points_card(api: Api, **more: Any) -> dict[str, Any]:
    """A point a euro; coffee for 20, cake for 50."""
    rewards = [{"name": COFFEE, "price": 20}, {"name": CAKE, "price": 50}]
    return card_under(api, "points", {"points": 1, "per_cents": 100}, rewards=rewards, **more)


def discount_card(api: Api, percent: str = "15", **more: Any) -> dict[str, Any]:
    return card_under(api, "discount", {"by": "order", "steps": [{"from_cents": 0, "percent": percent}]}, **more)


def prepaid_card(api: Api) -> dict[str, Any]:
    """Ten coffees for 27.00."""
    return card_under(api, "prepaid", {"names": COFFEE, "visits": 10, "price": 2700})


def stamp_card(api: Api, *extras: dict[str, Any]) -> dict[str, Any]:
    return card_under(api, "stamps", {"stamps_needed": 10}, rewards=[{"name": COFFEE}], extras=list(extras))


def seen(till: Browser, code: str) -> dict[str, Any]:
    """What the till is told of a code."""
    answer = till.send("/till/lookup", {"code": code})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def offered(till: Browser, card: dict[str, Any]) -> list[dict[str, Any]]:
    return list(seen(till, card["code"])["card"]["actions"])


def acts(actions: list[dict[str, Any]], place: str) -> list[str]:
    return [action["act"] for action in actions if action["place"] == place]


def only(actions: list[dict[str, Any]], act: str) -> dict[str, Any]:
    (found,) = [action for action in actions if action["act"] == act]
    return found


def done(till: Browser, path: str, card: dict[str, Any], **body: Any) -> dict[str, Any]:
    """The answer to something that must be booked."""
    answer = till.send(path, {"card_id": card["id"]} | body)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def problem(answer: Any, status: int, code: str) -> str:
    """The sentence that staff read."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text[:200]
    assert answer.get_json()["code"] == code, answer.get_json()
    assert answer.get_json()["detail"].endswith("."), answer.get_json()
    return str(answer.get_json()["detail"])


def holds(api: Api, card: dict[str, Any]) -> dict[str, int]:
    """The card's balances; what is zero left out."""
    return {unit: amount for unit, amount in api.found(f"/cards/{card['id']}")["balances"].items() if amount}


def plain(text: str) -> str:
    """Money without the blank that never breaks."""
    return text.replace("\xa0", " ")
