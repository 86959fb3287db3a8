#!/usr/bin/env python3
"""A till in one file, to copy and to run: find the card, say what is to pay, book the purchase, redeem, take back.

Needs Python 3.11 and nothing else. Against `make demo`:

    export TREUEPASS_API=$(jq -r .api_url var/demo.json) TREUEPASS_KEY=$(jq -r .api_key var/demo.json)
    python3 docs/examples/till.py join
    python3 docs/examples/till.py buy K7QM-3FX 12.40
    python3 docs/examples/till.py redeem K7QM-3FX
    python3 docs/examples/till.py refund PURCHASE-ID

What matters in it for your own: each booking gets its key *before* the first try and keeps it until it is answered
(`booked`), so a purchase is booked once, however often the network fails.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

API = os.environ.get("TREUEPASS_API", "http://127.0.0.1:8000/api/v1")
KEY = os.environ.get("TREUEPASS_KEY", "")
CURRENCY = "EUR"
TRIES = 5


class Refused(Exception):
    """The counter says no: show the sentence to staff. `code` is for machines."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.code = problem["code"]


def call(method: str, path: str, body: object = None, key: str | None = None) -> Any:
    """One request. Raises Refused for what will not get better, OSError for what may."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Accept-Language": "en"}
    if key is not None:
        headers["Idempotency-Key"] = key
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, headers, method=method)  # noqa: S310 (the address is ours)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        if error.code in (429, 503) or problem["code"] == "request_in_flight":
            time.sleep(int(error.headers.get("Retry-After", "1")))
            raise OSError(problem["detail"]) from error
        if error.code >= 500:
            raise OSError(problem["detail"]) from error
        raise Refused(problem) from error


def booked(path: str, body: object) -> Any:
    """Send a booking until it is answered: with the same key it counts once."""
    key = str(uuid.uuid4())  # a till that may be switched off writes it down with the request
    for attempt in range(TRIES):
        try:
            return call("POST", path, body, key)
        except OSError as error:
            print(f"no answer yet ({error}), asking again", file=sys.stderr)
            time.sleep(min(8, 2**attempt))
    raise SystemExit("The server does not answer. Nothing is lost: send the same request with the same key later.")


def find(code: str) -> dict[str, Any]:
    """The card of a scanned or typed code."""
    found = call("GET", "/cards?" + urllib.parse.urlencode({"code": code}))["items"]
    if not found:
        raise SystemExit(f"No card has the code {code}: scan it again, or ask for another card.")
    return found[0]


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": CURRENCY}


def join() -> None:
    program = call("GET", "/programs")["items"][0]
    card = booked("/cards", {"program_id": program["id"], "language": "en"})
    print(f"{card['short_code']}  {card['links']['web']}")


def buy(code: str, amount: str) -> None:
    card = find(code)
    quote = call("POST", f"/cards/{card['id']}/quote", {"total": money(amount)})
    print(f"to pay: {quote['to_pay']['amount']} {CURRENCY} (discount {quote['discount']['amount']})")
    done = booked(f"/cards/{card['id']}/purchases", {"total": money(amount), "reference": f"bill {uuid.uuid4()}"})
    for entry in done["entries"]:
        print(f"{entry['amount']:+} {entry['unit']} ({entry['cause']})")
    print(f"purchase {done['purchase']['id']}")


def redeem(code: str) -> None:
    card = find(code)
    if not card["rewards"]:
        raise SystemExit("No reward is waiting on this card.")
    booked(f"/cards/{card['id']}/redemptions", {"reward_id": card["rewards"][0]["reward_id"], "confirm": True})
    print("redeemed: hand it over")


def refund(purchase_id: str, amount: str | None = None) -> None:
    body = {} if amount is None else {"total": money(amount)}
    back = booked(f"/purchases/{purchase_id}/refunds", body)
    for entry in back["entries"]:
        print(f"{entry['amount']:+} {entry['unit']} ({entry['cause']})")


if __name__ == "__main__":
    commands = {"join": join, "buy": buy, "redeem": redeem, "refund": refund}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    try:
        commands[sys.argv[1]](*sys.argv[2:])
    except Refused as refusal:
        raise SystemExit(f"{refusal} [{refusal.code}]") from refusal
