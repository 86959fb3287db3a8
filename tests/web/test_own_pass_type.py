"""A merchant that gets a pass type of its own: cards keep the one they were issued with, and both are served."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from issuer import certificates
from issuer.certificates import Offer
from issuer.database import transaction
from issuer.keys import Keys
from issuer.schema import Certificate
from sandbox.authority import Authority
from sandbox.wallet import open_pass
from tests.conftest import PASS_TYPE, Cafe
from tests.own_type import OWN_TYPE, own_certificate
from tests.web.asking import Api
from tests.web.phones import PKPASS


@dataclass(frozen=True)
class Card:
    """A card on a phone: what its pass says of itself, and who asks."""

    client: FlaskClient
    authority: Authority
    id: str
    content: dict[str, Any]
    device: str = "one-phone"

    @property
    def pass_type(self) -> str:
        return str(self.content["passTypeIdentifier"])

    @property
    def serial(self) -> str:
        return str(self.content["serialNumber"])

    def call(self, method: str, path: str, **more: Any) -> Any:
        token = {"Authorization": f"ApplePass {self.content['authenticationToken']}"}
        return self.client.open(f"/apple/v1{path}", method=method, headers=token, **more)

    def register(self, pass_type: str | None = None) -> int:
        path = f"/devices/{self.device}/registrations/{pass_type or self.pass_type}/{self.serial}"
        return int(self.call("POST", path, json={"pushToken": "ab" * 32}).status_code)

    def fetched(self) -> Any:
        """What a phone would hold, judged as a phone judges it."""
        answer = self.call("GET", f"/passes/{self.pass_type}/{self.serial}")
        assert (answer.status_code, answer.content_type) == (200, PKPASS)
        return open_pass(answer.data, self.authority.root.read_bytes(), datetime.now(UTC))


def take_card(api: Api, cafe: Cafe, authority: Authority) -> Card:
    card = api.made("/cards", {"program_id": str(cafe.program_id)})
    answer = api.client.get(urlsplit(card["links"]["apple"]).path)
    opened = open_pass(answer.data, authority.root.read_bytes(), datetime.now(UTC))
    return Card(api.client, authority, card["id"], dict(opened.content))


@pytest.fixture
def moved(api: Api, cafe: Cafe, engine: Engine, keys: Keys, authority: Authority) -> tuple[Card, Card]:
    """A card of before and one of after the merchant's own certificate, on one phone."""
    now = datetime.now(UTC)
    with transaction(engine) as session:
        session.query(Certificate).filter_by(pass_type=OWN_TYPE).delete()
    before = take_card(api, cafe, authority)
    with transaction(engine) as session:
        offer = Offer(own_certificate(authority), None, cafe.merchant_id)
        certificates.take(session, keys, offer, now + timedelta(seconds=1))
    return before, take_card(api, cafe, authority)


def test_a_card_keeps_the_pass_type_it_was_issued_with(moved: tuple[Card, Card]) -> None:
    assert [card.pass_type for card in moved] == [PASS_TYPE, OWN_TYPE]
    assert [card.fetched().content["passTypeIdentifier"] for card in moved] == [PASS_TYPE, OWN_TYPE]


def test_the_old_card_goes_on_showing_what_changes(moved: tuple[Card, Card], api: Api) -> None:
    for card in moved:
        api.made(f"/cards/{card.id}/stamps", {"count": 3})
        assert card.fetched().content["storeCard"]["headerFields"][0]["value"] == "3 / 10"


def test_a_phone_registers_and_asks_by_pass_type(moved: tuple[Card, Card]) -> None:
    assert [card.register() for card in moved] == [201, 201]
    for card in moved:
        listed = card.call("GET", f"/devices/{card.device}/registrations/{card.pass_type}").get_json()
        assert card.serial in listed["serialNumbers"]
        assert not {other.serial for other in moved if other is not card} & set(listed["serialNumbers"])


def test_a_card_is_not_found_under_the_other_pass_type(moved: tuple[Card, Card]) -> None:
    before, after = moved
    assert [before.register(after.pass_type), after.register(before.pass_type)] == [401, 401]
    assert before.call("GET", f"/passes/{after.pass_type}/{before.serial}").status_code == 401


def test_other_merchants_stay_with_the_platforms_type(
    moved: tuple[Card, Card], other_api: Api, other_cafe: Cafe, authority: Authority
) -> None:
    assert moved[1].pass_type == OWN_TYPE
    assert take_card(other_api, other_cafe, authority).pass_type == PASS_TYPE
